/// How the cells of a confusion matrix are given.
package enum ConfusionScale: String, Codable, Sendable, CaseIterable {
  case counts
  /// Each row (a true class) sums to 1: recalls on the diagonal.
  case row
  /// Each column (a predicted class) sums to 1: precisions on the diagonal.
  case column
}

extension Confusion {
  package static func + (a: Confusion, b: Confusion) -> Confusion {
    precondition(a.counts.count == b.counts.count, "\(a.counts.count) classes and \(b.counts.count)")
    return Confusion(counts: zip(a.counts, b.counts).map { zip($0, $1).map(+) })
  }

  /// The matrix on a scale; 0/0 = 0.
  package func scaled(_ scale: ConfusionScale) -> [[Double]] {
    func share(_ count: Int, _ total: Int) -> Double { total == 0 ? 0 : Double(count) / Double(total) }
    switch scale {
    case .counts: return counts.map { $0.map(Double.init) }
    case .row: return counts.map { row in row.map { share($0, row.reduce(0, +)) } }
    case .column:
      let totals = counts.indices.map { column in counts.reduce(0) { $0 + $1[column] } }
      return counts.map { row in zip(row, totals).map(share) }
    }
  }

  /// Cell by cell, this matrix minus another of the same classes, both on one scale: clean minus attacked, or a run
  /// minus another. Nil where one of them has nothing that its share could be of: no share differs from none.
  package func minus(_ other: Confusion, _ scale: ConfusionScale) -> [[Double?]] {
    precondition(counts.count == other.counts.count, "\(counts.count) classes and \(other.counts.count)")
    let (a, b) = (scaled(scale), other.scaled(scale))
    return counts.indices.map { truth in
      counts.indices.map { predicted in
        let hasShares = [self, other].allSatisfy { $0.hasShare(truth, predicted, scale) }
        return hasShares ? a[truth][predicted] - b[truth][predicted] : nil
      }
    }
  }

  private func hasShare(_ truth: Int, _ predicted: Int, _ scale: ConfusionScale) -> Bool {
    switch scale {
    case .counts: true
    case .row: counts[truth].contains { $0 > 0 }
    case .column: counts.contains { $0[predicted] > 0 }
    }
  }

  package var scores: Scores { Scores(self) }
}

/// Everything that one confusion matrix says.
package struct Scores: Codable, Sendable, Equatable {
  package let count: Int
  package let correct: Int
  /// Plain accuracy, the field's weighted accuracy (WA), with Wilson's interval.
  package let accuracy: Double
  package let interval: Interval
  package let weightedPrecision: Double
  package let weightedRecall: Double
  package let weightedF1: Double
  /// Unweighted average recall (UAR).
  package let unweightedAverageRecall: Double
  /// One a class.
  package let recalls: [Double]
  package let precisions: [Double]
  package let f1: [Double]
  /// Rows are the truth.
  package let confusion: [[Int]]

  /// The most frequent class's share.
  package var largestClass: Double {
    Double(confusion.map { $0.reduce(0, +) }.max() ?? 0) / Double(max(1, count))
  }

  /// Said beside intervals of slices.
  package static let intervalNote =
    "95 % Wilson intervals take slices for independent, which those of one utterance are not, so that they are too narrow; those "
    + "by utterance are honest"

  package init(_ confusion: Confusion) {
    (count, correct, accuracy) = (confusion.total, confusion.correct, confusion.accuracy)
    interval = .wilson(confusion.correct, of: confusion.total)
    (weightedPrecision, weightedRecall) = (confusion.weightedPrecision, confusion.weightedRecall)
    (weightedF1, unweightedAverageRecall) = (confusion.weightedF1, confusion.unweightedAverageRecall)
    (recalls, precisions, f1) = (confusion.recall, confusion.precision, confusion.f1)
    self.confusion = confusion.counts
  }
}
