import Export
import Foundation

/// A screen in memory as a part of a figure: cells become rectangles, letters and dots, so that what a file shows is what
/// the screen shows, but for pictures, which keep pixels of their own.
package struct CanvasPanel: Panel {
  /// Points of a cell: whole pixels at two a point, so that no seam shows between cells.
  private static let cell = Export.Size(7.5, 15)

  private let canvas: Canvas
  private let ink: RGB
  package let paper: RGB

  /// - Parameter theme: tells what the terminal's own colours stand for: light letters on dark, or dark ones on light.
  package init(_ canvas: Canvas, theme: Theme) {
    self.canvas = canvas
    let bar = theme.roles[.bar]?.background
    let isLight = if case .rgb(let color) = bar { color.luma > 128 } else { false }
    (ink, paper) = isLight ? (RGB(hex: 0x1A1A1A), RGB(hex: 0xFFFFFF)) : (RGB(hex: 0xD0D0D0), RGB(hex: 0x121212))
  }

  package var size: Export.Size {
    Export.Size(Double(canvas.size.width) * Self.cell.width, Double(canvas.size.height) * Self.cell.height)
  }

  package func draw(in box: Box, _ pen: Pen, _ style: Style) {
    for picture in canvas.pictures {
      let (rect, cell) = (picture.rect, Self.cell)
      let place = Box(
        x: box.x + Double(rect.x) * cell.width, y: box.y + Double(rect.y) * cell.height,
        width: Double(rect.width) * cell.width, height: Double(rect.height) * cell.height)
      pen.image(picture.pixels.map { 0xFF00_0000 | $0.hex }, columns: picture.columns, in: place)
    }
    let ground = grounds
    for y in 0..<canvas.size.height {
      let top = box.y + Double(y) * Self.cell.height
      let ground = Array(ground[y * canvas.size.width..<(y + 1) * canvas.size.width])
      backgrounds(y, ground, box.x, top, pen)
      for x in 0..<canvas.size.width where ground[x] != .shown {
        draw(canvas[x, y], box.x + Double(x) * Self.cell.width, top, pen)
      }
    }
  }

  /// What lies below a cell: the paper, a picture that is seen through it, or one that it hides.
  private enum Ground { case paper, shown, hidden }

  private var grounds: [Ground] {
    var grounds = Array(repeating: Ground.paper, count: canvas.size.width * canvas.size.height)
    for picture in canvas.pictures {
      let rect = picture.rect
      for (index, cell) in picture.cells.enumerated() {
        let (x, y) = (rect.x + index % rect.width, rect.y + index / rect.width)
        grounds[y * canvas.size.width + x] = canvas[x, y] == cell ? .shown : .hidden
      }
    }
    return grounds
  }

  // MARK: Colours

  static func ink(_ color: RGB) -> Ink { Ink(color.hex) }

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

  // MARK: Cells

  /// Stretches of one colour, other than the paper's where that is what lies below.
  private func backgrounds(_ y: Int, _ ground: [Ground], _ left: Double, _ top: Double, _ pen: Pen) {
    var x = 0
    while x < canvas.size.width {
      let color = colors(canvas[x, y].style).paper
      var end = x + 1
      while end < canvas.size.width, ground[end] == ground[x], colors(canvas[end, y].style).paper == color { end += 1 }
      if ground[x] == .hidden || ground[x] == .paper && color != paper {
        pen.fill(
          Box(
            x: left + Double(x) * Self.cell.width, y: top, width: Double(end - x) * Self.cell.width,
            height: Self.cell.height), Self.ink(color))
      }
      x = end
    }
  }

  /// Block and braille glyphs as what they stand for, others as letters.
  private func draw(_ cell: Cell, _ left: Double, _ top: Double, _ pen: Pen) {
    guard cell.scalar > 0x20 else { return }
    let color = Self.ink(colors(cell.style).ink)
    let (half, quarter) = (Self.cell.width / 2, Self.cell.height / 4)
    if cell.scalar == Glyphs.quadrants[15].value {
      // As one, so that no seam shows within.
      pen.fill(Box(x: left, y: top, width: Self.cell.width, height: Self.cell.height), color)
    } else if let bits = Glyphs.quadrants.firstIndex(where: { $0.value == cell.scalar }) {
      for part in 0..<4 where bits & (1 << part) != 0 {
        pen.fill(
          Box(
            x: left + half * Double(part % 2), y: top + 2 * quarter * Double(part / 2), width: half,
            height: 2 * quarter), color)
      }
    } else if let bits = Glyphs.dots(of: cell.scalar) {
      for part in 0..<8 where bits & (1 << UInt8(part)) != 0 {
        let centre = Export.Point(
          left + half * (Double(part % 2) + 0.5), top + quarter * (Double(part / 2) + 0.5))
        pen.disc(centre, radius: 1.2, color)
      }
    } else {
      pen.letter(
        cell.text, at: Export.Point(left, top + Self.cell.height * 0.75), size: 12, color,
        bold: cell.style.attributes.contains(.bold))
    }
  }
}

/// The focused pane in a file, which shows data and not where the cursor is.
package enum PaneFigure {
  /// - Parameter size: in cells; nil takes what the pane needs to show everything, else its own on the screen, but 120×40
  ///   at least: a file is not as narrow as a terminal, and does not scroll.
  /// - Throws: `ExportError`.
  package static func data(_ state: State, _ format: Figure.Format, size: Size? = nil) throws -> Data {
    try data([[state]], format, size: size)
  }

  /// Several in one file.
  ///
  /// - Parameters:
  ///   - states: in rows, all in one theme.
  ///   - size: of each.
  /// - Throws: `ExportError`.
  package static func data(_ states: [[State]], _ format: Figure.Format, size: Size? = nil) throws -> Data {
    let panels = states.map { $0.map { CanvasPanel(canvas($0, size: size), theme: $0.look.theme) } }
    var style = Style.light
    if let paper = panels.first?.first?.paper {
      if paper.luma < 128 { style = .dark }
      style.paper = CanvasPanel.ink(paper)
    }
    let rows = panels.map { $0.map { panel -> any Panel in panel } }
    return try Figure("", rows: rows, notes: notes(states), style: style).data(format)
  }

  /// What stands at the foot, each sentence once.
  package static func notes(_ states: [[State]]) -> [String] {
    var notes: [String] = []
    for state in states.joined() {
      for note in Panes.named(state.focus)?.notes(state) ?? [] where !notes.contains(note) { notes.append(note) }
    }
    return notes
  }

  /// What the file shows, in cells and pictures.
  package static func canvas(_ state: State, size: Size? = nil) -> Canvas {
    var state = state
    // A file has all colours and glyphs, whatever the terminal has.
    state.look = Look(theme: state.look.theme, depth: .truecolor, rung: .half)
    state.look.isFigure = true
    let own = PaneScreen.size(state)
    let usual = Size(width: max(120, own.width), height: max(40, own.height))
    return PaneScreen.draw(state, size: size ?? Panes.named(state.focus)?.whole(state) ?? usual)
  }
}
