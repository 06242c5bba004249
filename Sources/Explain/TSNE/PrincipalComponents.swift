import BLAS
import Core
import Foundation

/// The start of the descent: the first two principal components, scaled so that the first has a standard deviation of
/// 1e-4, plus noise of a hundredth of it that parts equal points (Kobak and Berens 2019; as openTSNE and scikit-learn).
enum PrincipalComponents {
  static let deviation = 1e-4
  private static let width = 8
  private static let rounds = 24

  /// - Returns: x and y, [count] each. A component without variance is noise alone.
  static func start(_ features: FeatureMatrix, seed: UInt64) throws -> (x: [Float], y: [Float]) {
    let components = try twoLargest(features, seed: seed)
    let variance = components[0].reduce(0) { $0 + Double($1) * Double($1) } / Double(features.count)
    let scale = variance > 0 ? deviation / variance.squareRoot() : 0
    let noise = RandomStream(seed: seed, purpose: "tsne.start")
    let scaled = components.enumerated().map { axis, values in
      values.enumerated().map { i, value in
        Float(Double(value) * scale + 0.01 * deviation * noise.normal(2 * i + axis))
      }
    }
    return (scaled[0], scaled[1])
  }

  /// Coordinates on the two axes of largest variance, [2][count], by subspace iteration on XᵀX with a Rayleigh-Ritz step
  /// at the end (Halko, Martinsson and Tropp 2011). The rows of the basis are the directions, [width, dimensions].
  private static func twoLargest(_ features: FeatureMatrix, seed: UInt64) throws -> [[Float]] {
    let (n, d) = (features.count, features.dimensions)
    let b = min(width, d)
    let random = RandomStream(seed: seed, purpose: "tsne.basis")
    var basis = (0..<b * d).map { Float(random.normal($0)) }
    var projected = [Float](repeating: 0, count: n * b)
    func project() {
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, Int32(n), Int32(b), Int32(d), 1, features.values.base, Int32(d),
        basis, Int32(d), 0, &projected, Int32(b))
    }
    for _ in 0..<rounds {
      orthonormalise(&basis, rows: b, length: d)
      project()
      cblas_sgemm(
        CblasRowMajor, CblasTrans, CblasNoTrans, Int32(b), Int32(d), Int32(n), 1, projected, Int32(b),
        features.values.base, Int32(d), 0, &basis, Int32(d))
    }
    orthonormalise(&basis, rows: b, length: d)
    project()
    var gram = [Double](repeating: 0, count: b * b)
    for i in 0..<n {
      for r in 0..<b {
        for c in 0..<b { gram[r * b + c] += Double(projected[i * b + r]) * Double(projected[i * b + c]) }
      }
    }
    let axes = SymmetricMatrix(gram, size: b).eigenvectors().prefix(2).map(signed)
    var coordinates = axes.map { axis in
      (0..<n).map { i in Float((0..<b).reduce(0.0) { $0 + axis[$1] * Double(projected[i * b + $1]) }) }
    }
    if coordinates.count < 2 { coordinates.append([Float](repeating: 0, count: n)) }
    return coordinates
  }

  /// The axis or its opposite, whichever has its largest part positive.
  private static func signed(_ axis: [Double]) -> [Double] {
    let largest = axis.max { abs($0) < abs($1) } ?? 1
    return largest < 0 ? axis.map(-) : axis
  }

  /// Gram-Schmidt, twice for float32; a direction that depends on the ones before it becomes zero.
  private static func orthonormalise(_ basis: inout [Float], rows: Int, length: Int) {
    basis.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      for r in 0..<rows {
        let row = base + r * length
        let before = cblas_snrm2(Int32(length), row, 1)
        for _ in 0..<2 {
          for other in 0..<r {
            let overlap = cblas_sdot(Int32(length), row, 1, base + other * length, 1)
            cblas_saxpy(Int32(length), -overlap, base + other * length, 1, row, 1)
          }
        }
        let after = cblas_snrm2(Int32(length), row, 1)
        cblas_sscal(Int32(length), after > 1e-6 * before ? 1 / after : 0, row, 1)
      }
    }
  }
}

extension RandomStream {
  /// Standard normal number `index`, by Box and Muller's transform of two uniform ones.
  fileprivate func normal(_ index: Int) -> Double {
    let radius = (-2 * log(1 - Double(uniform(2 * index)))).squareRoot()
    return radius * cos(2 * .pi * Double(uniform(2 * index + 1)))
  }
}
