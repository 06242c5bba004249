import Foundation
import Kernels

/// The corpus constants lo and hi of one transform; they travel with every checkpoint.
package struct Scaling: Codable, Sendable, Equatable, Hashable {
  /// Mean over slices of each slice's minimum.
  package let lo: Float
  /// Mean over slices of each slice's maximum.
  package let hi: Float

  package init(lo: Float, hi: Float) { (self.lo, self.hi) = (lo, hi) }

  /// Why images of these levels are not those of a training at others.
  package func differs(from trained: Scaling) -> String {
    func words(_ levels: Scaling) -> String { String(format: "%.3f to %.3f dB", levels.lo, levels.hi) }
    return "its corpus lies at \(words(self)), and lay at \(words(trained)) in training: were sound files replaced?"
  }

  /// Means in the order given, in float64.
  ///
  /// - Parameter extremes: smallest and largest value of each slice; at least one.
  package init(extremes: [Extremes]) {
    precondition(!extremes.isEmpty, "lo and hi need at least one slice")
    let count = Double(extremes.count)
    lo = Float(extremes.reduce(0) { $0 + Double($1.smallest) } / count)
    hi = Float(extremes.reduce(0) { $0 + Double($1.largest) } / count)
  }

  /// 1/(hi − lo), or 0 where every slice is constant.
  var factor: Float { hi > lo ? 1 / (hi - lo) : 0 }

  /// (x − lo)/(hi − lo) clipped to [0, 1].
  package func normalised(_ values: [Float]) -> [Float] {
    values.map { min(1, max(0, ($0 - lo) * factor)) }
  }
}

/// Smallest and largest value of one slice's matrix.
package struct Extremes: Sendable, Equatable {
  package let smallest: Float
  package let largest: Float

  package init(smallest: Float, largest: Float) { (self.smallest, self.largest) = (smallest, largest) }

  /// - Parameter count: at least 1.
  package init(_ matrix: UnsafePointer<Float>, count: Int = Geometry.cells) {
    var low: Float = 0, high: Float = 0
    quaver_extremes(matrix, count, &low, &high)
    self.init(smallest: low, largest: high)
  }
}

/// Antialiased bilinear resampling of 229 columns to 224: a triangle of support max(1, 229/224) in half-pixel
/// coordinates, its weights renormalised; never more than three taps.
enum TimeResize {
  /// First source column of each of the 224 columns.
  static let first: [Int32] = columns.map { Int32($0.first) }
  /// [3][224] weights.
  static let taps: [Float] = (0..<3).flatMap { tap in columns.map { Float($0.weights[tap]) } }

  private static let columns: [(first: Int, weights: [Double])] = (0..<Geometry.side).map { column in
    let scale = Double(Geometry.frames) / Double(Geometry.side), centre = (Double(column) + 0.5) * scale
    let start = max(0, Int((centre - scale + 0.5).rounded(.down)))
    let end = min(Geometry.frames, Int((centre + scale + 0.5).rounded(.down)))
    let raw = (start..<(start + 3)).map { source in
      source < end ? max(0, 1 - abs(Double(source) + 0.5 - centre) / scale) : 0
    }
    return (start, raw.map { $0 / raw.reduce(0, +) })
  }
}

/// The network's view of a slice before colour: one byte a pixel.
package enum IndexImage {
  /// Normalises, resizes along time and quantises: min(255, ⌊256·x⌋).
  ///
  /// - Parameters:
  ///   - matrix: 224×229 values of a transform.
  ///   - image: receives 224×224 bytes, row 0 the lowest bin.
  package static func make(
    _ matrix: UnsafePointer<Float>, scaling: Scaling, into image: UnsafeMutablePointer<UInt8>
  ) {
    quaver_index_image(matrix, scaling.lo, scaling.factor, TimeResize.first, TimeResize.taps, image)
  }

  package static func make(_ matrix: [Float], scaling: Scaling) -> [UInt8] {
    precondition(matrix.count == Geometry.cells, "a matrix holds \(Geometry.cells) values, not \(matrix.count)")
    return [UInt8](unsafeUninitializedCapacity: Geometry.pixels) { buffer, filled in
      guard let image = buffer.baseAddress else { return }
      make(matrix, scaling: scaling, into: image)
      filled = Geometry.pixels
    }
  }
}
