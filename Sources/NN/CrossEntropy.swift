import Glibc

/// Cross-entropy of softmax, as torch.nn.CrossEntropyLoss with its default mean.
package enum CrossEntropy {
  /// Loss of one row of logits: log Σ exp(z) − z[label], computed in double from the row's maximum.
  package static func value(_ row: UnsafePointer<Float>, label: Int, classes: Int) -> Double {
    logSum(row, classes) - Double(row[label])
  }

  /// Mean loss over the rows of `logits` [n, classes].
  ///
  /// - Parameter gradient: receives (softmax − one-hot)/n, same shape; nil when not wanted.
  package static func mean(
    logits: UnsafePointer<Float>, labels: [Int], classes: Int, gradient: UnsafeMutablePointer<Float>?
  ) -> Float {
    var total = 0.0
    let share = 1 / Double(labels.count)
    for n in labels.indices {
      total += row(
        logits + n * classes, label: labels[n], classes: classes, share: share,
        gradient: gradient.map { $0 + n * classes })
    }
    return Float(total * share)
  }

  /// Loss of one row; `gradient` receives (softmax − one-hot)·share.
  static func row(
    _ row: UnsafePointer<Float>, label: Int, classes: Int, share: Double, gradient: UnsafeMutablePointer<Float>?
  ) -> Double {
    let normaliser = logSum(row, classes)
    if let gradient {
      for c in 0..<classes {
        let probability = exp(Double(row[c]) - normaliser)
        gradient[c] = Float((probability - (c == label ? 1 : 0)) * share)
      }
    }
    return normaliser - Double(row[label])
  }

  private static func logSum(_ row: UnsafePointer<Float>, _ classes: Int) -> Double {
    var highest = row[0]
    for c in 1..<classes where row[c] > highest { highest = row[c] }
    var sum = 0.0
    for c in 0..<classes { sum += exp(Double(row[c]) - Double(highest)) }
    return log(sum) + Double(highest)
  }
}
