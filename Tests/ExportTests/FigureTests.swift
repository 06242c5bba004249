import Core
import Export
import Foundation
import Pipeline
import Testing

/// One figure of each kind of panel.
enum Gallery {
  static let emotions = ["anger", "boredom", "disgust", "fear", "happiness", "neutral", "sadness"]

  static func heatmap(label: String = "time (s)", unit: String = "frequency (Hz)") throws -> Heatmap {
    let mel = try Transforms.named("mel")
    var map = Heatmap("clean", x: Axis(label, 0.5...1.5), y: Axis(unit, cells: mel.rowValues))
    map.layGreys((0..<224 * 224).map { UInt8($0 / 224) }, columns: 224)
    let spot = (0..<224 * 224).map { i -> Float in
      let x = Float(i % 224) / 224 - 0.3, y = Float(i / 224) / 224 - 0.6
      return Float(exp(Double(-30 * (x * x + y * y))))
    }
    map.lay(spot, columns: 224, .magma, range: 0...1) { $0 * 0.7 }
    map.bar = ("attention", 0...1, .magma)
    return map
  }

  static let lines = LinePlot(
    "accuracy against ε", x: Axis("ε (1/255)", around: [8, 196.0], scale: .logarithmic),
    y: Axis("accuracy (%)", 0...100),
    [
      .init(
        "FGSM", x: [8, 16, 32, 64, 128, 196], y: [60, 41, 22, .nan, 8, 5],
        band: [55...65, 35...47, 17...28, 10...20, 5...12, 3...9]),
      .init("PGD", x: [8, 16, 32, 64, 128, 196], y: [40, 20, 4, 1, 0, 0], isDashed: true),
    ])

  static let scatter: Scatter = {
    let stream = RandomStream(seed: 1, purpose: "gallery")
    let groups = emotions.enumerated().map { index, emotion in
      Scatter.Group(
        emotion,
        (0..<40).map { i in
          let at = 2 * (index * 40 + i)
          return SIMD2(
            Float(index % 3) * 2 + stream.uniform(at) * 2, Float(index / 3) * 2 + stream.uniform(at + 1) * 2)
        })
    }
    return Scatter("features", groups)
  }()

  static let confusion = ConfusionMatrix(
    "validation", labels: emotions,
    counts: emotions.indices.map { row in emotions.indices.map { row == $0 ? 40 : ($0 * row) % 5 } })

  static let table = TextTable(
    "attention moved", head: ["attack", "rank correlation", "drop"],
    rows: [["FGSM", "0.42", "38.1"], ["PGD", "0.17", "69.0"]], rightAligned: [1, 2])

  static func all() throws -> [(name: String, figure: Figure)] {
    let heatmap = try heatmap()
    let panels: [(String, any Panel)] = [
      ("heatmap", heatmap), ("lines", lines), ("scatter", scatter), ("confusion", confusion), ("table", table),
    ]
    return panels.flatMap { name, panel in
      [("light", Style.light), ("dark", Style.dark)].map { style in
        (
          "\(name)-\(style.0)",
          Figure("A figure: \(name)", rows: [[panel, table]], notes: ["A note at its foot."], style: style.1)
        )
      }
    }
  }
}

@Suite struct FigureTests {
  /// Every kind of panel in both styles becomes a PNG and an SVG. QUAVER_PICTURES names a folder to look at them in.
  @Test func everyPanelIsDrawn() throws {
    for (name, figure) in try Gallery.all() {
      let png = try figure.data(.png), svg = try figure.data(.svg)
      #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
      let text = String(decoding: svg, as: UTF8.self)
      #expect(text.hasPrefix("<?xml") && text.hasSuffix("</svg>\n"))
      guard let folder = ProcessInfo.processInfo.environment["QUAVER_PICTURES"] else { continue }
      for format in Figure.Format.allCases {
        try figure.write(to: URL(fileURLWithPath: folder).appendingPathComponent("\(name).\(format.rawValue)"))
      }
    }
  }

  /// Pixels within a part of a raster that differ from the paper, the part given as shares of its sides.
  private func ink(
    _ raster: (columns: Int, pixels: [UInt32]), x: ClosedRange<Double>, y: ClosedRange<Double>
  ) -> Int {
    let rows = raster.pixels.count / raster.columns
    var count = 0
    for row in Int(y.lowerBound * Double(rows))..<Int(y.upperBound * Double(rows)) {
      for column in Int(x.lowerBound * Double(raster.columns))..<Int(x.upperBound * Double(raster.columns)) {
        count += raster.pixels[row * raster.columns + column] == 0xFFFFFF ? 0 : 1
      }
    }
    return count
  }

  /// Without a font cairo draws nothing where letters should be.
  @Test func labelsLeaveInk() throws {
    let labelled = try Figure("", rows: [[Gallery.heatmap()]]).raster()
    let bare = try Figure("", rows: [[Gallery.heatmap(label: "", unit: "")]]).raster()
    // The lowest twentieth holds the time axis's label and nothing else; the leftmost the other's.
    #expect(ink(labelled, x: 0.3...0.7, y: 0.9...0.97) > 40)
    #expect(ink(bare, x: 0.3...0.7, y: 0.96...0.99) == 0)
    #expect(ink(labelled, x: 0.03...0.08, y: 0.3...0.7) > 40)
    let titled = try Figure("A title", rows: [[Gallery.heatmap()]], notes: ["a note"]).raster()
    #expect(ink(titled, x: 0.03...0.3, y: 0.02...0.1) > 60)
    #expect(ink(titled, x: 0.03...0.3, y: 0.93...0.97) > 20)
  }

  /// Titles hold names of runs, which are one long word by default.
  @Test(arguments: [
    "features of run 20260102-030405-alexnet-mel-s0", "20260102030405_alexnet_without_any_hyphen_s0",
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen",
  ])
  func aWideTitleIsBroken(_ title: String) throws {
    let panel = Scatter("", [], size: Size(150, 60))
    let short = try Figure("a", rows: [[panel]]).raster(), long = try Figure(title, rows: [[panel]]).raster()
    let added = (long.pixels.count - short.pixels.count) / long.columns
    #expect(long.columns == short.columns && added >= 18 && added % 18 == 0)
    // A margin of 12 points in 204 stays free, also at the lines' ends.
    #expect(ink(long, x: 0.95...1, y: 0...1) == 0)
    #expect(ink(long, x: 0.05...0.95, y: 0...0.3) > 100)
  }

  /// Beside it stands another panel, and above the bar its label.
  @Test func aLongCaptionIsCut() throws {
    let long = "PGD (ε 32/255, α 4/255, 2 steps, random start), set pgd-32-valid-0123abcd: happiness 100 %"
    func drawn(_ caption: String, hasBar: Bool) throws -> (columns: Int, pixels: [UInt32]) {
      var map = Heatmap(caption, x: Axis("", 0...1), y: Axis("", 0...1), size: Size(276, 230))
      if hasBar { map.bar = ("", 0...1, .magma) }
      return try Figure("", rows: [[map]]).raster()
    }
    // The margin of 12 points in 300 at the right.
    #expect(try ink(drawn(long, hasBar: false), x: 0.965...1, y: 0...0.1) == 0)
    #expect(try ink(drawn(long, hasBar: false), x: 0.7...0.95, y: 0...0.1) > 40)
    // The label ends 26 points beyond the plot, which ends 48 before the margin.
    #expect(try ink(drawn(long, hasBar: true), x: 0.87...1, y: 0...0.1) == 0)
    #expect(try drawn("PGD", hasBar: true).pixels != drawn("PG…", hasBar: true).pixels)
  }

  @Test func aHeatmapHasItsLowestRowAtTheBottom() throws {
    var map = Heatmap("", x: Axis("", 0...1), y: Axis("", 0...1))
    map.lay([0, 0, 0, 0, 1, 1], columns: 2, .viridis, range: 0...1)
    let (columns, pixels) = try Figure("", rows: [[map]]).raster()
    let rows = pixels.count / columns
    let top = pixels[rows / 4 * columns + columns / 2], bottom = pixels[rows * 3 / 4 * columns + columns / 2]
    #expect(top == 0xFDE725 && bottom == 0x440154)
  }

  @Test func everyEmotionHasAGlyphOfItsOwn() throws {
    var pictures: Set<[UInt32]> = []
    for emotion in EmotionMark.names {
      let figure = Figure(
        "", rows: [[Scatter("", [.init(emotion, [SIMD2(0, 0)], name: "")], size: Size(40, 40))]])
      let pixels = try figure.raster(scale: 2).pixels
      #expect(pixels.contains { $0 != 0xFFFFFF })
      pictures.insert(pixels)
    }
    #expect(pictures.count == EmotionMark.names.count)
  }

  /// Classes of any names, also those that begin with the same letter as another one.
  @Test func emotionsWithoutAMarkDifferToo() throws {
    let names = ["joy", "jealousy", "anger", "awe", "jj", "j", "\u{1F600}", ""]
    let marks = EmotionMark.marks(of: names), colors = Style.light.colors(ofEmotions: names)
    let letters = names.map { name in marks[name].map { String($0.letter) } ?? "none" }
    #expect(letters == ["J", "E", "A", "W", "1", "2", "3", "4"])
    #expect(marks["anger"] == EmotionMark.of("anger") && colors["anger"] == Style.light.emotions["anger"])
    #expect(Set(marks.values.map(\.glyph)).count == names.count)
    #expect(["joy", "jealousy", "awe"].compactMap { colors[$0] } == Array(Style.light.series.prefix(3)))
    #expect(String(EmotionMark.of("joy").glyph) == "J")
    // Two classes that change places look different.
    func picture(_ first: Float, _ second: Float, _ style: Style) throws -> [UInt32] {
      let groups = [
        Scatter.Group("joy", [SIMD2(first, 0)], name: ""), Scatter.Group("jealousy", [SIMD2(second, 0)], name: ""),
      ]
      return try Figure("", rows: [[Scatter("", groups, size: Size(90, 60))]], style: style).raster(scale: 2).pixels
    }
    var even = Style.light
    even.series = Array(even.series.prefix(1))
    // By their glyphs alone, and by the second one's colour alone.
    #expect(try picture(0, 1, even) != picture(1, 0, even))
    #expect(try picture(0, 1, .light) != picture(0, 1, even))
  }

  @Test func degenerateDataAreDrawn() throws {
    var map = Heatmap("", x: Axis("", 0 ... .infinity), y: Axis("", cells: []))
    map.lay([.nan, .nan], columns: 1, .jet, range: 0...0)
    map.lay([], columns: 0, .jet, range: 0...1)
    let panels: [any Panel] = [
      map, LinePlot("", x: Axis("", around: []), y: Axis("", around: [.nan], scale: .logarithmic), []),
      LinePlot("", x: Axis("", 1...1), y: Axis("", 0...0), [.init("a", x: [.nan], y: [.infinity])]),
      Scatter("", []), Scatter("", [.init("joy", [SIMD2(.nan, 0), SIMD2(1, 1)])]),
      ConfusionMatrix("", labels: [], counts: []), TextTable("", head: ["a"], rows: []),
    ]
    for panel in panels {
      #expect(try Figure("x", rows: [[panel]]).data(.png).count > 100)
      #expect(try Figure("x", rows: [[panel]]).data(.svg).count > 100)
    }
    #expect(try Figure("", rows: []).data(.png).count > 50)
  }

  @Test func filesAreWholeOrAbsent() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let figure = Figure("t", rows: [[Gallery.table]])
    #expect(throws: ExportError.unknownFormat(path: folder.path + "/a.jpg")) {
      try figure.write(to: folder.appendingPathComponent("a.jpg"))
    }
    #expect(throws: CoreError.self) { try figure.write(to: folder.appendingPathComponent("no/where.png")) }
    #expect(throws: ExportError.self) { try figure.write(to: folder.appendingPathComponent("a.png"), scale: 1000) }
    try figure.write(to: folder.appendingPathComponent("a.PNG"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.PNG"])
    // A link is followed where a user names it, and replaced where a file of ours is meant.
    let link = folder.appendingPathComponent("link.svg"), target = folder.appendingPathComponent("target")
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: target)
    try figure.export(to: link)
    #expect(try !Data(contentsOf: target).isEmpty)
    try Data().write(to: target)
    try figure.write(to: link)
    #expect(try Data(contentsOf: target).isEmpty)
    #expect(try !Data(contentsOf: link).isEmpty)
  }
}

@Suite struct AxisTests {
  @Test func positionsGoFromOneEndToTheOther() {
    let linear = Axis("", 2...4), logarithmic = Axis("", 1...100, scale: .logarithmic)
    #expect(linear.position(3) == 0.5 && abs(logarithmic.position(10) - 0.5) < 1e-12)
    let cells = Axis("", cells: [100, 200, 400, 800])
    #expect(cells.position(100) == 0.125 && cells.position(800) == 0.875)
  }

  @Test func ticksAreInsideAndApart() throws {
    let mel = try Transforms.named("mel")
    let axes = [
      Axis("", 0...1), Axis("", cells: mel.rowValues), Axis("", 1...1000, scale: .logarithmic),
      Axis("", around: [8.0, 196], scale: .logarithmic),
    ]
    for axis in axes {
      let ticks = axis.ticks(length: 200, spacing: 20).sorted { $0.position < $1.position }
      #expect(ticks.count >= 3)
      #expect(ticks.allSatisfy { (0...1).contains($0.position) && !$0.text.isEmpty })
      #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $1.position - $0.position > 0.08 })
    }
  }
}
