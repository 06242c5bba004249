import Core
import Kernels

extension TSNE {
  /// Neighbours of each point that trustworthiness looks at, unless told.
  package static let trustedNeighbours = 12

  /// How far an embedding's neighbourhoods can be trusted (Venna and Kaski 2001; scikit-learn's `trustworthiness`):
  /// 1 - 2 / (nk(2n - 3k - 1)) · Σ_i Σ_j max(0, r(i, j) - k), where j runs over the k nearest points of i in the embedding
  /// and r(i, j) is the rank of j by distance from i among the features, 1 for the nearest.
  ///
  /// - Parameters:
  ///   - features: row-major [points, dimensions].
  ///   - k: neighbours.
  /// - Returns: 0 … 1; nil where k is not below half of the points, for then the measure is not defined.
  /// - Throws: `TSNEError`, `CoreError.outOfMemory`.
  @Engine package static func trustworthiness(
    of points: [SIMD2<Float>], features: [Float], dimensions: Int, k: Int = TSNE.trustedNeighbours
  ) throws -> Double? {
    let count = points.count
    precondition(k >= 1, "trustworthiness needs a neighbour")
    guard 2 * k < count else { return nil }
    let matrix = try FeatureMatrix(features, count: count, dimensions: dimensions)
    let (x, y, penalties) = (try Storage<Float>(count), try Storage<Float>(count), try Storage<Int>(count))
    for (i, point) in points.enumerated() { (x.base[i], y.base[i]) = (point.x, point.y) }
    let rows = try DistanceRows(matrix)
    for block in rows.blocks {
      rows.forEach(in: block) { i, squares in
        // The point itself is nearer than everything: counted with those nearer, it makes the nearest rank 1.
        squares[i] = -.infinity
        for near in nearest(to: i, x.base, y.base, count: count, k: k) {
          let rank = quaver_count_below(squares, count, squares[near])
          penalties.base[i] += max(0, rank - k)
        }
      }
    }
    let total = (0..<count).reduce(0.0) { $0 + Double(penalties.base[$1]) }
    return 1 - total * 2 / (Double(count * k) * Double(2 * count - 3 * k - 1))
  }

  private nonisolated static func nearest(
    to i: Int, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int, k: Int
  ) -> [Int] {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { squares in
      guard let base = squares.baseAddress else { return [] }
      quaver_plane_distances(x, y, count, x[i], y[i], base)
      var heap = NearestHeap(capacity: k)
      for j in 0..<count where base[j] < heap.bound && j != i { heap.offer(base[j], j) }
      return heap.kept.map { Int($0.index) }
    }
  }
}
