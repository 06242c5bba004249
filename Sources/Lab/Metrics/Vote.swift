import Foundation

/// An utterance's class by the vote of its slices.
package enum Vote {
  /// The class that most slices predict. Among classes with equally many votes the one with the largest sum of
  /// softmax probabilities over all slices wins, and among equal sums the first.
  ///
  /// - Parameter rows: logits, one row a slice, all of one length; at least one.
  package static func winner(_ rows: [ArraySlice<Float>]) -> Int {
    precondition(!rows.isEmpty, "a vote of no slices")
    let classes = rows[0].count
    var votes = [Int](repeating: 0, count: classes)
    var shares = [Double](repeating: 0, count: classes)
    for row in rows {
      votes[largest(row)] += 1
      let highest = Double(row.max() ?? 0)
      let weights = row.map { exp(Double($0) - highest) }
      let total = weights.reduce(0, +)
      for (label, weight) in weights.enumerated() { shares[label] += weight / total }
    }
    return (1..<classes).reduce(0) { best, label in
      (votes[label], shares[label]) > (votes[best], shares[best]) ? label : best
    }
  }

  /// Index of the largest value, the first of equals; 0 where all are NaN.
  package static func largest(_ row: some Collection<Float>) -> Int {
    var best = 0, value = -Float.infinity
    for (label, logit) in row.enumerated() where logit > value { (best, value) = (label, logit) }
    return best
  }
}
