import Lab
import TUI
import Testing

@Suite("The explain pane")
struct ExplainPaneTests {
  private static func grid() -> Bench {
    var bench = Bench.inTheMiddle(of: .explain)
    // Means want the engine for themselves.
    bench.act(.event(.run(Fake.run("20261124-2210-mel", epochs: 6, status: .finished))))
    bench.press("g g", "h", "h", "h", "h", "h", "h")
    return bench
  }

  @Test("Every emotion of the sentence is looked at, clean and under each attack, and said in words and numbers")
  func whole() throws {
    let bench = Self.grid(), pane = bench.state.explainPane
    #expect(pane.rows.count == 7 && pane.columns.count == 1 + Scrub.gradientAttacks.count)
    #expect(pane.done == pane.total && !pane.isRunning && pane.missing.isEmpty)
    #expect(pane.columns[0].point == nil && pane.columns[1].title == "FGSM")
    let utterances = Set(pane.rows.map(\.utterance))
    #expect(utterances.count == 7)
    let table = try #require(Panes.named(.explain)?.table(bench.state))
    #expect(table.rows.count == pane.total)
    #expect(bench.text.contains("ε 32/255 · features.11 · Grad-CAM++ · evidence for each row's emotion"))
  }

  @Test("A picture whose run has trained on since tells the epoch of its weights")
  func age() throws {
    var bench = Bench.inTheMiddle(of: .attack)
    var explanation = try #require(bench.state.attackPane.shown?.explanation)
    let run = try #require(bench.state.runs.first { $0.id == explanation.request.run })
    let last = try #require(run.epochs.last?.epoch)
    for (epochs, isOlder) in [(last, false), (last - 1, true)] {
      explanation.epochs = epochs
      _ = Reducer.reduce(&bench.state, .key(.enter))
      bench.act(.event(.explained(explanation)))
      #expect(bench.text.contains("weights of epoch \(last - 1), before epoch \(last)") == isOlder)
    }
  }

  @Test("Another layer, class or method asks anew for every cell; what is shown does not")
  func anew() {
    var bench = Self.grid()
    func asked(_ keys: String...) -> [ExplainRequest] {
      let before = bench.effects.count
      for key in keys { bench.press(key) }
      return bench.effects.dropFirst(before).compactMap {
        if case .request(.explain(let request)) = $0 { request } else { nil }
      }
    }
    let all = bench.state.explainPane.total
    #expect(asked("s", "o", "S").isEmpty)
    let nodes = asked("[").map(\.node)
    #expect(nodes.count == all && Set(nodes) == ["features.6"])
    let targets = asked("c").map(\.target)
    #expect(targets.count == all && Set(targets) == [0])
    #expect(Set(asked("a").map(\.method.rawValue)) == ["gradcam"])
  }

  @Test("Marked runs become columns")
  func runs() {
    var bench = Self.grid()
    bench.press("3", "space", "j", "space", "9", "m")
    let pane = bench.state.explainPane
    #expect(pane.columns.count >= 2 && pane.columns.allSatisfy { $0.point == nil })
    #expect(Set(pane.columns.map(\.run)).count == pane.columns.count)
  }

  @Test("Enter leads to the slice under its attack, Backspace back to the cell")
  func opens() {
    var bench = Self.grid()
    bench.press("j", "l", "l", "enter")
    #expect(bench.state.focus == .attack && bench.state.attackPane.attackName == "mi-fgsm")
    #expect(bench.state.viewPane.utterance == bench.state.explainPane.rows[1].utterance)
    bench.press("backspace")
    #expect(bench.state.focus == .explain && bench.state.explainPane.cursor == Point(x: 2, y: 1))
  }

  @Test("Another pane's question takes the place of ours, and coming back goes on")
  func shared() {
    var bench = Self.grid()
    bench.state.explainPane.restart()
    let first = bench.state.explainPane.next()
    #expect(first != nil && bench.state.explainPane.wanted != nil)
    bench.state.show(.corpus)
    bench.act(.event(.explained(Fake.explanation(ExplainRequest(run: "another", utterance: "x")))))
    #expect(bench.state.explainPane.wanted == nil && bench.state.explainPane.isRunning)
    bench.press("9")
    #expect(bench.state.explainPane.done == bench.state.explainPane.total)
  }

  private static func asked(_ effects: [Effect]) -> ExplainRequest? {
    for case .request(.explain(let request)) in effects { return request }
    return nil
  }

  @Test("The attack pane forgets a question whose place ours took, and asks it again when it is looked at")
  func displaced() throws {
    var bench = Self.grid()
    bench.press("l")
    bench.state.explainPane.restart()
    let opened = Reducer.reduce(&bench.state, .key(.enter))
    let question = try #require(Self.asked(opened))
    #expect(bench.state.focus == .attack && bench.state.attackPane.wanted == question)
    let looked = Reducer.reduce(&bench.state, .key(.character("9")))
    #expect(Self.asked(looked) != nil)
    #expect(bench.state.attackPane.wanted == nil && bench.state.attackPane.progress == nil)
    let index = try #require(Panes.order.firstIndex(of: .attack))
    let back = Reducer.reduce(&bench.state, .key(.character(Layout.digit(index))))
    #expect(Self.asked(back) == question && bench.state.attackPane.wanted == question)
    // The answer to the grid's question comes late, and does not take the place of ours.
    bench.act(.event(.explained(Fake.explanation(ExplainRequest(run: question.run, utterance: "x")))))
    bench.act(.event(.explained(Fake.explanation(question))))
    #expect(bench.state.attackPane.wanted == nil)
    #expect(bench.state.attackPane.shown?.explanation.request == question)
  }

  @Test("While a key is held in the attack pane, answers to the questions before leave the newest one alone")
  func neighbours() throws {
    var bench = Bench.inTheMiddle(of: .attack)
    let one = Reducer.reduce(&bench.state, .key(.character("j")))
    let two = Reducer.reduce(&bench.state, .key(.character("j")))
    let first = try #require(Self.asked(one)), second = try #require(Self.asked(two))
    bench.act(.event(.explained(Fake.explanation(first))))
    #expect(bench.state.attackPane.wanted == second)
    bench.act(.event(.explained(Fake.explanation(second))))
    #expect(bench.state.attackPane.wanted == nil)
    #expect(bench.state.attackPane.shown?.explanation.request == second)
  }

  @Test("A take that is too short for the slice is named with the slice that it shows")
  func shorter() throws {
    var bench = Self.grid()
    let pane = bench.state.explainPane
    bench.state.explainPane.begin(
      rows: pane.rows, columns: pane.columns, emotions: pane.emotions, subject: pane.subject, slice: 4)
    let next = bench.state.explainPane.next(), request = try #require(next)
    var explanation = Fake.explanation(request)
    explanation.request.slice = 0
    let isTaken = bench.state.explainPane.take(explanation)
    #expect(!isTaken, "neither the slice nor the last one: an answer to another question")
    explanation.request.slice = explanation.sliceCount - 1
    bench.act(.event(.explained(explanation)))
    #expect(bench.state.explainPane.done == bench.state.explainPane.total)
    #expect(bench.text.contains("slice 3/3"))
    let table = try #require(Panes.named(.explain)?.table(bench.state))
    #expect(table.rows[0][3] == .integer(3) && table.rows[1][3] == .integer(5))
    #expect(table.notes.contains { $0.contains("anger ends with slice 3") })
  }

  @Test("Attacks that were asked for by their settings are the columns, of one sentence and of means")
  func chosen() throws {
    var bench = Self.grid()
    let point = try #require(Scrub.point("fgsm", strength: 8))
    bench.state.explainPane.attacks = [point]
    bench.press("r")
    let points: [AttackPoint?] = [nil, point]
    #expect(bench.state.explainPane.columns.map(\.point) == points)
    #expect(ExplainPane.wish(bench.state)?.attacks == [point])
    #expect(bench.text.contains("ε 8/255"))
  }

  @Test("A failure stops and is said; r goes on behind it")
  func failure() throws {
    var bench = Self.grid()
    bench.state.explainPane.restart()
    let next = bench.state.explainPane.next(), request = try #require(next)
    bench.act(.event(.explainFailed(request, "the engine is busy")))
    #expect(!bench.state.explainPane.isRunning && bench.state.explainPane.done == 1)
    #expect(bench.text.contains("the engine is busy"))
    // Behind the cell that failed first, then that one too.
    bench.press("r")
    #expect(bench.state.explainPane.done == bench.state.explainPane.total && bench.state.explainPane.hasFailures)
    bench.press("r")
    #expect(bench.state.explainPane.done == bench.state.explainPane.total && !bench.state.explainPane.hasFailures)
    // Another run is looked at anew.
    bench.press("3", "j", "9", "r")
    #expect(bench.state.explainPane.columns.first?.run == bench.state.selectedRun?.id)
    var young = Self.grid()
    let fresh = Fake.run("young", epochs: 0, status: .running, isOwn: true)
    young.act(.event(.runs([fresh])))
    young.press("3", "g g", "9")
    #expect(ExplainPane.whyNot(young.state)?.contains("has no weights") == true)
  }

  @Test("Means of each emotion are made when asked for, of the part, layer and method that are chosen")
  func means() throws {
    var bench = Self.grid()
    bench.press("m", "m")
    #expect(bench.state.explainPane.across == .means && bench.state.explainPane.total == 0)
    #expect(bench.text.contains("averages where the network looks over all validation images"))
    bench.press("p", "r")
    func wishes() -> [AttentionWish] {
      bench.effects.compactMap { if case .request(.attend(let wish)) = $0 { wish } else { nil } }
    }
    #expect(wishes().count == 1 && wishes().last?.part == .train)
    #expect(wishes().last?.attacks.map(\.attack) == Scrub.gradientAttacks)
    let pane = bench.state.explainPane
    #expect(pane.rows.map(\.emotion) == [0, 4] && pane.columns.count == 1 + Scrub.gradientAttacks.count)
    #expect(bench.text.contains("90 % right") && bench.text.contains("25 % ρ 0.80"))
    #expect(bench.text.contains("means of 24 slices, train") && bench.text.contains("10 slices"))
    let table = try #require(Panes.named(.explain)?.table(bench.state))
    #expect(table.rows.count == 3 * Scrub.gradientAttacks.count)
    // The emotion whose attention moved most first.
    bench.press("l", "S")
    #expect(bench.state.explainPane.order == [1, 0])
    bench.press("a", "[")
    #expect(wishes().map(\.method.rawValue) == ["gradcam++", "gradcam", "gradcam"])
    #expect(wishes().last?.node == "features.6")
    bench.press("m")
    #expect(bench.state.explainPane.across == .attacks && bench.state.explainPane.means == nil)
    #expect(bench.state.explainPane.rows.count == 7)
  }

  @Test("The cursor stays on its row where the order changes: by S, by another column, by a click")
  func keepsRow() {
    var bench = Self.grid()
    bench.press("m", "m", "r", "g g")
    for _ in 0..<9 { bench.press("h") }
    func cell() -> [Int] {
      let pane = bench.state.explainPane
      return [pane.order[pane.cursor.y], pane.cursor.x, pane.cursor.y]
    }
    bench.press("l")
    #expect(cell() == [0, 1, 0])
    bench.press("S")
    #expect(bench.state.explainPane.order == [1, 0] && cell() == [0, 1, 1])
    bench.press("k")
    #expect(cell() == [1, 1, 0])
    bench.press("h")
    #expect(bench.state.explainPane.order == [0, 1] && cell() == [1, 0, 1])
    bench.state.explainPane.select(Point(x: 1, y: 0))
    #expect(cell() == [0, 1, 1], "where the order before has it")
  }

  @Test("Enter lists the utterances of a mean's emotion, Backspace comes back; progress is told and x stops")
  func meansLead() throws {
    var bench = Self.grid()
    bench.press("m", "m", "r", "g g", "j", "enter")
    #expect(bench.state.focus == .corpus)
    let only = try #require(bench.state.corpusPane.only)
    let corpus = try #require(bench.state.corpora.first { $0.name == only.corpus })
    let all = corpus.utterances.filter { $0.emotion == 4 }.map(\.id)
    #expect(!all.isEmpty && only.utterances == Set(all))
    bench.press("backspace")
    #expect(bench.state.focus == .explain && bench.state.explainPane.cursor.y == 1)
    bench.act(
      .event(.attending(RunProgress(phase: "attention", epoch: 0, done: 30, total: 60, rate: 12, secondsLeft: 2.5))))
    #expect(bench.text.contains("attention") && bench.text.contains("50 %") && bench.text.contains("x stops"))
    bench.press("x")
    #expect(bench.effects.last == .request(.stopSurvey))
    bench.act(.event(.attending(nil)))
    #expect(!bench.text.contains("x stops"))
  }

  @Test("Without an utterance m leaves nothing of the means behind, and nothing is asked about their labels")
  func backFromMeans() {
    var bench = Self.grid()
    bench.press("m", "m", "r")
    #expect(bench.state.explainPane.means != nil)
    bench.state.viewPane = ViewState()
    let before = bench.effects.count
    bench.press("m", "a", "]", "r")
    #expect(bench.state.explainPane.total == 0 && bench.state.explainPane.means == nil)
    let asked = bench.effects.dropFirst(before).contains { if case .request(.explain) = $0 { true } else { false } }
    #expect(!asked)
  }

  @Test("The row that is copied is that of the cell under the cursor")
  func copiedRow() throws {
    var bench = Self.grid()
    let pane = try #require(Panes.named(.explain))
    func row() throws -> [ResultTable.Cell]? {
      try pane.tableRow(bench.state).map { try #require(pane.table(bench.state)).rows[$0] }
    }
    bench.press("j", "j", "l")
    #expect(try row()?[0] == .text(Fake.emotions[2]) && row()?[2] == .text("FGSM"))
    bench.press("m", "m", "r", "g g")
    for _ in 0..<9 { bench.press("h") }
    #expect(try row() == nil, "the clean column has no row")
    bench.press("j", "l", "l")
    let cells = try #require(try row())
    #expect(cells[0] == .text("MI-FGSM") && cells[1] == .text(Fake.emotions[4]))
  }
}
