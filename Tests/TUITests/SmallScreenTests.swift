import Core
import Lab
import TUI
import Testing

@Suite("Paused runs, small screens, no colours, and words")
struct SmallScreenTests {
  private static let id = Bench.runs[0].id

  private func paused(_ width: Int = 80, _ height: Int = 24) -> Bench {
    var run = Bench.runs[0]
    run.status = .paused
    return Bench(width, height, runs: [run] + Bench.runs.dropFirst())
  }

  @Test("A paused run goes on first, so that it reaches the end of its epoch and stops there")
  func pausedRunEnds() {
    let wishes: [Effect] = [
      .request(.control(run: Self.id, .proceed)), .request(.control(run: Self.id, .stopAfterEpoch)),
    ]
    var stopping = paused()
    stopping.press("3")
    let stopped = Reducer.reduce(&stopping.state, .key(.character("E")))
    #expect(stopped == wishes)
    #expect(stopping.state.notice?.text.hasPrefix("goes on, and stops when epoch") == true)
    var leaving = paused()
    _ = Reducer.reduce(&leaving.state, .key(.character("q")))
    let left = Reducer.reduce(&leaving.state, .key(.character("e")))
    let held: [Effect] = [.request(.holdQueue(true))]
    #expect(left == held + wishes)
  }

  @Test("A paused run says what lets it go on")
  func pausedWords() {
    var bench = paused()
    bench.press("3")
    #expect(bench.text.contains("paused; p goes on"))
    #expect(bench.text.contains(" p go on ") && !bench.text.contains(" p pause "))
    bench.press("j")
    #expect(!bench.text.contains(" p go on "))
    var live = Bench()
    live.press("3")
    #expect(live.text.contains(" p pause "))
  }

  @Test("The list of runs tells seeds and what is done, and where more runs are than rows, where in the list it is")
  func listOfRuns() throws {
    func heading(_ bench: Bench) throws -> [Substring] {
      let line = try #require(bench.text.split(separator: "\n").first { $0.contains("status") })
      return line.split { " │┃".contains($0) }
    }
    var bench = Bench()
    bench.press("3")
    let columns = try heading(bench)
    #expect(columns == ["run", "status", "network", "split", "seed", "done", "valid"])
    #expect(!bench.text.contains("┃") && bench.text.contains("  0     6/15  51.9 %│"))
    bench = Bench(runs: (10..<20).map { Fake.run("run-\($0)", epochs: 2, status: .finished) })
    bench.press("3")
    #expect(bench.text.contains(" %┃│") && bench.text.contains(" %││"))
    let scrolled = try heading(bench)
    #expect(scrolled == columns, "the bar takes no column away")
  }

  @Test("Without colours only the selected row of a popup's list is in reverse")
  func mono() {
    var bench = Bench(80, 24, depth: .mono)
    bench.press(":")
    let canvas = bench.canvas
    let rows = (0..<24).filter { y in
      let reversed = (10..<70).count(where: { canvas[$0, y].style.attributes.contains(.reverse) })
      return reversed >= 50
    }
    #expect(rows.count == 1)
  }

  @Test("A question on a small screen shows each answer in a row of its own, and cuts its text")
  func question() {
    var bench = Bench(30, 8)
    bench.press("q")
    for isAsked in [false, true] {
      if isAsked { bench.press("enter") }
      for words in ["s  stop now", "e  finish this", "c  stay"] { #expect(bench.text.contains(words), "\(words)") }
    }
    var fresh = Bench(30, 8)
    fresh.press("q")
    #expect(fresh.text.contains("…"))
  }

  @Test("The last entry of a menu can be seen on a small screen")
  func menu() throws {
    var bench = Bench(30, 5)
    bench.press("1", "e")
    guard case .menu(let menu) = bench.state.modal else {
      Issue.record("e opens no menu")
      return
    }
    #expect(menu.items.count > 3)
    for _ in menu.items { bench.press("down") }
    let last = try #require(menu.items.last)
    #expect(bench.text.contains(last.label.prefix(15)))
  }

  @Test("A theme's description that does not fit ends in an ellipsis")
  func themes() {
    var theme = ThemeFiles.standard
    (theme.name, theme.about) = ("long", "words that are far too many for the box of the themes, to be sure")
    var bench = Bench(80, 24, theme: theme)
    bench.state.modal = .themes(ListState(), before: theme)
    bench.act(.event(.log(Bench.log[0])))
    #expect(bench.text.contains("words that are far too many") && bench.text.contains("…│"))
  }

  @Test("Under a filter Enter goes one row in, and folds nothing")
  func filtered() {
    var bench = Bench()
    bench.press("/")
    bench.type("sad")
    bench.press("enter", "g", "g")
    let (before, unfolded) = (bench.state.corpusPane.list.selection, bench.state.corpusPane.unfolded)
    bench.press("enter")
    #expect(bench.state.corpusPane.list.selection == before + 1)
    #expect(bench.state.corpusPane.unfolded == unfolded)
  }

  @Test("The field that is typed in shows the end of a long text, any other its beginning")
  func longField() {
    var bench = Bench()
    bench.press("t", "down", "down", "down")
    bench.type("splits/of/another/study/fold-7.csv")
    #expect(bench.text.contains("study/fold-7.csv") && !bench.text.contains("splits/of"))
    bench.press("down")
    #expect(bench.text.contains("splits/of") && !bench.text.contains("fold-7.csv"))
  }

  @Test("A number that was taken away is called empty")
  func emptied() {
    var form = WorkForm(Bench().state, corpus: "emodb")
    form.focus = form.shown.firstIndex { form.fields[$0].name == "stride" } ?? 0
    form.edit { $0 = "" }
    #expect(form.problem == "stride is empty")
  }
}
