import Foundation

/// A line of a plot.
package struct Curve: Sendable, Equatable {
  package struct Vertex: Sendable, Equatable {
    package let x: Double
    package let y: Double
    package init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
  }

  /// A stretch from the lowest to the highest value at a place.
  package struct Span: Sendable, Equatable {
    package let x: Double
    package let low: Double
    package let high: Double
    package init(x: Double, low: Double, high: Double) { (self.x, self.low, self.high) = (x, low, high) }
  }

  package let name: String
  /// With rising x; a y that is no number breaks the line and is marked.
  package let points: [Vertex]
  /// Behind the line: the raw values where it is smoothed, all seeds where it is their mean.
  package var band: [Span] = []
  package let role: Role
  /// In ASCII.
  package let mark: Unicode.Scalar
  /// Every how many dots one is set: 1 is a solid line.
  package let every: Int
}

/// From values to places on an axis.
package struct AxisScale: Sendable, Equatable {
  package let range: ClosedRange<Double>
  package let isLog: Bool

  /// A logarithmic axis begins above 0.
  package init(_ range: ClosedRange<Double>, isLog: Bool = false) {
    self.isLog = isLog && range.upperBound > 0
    guard self.isLog else {
      self.range = range
      return
    }
    let low = range.lowerBound > 0 ? range.lowerBound : range.upperBound * 1e-3
    self.range = low...max(range.upperBound, low * 1.001)
  }

  /// 0 at the lower end, 1 at the upper; what lies outside is drawn at the edge.
  package func fraction(_ value: Double) -> Double {
    func place(_ value: Double) -> Double { isLog ? log(max(value, range.lowerBound)) : value }
    let (low, high) = (place(range.lowerBound), place(range.upperBound))
    guard high > low else { return 0 }
    return max(0, min(1, (place(value) - low) / (high - low)))
  }

  package func ticks(maximum: Int, least: Double = 0) -> (values: [Double], step: Double?) {
    if isLog { return (Ticks.logarithmic(range, maximum: maximum).filter { $0 >= least }, nil) }
    let (values, step) = Ticks.linear(range, maximum: maximum, least: least)
    return (values, step)
  }

  /// The tick's text.
  package func text(_ value: Double, step: Double?) -> String {
    step.map { Numbers.tick(value, step: $0) } ?? Numbers.tick(value, step: value)
  }

  /// The tick's text in at most `width` columns: in digits, in thousands ("100k") or with a power of ten ("5e-4"). Nil
  /// where none of them is the number itself: one that has lost a digit is another number.
  package func text(_ value: Double, step: Double?, width: Int) -> String? {
    let grain = abs(step ?? value)
    var exponent = grain > 0 && grain.isFinite ? Int(floor(log10(grain) + 1e-9)) : 0
    var digits = (value / pow(10, Double(exponent))).rounded()
    while digits != 0, digits.truncatingRemainder(dividingBy: 10) == 0 {
      (digits, exponent) = (digits / 10, exponent + 1)
    }
    let forms = [text(value, step: step), Ticks.short(value), "\(Numbers.fixed(digits, 0))e\(exponent)"]
    return forms.first { form in
      let number = form.hasSuffix("k") ? Double(form.dropLast()).map { 1000 * $0 } : Double(form)
      return TextWidth.of(form) <= width && number.map { abs($0 - value) <= 1e-3 * grain } == true
    }
  }
}

/// Lines against epochs, steps or time, with ticks, a legend that does not hang on colour, bands, and marks where a value
/// is no number.
package struct Plot: Sendable {
  package let title: String
  package let curves: [Curve]
  package let unit: String
  package let across: AxisScale
  /// Nil: from the values.
  package var range: ClosedRange<Double>?
  package var isLog = false
  package var isPercent = false
  package var isWhole = true

  package init(title: String, curves: [Curve], unit: String, across: AxisScale) {
    (self.title, self.curves, self.unit, self.across) = (title, curves, unit, across)
  }

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
    let up = AxisScale(range ?? automaticRange, isLog: isLog)
    rowAxis(up, places, rect.x, look, &surface)
    TimeAxis.draw(across, unit: unit, isWhole: isWhole, in: places.axis, hasLine: places.hasLine, look, &surface)
    lines(up, places.plot, look, &surface)
    flaws(places.plot, look, &surface)
  }

  /// From zero, or from the smallest value when it is below, to the largest finite one; on a logarithmic axis from the
  /// smallest that is above zero.
  private var automaticRange: ClosedRange<Double> {
    let finite =
      curves.flatMap { $0.points.map(\.y) + $0.band.flatMap { [$0.low, $0.high] } }.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return 0...1 }
    if isLog {
      let least = finite.filter { $0 > 0 }.min() ?? 1e-3
      return least...max(high, least * 1.1)
    }
    let (floor, ceiling) = (min(0, low), max(high, 1e-9))
    return floor...(floor + (ceiling - floor) * 1.05)
  }

  // MARK: Parts

  private func legend(_ rect: Rect, _ look: Look, _ surface: inout Surface) {
    guard !rect.isEmpty else { return }
    let start = surface.put(title, rect.x, rect.y, look.style(.heading), width: rect.width) + 2
    for hasValues in [true, false] {
      let words = curves.map { label($0, hasValues: hasValues, look) }
      guard !hasValues || start + words.reduce(-2, { $0 + TextWidth.of($1) + 2 }) <= rect.maxX else { continue }
      var x = start
      for (curve, words) in zip(curves, words) {
        x = surface.put(words, x, rect.y, look.style(curve.role), width: rect.maxX - x) + 2
      }
      return
    }
  }

  private func label(_ curve: Curve, hasValues: Bool, _ look: Look) -> String {
    let dash = look.glyphs.isASCII ? "\(curve.mark)\(curve.mark)" : curve.every == 1 ? "──" : "╌╌"
    guard hasValues else { return "\(dash) \(curve.name)" }
    return "\(dash) \(curve.name) "
      + (curve.points.last.map { isPercent ? Numbers.percent($0.y) : Numbers.short($0.y) } ?? "none yet")
  }

  private func rowAxis(
    _ up: AxisScale, _ places: Places, _ left: Int, _ look: Look, _ surface: inout Surface
  ) {
    let plot = places.plot
    guard plot.x - left >= 6 else { return }
    let style = look.style(.axis)
    surface.fill(Rect(x: plot.x - 1, y: plot.y, width: 1, height: plot.height), look.glyphs.vertical, style)
    let (ticks, step) = up.ticks(maximum: max(2, plot.height / 2))
    let (factor, unit) = isPercent ? (100.0, "%") : (1.0, "")
    var taken: Set<Int> = []
    for value in ticks {
      let y = plot.maxY - 1 - min(plot.height - 1, Int(up.fraction(value) * Double(plot.height)))
      guard taken.insert(y).inserted else { continue }
      surface.set(plot.x - 1, y, Cell(look.glyphs.tickLeft, style))
      let text = up.text(factor * value, step: step.map { factor * $0 }, width: 5 - unit.count)
      if let text { surface.putRight(text + unit, plot.x - 1, y, style) }
    }
  }

  private func lines(_ up: AxisScale, _ rect: Rect, _ look: Look, _ surface: inout Surface) {
    var dots = DotGrid(size: Size(width: rect.width, height: rect.height), look: look)
    let (width, height) = (dots.width, dots.height)
    func column(_ x: Double) -> Int { Int((across.fraction(x) * Double(max(0, width - 1))).rounded()) }
    func row(_ y: Double) -> Int { Int(((1 - up.fraction(y)) * Double(height - 1)).rounded()) }
    for (index, curve) in curves.enumerated() where !curve.band.isEmpty {
      band(curve, index, &dots, column: column, row: row)
    }
    for (index, curve) in curves.enumerated() {
      var before: Point?
      for point in curve.points {
        guard point.y.isFinite else {
          before = nil
          continue
        }
        let place = Point(x: column(point.x), y: row(point.y))
        if let before, before.x == place.x, before.y == place.y { continue }
        dots.line(before ?? place, place, series: index, every: dots.rung == .ascii ? 1 : curve.every)
        before = place
      }
    }
    dots.draw(
      at: Point(x: rect.x, y: rect.y), styles: curves.map { look.style($0.role) }, marks: curves.map(\.mark), &surface)
  }

  /// Every other dot between the lowest and the highest value that fall into a column.
  private func band(
    _ curve: Curve, _ index: Int, _ dots: inout DotGrid, column: (Double) -> Int, row: (Double) -> Int
  ) {
    var spans = [(low: Double, high: Double)?](repeating: nil, count: max(1, dots.width))
    for span in curve.band where span.low.isFinite && span.high.isFinite {
      let x = column(span.x)
      guard spans.indices.contains(x) else { continue }
      spans[x] = spans[x].map { (min($0.low, span.low), max($0.high, span.high)) } ?? (span.low, span.high)
    }
    for (x, span) in spans.enumerated() {
      guard let span else { continue }
      for y in row(span.high)...max(row(span.high), row(span.low)) where (x + y) % 2 == 0 {
        dots.set(x, y, series: index)
      }
    }
  }

  /// Places without a number, marked at the upper edge.
  private func flaws(_ rect: Rect, _ look: Look, _ surface: inout Surface) {
    for curve in curves {
      for point in curve.points where !point.y.isFinite {
        let x = rect.x + Int((across.fraction(point.x) * Double(max(0, rect.width - 1))).rounded())
        let mark: Unicode.Scalar = point.y == .infinity ? look.glyphs.pick("↑", "^") : look.glyphs.pick("✕", "x")
        surface.set(x, rect.y, Cell(mark, look.style(.error)))
      }
    }
  }
}
