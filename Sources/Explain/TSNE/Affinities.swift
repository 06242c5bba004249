import Core
import Foundation

/// Symmetric input affinities p_ij = (p_j|i + p_i|j) / 2n over the nearest neighbours, in compressed rows; they sum to 1
/// (van der Maaten and Hinton 2008, section 2 and 3.1; sparse as in van der Maaten 2014, section 4.1).
package struct Affinities {
  package let count: Int
  /// Row i is `starts[i]..<starts[i + 1]`, [count + 1].
  package let starts: Storage<Int>
  package let columns: Storage<Int32>
  package let values: Storage<Float>

  /// - Throws: `CoreError.outOfMemory`.
  package init(_ neighbours: NearestNeighbours, perplexity: Double) throws {
    let (count, k) = (neighbours.count, neighbours.k)
    let conditional = try Storage<Float>(count * k)
    Parallel.forEach(count) { rows in
      var weights = [Double](repeating: 0, count: k)
      for i in rows {
        Self.calibrate(neighbours.squares.base + i * k, perplexity: perplexity, into: &weights)
        for slot in 0..<k { conditional.base[i * k + slot] = Float(weights[slot]) }
      }
    }
    try self.init(neighbours, conditional: conditional)
  }

  /// Finds the precision β at which exp(-β d²), made to sum to 1, has the entropy log(perplexity), by bisection.
  /// Equal distances give equal weights, whatever the perplexity.
  ///
  /// - Parameter squares: the squared distances to the neighbours, as many as `weights`.
  package static func calibrate(_ squares: UnsafePointer<Float>, perplexity: Double, into weights: inout [Double]) {
    let k = weights.count
    var (least, mean) = (Double.infinity, 0.0)
    for slot in 0..<k { least = min(least, Double(squares[slot])) }
    for slot in 0..<k { mean += (Double(squares[slot]) - least) / Double(k) }
    // In units of the mean, β begins near its answer; the least is subtracted so that no weight vanishes entirely.
    let unit = mean > 0 ? 1 / mean : 0
    let target = log(perplexity)
    var (beta, lower, upper) = (1.0, 0.0, Double.infinity)
    for _ in 0..<100 {
      var (sum, moment) = (0.0, 0.0)
      for slot in 0..<k {
        let distance = (Double(squares[slot]) - least) * unit
        weights[slot] = exp(-beta * distance)
        sum += weights[slot]
        moment += weights[slot] * distance
      }
      let entropy = log(sum) + beta * moment / sum
      for slot in 0..<k { weights[slot] /= sum }
      if abs(entropy - target) < 1e-8 || beta > 1e12 { return }
      if entropy > target { lower = beta } else { upper = beta }
      beta = upper.isInfinite ? beta * 2 : (lower + upper) / 2
    }
  }

  /// Adds the conditional affinities to their transpose, row by row; both have their columns in ascending order.
  private init(_ neighbours: NearestNeighbours, conditional: Storage<Float>) throws {
    let (count, k) = (neighbours.count, neighbours.k)
    let backward = try Transpose(neighbours, conditional)
    let starts = try Storage<Int>(count + 1)
    let columns = try Storage<Int32>(2 * count * k)
    let values = try Storage<Float>(2 * count * k)
    let scale = 1 / Float(2 * count)
    var filled = 0
    for i in 0..<count {
      var (a, b) = (i * k, backward.starts.base[i])
      let (endA, endB) = ((i + 1) * k, backward.starts.base[i + 1])
      while a < endA || b < endB {
        let columnA = a < endA ? neighbours.indices.base[a] : .max
        let columnB = b < endB ? backward.columns.base[b] : .max
        columns.base[filled] = min(columnA, columnB)
        var value: Float = 0
        if columnA <= columnB {
          value += conditional.base[a]
          a += 1
        }
        if columnB <= columnA {
          value += backward.values.base[b]
          b += 1
        }
        values.base[filled] = value * scale
        filled += 1
      }
      starts.base[i + 1] = filled
    }
    (self.count, self.starts, self.columns, self.values) = (count, starts, columns, values)
  }

  private struct Transpose {
    let starts: Storage<Int>
    let columns: Storage<Int32>
    let values: Storage<Float>

    init(_ neighbours: NearestNeighbours, _ conditional: Storage<Float>) throws {
      let (count, k) = (neighbours.count, neighbours.k)
      starts = try Storage(count + 1)
      columns = try Storage(count * k)
      values = try Storage(count * k)
      for entry in 0..<count * k { starts.base[Int(neighbours.indices.base[entry]) + 1] += 1 }
      for i in 0..<count { starts.base[i + 1] += starts.base[i] }
      var next = (0..<count).map { starts.base[$0] }
      for entry in 0..<count * k {
        let row = Int(neighbours.indices.base[entry])
        columns.base[next[row]] = Int32(entry / k)
        values.base[next[row]] = conditional.base[entry]
        next[row] += 1
      }
    }
  }
}
