import Foundation

/// Wilcoxon's signed-rank test of paired values, two-sided. Pairs without a difference are left out, as Wilcoxon did;
/// equal differences share the mean of their ranks.
package struct SignedRankTest: Sendable, Equatable {
  /// The smaller of the two rank sums.
  package let statistic: Double
  package let p: Double
  /// Pairs that differ.
  package let pairs: Int
  /// Whether p is the exact probability over all assignments of signs (ties included), or the normal approximation with
  /// its variance corrected for ties.
  package let isExact: Bool

  /// At most so many differing pairs are counted out exactly.
  package static let exactLimit = 50

  /// Nil where no pair differs.
  package init?(_ a: [Double], _ b: [Double]) {
    precondition(a.count == b.count, "\(a.count) values cannot be paired with \(b.count)")
    // 0.8 − 0.6 and 0.6 − 0.4 are a tie, though not to the last bit: shares are compared to 12 digits.
    let scale = zip(a, b).reduce(1) { max($0, abs($1.0), abs($1.1)) }
    let differences = zip(a, b).map { (($0 - $1) / scale * 0x1p40).rounded() }.filter { $0 != 0 }
    guard !differences.isEmpty, !differences.contains(where: \.isNaN) else { return nil }
    let (ranks, ties) = Self.doubledRanks(differences.map(abs))
    let total = ranks.reduce(0, +)
    let positive = zip(ranks, differences).reduce(0) { $1.1 > 0 ? $0 + $1.0 : $0 }
    let smaller = min(positive, total - positive)
    pairs = differences.count
    statistic = Double(smaller) / 2
    isExact = pairs <= Self.exactLimit
    p = isExact ? Self.exact(ranks, smaller: smaller) : Self.approximate(pairs, ties: ties, statistic: statistic)
  }

  /// Ranks from 1 with ties at their mean, doubled so that they are whole; and the sizes of the groups of ties.
  private static func doubledRanks(_ values: [Double]) -> (ranks: [Int], ties: [Int]) {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Int](repeating: 0, count: values.count), ties: [Int] = []
    var first = 0
    while first < order.count {
      var end = first + 1
      while end < order.count, values[order[end]] == values[order[first]] { end += 1 }
      for position in first..<end { ranks[order[position]] = first + 1 + end }
      ties.append(end - first)
      first = end
    }
    return (ranks, ties)
  }

  /// Twice the share of the 2ⁿ assignments of signs whose positive sum is at most `smaller`.
  private static func exact(_ ranks: [Int], smaller: Int) -> Double {
    var ways = [Double](repeating: 0, count: ranks.reduce(0, +) + 1)
    ways[0] = 1
    for rank in ranks {
      for sum in stride(from: ways.count - 1, through: rank, by: -1) { ways[sum] += ways[sum - rank] }
    }
    let tail = ways[0...smaller].reduce(0, +) / exp2(Double(ranks.count))
    return min(1, 2 * tail)
  }

  private static func approximate(_ pairs: Int, ties: [Int], statistic: Double) -> Double {
    let n = Double(pairs)
    let correction = ties.reduce(0.0) { $0 + Double($1 * $1 * $1 - $1) }
    let variance = n * (n + 1) * (2 * n + 1) / 24 - correction / 48
    let z = (statistic - n * (n + 1) / 4) / variance.squareRoot()
    return min(1, erfc(abs(z) / 2.0.squareRoot()))
  }
}
