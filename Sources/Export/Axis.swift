import Core
import Foundation

/// A line of numbers along one side of a plot.
package struct Axis: Sendable {
  package enum Scale: Sendable, Equatable {
    case linear, logarithmic
    /// Cells whose values need not be evenly spaced, ascending (mel, CQT).
    case cells([Double])
  }

  /// With its unit: "time (s)".
  package var label: String
  package var range: ClosedRange<Double>
  package var scale: Scale
  /// Where the numbers stand, with their texts; round numbers where nil.
  package var marks: [(value: Double, text: String)]?

  package init(_ label: String, _ range: ClosedRange<Double>, scale: Scale = .linear) {
    let isUsable = range.lowerBound.isFinite && range.upperBound.isFinite
    var range = isUsable ? range : 0...1
    if range.lowerBound == range.upperBound { range = range.lowerBound - 0.5...range.upperBound + 0.5 }
    if scale == .logarithmic, range.lowerBound <= 0 {
      range = min(1e-3, range.upperBound / 1e3).magnitude...max(range.upperBound, 1e-2)
    }
    (self.label, self.range, self.scale) = (label, range, scale)
  }

  /// Of a picture's rows or columns with these values, ascending.
  package init(_ label: String, cells: [Double]) {
    self.init(label, (cells.first ?? 0)...max(cells.first ?? 0, cells.last ?? 1), scale: .cells(cells))
  }

  /// Around all finite values, with a little room on both sides.
  package init(_ label: String, around values: some Sequence<Double>, scale: Scale = .linear) {
    let finite = values.filter { $0.isFinite && (scale != .logarithmic || $0 > 0) }
    let low = finite.min() ?? 0, high = finite.max() ?? 1
    if scale == .logarithmic, low > 0 {
      let room = pow(high / low, 0.04)
      self.init(label, low / room...high * room, scale: scale)
    } else {
      self.init(label, low - 0.04 * (high - low)...high + 0.04 * (high - low), scale: scale)
    }
  }

  /// 0 at the axis's beginning, 1 at its end.
  package func position(_ value: Double) -> Double {
    switch scale {
    case .linear: return (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    case .logarithmic:
      return log(max(value, .leastNormalMagnitude) / range.lowerBound) / log(range.upperBound / range.lowerBound)
    case .cells(let cells): return (Double(Ticks.nearest(value, cells)) + 0.5) / Double(max(1, cells.count))
    }
  }

  /// Numbers with their positions, 0 … 1, for an axis of `length` points with `spacing` between them at least.
  package func ticks(length: Double, spacing: Double) -> [(position: Double, text: String)] {
    if let marks { return marks.map { (position($0.value), $0.text) } }
    switch scale {
    case .linear:
      let (values, step) = Ticks.linear(range, maximum: max(1, Int(length / spacing)))
      return values.map { (position($0), Numbers.tick($0, step: step)) }
    case .logarithmic:
      // Whole powers of ten first, then what lies between them where there is room.
      let powers = Int(log10(range.lowerBound).rounded(.down))...Int(log10(range.upperBound).rounded(.up))
      var taken: [(position: Double, text: String)] = []
      for digit in [1.0, 3, 5, 2] {
        for value in powers.map({ digit * pow(10, Double($0)) }) where range.contains(value) {
          let place = position(value)
          guard taken.allSatisfy({ abs($0.position - place) * length >= spacing }) else { continue }
          taken.append((place, Ticks.short(value)))
        }
      }
      return taken
    case .cells(let cells):
      return Ticks.rows(cells, height: Int(length), spacing: Int(spacing))
        .map { (position($0.value), Ticks.short($0.value)) }
    }
  }
}

/// Draws the frame of a plot with its two axes.
struct Frame {
  static let tickSize = 8.0, labelSize = 9.0, titleSize = 10.0

  let x: Axis
  let y: Axis
  /// Where the data go.
  let plot: Box
  /// Where a caption ends at the latest.
  private let end: Double

  /// Leaves room in `box` for a caption and for the axes' numbers and labels.
  init(_ x: Axis, _ y: Axis, caption: String, in box: Box, right: Double = 8, _ pen: Pen) {
    (self.x, self.y) = (x, y)
    let top = caption.isEmpty ? 6.0 : 18.0, bottom = x.label.isEmpty ? 18.0 : 30.0
    let texts = y.ticks(length: box.height - top - bottom, spacing: 22).map(\.text)
    let numbers = texts.map { pen.width(of: $0, size: Self.tickSize) }.max() ?? 0
    end = box.maxX
    plot = box.inset(left: numbers + (y.label.isEmpty ? 8 : 22), top: top, right: right, bottom: bottom)
  }

  func point(_ value: Double, _ other: Double) -> Point {
    Point(plot.x + plot.width * x.position(value), plot.maxY - plot.height * y.position(other))
  }

  func grid(_ pen: Pen, _ style: Style) {
    for tick in x.ticks(length: plot.width, spacing: 46) {
      let at = plot.x + plot.width * tick.position
      pen.line([Point(at, plot.y), Point(at, plot.maxY)], style.grid, width: 0.5)
    }
    for tick in y.ticks(length: plot.height, spacing: 22) {
      let at = plot.maxY - plot.height * tick.position
      pen.line([Point(plot.x, at), Point(plot.maxX, at)], style.grid, width: 0.5)
    }
  }

  /// - Parameter corner: width at the right above the plot that something else takes.
  func draw(caption: String, corner: Double = 0, _ pen: Pen, _ style: Style) {
    pen.frame(plot, style.dim, width: 0.75)
    for tick in x.ticks(length: plot.width, spacing: 46) {
      let at = plot.x + plot.width * tick.position
      pen.line([Point(at, plot.maxY), Point(at, plot.maxY + 3)], style.dim, width: 0.75)
      pen.text(tick.text, at: Point(at, plot.maxY + 10), size: Self.tickSize, style.dim, anchor: .middle)
    }
    for tick in y.ticks(length: plot.height, spacing: 22) {
      let at = plot.maxY - plot.height * tick.position
      pen.line([Point(plot.x - 3, at), Point(plot.x, at)], style.dim, width: 0.75)
      pen.text(tick.text, at: Point(plot.x - 5, at), size: Self.tickSize, style.dim, anchor: .end)
    }
    pen.text(x.label, at: Point(plot.midX, plot.maxY + 22), size: Self.labelSize, style.ink, anchor: .middle)
    let numbers = y.ticks(length: plot.height, spacing: 22).map { pen.width(of: $0.text, size: Self.tickSize) }.max()
    pen.text(
      y.label, at: Point(plot.x - 13 - (numbers ?? 0), plot.midY), size: Self.labelSize, style.ink, anchor: .middle,
      upward: true)
    if !caption.isEmpty {
      let text = pen.cut(caption, to: end - corner - plot.x, size: Self.titleSize, bold: true)
      pen.text(text, at: Point(plot.x, plot.y - 9), size: Self.titleSize, style.ink, bold: true)
    }
  }
}
