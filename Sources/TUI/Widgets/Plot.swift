import Foundation

/// Lines against epochs, with ticks, a legend that does not hang on colour, and marks where a value is no number.
package struct Plot: Sendable {
  package struct Series: Sendable {
    package let name: String
    /// Value of each epoch, the first is epoch 1.
    package let values: [Double]
    package let role: Role
    /// In ASCII.
    package let mark: Unicode.Scalar
    /// Every how many dots one is set: 1 is a solid line.
    package let every: Int
  }

  package let title: String
  package let series: [Series]
  /// Last epoch of the axis.
  package let epochs: Int
  /// Nil: from the values.
  package var range: ClosedRange<Double>?
  package var isPercent = false

  /// Rows that the legend, the axis and its numbers take.
  private struct Places {
    let legend: Rect
    let plot: Rect
    let axis: Rect
    let hasLine: Bool

    init(_ rect: Rect) {
      let (legend, rest) = rect.splitTop(rect.height >= 3 ? 1 : 0)
      hasLine = rest.height >= 7
      let (plot, axis) = rest.splitTop(rest.height - (hasLine ? 2 : rest.height >= 4 ? 1 : 0))
      let gutter = rect.width >= 20 ? 6 : 0
      self.legend = legend
      self.plot = plot.splitLeft(gutter).rest
      self.axis = axis.splitLeft(gutter).rest
    }
  }

  package func draw(in rect: Rect, _ look: Look, _ surface: inout Surface) {
    let places = Places(rect)
    legend(places.legend, look, &surface)
    guard !places.plot.isEmpty else { return }
    let span = range ?? automaticRange
    rowAxis(span, places, rect.x, look, &surface)
    let epochs = max(2, epochs)
    TimeAxis.draw(
      1...Double(epochs), unit: "epoch", isWhole: true, in: places.axis, hasLine: places.hasLine, look, &surface)
    lines(span, epochs, places.plot, look, &surface)
    flaws(epochs, places.plot, look, &surface)
  }

  /// From zero, or from the smallest value when it is below, to the largest finite one.
  private var automaticRange: ClosedRange<Double> {
    let finite = series.flatMap(\.values).filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return 0...1 }
    let (floor, ceiling) = (min(0, low), max(high, 1e-9))
    return floor...(floor + (ceiling - floor) * 1.05)
  }

  // MARK: Parts

  private func legend(_ rect: Rect, _ look: Look, _ surface: inout Surface) {
    guard !rect.isEmpty else { return }
    let start = surface.put(title, rect.x, rect.y, look.style(.heading), width: rect.width) + 2
    for hasValues in [true, false] {
      let words = series.map { label($0, hasValues: hasValues, look) }
      guard !hasValues || start + words.reduce(-2, { $0 + TextWidth.of($1) + 2 }) <= rect.maxX else { continue }
      var x = start
      for (series, words) in zip(series, words) {
        x = surface.put(words, x, rect.y, look.style(series.role), width: rect.maxX - x) + 2
      }
      return
    }
  }

  private func label(_ series: Series, hasValues: Bool, _ look: Look) -> String {
    let dash = look.glyphs.isASCII ? "\(series.mark)\(series.mark)" : series.every == 1 ? "──" : "╌╌"
    guard hasValues else { return "\(dash) \(series.name)" }
    return "\(dash) \(series.name) "
      + (series.values.last.map { isPercent ? Numbers.percent($0) : Numbers.short($0) } ?? "none yet")
  }

  private func rowAxis(
    _ span: ClosedRange<Double>, _ places: Places, _ left: Int, _ look: Look, _ surface: inout Surface
  ) {
    let plot = places.plot
    guard plot.x - left >= 6 else { return }
    let style = look.style(.axis)
    surface.fill(Rect(x: plot.x - 1, y: plot.y, width: 1, height: plot.height), look.glyphs.vertical, style)
    let (ticks, step) = Ticks.linear(span, maximum: max(2, plot.height / 2))
    var taken: Set<Int> = []
    for value in ticks {
      let y = plot.maxY - 1 - TimeAxis.position(value, span, plot.height)
      guard taken.insert(y).inserted else { continue }
      surface.set(plot.x - 1, y, Cell(look.glyphs.tickLeft, style))
      let text = isPercent ? Numbers.tick(100 * value, step: 100 * step) + "%" : Numbers.tick(value, step: step)
      surface.putRight(TextWidth.cut(text, to: 5, ellipsis: ""), plot.x - 1, y, style)
    }
  }

  private func lines(
    _ span: ClosedRange<Double>, _ epochs: Int, _ rect: Rect, _ look: Look, _ surface: inout Surface
  ) {
    var dots = DotGrid(size: Size(width: rect.width, height: rect.height), look: look)
    let height = max(span.upperBound - span.lowerBound, .leastNormalMagnitude)
    for (index, series) in series.enumerated() {
      var before: Point?
      for (epoch, value) in series.values.enumerated() {
        guard value.isFinite else {
          before = nil
          continue
        }
        let fraction = max(0, min(1, (value - span.lowerBound) / height))
        let point = Point(
          x: epoch * max(0, dots.width - 1) / (epochs - 1),
          y: Int(((1 - fraction) * Double(dots.height - 1)).rounded()))
        dots.line(before ?? point, point, series: index, every: dots.rung == .ascii ? 1 : series.every)
        before = point
      }
    }
    dots.draw(
      at: Point(x: rect.x, y: rect.y), styles: series.map { look.style($0.role) }, marks: series.map(\.mark), &surface)
  }

  /// Epochs without a number, marked at the upper edge.
  private func flaws(_ epochs: Int, _ rect: Rect, _ look: Look, _ surface: inout Surface) {
    for series in series {
      for (epoch, value) in series.values.enumerated() where !value.isFinite {
        let x = rect.x + epoch * max(0, rect.width - 1) / (epochs - 1)
        let mark: Unicode.Scalar = value == .infinity ? look.glyphs.pick("↑", "^") : look.glyphs.pick("✕", "x")
        surface.set(x, rect.y, Cell(mark, look.style(.error)))
      }
    }
  }
}
