import Export
import Foundation
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

  @Test("A file shows data, and neither a cursor nor a selected row", arguments: Panes.order)
  func nobody(_ pane: PaneID) {
    let mark = Color(RGB(1, 2, 3)), picked = ThemeStyle(foreground: .rgb(RGB(3, 2, 1)), background: .rgb(RGB(1, 2, 3)))
    var bench = Bench.inTheMiddle(of: pane), theme = ThemeFiles.standard
    for role in [Role.selection, .selectionInactive, .cursor] { theme.roles[role] = picked }
    bench.state.look = Look(theme: theme, depth: .truecolor, rung: .half)
    func isMarked(_ canvas: Canvas) -> Bool { canvas.cells.contains { $0.style.background == mark } }
    let canvas = PaneFigure.canvas(bench.state)
    #expect(!isMarked(canvas) && !canvas.text.contains("✛"))
    if pane == .confusion { #expect(!canvas.text.contains("taken for")) }
    if [.corpus, .view, .training, .confusion].contains(pane) { #expect(isMarked(PaneScreen.draw(bench.state))) }
  }

  @Test("A confusion matrix is as large as it needs, and its foot tells what the run is")
  func matrix() throws {
    let state = Bench.inTheMiddle(of: .confusion).state, run = try #require(state.selectedRun)
    let canvas = PaneFigure.canvas(state)
    let lines = canvas.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(canvas.size.height < 16 && lines.last?.isEmpty == false)
    for emotion in Fake.emotions { #expect(lines.contains { $0.contains(" \(emotion)") }) }
    #expect(lines.contains { $0.contains("accuracy") })
    let notes = PaneFigure.notes([[state, state]])
    #expect(notes.count == 1 && notes[0].hasPrefix("\(run.id): \(run.job.model) on \(run.job.transform) of "))
    #expect(notes[0].contains("split \(run.job.splitName), seed \(run.job.seed)"))
  }

  @Test("Of several runs images stay square, and columns have numbers that the foot explains")
  func numbered() {
    var bench = Bench.inTheMiddle(of: .explain)
    bench.act(.event(.run(Fake.run("20261124-2210-mel", epochs: 6, status: .finished))))
    bench.press("3", "space", "j", "space", "9", "m")
    let pane = bench.state.explainPane, notes = PaneFigure.notes([[bench.state]])
    #expect(pane.across == .runs && pane.columns.count >= 2)
    let sizes: [TUI.Size?] = [nil, TUI.Size(width: 120, height: 40)]
    for size in sizes {
      let canvas = PaneFigure.canvas(bench.state, size: size)
      #expect(canvas.pictures.count >= pane.columns.count)
      #expect(canvas.pictures.allSatisfy { $0.rect.width == 2 * $0.rect.height })
    }
    for (index, column) in pane.columns.enumerated() {
      #expect(notes.contains { $0.hasPrefix("\(index + 1) is \(column.run): ") && $0.contains(", seed ") })
      #expect(PaneFigure.canvas(bench.state).text.contains("\(index + 1) \(column.title.prefix(10))"))
    }
  }

  @Test("A map without evidence says so")
  func blank() throws {
    var bench = Bench.inTheMiddle(of: .explain)
    bench.act(.event(.run(Fake.run("20261124-2210-mel", epochs: 6, status: .finished))))
    let pane = bench.state.explainPane
    bench.state.explainPane.begin(
      rows: pane.rows, columns: pane.columns, emotions: pane.emotions, subject: pane.subject, slice: pane.slice)
    let next = bench.state.explainPane.next(), request = try #require(next)
    var explanation = Fake.explanation(request)
    let clean = explanation.clean
    explanation.attacked = ExplainedImage(
      levels: clean.levels, distances: [], logits: clean.logits,
      attention: [Float](repeating: 0, count: clean.attention.count))
    bench.act(.event(.explained(explanation)))
    #expect(PaneFigure.canvas(bench.state).text.components(separatedBy: "no evidence").count == 2)
  }

  @Test("Several states are panels of one picture")
  func panels() throws {
    let state = Bench.inTheMiddle(of: .confusion).state
    /// In pixels, two a point.
    func size(_ states: [[State]]) throws -> (width: Int, height: Int) {
      let head = Array(try PaneFigure.data(states, .png).prefix(24))
      func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
      return (number(head[16..<20]), number(head[20..<24]))
    }
    let one = try size([[state]]), row = try size([[state, state]]), column = try size([[state], [state]])
    // A margin of 12 points at each side, 14 between panels.
    #expect(row.width == 2 * one.width - 48 + 28 && row.height == one.height)
    #expect(column.width == one.width && column.height > one.height)
  }
}
