import Foundation

/// Where an axis gets its numbers.
package enum Ticks {
  /// Multiples of 1, 2 or 5 times a power of ten inside `range`, at most `maximum` of them.
  /// The step is at least `least`: 1 where only whole numbers mean something.
  package static func linear(
    _ range: ClosedRange<Double>, maximum: Int, least: Double = 0
  ) -> (values: [Double], step: Double) {
    let span = range.upperBound - range.lowerBound
    guard span > 0, span.isFinite, maximum > 0 else { return ([], 1) }
    let raw = span / Double(maximum)
    let power = pow(10, floor(log10(raw)))
    let step = max(least, ([1, 2, 5, 10].first { Double($0) * power >= raw * 0.999 }.map(Double.init) ?? 10) * power)
    let first = (range.lowerBound / step - 1e-6).rounded(.up)
    let last = (range.upperBound / step + 1e-6).rounded(.down)
    guard first <= last, last - first <= Double(2 * maximum + 2) else { return ([], step) }
    return (stride(from: first, through: last, by: 1).map { $0 * step + 0 }, step)
  }

  /// Powers of ten inside `range`, with their doubles and fives where there is room.
  package static func logarithmic(_ range: ClosedRange<Double>, maximum: Int) -> [Double] {
    guard range.lowerBound > 0, range.upperBound > range.lowerBound, range.upperBound.isFinite else { return [] }
    let first = Int(floor(log10(range.lowerBound))), last = Int(ceil(log10(range.upperBound)))
    for digits in [[1.0, 2, 5], [1.0, 3], [1.0]] {
      let values = (first...last).flatMap { power in digits.map { $0 * pow(10, Double(power)) } }.filter(range.contains)
      if values.count <= max(2, maximum) { return values }
    }
    let tens = (first...last).map { pow(10, Double($0)) }.filter(range.contains)
    let every = max(1, (tens.count + maximum - 1) / max(1, maximum))
    return tens.enumerated().filter { $0.offset % every == 0 }.map(\.element)
  }

  /// Rows of an axis whose values need not be evenly spaced (mel, CQT), at least `spacing` apart.
  ///
  /// - Parameters:
  ///   - values: of each row of the picture, from the lowest up, increasing.
  ///   - height: of the axis in cells or points, over which the rows are spread.
  package static func rows(_ values: [Double], height: Int, spacing: Int = 2) -> [(y: Int, value: Double)] {
    guard let low = values.first, let high = values.last, low < high, height > 0 else { return [] }
    var taken: [(y: Int, value: Double)] = []
    for value in candidates(low...high, isEven: isEven(values), count: height / spacing) {
      let y = height - 1 - min(height - 1, nearest(value, values) * height / values.count)
      if taken.allSatisfy({ abs($0.y - y) >= spacing }) { taken.append((y, value)) }
    }
    return taken
  }

  /// The index of the value nearest to `value`; `values` increase.
  package static func nearest(_ value: Double, _ values: [Double]) -> Int {
    var (low, high) = (0, values.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if values[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low > 0 && value - values[low - 1] < values[low] - value ? low - 1 : low
  }

  private static func isEven(_ values: [Double]) -> Bool {
    guard values.count > 2, let low = values.first, let high = values.last else { return true }
    return abs(values[values.count / 2] - low - (high - low) * Double(values.count / 2) / Double(values.count - 1))
      < (high - low) * 0.02
  }

  /// Even scales get even steps; others the roundest numbers first: 1, then 5 and 2, then the rest of each decade.
  private static func candidates(_ range: ClosedRange<Double>, isEven: Bool, count: Int) -> [Double] {
    if isEven { return linear(range, maximum: max(1, count)).values }
    let decades = (-2...5).reversed().map { pow(10, Double($0)) }
    return [[1.0], [5], [2], [3], [1.5, 4, 7], [2.5, 6, 8]].flatMap { digits in
      decades.flatMap { decade in digits.map { $0 * decade } }
    }.filter(range.contains)
  }

  /// "500", "1k", "2.5k": at most five columns.
  package static func short(_ value: Double) -> String {
    if abs(value) < 1000 { return Numbers.fixed(value, value == value.rounded() ? 0 : 1) }
    let thousands = value / 1000
    return Numbers.fixed(thousands, thousands == thousands.rounded() ? 0 : 1) + "k"
  }
}
