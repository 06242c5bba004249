import Foundation

/// Student's paired t-test, two-sided.
package struct PairedTTest: Sendable, Equatable {
  package let t: Double
  package let p: Double
  package let degreesOfFreedom: Int

  /// Nil for fewer than two pairs, and when all differences are equal but for rounding (t is undefined).
  package init?(_ a: [Double], _ b: [Double]) {
    precondition(a.count == b.count, "\(a.count) values cannot be paired with \(b.count)")
    let n = Double(a.count)
    guard a.count >= 2 else { return nil }
    let differences = zip(a, b).map { $0 - $1 }
    let mean = differences.reduce(0, +) / n
    let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
    let largest = differences.reduce(0) { max($0, abs($1)) }
    guard variance.squareRoot() > 1e-12 * largest else { return nil }
    t = mean / (variance / n).squareRoot()
    degreesOfFreedom = a.count - 1
    let v = Double(degreesOfFreedom)
    p = incompleteBeta(v / (v + t * t), v / 2, 0.5)
  }
}

/// The regularised incomplete beta function I_x(a, b), by Lentz's continued fraction (DLMF 8.17.22).
func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
  guard x > 0 else { return 0 }
  guard x < 1 else { return 1 }
  // The fraction converges fast only below the mean; above it the reflection is used.
  if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
  let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
  let tiny = 1e-300
  var (c, d, result) = (1.0, 0.0, 1.0)
  for i in 0...1000 {
    let m = Double(i / 2)
    let coefficient: Double
    if i == 0 {
      coefficient = 1
    } else if i % 2 == 0 {
      coefficient = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    } else {
      coefficient = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    }
    d = 1 + coefficient * d
    if abs(d) < tiny { d = tiny }
    d = 1 / d
    c = 1 + coefficient / c
    if abs(c) < tiny { c = tiny }
    result *= c * d
    if abs(1 - c * d) < 1e-15 { break }
  }
  return front * (result - 1)
}
