import Core
import Foundation
import Kernels
import Synchronization

/// The gradient of KL(P ‖ Q) with respect to the embedding: 4 Σ_j (e p_ij - q_ij / Z) q_ij (y_i - y_j), where
/// q_ij = 1 / (1 + ‖y_i - y_j‖²), Z their sum and e the exaggeration (van der Maaten 2014, equation 8).
package final class Gradient {
  package let affinities: Affinities
  package let x: Storage<Float>
  package let y: Storage<Float>
  private let repulsion: Repulsion
  private let attractionX: Storage<Float>
  private let attractionY: Storage<Float>
  private let divergences: Storage<Double>
  /// Rows that a thread takes at a time.
  private static let rows = 64

  /// - Throws: `CoreError.outOfMemory`.
  package init(_ affinities: Affinities, theta: Float) throws {
    self.affinities = affinities
    repulsion = try Repulsion(count: affinities.count, theta: theta)
    x = try Storage(affinities.count)
    y = try Storage(affinities.count)
    attractionX = try Storage(affinities.count)
    attractionY = try Storage(affinities.count)
    divergences = try Storage(affinities.count)
  }

  /// Z of the last call of `compute`.
  package private(set) var normaliser = 0.0

  /// Computes the gradient at (x, y); read it with `value(at:)`.
  package func compute() {
    let next = Atomic<Int>(0)
    Team.run(for: affinities.count) { thread in
      if thread == 0 { repulsion.tree.build(x: x.base, y: y.base) }
      while true {
        let start = next.wrappingAdd(Self.rows, ordering: .relaxed).oldValue
        guard start < affinities.count else { return }
        attract(start..<min(start + Self.rows, affinities.count))
      }
    }
    normaliser = repulsion.compute()
  }

  /// The gradient of point i, with the affinities multiplied by `exaggeration`.
  package func value(at i: Int, exaggeration: Float) -> (x: Float, y: Float) {
    let scale = Float(1 / max(normaliser, .leastNormalMagnitude))
    return (
      4 * (exaggeration * attractionX.base[i] - repulsion.forceX.base[i] * scale),
      4 * (exaggeration * attractionY.base[i] - repulsion.forceY.base[i] * scale)
    )
  }

  private func attract(_ rows: Range<Int>) {
    let (starts, columns, values) = (affinities.starts.base, affinities.columns.base, affinities.values.base)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2) { force in
      guard let base = force.baseAddress else { return }
      for i in rows {
        let (start, length) = (starts[i], starts[i + 1] - starts[i])
        quaver_attraction(x.base, y.base, columns + start, values + start, length, x.base[i], y.base[i], base)
        attractionX.base[i] = base[0]
        attractionY.base[i] = base[1]
      }
    }
  }

  /// KL(P ‖ Q) in nats without exaggeration: Σ p log(p / q) over the pairs with p > 0, where q = 1 / (1 + d²) / Z.
  ///
  /// - Parameter normaliser: Z; the tree's is cheap and, at θ = 0.5, up to half a percent too small (the kernel is convex but near 0,
  ///     so a cell's centre pulls less than its points); `exactNormaliser()` takes all pairs.
  package func divergence(normaliser: Double) -> Double {
    let (starts, columns, values) = (affinities.starts.base, affinities.columns.base, affinities.values.base)
    let (x, y, divergences, logZ) = (x.base, y.base, divergences.base, log(normaliser))
    Parallel.forEach(affinities.count) { rows in
      for i in rows {
        var sum = 0.0
        for entry in starts[i]..<starts[i + 1] where values[entry] > 0 {
          let j = Int(columns[entry])
          let (dx, dy) = (Double(x[i]) - Double(x[j]), Double(y[i]) - Double(y[j]))
          let p = Double(values[entry])
          sum += p * (log(p * (1 + dx * dx + dy * dy)) + logZ)
        }
        divergences[i] = sum
      }
    }
    return (0..<affinities.count).reduce(0.0) { $0 + divergences[$1] }
  }

  /// Z = Σ_{i≠j} 1 / (1 + d²) over all pairs, in double precision.
  package func exactNormaliser() throws -> Double {
    let count = affinities.count
    let (wideX, wideY) = (try Storage<Double>(count), try Storage<Double>(count))
    let (pointsX, pointsY, sums) = (wideX.base, wideY.base, divergences.base)
    for i in 0..<count { (pointsX[i], pointsY[i]) = (Double(x.base[i]), Double(y.base[i])) }
    Parallel.forEach(count) { rows in
      for i in rows { sums[i] = quaver_kernel_sum(pointsX, pointsY, count, pointsX[i], pointsY[i]) - 1 }
    }
    return (0..<count).reduce(0.0) { $0 + sums[$1] }
  }
}
