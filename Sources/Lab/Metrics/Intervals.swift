import Foundation

/// A confidence interval and its level.
package struct Interval: Codable, Sendable, Equatable {
  package var low: Double
  package var high: Double
  package var level: Double

  package init(low: Double, high: Double, level: Double) { (self.low, self.high, self.level) = (low, high, level) }

  /// The level of every interval that Quaver prints.
  package static let usualLevel = 0.95

  /// What of it a share can be: Student's interval of a mean of few knows no bounds.
  package var ofShare: Interval { Interval(low: max(0, low), high: min(1, high), level: level) }

  /// Wilson's score interval of a proportion (Wilson 1927), without continuity correction; 0…1 for no trials.
  package static func wilson(_ successes: Int, of trials: Int, level: Double = usualLevel) -> Interval {
    precondition(0 <= successes && successes <= trials, "\(successes) successes of \(trials)")
    guard trials > 0 else { return Interval(low: 0, high: 1, level: level) }
    let n = Double(trials), p = Double(successes) / n, z = Quantile.normal(0.5 + level / 2)
    let centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    // At the ends the formula is exactly 0 or 1, and rounding must not leave it.
    return Interval(
      low: successes == 0 ? 0 : max(0, centre - half), high: successes == trials ? 1 : min(1, centre + half),
      level: level)
  }
}

/// Mean and spread of one number over several seeds.
package struct SeedSummary: Codable, Sendable, Equatable {
  package let count: Int
  package let mean: Double
  /// Sample standard deviation (n − 1); nil for one value.
  package let deviation: Double?
  /// Student's t-interval of the mean; nil for one value.
  package let interval: Interval?

  /// - Parameter values: at least one.
  package init(_ values: [Double], level: Double = Interval.usualLevel) {
    precondition(!values.isEmpty, "a mean of no values")
    let n = Double(values.count), mean = values.reduce(0, +) / n
    (count, self.mean) = (values.count, mean)
    guard values.count > 1 else {
      (deviation, interval) = (nil, nil)
      return
    }
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)).squareRoot()
    let half = Quantile.student(0.5 + level / 2, degreesOfFreedom: values.count - 1) * deviation / n.squareRoot()
    self.deviation = deviation
    interval = Interval(low: mean - half, high: mean + half, level: level)
  }
}

/// Inverses of distribution functions, by bisection: exact to the last few bits, and called a few times a table.
enum Quantile {
  /// Of the standard normal distribution.
  static func normal(_ probability: Double) -> Double {
    invert(probability) { 0.5 * erfc(-$0 / 2.0.squareRoot()) }
  }

  /// Of Student's t.
  static func student(_ probability: Double, degreesOfFreedom v: Int) -> Double {
    invert(probability) { t in
      let tail = 0.5 * incompleteBeta(Double(v) / (Double(v) + t * t), Double(v) / 2, 0.5)
      return t < 0 ? tail : 1 - tail
    }
  }

  private static func invert(_ probability: Double, _ distribution: (Double) -> Double) -> Double {
    precondition(0 < probability && probability < 1, "no quantile of probability \(probability)")
    var low = -1.0, high = 1.0
    while distribution(low) > probability { low *= 2 }
    while distribution(high) < probability { high *= 2 }
    while true {
      let middle = (low + high) / 2
      guard middle > low, middle < high else { return middle }
      if distribution(middle) < probability { low = middle } else { high = middle }
    }
  }
}
