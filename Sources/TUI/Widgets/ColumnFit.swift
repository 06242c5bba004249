/// Which columns of a table a narrow screen keeps.
package enum ColumnFit {
  /// Drops the columns of highest rank, the last of equals first, until the others fit with a blank between them.
  ///
  /// - Returns: indices of those that stay, in order; at least one.
  package static func kept(_ columns: [(width: Int, rank: Int)], width: Int) -> [Int] {
    var kept = Array(columns.indices)
    while kept.count > 1, used(kept.map { columns[$0].width }) > width {
      guard let worst = kept.indices.max(by: { columns[kept[$0]].rank < columns[kept[$1]].rank }) else { break }
      kept.remove(at: worst)
    }
    return kept
  }

  /// Columns of the screen that columns of these widths take.
  package static func used(_ widths: [Int]) -> Int { widths.reduce(1) { $0 + $1 + 1 } }
}
