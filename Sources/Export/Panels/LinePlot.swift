/// Lines over a common axis, each with a band around it where it has one: a sweep over ε, a curve of training with its seeds.
package struct LinePlot: Panel {
  package struct Series: Sendable {
    package var name: String
    package var x: [Double]
    package var y: [Double]
    /// Lower and upper bound at each x.
    package var band: [ClosedRange<Double>]?
    package var color: Ink?
    package var isDashed: Bool
    /// Marks each point with a disc.
    package var hasMarks: Bool

    package init(
      _ name: String, x: [Double], y: [Double], band: [ClosedRange<Double>]? = nil, color: Ink? = nil,
      isDashed: Bool = false, hasMarks: Bool = true
    ) {
      precondition(x.count == y.count && band.map { $0.count == x.count } ?? true, "“\(name)” has uneven columns")
      (self.name, self.x, self.y, self.band, self.color) = (name, x, y, band, color)
      (self.isDashed, self.hasMarks) = (isDashed, hasMarks)
    }
  }

  package var caption: String
  package var x: Axis
  package var y: Axis
  package var series: [Series]
  package var size: Size

  package init(_ caption: String, x: Axis, y: Axis, _ series: [Series], size: Size = Size(430, 260)) {
    (self.caption, self.x, self.y, self.series, self.size) = (caption, x, y, series, size)
  }

  package func draw(in box: Box, _ pen: Pen, _ style: Style) {
    let legend = Legend(
      series.enumerated().map { index, one in
        Legend.Entry(one.name, one.color ?? style.color(ofSeries: index), one.isDashed ? .dashed : .line)
      })
    let right = legend.width(pen) + 16
    let frame = Frame(x, y, caption: caption, in: box, right: right, pen)
    frame.grid(pen, style)
    pen.clipped(to: frame.plot.inset(left: -3, top: -3, right: -3, bottom: -3)) {
      for (index, one) in series.enumerated() {
        draw(one, one.color ?? style.color(ofSeries: index), frame, pen, style)
      }
    }
    frame.draw(caption: caption, pen, style)
    legend.draw(at: Point(frame.plot.maxX + 10, frame.plot.y + 6), pen, style)
  }

  private func draw(_ one: Series, _ color: Ink, _ frame: Frame, _ pen: Pen, _ style: Style) {
    if let band = one.band {
      let usable = one.x.indices.filter { band[$0].lowerBound.isFinite && band[$0].upperBound.isFinite }
      let above = usable.map { frame.point(one.x[$0], band[$0].upperBound) }
      let below = usable.reversed().map { frame.point(one.x[$0], band[$0].lowerBound) }
      if usable.count == 1 {
        pen.line(above + below, color.faded(to: 0.5), width: 1.6)
      } else {
        pen.polygon(above + below, color.faded(to: 0.18))
      }
    }
    // A gap where a value is missing, not a line through it.
    var run: [Point] = []
    for index in one.x.indices {
      if one.y[index].isFinite, one.x[index].isFinite {
        run.append(frame.point(one.x[index], one.y[index]))
      } else {
        pen.line(run, color, width: 1.6, dash: one.isDashed ? [5, 3] : [])
        run = []
      }
    }
    pen.line(run, color, width: 1.6, dash: one.isDashed ? [5, 3] : [])
    guard one.hasMarks else { return }
    for index in one.x.indices where one.y[index].isFinite && one.x[index].isFinite {
      let point = frame.point(one.x[index], one.y[index])
      pen.disc(point, radius: 2.4, color)
      // Where marks stand alone, they tell dashed lines by their rings.
      if one.isDashed { pen.disc(point, radius: 1.3, style.paper) }
    }
  }
}

/// Names with what stands for them, one below the other.
struct Legend {
  enum Sign { case line, dashed, glyph(String) }

  struct Entry {
    let name: String
    let color: Ink
    let sign: Sign

    init(_ name: String, _ color: Ink, _ sign: Sign) { (self.name, self.color, self.sign) = (name, color, sign) }
  }

  let entries: [Entry]
  private static let lineHeight = 13.0, signWidth = 18.0

  init(_ entries: [Entry]) { self.entries = entries.filter { !$0.name.isEmpty } }

  func width(_ pen: Pen) -> Double {
    let widest = entries.map { pen.width(of: $0.name, size: Frame.tickSize) }.max()
    return widest.map { $0 + Self.signWidth + 4 } ?? 0
  }

  func draw(at corner: Point, _ pen: Pen, _ style: Style) {
    for (index, entry) in entries.enumerated() {
      let y = corner.y + Double(index) * Self.lineHeight
      switch entry.sign {
      case .line, .dashed:
        var dash: [Double] = []
        if case .dashed = entry.sign { dash = [5, 3] }
        pen.line(
          [Point(corner.x, y), Point(corner.x + Self.signWidth - 4, y)], entry.color, width: 1.6, dash: dash)
      case .glyph(let glyph): pen.glyph(glyph, at: Point(corner.x + Self.signWidth / 2 - 2, y), size: 9, entry.color)
      }
      pen.text(entry.name, at: Point(corner.x + Self.signWidth, y), size: Frame.tickSize, style.ink)
    }
  }
}
