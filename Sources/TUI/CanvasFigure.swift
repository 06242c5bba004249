import Foundation

/// A screen in memory as a vector figure: cells become rectangles, letters and dots, so that what a file shows is what the
/// screen shows.
package struct CanvasFigure: Sendable {
  /// Of a cell, in the figure's units.
  private static let cell = (width: 9.0, height: 18.0)

  private let canvas: Canvas
  private let ink: RGB
  private let paper: RGB

  /// - Parameter theme: tells what the terminal's own colours stand for: light letters on dark, or dark ones on light.
  package init(_ canvas: Canvas, theme: Theme) {
    self.canvas = canvas
    let bar = theme.roles[.bar]?.background
    let isLight = if case .rgb(let color) = bar { color.luma > 128 } else { false }
    (ink, paper) = isLight ? (RGB(0x1A, 0x1A, 0x1A), RGB(255, 255, 255)) : (RGB(0xD0, 0xD0, 0xD0), RGB(0x12, 0x12, 0x12))
  }

  package var svg: String {
    let width = Double(canvas.size.width) * Self.cell.width, height = Double(canvas.size.height) * Self.cell.height
    var parts = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(width)) \(Int(height))\" "
        + "font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"15\" "
        + "shape-rendering=\"crispEdges\">",
      "<rect width=\"100%\" height=\"100%\" fill=\"\(hex(paper))\"/>",
    ]
    for y in 0..<canvas.size.height {
      backgrounds(y, &parts)
      marks(y, &parts)
      letters(y, &parts)
    }
    return (parts + ["</svg>"]).joined(separator: "\n") + "\n"
  }

  // MARK: Colours

  private func hex(_ color: RGB) -> String {
    func two(_ value: UInt8) -> String { (value < 16 ? "0" : "") + String(value, radix: 16) }
    return "#" + two(color.red) + two(color.green) + two(color.blue)
  }

  private func rgb(_ color: Color, standard: RGB) -> RGB {
    switch color.kind {
    case .standard: standard
    case .index(let index): index < 16 ? ColorDepth.sixteen[Int(index)] : ColorDepth.rgbOf240(index)
    case .rgb(let rgb): rgb
    }
  }

  private func colors(_ style: CellStyle) -> (ink: RGB, paper: RGB) {
    let (front, back) = (rgb(style.foreground, standard: ink), rgb(style.background, standard: paper))
    return style.attributes.contains(.reverse) ? (back, front) : (front, back)
  }

  // MARK: Parts of a row

  private func rect(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ color: RGB) -> String {
    "<rect x=\"\(Numbers.fixed(x, 2))\" y=\"\(Numbers.fixed(y, 2))\" width=\"\(Numbers.fixed(width, 2))\" "
      + "height=\"\(Numbers.fixed(height, 2))\" fill=\"\(hex(color))\"/>"
  }

  /// Stretches of one colour, other than the paper's.
  private func backgrounds(_ y: Int, _ parts: inout [String]) {
    var x = 0
    while x < canvas.size.width {
      let color = colors(canvas[x, y].style).paper
      var end = x + 1
      while end < canvas.size.width, colors(canvas[end, y].style).paper == color { end += 1 }
      if color != paper {
        parts.append(
          rect(
            Double(x) * Self.cell.width, Double(y) * Self.cell.height, Double(end - x) * Self.cell.width,
            Self.cell.height, color))
      }
      x = end
    }
  }

  /// Block and braille glyphs as what they stand for.
  private func marks(_ y: Int, _ parts: inout [String]) {
    let (half, quarter) = (Self.cell.width / 2, Self.cell.height / 4)
    for x in 0..<canvas.size.width {
      let cell = canvas[x, y]
      let (left, top) = (Double(x) * Self.cell.width, Double(y) * Self.cell.height)
      let color = colors(cell.style).ink
      if let bits = Glyphs.quadrants.firstIndex(where: { $0.value == cell.scalar }), bits > 0 {
        for part in 0..<4 where bits & (1 << part) != 0 {
          parts.append(
            rect(left + half * Double(part % 2), top + 2 * quarter * Double(part / 2), half, 2 * quarter, color))
        }
      } else if let bits = Glyphs.dots(of: cell.scalar) {
        for part in 0..<8 where bits & (1 << UInt8(part)) != 0 {
          let (cx, cy) = (left + half * (Double(part % 2) + 0.5), top + quarter * (Double(part / 2) + 0.5))
          parts.append(
            "<circle cx=\"\(Numbers.fixed(cx, 2))\" cy=\"\(Numbers.fixed(cy, 2))\" r=\"1.5\" fill=\"\(hex(color))\"/>")
        }
      }
    }
  }

  private func isLetter(_ cell: Cell) -> Bool {
    cell.scalar > 0x20 && Glyphs.complement(of: cell.scalar) == nil && cell.scalar != 0x2588
      && Glyphs.dots(of: cell.scalar) == nil
  }

  /// Stretches of one style; their length is given, so that another font keeps the columns.
  private func letters(_ y: Int, _ parts: inout [String]) {
    var x = 0
    while x < canvas.size.width {
      guard isLetter(canvas[x, y]) else {
        x += 1
        continue
      }
      let style = canvas[x, y].style
      var (end, text) = (x, "")
      while end < canvas.size.width, canvas[end, y].style == style,
        isLetter(canvas[end, y]) || canvas[end, y].isContinuation || canvas[end, y].scalar == 0x20
      {
        text += canvas[end, y].text
        end += 1
      }
      while text.last == " " { text.removeLast() }
      parts.append(
        "<text x=\"\(Numbers.fixed(Double(x) * Self.cell.width, 2))\" y=\"\(Numbers.fixed(Double(y) * Self.cell.height + 13.5, 2))\" "
          + "textLength=\"\(Numbers.fixed(Double(TextWidth.of(text)) * Self.cell.width, 2))\" xml:space=\"preserve\" "
          + "fill=\"\(hex(colors(style).ink))\"\(Self.weight(style))>\(Self.escaped(text))</text>")
      x = end
    }
  }

  private static func weight(_ style: CellStyle) -> String {
    (style.attributes.contains(.bold) ? " font-weight=\"bold\"" : "")
      + (style.attributes.contains(.italic) ? " font-style=\"italic\"" : "")
      + (style.attributes.contains(.underline) ? " text-decoration=\"underline\"" : "")
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}

/// The focused pane in a file.
package enum PaneFigure {
  /// - Parameter size: in cells; nil takes the pane's own on the screen.
  package static func data(_ state: State, _ format: FigureFormat, size: Size? = nil) -> Data {
    var state = state
    // A file has all colours and glyphs, whatever the terminal has.
    state.look = Look(theme: state.look.theme, depth: .truecolor, rung: .half)
    let canvas = PaneScreen.draw(state, size: size)
    switch format {
    case .svg: return Data(CanvasFigure(canvas, theme: state.look.theme).svg.utf8)
    }
  }
}
