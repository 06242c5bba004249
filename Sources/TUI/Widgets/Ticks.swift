import Core

/// Where an axis gets its numbers, in pictures and on the screen alike.
package typealias Ticks = Core.Ticks

/// A horizontal axis below a plot: a line with ticks and, where there is a second row, their numbers.
package enum TimeAxis {
  package static func draw(
    _ range: ClosedRange<Double>, unit: String, in rect: Rect, hasLine: Bool, _ look: Look, _ surface: inout Surface
  ) {
    draw(AxisScale(range), unit: unit, isWhole: false, in: rect, hasLine: hasLine, look, &surface)
  }

  /// - Parameters:
  ///   - unit: written left of the numbers, where there is room.
  ///   - isWhole: only whole numbers mean something.
  package static func draw(
    _ scale: AxisScale, unit: String, isWhole: Bool, in rect: Rect, hasLine: Bool, _ look: Look,
    _ surface: inout Surface
  ) {
    guard rect.width > 0, rect.height > 0 else { return }
    let style = look.style(.axis)
    let labelY = rect.y + (hasLine ? 1 : 0)
    if hasLine {
      surface.fill(Rect(x: rect.x, y: rect.y, width: rect.width, height: 1), look.glyphs.horizontal, style)
    }
    let (values, step) = scale.ticks(maximum: max(1, rect.width / 10), least: isWhole ? 1 : 0)
    var free = rect.x - 6
    if rect.x > unit.count, labelY < rect.maxY {
      surface.putRight(unit, rect.x - (unit.count < 4 ? 3 : 1), labelY, style)
    }
    for value in values {
      let x = rect.x + min(rect.width - 1, Int(scale.fraction(value) * Double(rect.width)))
      if hasLine { surface.set(x, rect.y, Cell(look.glyphs.tickBelow, style)) }
      let text = scale.text(value, step: step)
      let start = max(rect.x - 1, min(x - text.count / 2, rect.maxX - text.count))
      guard start > free, labelY < rect.maxY else { continue }
      surface.put(text, start, labelY, style)
      free = start + text.count
    }
  }

  package static func position(_ value: Double, _ range: ClosedRange<Double>, _ width: Int) -> Int {
    let span = range.upperBound - range.lowerBound
    guard span > 0, value.isFinite else { return 0 }
    return max(0, min(width - 1, Int((value - range.lowerBound) / span * Double(width))))
  }
}
