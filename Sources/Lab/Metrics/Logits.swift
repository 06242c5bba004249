import Foundation

/// What a row of logits says.
package enum Logits {
  /// Index of the largest value, the first of equals; 0 where all are NaN.
  package static func largest(_ row: some Collection<Float>) -> Int {
    var best = 0, value = -Float.infinity
    for (label, logit) in row.enumerated() where logit > value { (best, value) = (label, logit) }
    return best
  }

  /// Probabilities of the classes; empty for no logits.
  package static func softmax(_ row: some Collection<Float>) -> [Double] {
    let highest = Double(row.max() ?? 0)
    let powers = row.map { exp(Double($0) - highest) }, sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
