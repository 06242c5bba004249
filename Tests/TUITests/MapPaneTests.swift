import Lab
import TUI
import Testing

@Suite("The map pane")
struct MapPaneTests {
  private static func map(attack: Bool = true) -> Bench {
    var bench = Bench.inTheMiddle(of: .map)
    if !attack { bench.press("A") }
    bench.press("r")
    return bench
  }

  @Test("Every point is reached by the arrows and the twin's key, and each step goes in the direction that was pressed")
  func moves() throws {
    var bench = Self.map()
    let directions: [(key: String, x: Float, y: Float)] = [("l", 1, 0), ("h", -1, 0), ("k", 0, 1), ("j", 0, -1)]
    var seen: Set<Int> = [], open = [bench.state.mapPane]
    while let here = open.popLast() {
      guard seen.insert(here.cursor).inserted else { continue }
      var twin = here
      twin.toTwin()
      open.append(twin)
      for direction in directions {
        var next = here
        next.move(direction.x, direction.y)
        guard next.cursor != here.cursor, let a = here.point, let b = next.point else { continue }
        let ahead = (b.x - a.x) * direction.x + (b.y - a.y) * direction.y
        #expect(ahead > 0)
        open.append(next)
      }
    }
    #expect(seen.count == bench.state.mapPane.embedding?.points.count, "\(seen.count) points are reached")
    bench.press("h")
    #expect(bench.state.mapPane.cursor != 0)
  }

  @Test("A point is told, leads to its slice, and Backspace comes back to it")
  func opens() throws {
    var bench = Self.map()
    bench.press("j", "j")
    let point = try #require(bench.state.mapPane.point)
    #expect(bench.text.contains("\(point.utterance) slice \(point.slice + 1)"))
    bench.press("enter")
    #expect(bench.state.focus == .view && bench.state.viewPane.utterance == point.utterance)
    #expect(bench.state.viewPane.slice == point.slice)
    bench.press("backspace")
    #expect(bench.state.focus == .map && bench.state.mapPane.point == point)
  }

  @Test("Clean alone, attacked alone, one emotion, the twin: the cursor stays on what is seen")
  func shows() throws {
    var bench = Self.map()
    bench.press("a")
    #expect(bench.state.mapPane.point?.attack == 0)
    bench.press("s")
    #expect(bench.state.mapPane.shown == .clean && bench.state.mapPane.point?.attack == nil)
    bench.press("s")
    #expect(bench.state.mapPane.point?.attack == 0)
    bench.press("s", "c", "c")
    #expect(bench.state.mapPane.only == 1 && bench.state.mapPane.point?.emotion == 1)
    let clean = Self.map(attack: false)
    #expect(clean.state.mapPane.embedding?.attacks.isEmpty == true && clean.text.contains("clean images alone"))
  }

  @Test("Nearer keeps the point in sight; the whole comes back")
  func zoom() throws {
    var bench = Self.map()
    let whole = bench.state.mapPane.window
    bench.press("+", "+", "+")
    let near = bench.state.mapPane.window, point = try #require(bench.state.mapPane.point)
    #expect(near.x.upperBound - near.x.lowerBound < (whole.x.upperBound - whole.x.lowerBound) / 3)
    #expect(near.x.contains(point.x) && near.y.contains(point.y))
    bench.press("w")
    #expect(bench.state.mapPane.window.x == whole.x)
  }

  @Test("Progress is told with what is left, and x stops")
  func progress() {
    var bench = Self.map()
    bench.act(
      .event(.embedding(RunProgress(phase: "refinement", epoch: 0, done: 30, total: 60, rate: 12, secondsLeft: 2.5))))
    #expect(bench.text.contains("refinement") && bench.text.contains("50") && bench.text.contains("x stops"))
    bench.press("x")
    #expect(bench.effects.last == .request(.stopSurvey))
    bench.act(.event(.embedding(nil)))
    #expect(!bench.text.contains("refinement"))
  }

  @Test("Points are seen on their way, and the cursor stays when they arrive; p asks for another part")
  func onTheirWay() throws {
    var bench = Self.map()
    let wish = try #require(MapPane.wish(bench.state))
    var early = Fake.embedding(wish)
    early.iterations = 50
    bench.act(.event(.embeddingSoFar(wish, early)))
    bench.press("a")
    let cursor = bench.state.mapPane.cursor
    #expect(cursor != 0)
    bench.act(.event(.embeddingSoFar(wish, early)))
    #expect(bench.state.mapPane.isUnfinished && bench.state.mapPane.cursor == cursor)
    #expect(bench.text.contains("after 50 iterations") && bench.text.contains("stopped; r begins anew"))
    bench.act(.event(.embedded(wish, Fake.embedding(wish))))
    #expect(!bench.state.mapPane.isUnfinished && bench.state.mapPane.cursor == cursor)
    #expect(!bench.text.contains("iterations"))
    bench.press("p", "p", "r")
    let parts = bench.effects.compactMap { if case .request(.embed(let wish)) = $0 { wish.part } else { nil } }
    #expect(parts.last == .merged)
  }

  @Test("Emotions without a mark of their own have the letters of their own map, whatever corpora there are")
  func letters() throws {
    var bench = Self.map()
    let wish = try #require(MapPane.wish(bench.state))
    let other = CorpusInfo(
      name: "other", path: "/corpora/other", adapter: "emodb", isSynthetic: false,
      emotions: ["jealousy"] + Fake.emotions.dropFirst(), utterances: Fake.corpus().utterances)
    bench.act(.event(.corpora([other, Fake.corpus()])))
    var map = Fake.embedding(wish)
    (map.emotions[0], map.emotions[1]) = ("joy", "jealousy")
    bench.act(.event(.embedded(wish, map)))
    #expect(bench.text.contains("J J joy") && bench.text.contains("E E jealousy"))
    let look = bench.state.look
    #expect(look.mark(of: "jealousy", among: other.emotions) == "J")
    let marks = look.marks(of: map.emotions)
    #expect(map.emotions.map { marks.mark(of: $0) } == ["J", "E", "◆", "▼", "★", "●", "■"])
    #expect(marks.letter(of: "disgust") == "D" && marks.letter(of: "nowhere") == "N")
  }
}
