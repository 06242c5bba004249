import Core
import Foundation
import Lab
import TUI
import Testing

@Suite("Every pane on every rung, size and theme; random use")
struct ProductTests {
  static let sizes = [
    Size(width: 1, height: 1), Size(width: 3, height: 2), Size(width: 12, height: 4), Size(width: 40, height: 12),
    Size(width: 80, height: 24), Size(width: 200, height: 60), Size(width: 300, height: 100),
  ]
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("themes").path

  private static func has(_ canvas: Canvas, foreignTo depth: ColorDepth) -> Bool {
    canvas.cells.contains { cell in
      [cell.style.foreground, cell.style.background].contains { color in
        switch (color.kind, depth) {
        case (.standard, _), (_, .truecolor): false
        case (.rgb, _), (.index, .mono): true
        case (.index(let index), .ansi16): index >= 16
        case (.index, .ansi256): false
        }
      }
    }
  }

  @Test("Product of panes, depths, rungs and sizes", arguments: Panes.all.map(\.id.name), ColorDepth.allCases)
  func product(name: String, depth: ColorDepth) {
    let key = "\(Layout.digit(Panes.order.firstIndex(of: PaneID(name)) ?? 0))"
    for size in Self.sizes {
      for rung in GlyphRung.allCases {
        var bench = Bench(size.width, size.height, depth: depth, rung: rung)
        bench.press("j", "enter", "j", "enter", "j", "j", "enter", key)
        check(bench, depth)
        for _ in Stage.allCases.dropFirst() where name == PaneID.view.name {
          bench.press("s")
          check(bench, depth)
        }
        for modal in Modals.samples {
          bench.state.modal = modal
          if case .form = modal { _ = TrainingPane.openForm(&bench.state) }
          check(bench, depth)
        }
      }
    }
  }

  private func check(_ bench: Bench, _ depth: ColorDepth) {
    let canvas = bench.canvas
    #expect(canvas.size == bench.state.size)
    #expect(!Self.has(canvas, foreignTo: depth))
    if bench.state.look.glyphs.isASCII {
      let isPlain = canvas.cells.allSatisfy { $0.scalar < 0x80 }
      #expect(isPlain, "\(bench.state.size): \(canvas.text.filter { !$0.isASCII }.prefix(20))")
    }
  }

  @Test("Every theme draws every pane")
  func themes() throws {
    let (themes, problems) = ThemeFiles.all(in: [Self.folder])
    #expect(problems.isEmpty)
    #expect(themes.count >= 6)
    for theme in themes {
      for depth in ColorDepth.allCases {
        for number in Panes.order.indices {
          var bench = Bench(120, 40, depth: depth, theme: theme)
          bench.press("j", "enter", "j", "enter", "j", "j", "enter", "\(Layout.digit(number))")
          #expect(bench.canvas.text.contains(Panes.all[number].name))
          // The focused tab is told by more than its text.
          let tabs = Layout(bench.state).tabs(bench.state)
          let canvas = bench.canvas
          #expect(canvas[tabs[number].x + 1, 0].style != canvas[tabs[(number + 1) % tabs.count].x + 1, 0].style)
        }
      }
    }
  }

  @Test(
    "The header's tabs fit beside the meter, and the focused one shows its name", arguments: [40, 80, 100, 120, 200])
  func tabs(width: Int) {
    for runs in [Bench.runs, []] {
      var bench = Bench(width, 24, runs: runs)
      for (index, pane) in Panes.all.enumerated() {
        bench.press("\(Layout.digit(index))")
        #expect(bench.state.focus == pane.id)
        let tabs = Layout(bench.state).tabs(bench.state)
        let end = tabs.last.map { $0.x + $0.text.count } ?? 0
        #expect(end <= (width >= 80 ? width - 11 : width))
        #expect(tabs[index].text == " \(Layout.digit(index)) \(pane.name) ")
      }
    }
  }

  @Test(
    "Ten thousand random keys, clicks, resizes and events leave a consistent state", arguments: 0..<4 as Range<UInt64>)
  func random(seed: UInt64) {
    let random = RandomStream(seed: seed, purpose: "keys")
    let keys: [Key] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPSTUVWXYZ0123456789/?:[]{}<>.,%$ é漢".map { Key.character($0) }
      + [
        .up, .down, .left, .right, .home, .end, .pageUp, .pageDown, .enter, .enter, .tab, .backTab, .backspace,
        .delete, .escape, .control("d"), .control("u"), .control("g"), .control("c"), .control("l"), .function(5),
      ]
    var bench = Bench(80, 24)
    for step in 0..<2500 {
      switch random.integer(4 * step, below: 20) {
      case 0:
        bench.act(
          .resize(
            Size(
              width: 1 + random.integer(4 * step + 1, below: 260), height: 1 + random.integer(4 * step + 2, below: 90)))
        )
      case 1: bench.act(.event(Self.event(random.integer(4 * step + 1, below: 9), step)))
      case 2:
        let point = Point(x: random.integer(4 * step + 1, below: 260), y: random.integer(4 * step + 2, below: 90))
        let kinds: [MouseEvent.Kind] = [.press, .press, .wheelUp, .wheelDown]
        bench.act(.mouse(MouseEvent(kind: kinds[random.integer(4 * step + 3, below: 4)], point: point)))
      default: bench.act(.key(keys[random.integer(4 * step + 1, below: keys.count)]))
      }
      if step % 5 == 0 { check(bench.state) }
    }
    check(bench.state)
  }

  private static func event(_ kind: Int, _ step: Int) -> Event {
    switch kind {
    case 0: return .corpora([])
    case 1: return .corpora([Fake.corpus("emodb", utterances: step % 90)])
    case 2: return .corpora([Fake.corpus(), Fake.corpus("samples", utterances: 20, isSynthetic: true)])
    case 3: return .runs([])
    case 4: return .runs(Bench.runs)
    case 5:
      var run = Fake.run("r\(step % 3)", epochs: step % 9, status: step % 2 == 0 ? .running : .stopped, isOwn: true)
      if run.epochs.count > 2 { run.epochs[1].trainLoss = .nan }
      return .run(run)
    case 6: return .failed("something failed at \(step)")
    case 7: return .log(LogLine(time: Fake.start, level: .error, text: "line \(step) \u{1B}[2J"))
    default:
      return .picture(
        Fake.picture(
          PictureRequest(
            corpus: "emodb", utterance: "x", slice: 0, strideMilliseconds: 500, transform: "mel", stage: .decibels,
            augmentSeed: 0), seconds: 1))
    }
  }

  private func check(_ state: State) {
    let canvas = Frame.draw(state)
    #expect(canvas.size == state.size)
    let isHarmless = canvas.cells.allSatisfy {
      $0.scalar == 0 || ($0.scalar >= 0x20 && !(0x7F..<0xA0).contains($0.scalar))
    }
    #expect(isHarmless)
    #expect(Panes.named(state.focus) != nil)
    let layout = Layout(state)
    #expect(layout.rect(of: state.focus) != nil, "the focused pane is on the screen")
    for (index, a) in layout.panes.enumerated() {
      #expect(a.rect.maxX <= state.size.width && a.rect.maxY <= state.size.height)
      for b in layout.panes[(index + 1)...] { #expect(a.rect.intersection(b.rect).isEmpty) }
    }
    #expect(state.corpusPane.rows.isEmpty || state.corpusPane.rows.indices.contains(state.corpusPane.list.selection))
    #expect(state.runs.isEmpty || state.runs.indices.contains(state.trainingPane.list.selection))
  }
}
