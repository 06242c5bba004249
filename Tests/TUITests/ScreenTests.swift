import Core
import Foundation
import Lab
import TUI
import Testing

@Suite("Canvas, encoder, ladders")
struct ScreenTests {
  /// Random screens of everything that a cell can hold.
  private static func canvas(_ seed: UInt64, _ size: Size) -> Canvas {
    let random = RandomStream(seed: seed, purpose: "canvas")
    var surface = Surface(size: size)
    let words: [String] = ["a", " ", "▀", "▄", "█", "é", "漢", "⣿", "▚", "x\u{301}", "Z"]
    func color(_ index: Int) -> Color {
      switch random.integer(index, below: 4) {
      case 0: .standard
      case 1: Color(index: UInt8(random.integer(index + 1, below: 256)))
      case 2: Color(index: UInt8(random.integer(index + 1, below: 3)))
      default: Color(RGB(hex: UInt32(random.bits(index + 2) & 0xFFFFFF)))
      }
    }
    var counter = 0
    for y in 0..<size.height {
      for x in 0..<size.width where random.uniform(counter) < 0.7 {
        counter += 8
        let attributes = Attributes(
          rawValue: random.integer(counter + 5, below: 4) == 0 ? UInt8(random.integer(counter + 6, below: 32)) : 0)
        surface.put(
          words[random.integer(counter + 7, below: words.count)], x, y,
          CellStyle(foreground: color(counter), background: color(counter + 3), attributes: attributes))
      }
      counter += 1
    }
    return surface.canvas
  }

  @Test("The bytes turn any screen into any other", arguments: 0..<60 as Range<UInt64>)
  func replay(seed: UInt64) {
    let size = Size(width: 1 + Int(seed % 31), height: 1 + Int(seed % 7))
    var emulator = Emulator(size: size)
    var before: Canvas?
    for step in 0..<4 as Range<UInt64> {
      let next = Self.canvas(seed * 10 + step, size)
      emulator.feed(ScreenEncoder.bytes(from: before, to: next))
      #expect(emulator.complaint == nil)
      let isSame = emulator.canvas.cells.map(Emulator.seen) == next.cells.map(Emulator.seen)
      #expect(isSame, "step \(step) of \(size.width)×\(size.height)")
      before = next
    }
  }

  @Test("An unchanged screen costs nothing, one changed cell a few bytes")
  func unchanged() {
    var canvas = Self.canvas(1, Size(width: 80, height: 24))
    let before = canvas
    #expect(ScreenEncoder.bytes(from: before, to: canvas).isEmpty)
    canvas[40, 12] = Cell("Q")
    #expect(ScreenEncoder.bytes(from: before, to: canvas).count < 50)
  }

  @Test("Control characters never reach the terminal")
  func controls() {
    var surface = Surface(size: Size(width: 40, height: 1))
    surface.put("a\u{1B}[2Jb\u{7F}\u{9B}c\nd\u{202E}e", 0, 0, CellStyle())
    #expect(surface.canvas.text == "a·[2Jb··c·d·e")
  }

  @Test("Wide characters take two cells and are cut whole")
  func wide() {
    var surface = Surface(size: Size(width: 5, height: 1))
    surface.put("漢字漢", 0, 0, CellStyle())
    #expect(surface.canvas.text == "漢字")
    surface.put("x", 1, 0, CellStyle())
    #expect(surface.canvas.text == " x字")
    #expect(TextWidth.of("e\u{301}漢") == 3)
    #expect(TextWidth.cut("漢字漢", to: 4) == "漢…")
  }

  @Test("Nothing is drawn outside of a window")
  func clipped() {
    var surface = Surface(size: Size(width: 10, height: 4))
    surface.within(Rect(x: 2, y: 1, width: 3, height: 2)) { surface in
      surface.put("abcdefgh", -1, 0, CellStyle())
      surface.put("below", 0, 5, CellStyle())
      surface.fill(Rect(x: -5, y: 1, width: 99, height: 99), "#", CellStyle())
    }
    #expect(surface.canvas.text == "\n  bcd\n  ###\n")
  }

  @Test("The colour ladder's order: flag, NO_COLOR, COLORTERM, description, count")
  func detection() {
    func depth(_ choice: ColorChoice, _ environment: [String: String], _ colors: Int, _ hasRGB: Bool = false)
      -> ColorDepth
    {
      choice.depth(environment: environment, colors: colors, hasRGB: hasRGB)
    }
    #expect(depth(.truecolor, ["NO_COLOR": "1"], 8) == .truecolor)
    #expect(depth(.none, ["COLORTERM": "truecolor"], 256) == .mono)
    #expect(depth(.auto, ["NO_COLOR": "1", "COLORTERM": "truecolor"], 256) == .mono)
    #expect(depth(.auto, ["NO_COLOR": ""], 256) == .ansi256)
    #expect(depth(.auto, ["COLORTERM": "truecolor"], 256) == .truecolor)
    #expect(depth(.auto, [:], 1 << 24, true) == .truecolor)
    #expect(depth(.auto, [:], 8) == .ansi16)
    #expect(depth(.auto, [:], -1) == .mono)
  }

  @Test("256 colours never touch the sixteen that users redefine, and keep each map's ends apart")
  func fitted() {
    for map in ScreenColormap.all {
      let colors = map.colors(levels: ColorDepth.ansi256.colormapLevels, depth: .ansi256)
      #expect(colors.count == 32)
      for color in colors {
        guard case .index(let index) = color.kind else { Issue.record("not an index"); continue }
        #expect(index >= 16)
      }
      #expect(colors.first != colors.last)
      #expect(Set(colors).count >= 10, "\(map.name): too few colours")
    }
    #expect(ColorDepth.ansi16.color(RGB(255, 0, 0)) == Color(index: 9))
    #expect(ColorDepth.ansi256.color(RGB(95, 135, 175)) == Color(index: 67))
  }

  @Test("Jet's colours lead back to their index, others to the nearest one and their distance")
  func inverse() {
    for (index, entry) in ScreenColormap.jet.table.enumerated() {
      let place = ScreenColormap.jetIndex(
        red: Float(entry.red) / 255, green: Float(entry.green) / 255, blue: Float(entry.blue) / 255)
      #expect(place.distance == 0)
      #expect(ScreenColormap.jet.table[place.index] == entry)
      // Jet is flat for four entries in its blue.
      #expect(abs(place.index - index) <= 3)
    }
    #expect(ScreenColormap.jetIndex(red: 1, green: 1, blue: 1).distance > 0.3)
    #expect(ScreenColormap.jetIndex(red: .nan, green: .infinity, blue: -1).distance.isFinite)
  }

  @Test("A 100×30 spectrogram in 256 colours stays within 60 KB", arguments: ["speech", "noise"])
  func bytes(kind: String) {
    let request = PictureRequest(
      corpus: "emodb", utterance: "03a01Wa", slice: 0, strideMilliseconds: 500, transform: "mel", stage: .decibels,
      augmentSeed: 0)
    var raster = Raster(Fake.picture(request, seconds: 2))
    if kind == "noise" {
      let noise = RandomStream(seed: 1, purpose: "noise")
      raster = Raster(rows: 224, columns: 229, values: (0..<224 * 229).map { -80 * noise.uniform($0) }, range: -80...0)
    }
    let size = Size(width: 100, height: 30)
    for rung in GlyphRung.allCases {
      for map in ScreenColormap.all {
        var look = Look(theme: ThemeFiles.standard, depth: .ansi256, rung: rung)
        // Noise is the worst there is; the loop takes half the levels when a frame is over the budget.
        if kind == "noise" { look.levelLimit = 8 }
        var surface = Surface(size: size)
        Heatmap(colormap: map, look: look).draw(raster, range: raster.range, in: surface.bounds, &surface)
        let bytes = ScreenEncoder.bytes(from: Canvas(size: size), to: surface.canvas).count
        #expect(bytes <= 60_000, "\(kind) \(rung) \(map.name): \(bytes) bytes")
        #expect(bytes > 1000)
      }
    }
  }

  @Test("Numbers are written the same in every locale")
  func numbers() {
    let fixed: [(Double, Int, String)] = [
      (0, 0, "0"), (-0.04, 1, "0.0"), (1.05, 1, "1.1"), (-3.14159, 3, "-3.142"), (999.996, 2, "1000.00"),
      (0.005, 3, "0.005"), (1e300, 2, "1e300"), (-1e19, 0, "-1e19"), (.nan, 2, "NaN"), (-.infinity, 1, "-Inf"),
    ]
    for (value, digits, text) in fixed { #expect(Numbers.fixed(value, digits) == text) }
    #expect(Numbers.tick(0.30000000000000004, step: 0.1) == "0.3")
    #expect(Numbers.tick(2e-5, step: 1e-5) == "2e-5")
    #expect(Numbers.short(0.00012) == "1e-4" && Numbers.short(12.345) == "12.35")
    #expect(Numbers.clock(3723) == "1:02:03" && Numbers.clock(59.6) == "1:00" && Numbers.clock(.nan) == "–:––")
    #expect(Numbers.hertz(440) == "440 Hz" && Numbers.hertz(1250) == "1.250 kHz")
    #expect(Numbers.percent(0.0625) == "6.3 %" && Numbers.percent(.nan) == "NaN")
  }

  @Test("Ticks are round numbers inside the range, in order, and never on one another")
  func ticks() {
    for (low, high) in [(0.0, 1.0), (-80, 0), (0.5, 1.5), (1, 15), (0, 1e-6), (-1e9, 1e9), (3, 3)] {
      for count in 1...12 {
        let (values, step) = Ticks.linear(low...high, maximum: count)
        #expect(values.count <= count + 1)
        #expect(values == values.sorted() && step > 0)
        let isInside = values.allSatisfy { $0 >= low - step * 1e-3 && $0 <= high + step * 1e-3 }
        #expect(isInside, "\(low)…\(high): \(values)")
      }
    }
    let mel = (0..<224).map { 700 * (pow(10, Double($0) / 224 * log10(1 + 8000.0 / 700)) - 1) }
    let cqt = (0..<224).map { 32.703 * pow(2, Double($0) / 32) }
    for values in [mel, cqt, (0..<224).map(Double.init)] {
      for height in [1, 3, 10, 40, 90] {
        let rows = Ticks.rows(values, height: height)
        #expect(Set(rows.map(\.y)).count == rows.count)
        #expect(rows.allSatisfy { $0.y >= 0 && $0.y < height })
        if height >= 10 { #expect(rows.count >= 3) }
        for (y, value) in rows {
          let row = Ticks.nearest(value, values)
          #expect(height - 1 - min(height - 1, row * height / values.count) == y)
        }
      }
    }
  }
}
