import Core
import Kernels

/// Mel-frequency cepstral coefficients: the orthonormal DCT-II of the mel dB image along frequency, all 224 of them.
struct MFCCTransform: SpectralTransform {
  let name = "mfcc"
  let title = "mel-frequency cepstral coefficients"
  let version = 1
  let rowUnit = "coefficient"
  let valueUnit = ""
  var rowValues: [Double] { (0..<Geometry.rows).map(Double.init) }

  func makeWorker() throws -> any SpectralWorker { try MFCCWorker() }
}

private final class MFCCWorker: SpectralWorker {
  /// dct[c][b] = √(2/224)·cos(πc(b + ½)/224), its row 0 divided by √2.
  private static let dct: [Float] = (0..<Geometry.rows).flatMap { c in
    (0..<Geometry.rows).map { b in
      let scale = (c == 0 ? 1 : 2).squareRoot() / Double(Geometry.rows).squareRoot()
      return Float(scale * cosine(Double(c * (2 * b + 1) % (4 * Geometry.rows)) / Double(4 * Geometry.rows)))
    }
  }

  private let mel: MelWorker
  private let scratch: Arena

  init() throws {
    mel = try MelWorker()
    scratch = try Arena(count: Geometry.rows * MelWorker.rowStride)
  }

  func transform(_ slice: UnsafePointer<Float>, into matrix: UnsafeMutablePointer<Float>) {
    let stride = MelWorker.rowStride, rows = Geometry.rows
    quaver_matmul(Self.dct, rows, mel.decibels(slice), stride, scratch.base, stride, rows, stride, rows)
    for row in 0..<rows {
      (matrix + row * Geometry.frames).update(from: scratch.base + row * stride, count: Geometry.frames)
    }
  }
}
