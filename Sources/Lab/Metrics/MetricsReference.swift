import Core
import Foundation

/// `metrics` cases: confusion matrix, weighted scores, UAR and the paired t-test against scikit-learn and SciPy.
package struct MetricsReference: ReferenceCheck {
  package let kind = "metrics"
  package init() {}

  package func verdict(on file: SafeTensors, emodb: URL?) async throws -> Verdict {
    let truth = try file.array("truth", as: Int64.self).map(Int.init)
    let predicted = try file.array("predicted", as: Int64.self).map(Int.init)
    let expected = try file.array("confusion", as: Int64.self).map(Int.init)
    let classes = try file.entry("confusion").shape.first ?? 0
    guard truth.count == predicted.count, (truth + predicted).allSatisfy({ (0..<classes).contains($0) }) else {
      return Verdict(.fail, "\(truth.count) truths, \(predicted.count) predictions, labels not all in 0..<\(classes)")
    }
    let confusion = Confusion(truth: truth, predicted: predicted, classes: classes)
    let a = try file.array("a", as: Float.self).map(Double.init)
    let b = try file.array("b", as: Float.self).map(Double.init)
    guard a.count == b.count else { return Verdict(.fail, "\(a.count) values cannot be paired with \(b.count)") }
    var checks = [(text: "confusion equal", holds: confusion.counts.flatMap { $0 } == expected)]
    func compare(_ name: String, _ value: Double, tolerance: Double = 1e-9) {
      let wanted = file.metadata[name].flatMap(Double.init) ?? .nan
      let error = abs(value - wanted)
      checks.append(("\(name) off by \(scientific(error)) ≤ \(scientific(tolerance))", error <= tolerance))
    }
    compare("accuracy", confusion.accuracy)
    compare("precision_weighted", confusion.weightedPrecision)
    compare("recall_weighted", confusion.weightedRecall)
    compare("f1_weighted", confusion.weightedF1)
    compare("unweighted_average_recall", confusion.unweightedAverageRecall)
    let test = PairedTTest(a, b)
    compare("ttest_t", test?.t ?? .nan)
    compare("ttest_p", test?.p ?? .nan, tolerance: 1e-6)
    return Verdict(checks: checks)
  }
}

/// A short form for tolerances and errors: 0, 3.1e-05.
package func scientific(_ value: Double) -> String {
  value == 0 ? "0" : String(format: "%.1e", value)
}
