import Core
import Kernels

/// The k nearest neighbours of every point, itself excluded, exact: a matrix product proposes, float64 sums decide.
package struct NearestNeighbours {
  package let count: Int
  package let k: Int
  /// [count, k], each row ascending by point index.
  package let indices: Storage<Int32>
  /// Squared distances beside `indices`.
  package let squares: Storage<Float>

  private struct Candidate {
    let square: Double
    let index: Int
    /// Decides between equal distances. By index, the first points would become neighbours of all their duplicates.
    let tie: UInt64
  }

  /// - Throws: `CoreError.outOfMemory`.
  package init(count: Int, k: Int) throws {
    precondition(k >= 1 && k < count, "\(k) neighbours of \(count) points")
    (self.count, self.k) = (count, k)
    indices = try Storage(count * k)
    squares = try Storage(count * k)
  }

  /// Finds the neighbours of the points in `block`.
  package func find(in block: Range<Int>, of rows: DistanceRows, seed: UInt64) {
    let ties = RandomStream(seed: seed, purpose: "tsne.ties")
    rows.forEach(in: block) { i, squares in
      let candidates = candidates(of: i, squares, rows.features, ties: ties)
      let nearest = candidates.sorted { ($0.square, $0.tie) < ($1.square, $1.tie) }.prefix(k)
      for (slot, candidate) in nearest.sorted(by: { $0.index < $1.index }).enumerated() {
        indices.base[i * k + slot] = Int32(candidate.index)
        self.squares.base[i * k + slot] = Float(candidate.square)
      }
    }
  }

  /// Every point that may be among the k nearest, given the rounding error of `squares`, with its distance in float64.
  private func candidates(
    of i: Int, _ squares: UnsafeMutablePointer<Float>, _ features: FeatureMatrix, ties: RandomStream
  ) -> [Candidate] {
    // Rounding grows like the root of the number of terms; 8 covers the three sums and the last additions.
    let rounding = Float.ulpOfOne * (8 + Float(features.dimensions).squareRoot())
    let norms = features.squaredNorms.base
    let norm = norms[i]
    var heap = NearestHeap(capacity: k)
    var bound = Float.infinity
    for j in 0..<count where squares[j] + rounding * (norm + norms[j]) < bound && j != i {
      heap.offer(squares[j] + rounding * (norm + norms[j]), j)
      bound = heap.bound
    }
    var candidates: [Candidate] = []
    candidates.reserveCapacity(2 * k)
    for j in 0..<count where squares[j] - rounding * (norm + norms[j]) <= bound && j != i {
      let square = quaver_squared_distance(features.row(i), features.row(j), features.dimensions)
      candidates.append(Candidate(square: square, index: j, tie: ties.bits(i * count + j)))
    }
    return candidates
  }
}
