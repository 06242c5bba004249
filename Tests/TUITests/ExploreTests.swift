import Lab
import TUI
import Testing

@Suite("Exploring: marks, zoom, side by side, the way back")
struct ExploreTests {
  private func requests(_ bench: Bench) -> [Request] {
    bench.effects.compactMap { if case .request(let request) = $0 { request } else { nil } }
  }

  @Test("Space marks and goes on, on a speaker it marks all below; M takes all back")
  func marks() {
    var bench = Bench()
    bench.press("E", "j", "j", "j", "space", "space")
    #expect(bench.state.corpusPane.marks.count == 2)
    #expect(bench.text.contains("2 marked") && bench.text.contains("◉"))
    bench.press("M")
    #expect(bench.state.corpusPane.marks.isEmpty)
    bench.press("g g", "space")
    #expect(bench.state.corpusPane.marks.count == 84)
    bench.press("space")
    #expect(bench.state.corpusPane.marks.isEmpty)
  }

  @Test("Marks survive a new scan of the corpus")
  func rescan() {
    var bench = Bench.inTheMiddle(of: .corpus)
    bench.press("space")
    bench.act(.event(.corpora([Fake.corpus(utterances: 90)])))
    #expect(bench.state.corpusPane.marks.count == 1)
  }

  @Test("What is selected stays selected when a corpus comes or goes before it, and when utterances of its own do")
  func selection() {
    let emodb = Fake.corpus(), other = Fake.corpus("another"), samples = Fake.corpus("samples", utterances: 35)
    func without(_ gone: String...) -> CorpusInfo {
      CorpusInfo(
        name: emodb.name, path: emodb.path, adapter: emodb.adapter, isSynthetic: false, emotions: emodb.emotions,
        utterances: emodb.utterances.filter { !gone.contains($0.id) })
    }
    let shorter = without("03a00Wa")
    var bench = Bench(corpora: [emodb, samples])
    bench.press("j", "enter", "j", "enter", "j", "j")
    func selected() -> String? {
      guard case .utterance(let corpus, let utterance) = bench.state.corpusPane.selected else { return nil }
      let info = bench.state.corpora[corpus]
      return "\(info.name) \(info.utterances[utterance].id)"
    }
    #expect(selected() == "emodb 03a01Wa")
    for corpora in [[other, emodb, samples], [emodb], [other, emodb], [other, shorter], [shorter, samples]] {
      bench.act(.event(.corpora(corpora)))
      #expect(selected() == "emodb 03a01Wa")
    }
    // Where it is gone, the selection stays at its place in the list; its number is another utterance's now.
    bench.press("E")
    let place = bench.state.corpusPane.list.selection
    bench.act(.event(.corpora([without("03a00Wa", "03a01Wa"), samples])))
    #expect(bench.state.corpusPane.list.selection == place)
  }

  @Test("A picks the sentence in all emotions; four stand side by side, o goes through the rest")
  func emotions() {
    var bench = Bench.inTheMiddle(of: .corpus)
    bench.press("A")
    #expect(bench.state.corpusPane.marks.count == 7)
    #expect(bench.state.viewPane.tiles.count == 4 && bench.state.focus == .view)
    #expect(bench.state.viewPane.tiles.allSatisfy { $0.picture != nil && $0.waveform != nil })
    let emotions = bench.state.corpusPane.marks.map { $0.utterance.dropFirst(5).first }
    #expect(Set(emotions).count == 7, "one of each")
    var seen: Set<String> = []
    for _ in 0..<7 {
      seen.insert(bench.state.viewPane.utterance)
      bench.press("o")
    }
    #expect(seen.count == 7)
    bench.press("v")
    #expect(bench.state.viewPane.tiles.count == 1)
    bench.press("backspace")
    #expect(bench.state.focus == .corpus)
  }

  @Test("A corpus without sentences says so")
  func nameless() {
    let info = Fake.corpus()
    let plain = CorpusInfo(
      name: "plain", path: "/plain", adapter: "folders", isSynthetic: false, emotions: info.emotions,
      utterances: info.utterances.map {
        UtteranceInfo(
          id: $0.id, file: $0.file, emotion: $0.emotion, speaker: $0.speaker, sentence: "", duration: $0.duration,
          sampleRate: $0.sampleRate)
      })
    var bench = Bench(corpora: [plain])
    bench.press("j", "enter", "j", "enter", "j", "A")
    #expect(bench.text.contains("does not tell which sentence"))
    #expect(bench.state.viewPane.tiles.count == 1)
  }

  @Test("The cursor reads the same place in all that stand side by side")
  func shared() throws {
    var bench = Bench.inTheMiddle(of: .corpus)
    bench.press("A", "l", "k")
    let readings = (0..<4).compactMap { bench.state.viewPane.reading($0) }
    #expect(readings.count == 4)
    #expect(Set(readings.map(\.time)).count == 1 && Set(readings.map(\.row)).count == 1)
  }

  @Test("Zoom keeps the cursor's place, narrows the axes, and pans into the next slice")
  func zoom() throws {
    var bench = Bench.inTheMiddle(of: .view)
    let before = try #require(bench.state.viewPane.reading)
    bench.press("+", "+", "}")
    let after = try #require(bench.state.viewPane.reading)
    #expect(before.time == after.time && before.row == after.row)
    #expect(bench.state.viewPane.viewport.width == 0.25 && bench.state.viewPane.viewport.height == 0.5)
    let step = abs(try #require(bench.state.viewPane.reading).time)
    bench.press("l")
    #expect(try #require(bench.state.viewPane.reading).time - step < 0.02, "finer steps when zoomed in")
    bench.press("w")
    #expect(bench.state.viewPane.viewport.isWhole)
    let slice = bench.state.viewPane.slice
    bench.press("(")
    #expect(bench.state.viewPane.slice == slice - 1)
    for _ in 0..<9 { bench.press("+") }
    #expect(bench.state.viewPane.viewport.width == 1.0 / 16)
    for _ in 0..<40 { bench.press(")") }
    _ = bench.canvas
  }

  @Test("The wheel zooms around the pointer, a click reads out there, also when zoomed and side by side")
  func mouse() throws {
    var bench = Bench(160, 48)
    bench.press("j", "enter", "j", "enter", "j", "A")
    let view = try #require(Layout(bench.state).rect(of: .view))
    let point = Point(x: view.x + view.width * 5 / 8, y: view.y + view.height * 3 / 4)
    bench.act(.mouse(MouseEvent(kind: .press, point: point)))
    #expect(bench.state.viewPane.active == 2)
    bench.act(.mouse(MouseEvent(kind: .wheelUp, point: point)))
    #expect(bench.state.viewPane.viewport.width == 0.5)
    bench.act(.mouse(MouseEvent(kind: .wheelDown, point: point)))
    #expect(bench.state.viewPane.viewport.isWhole)
  }

  @Test("A click is the user's own doing as a key is: the notice goes, and the place is no more brought back")
  func click() {
    var bench = Bench(160, 48)
    bench.press("g")
    bench.state.resumes = Place(bench.state)
    bench.state.say("something was said")
    #expect(!bench.state.pending.isEmpty)
    let tab = Layout(bench.state).tabs(bench.state)[3]
    bench.act(.mouse(MouseEvent(kind: .press, point: Point(x: tab.x + 1, y: 0))))
    #expect(bench.state.focus == .confusion && bench.state.notice == nil && bench.state.pending.isEmpty)
    bench.act(.event(.runs(Bench.runs)))
    #expect(bench.state.focus == .confusion)
  }

  @Test("Slices unfold below their utterance and open at their place")
  func slices() {
    var bench = Bench.inTheMiddle(of: .corpus)
    bench.press("l", "j")
    guard case .slice(_, _, let first) = bench.state.corpusPane.selected else { Issue.record("no slice"); return }
    #expect(first == 0)
    bench.press("j")
    #expect(bench.state.viewPane.slice == 1)
    bench.press("enter")
    #expect(bench.state.focus == .view)
    bench.press("1", "h", "h")
    guard case .utterance = bench.state.corpusPane.selected else { Issue.record("not folded"); return }
  }

  @Test("A cell leads to its utterances, one of them to the view, and Backspace all the way back")
  func drill() throws {
    var bench = Bench.inTheMiddle(of: .confusion)
    bench.press("$", "g g", "home")
    let cell = bench.state.confusionPane.cell
    bench.press("enter")
    #expect(bench.state.focus == .corpus)
    let only = try #require(bench.state.corpusPane.only)
    #expect(only.title.contains("taken for"))
    let shown = bench.state.corpusPane.rows.filter { if case .utterance = $0 { true } else { false } }
    #expect(shown.count == only.utterances.count && !shown.isEmpty)
    bench.press("enter")
    #expect(bench.state.focus == .view)
    #expect(only.utterances.contains(bench.state.viewPane.utterance))
    bench.press("backspace")
    #expect(bench.state.focus == .corpus && bench.state.corpusPane.only == only)
    bench.press("backspace")
    #expect(bench.state.focus == .confusion && bench.state.confusionPane.cell == cell)
    #expect(bench.state.corpusPane.only == nil, "the tree is as it was")
  }

  @Test("An empty cell says so and stays; an older epoch says why it cannot")
  func emptyCell() {
    var bench = Bench.inTheMiddle(of: .confusion)
    bench.press("$", "g g", "home")
    for _ in 0..<6 { bench.press("h") }
    bench.press("l", "l", "l", "enter")
    #expect(bench.state.focus == .confusion)
    #expect(bench.state.notice?.text.contains("no slice is") == true)
    bench.press("[", "enter")
    #expect(bench.state.notice?.text.contains("only the last epoch") == true)
  }

  @Test("Sound: the shown part, all, and why not")
  func sound() throws {
    var bench = Bench.inTheMiddle(of: .view)
    bench.press("+", "p")
    guard case .play(_, _, let part?) = requests(bench).last else { Issue.record("nothing plays"); return }
    #expect(part.upperBound - part.lowerBound < 0.51)
    bench.press("P")
    guard case .play(_, _, nil) = requests(bench).last else { Issue.record("nothing plays"); return }
    bench.state.player = nil
    let before = bench.effects.count
    bench.press("p")
    #expect(bench.effects.count == before && bench.text.contains("no sound here"))
  }

  @Test("What a place saves brings it back, in another session too")
  func session() throws {
    var bench = Bench.inTheMiddle(of: .view)
    bench.press("f", "s", "1", "/", "0", "4", "enter", "o", "space", "2", "z")
    let session = Session(bench.state)
    let place = Place(bench.state)
    var other = Bench(corpora: [], runs: [])
    session.begin(&other.state, hasTheme: false, hasGlyphs: false)
    other.act(.event(.corpora([Fake.corpus()])))
    #expect(other.state.resumes != nil)
    other.act(.event(.corpora(Bench().corpora)))
    other.act(.event(.runs(Bench.runs)))
    let again = Place(other.state)
    #expect(again == place)
    #expect(session.theme == nil, "nobody chose one")
    #expect(other.state.corpusPane.marks == bench.state.corpusPane.marks)
    other.press("j")
    #expect(other.state.resumes == nil, "the user's own keys count from now on")
  }

  @Test("Every layout shares out the whole screen, shows the pane with the focus, and comes back at the next start")
  func layouts() throws {
    for size in [Size(width: 80, height: 24), Size(width: 120, height: 40), Size(width: 200, height: 60)] {
      var bench = Bench(size.width, size.height)
      var areas: [Int: Set<Int>] = [:]
      for _ in Layout.Preset.allCases {
        bench.press("|")
        for (index, pane) in Panes.order.enumerated() {
          bench.press("\(Layout.digit(index))")
          let layout = Layout(bench.state)
          #expect(layout.rect(of: pane) != nil, "\(bench.state.preset.rawValue) hides \(pane.name)")
          let cells = layout.panes.reduce(0) { $0 + $1.rect.width * $1.rect.height }
          #expect(cells == layout.body.width * layout.body.height)
          areas[index, default: []].insert(layout.rect(of: pane).map { $0.width * $0.height } ?? 0)
          _ = bench.canvas
        }
      }
      #expect(bench.state.preset == .balanced)
      if size.width > 100 { #expect(areas.values.contains { $0.count > 2 }, "all layouts are alike at \(size)") }
    }
    var bench = Bench()
    bench.press("|")
    let session = Session(bench.state)
    var other = Bench()
    session.begin(&other.state, hasTheme: false, hasGlyphs: false)
    #expect(other.state.preset == bench.state.preset && other.state.preset != .balanced)
  }

  @Test("A session of another world is harmless")
  func foreign() {
    var bench = Bench(corpora: [], runs: [])
    let place = Place(
      focus: "nowhere", isZoomed: false,
      panes: [
        "corpus": ["unfolded": "x\ty\ne\temodb\tz", "selected": "l", "only": "a"],
        "view": ["slice": "-4", "stride": "7"],
        "confusion": ["cell": "9,-9", "epoch": "x"], "training": ["run": "gone"],
      ])
    bench.state.resumes = place
    bench.act(.event(.corpora([Fake.corpus()])))
    bench.act(.event(.runs(Bench.runs)))
    #expect(bench.state.viewPane.slice == 0 && bench.state.viewPane.stride == 500)
    _ = bench.canvas
  }
}
