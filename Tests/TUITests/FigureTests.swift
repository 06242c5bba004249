import Export
import Lab
import TUI
import Testing

@Suite("Panes in files")
struct FigureTests {
  private static let look: Look = {
    var look = Look(theme: ThemeFiles.standard, depth: .truecolor, rung: .half)
    look.isFigure = true
    return look
  }()
  /// 16×8 numbers, all different, so that a cell holds several.
  private static let raster = Raster(rows: 8, columns: 16, values: (0..<128).map(Float.init), range: 0...127)

  /// The colours of a canvas in a file, two by two pixels a point: one for each of `columns`×`rows` equal parts.
  private static func colors(_ canvas: Canvas, _ columns: Int, _ rows: Int) throws -> [UInt32] {
    let panel = CanvasPanel(canvas, theme: look.theme)
    let pen = try Pen.pixels(panel.size, scale: 2)
    pen.paint(Ink(panel.paper.hex))
    panel.draw(in: Box(x: 0, y: 0, width: panel.size.width, height: panel.size.height), pen, .light)
    let raster = pen.raster(), height = raster.pixels.count / raster.columns
    return (0..<rows * columns).map { part in
      let x = (2 * (part % columns) + 1) * raster.columns / (2 * columns)
      let y = (2 * (part / columns) + 1) * height / (2 * rows)
      return raster.pixels[y * raster.columns + x] & 0xFFFFFF
    }
  }

  private static func drawn(_ change: (inout Surface) -> Void = { _ in }) -> Canvas {
    var surface = Surface(size: Size(width: 4, height: 2))
    Heatmap(colormap: .jet, look: look).draw(raster, range: raster.range, in: surface.bounds, &surface)
    change(&surface)
    return surface.canvas
  }

  @Test("A picture in a file has its own pixels, not the screen's few")
  func pixels() throws {
    let jet = ScreenColormap.jet.colors(levels: 256, depth: .truecolor)
    let expected = (0..<128).map { place -> UInt32 in
      let value = (7 - place / 16) * 16 + place % 16
      guard case .rgb(let rgb) = jet[min(255, Int(Float(value) * 256 / 127))].kind else { return 0 }
      return rgb.hex
    }
    #expect(try Self.colors(Self.drawn(), 16, 8) == expected)
    var look = Self.look
    look.isFigure = false
    var surface = Surface(size: Size(width: 4, height: 2))
    Heatmap(colormap: .jet, look: look).draw(Self.raster, range: Self.raster.range, in: surface.bounds, &surface)
    let few = Set(try Self.colors(surface.canvas, 16, 8))
    #expect(surface.canvas.pictures.isEmpty && few.count <= 16)
  }

  @Test("What is drawn over a picture lies over it; the rest of it stays")
  func above() throws {
    let clean = try Self.colors(Self.drawn(), 16, 8)
    let marked = try Self.colors(
      Self.drawn { $0.set(1, 0, Cell(" ", CellStyle(background: Color(RGB(1, 2, 3))))) }, 16, 8)
    for (place, pair) in zip(clean, marked).enumerated() {
      let isUnder = place / 16 < 4 && 4..<8 ~= place % 16
      #expect(isUnder ? pair.1 == 0x010203 : pair.0 == pair.1, "pixel \(place)")
    }
  }

  @Test("Attention darkens a picture pixel by pixel")
  func attention() throws {
    let half = Raster(rows: 8, columns: 16, values: (0..<128).map { $0 % 2 == 0 ? 1 : 0 }, range: 0...1)
    let clean = try Self.colors(Self.drawn(), 16, 8)
    let lit = try Self.colors(Self.drawn { Spotlight.draw(half, 1, in: $0.bounds, Self.look, &$0) }, 16, 8)
    for place in 0..<128 { #expect(lit[place] == (place % 2 == 0 ? clean[place] : 0), "pixel \(place)") }
  }

  @Test("A file of the explain pane has every emotion and every attack, however small the screen")
  func everything() {
    var bench = Bench.inTheMiddle(of: .explain)
    bench.act(.resize(Size(width: 60, height: 16)))
    let pane = bench.state.explainPane, canvas = PaneFigure.canvas(bench.state)
    #expect(pane.rows.count == 7 && pane.columns.count > 2)
    for row in pane.rows { #expect(canvas.text.contains(row.utterance)) }
    for column in pane.columns { #expect(canvas.text.contains(column.title)) }
    #expect(canvas.pictures.count == pane.rows.count * pane.columns.count)
    #expect(!canvas.text.contains(" more"))
  }
}
