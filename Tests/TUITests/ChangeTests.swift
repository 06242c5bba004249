import Lab
import TUI
import Testing

@Suite("Pictures of differences")
struct ChangeTests {
  private static func drawn(_ values: [Float], rows: Int = 1, depth: ColorDepth, rung: GlyphRung) -> [Cell] {
    let columns = values.count / rows
    let raster = Raster(rows: rows, columns: columns, differences: values, least: 1)
    let look = Look(theme: ThemeFiles.standard, depth: depth, rung: rung)
    var surface = Surface(size: Size(width: columns, height: 1))
    Heatmap(colormap: .change, look: look).draw(raster, range: raster.range, in: surface.bounds, &surface)
    return surface.canvas.cells
  }

  @Test("The range reaches as far down as up, and at least as far as asked")
  func range() {
    func range(_ values: [Float]) -> ClosedRange<Float> {
      Raster(rows: 1, columns: values.count, differences: values, least: 2).range
    }
    #expect(range([-7, 3]) == -7...7)
    #expect(range([1, .nan]) == -2...2)
  }

  @Test("Of two differences in one pixel the farther from nothing is seen, whatever its sign")
  func farthest() {
    for (pair, alone) in [([-5, 3], -5), ([3, -5], -5), ([5, -3], 5), ([0, -3], -3)] as [([Float], Float)] {
      // Two rows fall into one; beside them 5 and -5, so that all ranges are the same.
      let both = Self.drawn([pair[0], 5, -5, pair[1], 5, -5], rows: 2, depth: .truecolor, rung: .ascii)
      let one = Self.drawn([alone, 5, -5], depth: .truecolor, rung: .ascii)
      #expect(both == one, "\(pair)")
    }
  }

  @Test("Nothing is black, and colour tells the signs apart", arguments: [ColorDepth.ansi16, .ansi256, .truecolor])
  func signs(depth: ColorDepth) throws {
    let cells = Self.drawn([-4, 0, 4], depth: depth, rung: .half)
    let colors = cells.map(\.style.background)
    #expect(colors[1] == depth.color(RGB(0, 0, 0)))
    #expect(Set(colors).count == 3)
  }

  @Test("Without colours ink is change either way; nothing has none", arguments: [GlyphRung.ascii, .braille])
  func ink(rung: GlyphRung) {
    let cells = Self.drawn([-4, 0, 4, -1, 1], depth: .mono, rung: rung)
    #expect(cells[0] == cells[2] && cells[3] == cells[4])
    #expect(cells[1].text == " " || cells[1].text == "\u{2800}")
    #expect(Set(cells).count == 3)
  }
}
