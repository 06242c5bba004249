import BLAS
import Core

/// Squared distances of every point to every other, a block of rows at a time, by one matrix product a block:
/// ‖a - b‖² = ‖a‖² + ‖b‖² - 2ab. Good to a few units of float32 rounding of the norms, not of the distance.
package struct DistanceRows {
  package let features: FeatureMatrix
  package let rowsInBlock: Int
  private let block: Arena

  /// - Throws: `CoreError.outOfMemory`.
  package init(_ features: FeatureMatrix) throws {
    self.features = features
    // About 32 MB: wide enough for the product to run at full speed, small enough to stay near the cache.
    rowsInBlock = min(features.count, max(16, (8 << 20) / features.count))
    block = try Arena(count: rowsInBlock * features.count)
  }

  /// Calls `body(i, squares)` on the pool for each point i in `rows` (at most a block); `squares` has one value a point.
  package func forEach(in rows: Range<Int>, _ body: (Int, UnsafeMutablePointer<Float>) -> Void) {
    precondition(rows.count <= rowsInBlock, "\(rows.count) rows in a block of \(rowsInBlock)")
    let (count, dimensions) = (features.count, features.dimensions)
    let (base, norms) = (block.base, features.squaredNorms.base)
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows.count), Int32(count), Int32(dimensions), -2,
      features.row(rows.lowerBound), Int32(dimensions), features.values.base, Int32(dimensions), 0, base, Int32(count))
    Parallel.forEach(rows.count) { part in
      for r in part {
        let squares = base + r * count
        let norm = norms[rows.lowerBound + r]
        for j in 0..<count { squares[j] += norm + norms[j] }
        body(rows.lowerBound + r, squares)
      }
    }
  }

  /// The blocks that cover all points.
  package var blocks: [Range<Int>] {
    stride(from: 0, to: features.count, by: rowsInBlock).map { $0..<min($0 + rowsInBlock, features.count) }
  }
}
