import Core
import Kernels

/// Sizes that every transform and image shares.
package enum Geometry {
  /// Bins of every transform, and rows of the image.
  package static let rows = 224
  /// Frames of one slice at hop 70: 1 + 16 000/70.
  package static let frames = 229
  /// Samples between frames at 16 kHz.
  package static let hop = 70
  /// Rows and columns of the network's image.
  package static let side = 224
  /// Floats of one slice's dB matrix.
  package static let cells = rows * frames
  /// Bytes of one slice's index image.
  package static let pixels = side * side
}

/// One way to turn a slice of 16 000 samples into a 224×229 matrix. Shared between threads; the work is done by one
/// `SpectralWorker` a thread.
package protocol SpectralTransform: Sendable {
  /// What the command line and files call it ("mel").
  var name: String { get }
  /// What the screen calls it.
  var title: String { get }
  /// Raised whenever the numbers change, so that no cache serves the old ones.
  var version: Int { get }
  /// "Hz" or "coefficient".
  var rowUnit: String { get }
  /// "dB", or "" where no unit fits.
  var valueUnit: String { get }
  /// Centre of each of the 224 rows in `rowUnit`, lowest first.
  var rowValues: [Double] { get }
  /// Plans and scratch for one thread.
  ///
  /// - Throws: `CoreError.outOfMemory`, `PipelineError.cannotResample`.
  func makeWorker() throws -> any SpectralWorker
}

extension SpectralTransform {
  /// One slice's 224×229 matrix, for callers that want just one.
  package func matrix(of slice: [Float]) throws -> [Float] {
    precondition(slice.count == Slicer.length, "a slice holds \(Slicer.length) samples, not \(slice.count)")
    let worker = try makeWorker()
    return [Float](unsafeUninitializedCapacity: Geometry.cells) { buffer, filled in
      guard let matrix = buffer.baseAddress else { return }
      worker.transform(slice, into: matrix)
      filled = Geometry.cells
    }
  }
}

/// A transform's plans and scratch. Belongs to one thread; a slice allocates nothing.
package protocol SpectralWorker: AnyObject {
  /// - Parameters:
  ///   - slice: 16 000 samples at 16 kHz.
  ///   - matrix: receives 224×229 floats, row-major, row 0 the lowest bin, floored at the slice's maximum − 80 dB.
  func transform(_ slice: UnsafePointer<Float>, into matrix: UnsafeMutablePointer<Float>)
}

/// The registry of transforms. Adding one is a file in `Transforms` and a line here.
package enum Transforms {
  package static let all: [any SpectralTransform] = [
    LinearTransform(),
    MelTransform(),
    CQTransform(),
    MFCCTransform(),
  ]

  package static var names: [String] { all.map(\.name) }

  /// - Throws: `PipelineError.unknown`.
  package static func named(_ name: String) throws -> any SpectralTransform {
    guard let transform = all.first(where: { $0.name == name }) else {
      throw PipelineError.unknown(kind: "transform", name: name, known: names)
    }
    return transform
  }
}

/// dB as librosa's `power_to_db` with reference 1 and top_db 80.
enum Decibels {
  /// Turns `count` powers into 10·log10(max(1e-10, P)), floored at their maximum − 80. In place allowed.
  static func convert(_ power: UnsafePointer<Float>, into matrix: UnsafeMutablePointer<Float>, count: Int) {
    let largest = quaver_decibels(power, matrix, count)
    quaver_raise(matrix, count, largest - 80)
  }
}

/// The analysis window of all framed transforms.
enum HannWindow {
  /// 0.5 − 0.5·cos(2πi/n), periodic.
  static func periodic(_ count: Int) -> [Double] {
    (0..<count).map { 0.5 - 0.5 * cosine(Double($0) / Double(count)) }
  }
}
