/// The part of a picture that is shown, in fractions of its width and height; row 0 is the lowest.
package struct Viewport: Sendable, Equatable {
  package private(set) var left = 0.0
  package private(set) var width = 1.0
  package private(set) var bottom = 0.0
  package private(set) var height = 1.0

  /// The smallest part, a sixteenth.
  private static let smallest = 1.0 / 16

  package init() {}

  package var isWhole: Bool { width == 1 && height == 1 }

  /// Times two with `steps` 1, by half with -1, around a place that stays where it is.
  package mutating func zoomTime(_ steps: Int, around x: Double) {
    (left, width) = Self.zoomed(left, width, steps, around: x)
  }

  package mutating func zoomRows(_ steps: Int, around y: Double) {
    (bottom, height) = Self.zoomed(bottom, height, steps, around: y)
  }

  private static func zoomed(_ start: Double, _ length: Double, _ steps: Int, around place: Double) -> (Double, Double)
  {
    let wanted = max(smallest, min(1, steps > 0 ? length / 2 : length * 2))
    let share = (place - start) / length
    return (max(0, min(1 - wanted, place - share * wanted)), wanted)
  }

  /// By parts of what is shown. - Returns: false at the edge.
  package mutating func pan(_ x: Double, _ y: Double) -> Bool {
    let before = self
    left = max(0, min(1 - width, left + x * width))
    bottom = max(0, min(1 - height, bottom + y * height))
    return self != before
  }

  /// Moves as little as it must to show a place.
  package mutating func follow(_ x: Double, _ y: Double) {
    if x < left { left = x }
    if x > left + width { left = x - width }
    if y < bottom { bottom = y }
    if y > bottom + height { bottom = y - height }
    left = max(0, min(1 - width, left))
    bottom = max(0, min(1 - height, bottom))
  }

  package func columns(of count: Int) -> Range<Int> { Self.range(left, width, count) }
  package func rows(of count: Int) -> Range<Int> { Self.range(bottom, height, count) }

  private static func range(_ start: Double, _ length: Double, _ count: Int) -> Range<Int> {
    guard count > 0 else { return 0..<0 }
    let first = max(0, min(count - 1, Int((start * Double(count)).rounded())))
    return first..<max(first + 1, min(count, Int(((start + length) * Double(count)).rounded())))
  }

  /// The shown part of a stretch of time.
  package func time(of whole: ClosedRange<Double>) -> ClosedRange<Double> {
    let span = whole.upperBound - whole.lowerBound
    let first = whole.lowerBound + span * left
    return first...max(first, whole.lowerBound + span * (left + width))
  }
}
