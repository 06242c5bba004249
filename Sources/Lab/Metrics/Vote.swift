/// An utterance's class by the vote of its slices.
package enum Vote {
  /// For the help of commands.
  package static let rule =
    "An utterance's class is the vote of its slices; ties go to the class with the larger sum of softmax probabilities."

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
      votes[Logits.largest(row)] += 1
      for (label, share) in Logits.softmax(row).enumerated() { shares[label] += share }
    }
    return (1..<classes).reduce(0) { best, label in
      (votes[label], shares[label]) > (votes[best], shares[best]) ? label : best
    }
  }
}
