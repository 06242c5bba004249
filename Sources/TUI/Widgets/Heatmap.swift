import Lab

/// A picture reduced to one number a pixel, row 0 the lowest. NaN: no value there (masked).
package struct Raster: Sendable, Equatable {
  package let rows: Int
  package let columns: Int
  package let values: [Float]
  /// What the colours span.
  package let range: ClosedRange<Float>
  /// Of several numbers that fall into one pixel the farthest from 0 counts, rather than the largest.
  private let isSigned: Bool

  package init(rows: Int, columns: Int, values: [Float], range: ClosedRange<Float>) {
    self.init(rows, columns, values, range, isSigned: false)
  }

  /// Differences, in a range that reaches as far below 0 as above.
  ///
  /// - Parameter least: how far the range reaches where all differences are small.
  package init(rows: Int, columns: Int, differences: [Float], least: Float) {
    let top = differences.reduce(max(least, .leastNormalMagnitude)) { max($0, abs($1)) }
    self.init(rows, columns, differences, -top...top, isSigned: true)
  }

  private init(_ rows: Int, _ columns: Int, _ values: [Float], _ range: ClosedRange<Float>, isSigned: Bool) {
    let isWhole = rows >= 0 && columns >= 0 && values.count >= rows * columns
    (self.rows, self.columns, self.values) = isWhole ? (rows, columns, values) : (0, 0, [])
    (self.range, self.isSigned) = (range, isSigned)
  }

  /// RGB pictures become places in jet, 0…255; black, which jet lacks, is where SpecAugment masked.
  package init(_ picture: Picture) {
    switch picture.content {
    case .scalar(let values, _, let range):
      self.init(rows: picture.rows, columns: picture.columns, values: values, range: range)
    case .rgb(let rgb):
      let count = min(picture.rows * picture.columns, rgb.count / 3)
      let values = (0..<max(0, count)).map { pixel -> Float in
        let (red, green, blue) = (rgb[3 * pixel], rgb[3 * pixel + 1], rgb[3 * pixel + 2])
        if red == 0, green == 0, blue == 0 { return .nan }
        return Float(ScreenColormap.jetIndex(red: red, green: green, blue: blue).index)
      }
      self.init(rows: picture.rows, columns: picture.columns, values: values, range: 0...255)
    }
  }

  /// The picture in `size` pixels of `levels` levels, from the top; -1 where there is no value. A pixel is the largest
  /// value that falls into it, so that a narrow peak survives on a small screen.
  ///
  /// - Parameter part: what of the picture fills the pixels.
  package func levels(
    _ levels: Int, size: Size, part: Viewport = Viewport(), range: ClosedRange<Float>
  ) -> [Int16] {
    var result = [Int16](repeating: -1, count: size.width * size.height)
    guard rows > 0, columns > 0, levels > 0 else { return result }
    let (shownRows, shownColumns) = (part.rows(of: rows), part.columns(of: columns))
    let scale = Float(levels) / max(range.upperBound - range.lowerBound, .leastNormalMagnitude)
    for y in 0..<size.height {
      let flipped = size.height - 1 - y
      let rowRange = Self.part(flipped, of: size.height, shownRows)
      for x in 0..<size.width {
        guard let value = peak(rowRange, Self.part(x, of: size.width, shownColumns)) else { continue }
        let level = (value - range.lowerBound) * scale
        result[y * size.width + x] = Int16(max(0, min(Float(levels - 1), level)))
      }
    }
    return result
  }

  private static func part(_ index: Int, of count: Int, _ shown: Range<Int>) -> Range<Int> {
    let lower = shown.lowerBound + min(shown.count - 1, index * shown.count / count)
    return lower..<max(lower + 1, shown.lowerBound + (index + 1) * shown.count / count)
  }

  /// Nil when most of the values are missing.
  private func peak(_ rows: Range<Int>, _ columns: Range<Int>) -> Float? {
    var (best, missing) = (isSigned ? 0 : -Float.infinity, 0)
    for row in rows {
      for column in columns {
        let value = values[row * self.columns + column]
        if value.isNaN {
          missing += 1
        } else if isSigned ? abs(value) > abs(best) : value > best {
          best = value
        }
      }
    }
    return 2 * missing > rows.count * columns.count || missing == rows.count * columns.count ? nil : best
  }
}

/// Draws a raster on the current rungs of the ladders.
package struct Heatmap: Sendable {
  private let levels: Int
  private let isDiverging: Bool
  private let colors: [Color]
  private let paper: Color
  private let look: Look

  package init(colormap: ScreenColormap, look: Look) {
    self.look = look
    isDiverging = colormap.isDiverging
    // An odd number has a level for nothing.
    levels = isDiverging ? max(3, (look.levels - 1) | 1) : look.levels
    colors = colormap.colors(levels: levels, depth: look.depth)
    paper = look.depth.color(RGB(0, 0, 0))
  }

  package func draw(
    _ raster: Raster, part: Viewport = Viewport(), range: ClosedRange<Float>, in rect: Rect, _ surface: inout Surface
  ) {
    let rect = surface.bounds.intersection(rect)
    guard !rect.isEmpty else { return }
    let block = look.glyphs.rung.pixels
    let size = Size(width: rect.width * block.width, height: rect.height * block.height)
    let pixels = raster.levels(levels, size: size, part: part, range: range)
    var cell = [Int16](repeating: -1, count: block.width * block.height)
    for y in 0..<rect.height {
      for x in 0..<rect.width {
        for row in 0..<block.height {
          for column in 0..<block.width {
            cell[row * block.width + column] =
              pixels[(y * block.height + row) * size.width + x * block.width + column]
          }
        }
        surface.set(rect.x + x, rect.y + y, look.depth == .mono ? mono(cell) : colored(cell))
      }
    }
    if look.isFigure { place(raster, part, range, rect, &surface) }
  }

  /// The raster's own pixels, as far as a file shows them: 16 columns and 32 rows a cell.
  private func place(
    _ raster: Raster, _ part: Viewport, _ range: ClosedRange<Float>, _ rect: Rect, _ surface: inout Surface
  ) {
    let shown = Size(width: part.columns(of: raster.columns).count, height: part.rows(of: raster.rows).count)
    let size = Size(width: min(shown.width, 16 * rect.width), height: min(shown.height, 32 * rect.height))
    guard size.width > 0, size.height > 0 else { return }
    let black = RGB(0, 0, 0)
    let table = colors.map { color in if case .rgb(let rgb) = color.kind { rgb } else { black } }
    let pixels = raster.levels(levels, size: size, part: part, range: range).map { $0 < 0 ? black : table[Int($0)] }
    surface.place(pixels, columns: size.width, in: rect)
  }

  private func color(_ level: Int16) -> Color { level < 0 ? paper : colors[Int(level)] }

  private func colored(_ cell: [Int16]) -> Cell {
    switch look.glyphs.rung {
    case .half:
      let (top, bottom) = (color(cell[0]), color(cell[1]))
      return top == bottom
        ? Cell(" ", CellStyle(background: top)) : Cell("▀", CellStyle(foreground: top, background: bottom))
    case .quadrant, .braille: return split(cell)
    case .ascii:
      let level = cell[0]
      return Cell(ramp(weight(level)), CellStyle(foreground: level < 0 ? .standard : color(level)))
    }
  }

  /// Two colours for four or eight pixels: those above the middle of the cell's own range and those below.
  private func split(_ cell: [Int16]) -> Cell {
    let (low, high) = (cell.min() ?? -1, cell.max() ?? -1)
    if color(low) == color(high) { return Cell(" ", CellStyle(background: color(low))) }
    let middle = (Int(low) + Int(high) + 1) / 2
    var (bits, ink, paper, count) = (UInt8(0), 0, 0, 0)
    for (index, level) in cell.enumerated() {
      if Int(level) >= middle {
        bits |= 1 << UInt8(index)
        ink += Int(level)
        count += 1
      } else {
        paper += Int(level)
      }
    }
    let style = CellStyle(
      foreground: color(Int16(ink / max(1, count))), background: color(Int16(paper / max(1, cell.count - count))))
    return Cell(look.glyphs.rung == .braille ? Glyphs.braille(bits) : Glyphs.quadrants[Int(bits)], style)
  }

  /// Ordered dither by D. Lau's 2×4 part of a Bayer matrix, as eighths.
  private static let thresholds: [Double] = [0.5, 4.5, 6.5, 2.5, 1.5, 5.5, 7.5, 3.5].map { $0 / 8 }

  private func mono(_ cell: [Int16]) -> Cell {
    guard look.glyphs.rung == .braille else {
      return Cell(ramp(cell.reduce(0) { $0 + weight($1) } / Double(cell.count)))
    }
    var bits: UInt8 = 0
    for (index, level) in cell.enumerated()
    where level >= 0 && weight(level) / Double(levels) > Self.thresholds[index % Self.thresholds.count] {
      bits |= 1 << UInt8(index)
    }
    return Cell(Glyphs.braille(bits))
  }

  /// How much ink stands for a level, up to `levels`: of a diverging map its distance from the middle.
  private func weight(_ level: Int16) -> Double {
    let level = Double(max(0, level)) + 0.5
    return isDiverging ? abs(2 * level - Double(levels)) : level
  }

  private func ramp(_ level: Double) -> Unicode.Scalar {
    let ramp = look.glyphs.ramp
    return ramp[max(0, min(ramp.count - 1, Int(level / Double(levels) * Double(ramp.count))))]
  }

  /// The colours from the lowest to the highest with numbers beside them.
  package func bar(
    _ range: ClosedRange<Float>, unit: String, in rect: Rect, _ surface: inout Surface
  ) {
    guard rect.width >= 3, rect.height >= 2 else { return }
    let values = (0..<256).map { Float($0) / 255 * (range.upperBound - range.lowerBound) + range.lowerBound }
    draw(
      Raster(rows: 256, columns: 1, values: values, range: range), range: range,
      in: Rect(x: rect.x, y: rect.y, width: 2, height: rect.height), &surface)
    let span = Double(range.lowerBound)...Double(range.upperBound)
    let (ticks, step) = Ticks.linear(span, maximum: max(1, rect.height / 3))
    for value in ticks {
      let y = rect.maxY - 1 - TimeAxis.position(value, span, rect.height)
      let text = Numbers.tick(value, step: step) + (value == ticks.last && !unit.isEmpty ? " \(unit)" : "")
      surface.put(TextWidth.cut(text, to: rect.width - 3, ellipsis: ""), rect.x + 3, y, look.style(.axis))
    }
  }
}
