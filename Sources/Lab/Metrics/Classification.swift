/// Counts of (truth, prediction) pairs and what follows from them. Rows are the truth.
package struct Confusion: Sendable, Equatable {
  package private(set) var counts: [[Int]]

  package init(classes: Int) { counts = Array(repeating: Array(repeating: 0, count: classes), count: classes) }

  package init(truth: [Int], predicted: [Int], classes: Int) {
    precondition(truth.count == predicted.count, "\(truth.count) truths for \(predicted.count) predictions")
    self.init(classes: classes)
    for (t, p) in zip(truth, predicted) { counts[t][p] += 1 }
  }

  package init(counts: [[Int]]) { self.counts = counts }

  package mutating func add(truth: Int, predicted: Int) { counts[truth][predicted] += 1 }

  package var total: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }
  private var support: [Int] { counts.map { $0.reduce(0, +) } }
  private var predictions: [Int] { counts.indices.map { column in counts.reduce(0) { $0 + $1[column] } } }
  /// Right predictions.
  package var correct: Int { hits.reduce(0, +) }
  private var hits: [Int] { counts.indices.map { counts[$0][$0] } }

  /// 0/0 = 0 throughout, as scikit-learn's `zero_division=0`.
  private static func ratio(_ a: Double, _ b: Double) -> Double { b == 0 ? 0 : a / b }

  /// Plain accuracy: the field's weighted accuracy (WA), and equal to the support-weighted recall.
  package var accuracy: Double { Self.ratio(Double(correct), Double(total)) }
  package var recall: [Double] { zip(hits, support).map { Self.ratio(Double($0), Double($1)) } }
  package var precision: [Double] { zip(hits, predictions).map { Self.ratio(Double($0), Double($1)) } }
  package var f1: [Double] { zip(precision, recall).map { Self.ratio(2 * $0 * $1, $0 + $1) } }

  /// Unweighted average recall over the classes that occur.
  package var unweightedAverageRecall: Double {
    let present = recall.indices.filter { support[$0] > 0 }
    return Self.ratio(present.reduce(0) { $0 + recall[$1] }, Double(present.count))
  }

  package var weightedPrecision: Double { weighted(precision) }
  package var weightedRecall: Double { weighted(recall) }
  package var weightedF1: Double { weighted(f1) }

  private func weighted(_ values: [Double]) -> Double {
    Self.ratio(zip(values, support).reduce(0) { $0 + $1.0 * Double($1.1) }, Double(total))
  }
}
