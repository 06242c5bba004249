import Pipeline

/// A matrix of numbers as colours, with a second one laid over it where there is one: a spectrogram with a network's attention.
package struct Heatmap: Panel {
  package var caption: String
  package var x: Axis
  package var y: Axis
  package var size = Size(260, 230)
  private var layers: [Layer] = []
  /// The bar at the right that tells what the colours mean.
  package var bar: (label: String, range: ClosedRange<Double>, colormap: Colormap)?

  private struct Layer: Sendable {
    let pixels: [UInt32]
    let columns: Int
    let smooth: Bool
  }

  package init(_ caption: String, x: Axis, y: Axis, size: Size = Size(260, 230)) {
    (self.caption, self.x, self.y, self.size) = (caption, x, y, size)
  }

  /// Lays on a matrix through a colour map.
  ///
  /// - Parameters:
  ///   - values: row-major, row 0 at the bottom; NaN stays clear.
  ///   - opacity: of a value's colour, by the value's place in `range`, 0 … 1; opaque when nil.
  package mutating func lay(
    _ values: [Float], columns: Int, _ colormap: Colormap, range: ClosedRange<Float>,
    opacity: ((Double) -> Double)? = nil
  ) {
    let span = range.upperBound > range.lowerBound ? range.upperBound - range.lowerBound : 1
    let table = (0..<256).map { level in
      Self.pixel(colormap, level, alpha: opacity?(Double(level) / 255) ?? 1)
    }
    lay(columns: columns, rows: values.count / max(1, columns), smooth: opacity != nil) { index in
      let value = values[index]
      guard value.isFinite else { return 0 }
      return table[Int(max(0, min(255, (value - range.lowerBound) / span * 255)))]
    }
  }

  /// Lays on levels of a colour map: an index image.
  package mutating func lay(levels: [UInt8], columns: Int, _ colormap: Colormap) {
    let table = (0..<256).map { Self.pixel(colormap, $0, alpha: 1) }
    lay(columns: columns, rows: levels.count / max(1, columns), smooth: false) { table[Int(levels[$0])] }
  }

  /// Lays on levels as greys, dark for 0.
  package mutating func layGreys(_ levels: [UInt8], columns: Int) {
    lay(columns: columns, rows: levels.count / max(1, columns), smooth: false) {
      0xFF00_0000 | UInt32(levels[$0]) * 0x01_0101
    }
  }

  private mutating func lay(columns: Int, rows: Int, smooth: Bool, _ pixel: (Int) -> UInt32) {
    var pixels: [UInt32] = []
    pixels.reserveCapacity(rows * columns)
    for row in (0..<rows).reversed() {
      for column in 0..<columns { pixels.append(pixel(row * columns + column)) }
    }
    layers.append(Layer(pixels: pixels, columns: columns, smooth: smooth))
  }

  /// Premultiplied 0xAARRGGBB.
  private static func pixel(_ colormap: Colormap, _ level: Int, alpha: Double) -> UInt32 {
    let alpha = max(0, min(1, alpha))
    let parts = (0..<3).map { UInt32((Double(colormap.entries[3 * level + $0]) * alpha * 255).rounded()) }
    return UInt32((alpha * 255).rounded()) << 24 | parts[0] << 16 | parts[1] << 8 | parts[2]
  }

  /// What the bar takes beside the plot, and where its label ends there.
  private static let barRoom = 48.0, labelEnd = 26.0

  package func draw(in box: Box, _ pen: Pen, _ style: Style) {
    let frame = Frame(x, y, caption: caption, in: box, right: bar == nil ? 8 : Self.barRoom, pen)
    for layer in layers { pen.image(layer.pixels, columns: layer.columns, in: frame.plot, smooth: layer.smooth) }
    let label = bar.map { Self.barRoom - Self.labelEnd + pen.width(of: $0.label, size: Frame.tickSize) + 6 }
    frame.draw(caption: caption, corner: label ?? 0, pen, style)
    if let bar { draw(bar, beside: frame.plot, pen, style) }
  }

  private func draw(
    _ bar: (label: String, range: ClosedRange<Double>, colormap: Colormap), beside plot: Box, _ pen: Pen, _ style: Style
  ) {
    let strip = Box(x: plot.maxX + 8, y: plot.y, width: 8, height: plot.height)
    let levels = (0..<256).reversed().map { Self.pixel(bar.colormap, $0, alpha: 1) }
    pen.image(levels, columns: 1, in: strip)
    pen.frame(strip, style.dim, width: 0.5)
    let axis = Axis(bar.label, bar.range)
    for tick in axis.ticks(length: strip.height, spacing: 30) {
      let y = strip.maxY - strip.height * tick.position
      pen.text(tick.text, at: Point(strip.maxX + 3, y), size: Frame.tickSize, style.dim)
    }
    pen.text(bar.label, at: Point(plot.maxX + Self.labelEnd, plot.y - 9), size: Frame.tickSize, style.dim, anchor: .end)
  }
}
