import Core
import Foundation
import Lab
import Pipeline
import TUI
import Testing

@Suite("What a user does")
struct FlowTests {
  private func requests(_ bench: Bench) -> [Request] {
    bench.effects.compactMap { if case .request(let request) = $0 { request } else { nil } }
  }

  @Test("Choosing an utterance asks for its waveform and picture, and shows both")
  func choose() {
    var bench = Bench()
    bench.press("j", "enter", "j", "enter", "j")
    let first = requests(bench)
    #expect(first.count == 2)
    #expect(first.contains { if case .openUtterance("emodb", "03a00Wa") = $0 { true } else { false } })
    #expect(bench.state.viewPane.picture != nil && bench.state.viewPane.waveform != nil)
    bench.press("j", "k")
    #expect(requests(bench).count == 6, "two each for there and back")
    bench.press("enter")
    #expect(bench.state.focus == .view)
    #expect(requests(bench).count == 6, "what is shown already is not asked for again")
    bench.press("backspace")
    #expect(bench.state.focus == .corpus)
  }

  @Test("A late answer to an old question is dropped")
  func stale() throws {
    var bench = Bench.inTheMiddle(of: .view)
    let old = try #require(bench.state.viewPane.picture)
    bench.press("f")
    let shown = bench.state.viewPane.picture?.request
    #expect(shown?.transform == bench.state.viewPane.transform)
    bench.act(.event(.picture(old)))
    #expect(bench.state.viewPane.picture?.request == shown)
  }

  @Test("A slice beyond the last is answered by the last, and that is then where we are")
  func beyond() throws {
    var bench = Bench.inTheMiddle(of: .view)
    bench.state.viewPane.slice = 900
    var request = bench.state.viewPane.wanted
    #expect(bench.state.viewPane.isStale)
    request.slice = 6
    let picture = Fake.picture(request, seconds: 1.6)
    try #require(picture.sliceCount == 7)
    bench.act(.event(.picture(picture)))
    #expect(bench.state.viewPane.slice == request.slice && !bench.state.viewPane.isStale)
  }

  @Test("Each stage and transform can be reached by one key, the augmented one with its seed")
  func stages() {
    var bench = Bench.inTheMiddle(of: .view)
    var seen: [Stage] = []
    for _ in Stage.allCases {
      seen.append(bench.state.viewPane.stage)
      bench.press("s")
    }
    #expect(Set(seen) == Set(Stage.allCases))
    bench.press("a")
    #expect(bench.text.contains("seed 0"))
    bench.press("a")
    #expect(bench.text.contains("seed 1"))
    #expect(bench.state.viewPane.picture?.request.augmentSeed == 1)
    let transforms = (0..<4).map { _ in
      bench.press("f")
      return bench.state.viewPane.transform
    }
    #expect(Set(transforms) == ["linear", "mel", "cqt", "mfcc"])
  }

  @Test("The cursor reads out time, frequency and value; in jet stages the index")
  func reading() throws {
    var bench = Bench.inTheMiddle(of: .view)
    let before = try #require(bench.state.viewPane.reading)
    bench.press("l")
    let after = try #require(bench.state.viewPane.reading)
    #expect(after.time > before.time && after.row == before.row)
    bench.press("k")
    #expect(try #require(bench.state.viewPane.reading).row > after.row)
    #expect(after.value.hasSuffix("dB"))
    bench.press("s", "s")
    #expect(try #require(bench.state.viewPane.reading).value.hasPrefix("index"))
    bench.press("$", "G")
    let corner = try #require(bench.state.viewPane.reading)
    #expect(corner.row < 1 && corner.time > 0.99)
  }

  @Test("t opens the form, arrows and digits change it, Enter sends the job")
  func train() {
    var bench = Bench(runs: Array(Bench.runs.dropFirst()))
    bench.press("t")
    #expect(bench.text.contains("learning rate"))
    bench.press(
      "down", "right", "down", "right", "down", "down", "right", "down", "ctrl-u", "3", "tab", "tab", "right")
    func field() -> String? { if case .form(let form) = bench.state.modal { form.focused?.name } else { nil } }
    for _ in 0..<20 where field() != "slices" { bench.press("tab") }
    bench.press("right", "enter")
    guard case .train(let job) = requests(bench).last else { Issue.record("no job"); return }
    #expect(job.corpus == "emodb" && job.transform == "cqt" && job.model == "alexnet")
    #expect(job.strideMilliseconds == 1000 && job.epochs == 3 && job.learningRate == 2e-4)
    #expect(job.limit == 64 && job.seed == 0 && job.augment == "specaugment")
    #expect(bench.state.focus == .training)
    #expect(bench.state.selectedRun?.id == "20261124-alexnet", "the new run is selected")
  }

  @Test("A form with nonsense starts nothing and says what is wrong")
  func nonsense() {
    var bench = Bench()
    bench.press("t", "down", "down", "down", "down", "down", "backspace", "backspace", "0", "enter")
    #expect(!requests(bench).contains { if case .train = $0 { true } else { false } })
    #expect(bench.text.contains("epochs of 0 is out of range: it must be 1 to 100000"))
    bench.press("ctrl-g")
    #expect(bench.state.modal == nil)
    var empty = Bench(corpora: [], runs: [])
    empty.press("t")
    #expect(empty.state.modal == nil)
  }

  @Test("A split may be a file's path")
  func split() {
    var bench = Bench()
    bench.press("t", "down", "down", "down")
    bench.type("splits/my own.csv")
    bench.press("enter")
    guard case .train(let job) = requests(bench).last else { Issue.record("no job"); return }
    #expect(job.split == "splits/my own.csv")
  }

  @Test("q asks while a run of ours is live, waits until it is saved, and leaves")
  func quit() {
    var bench = Bench()
    bench.press("q", "c")
    #expect(bench.state.modal == nil && bench.effects.isEmpty)
    bench.press("q", "s")
    #expect(requests(bench) == [.holdQueue(true), .control(run: Bench.runs[0].id, .stopNow)])
    #expect(bench.effects.last == .leave(.quit), "the fake run stopped at once")
    var foreign = Bench(runs: [Fake.run("theirs", epochs: 2, status: .running)])
    foreign.press("q")
    #expect(foreign.effects == [.leave(.quit)], "a run of another process goes on without us")
  }

  @Test("Between Enter and the run's first word q asks too")
  func quitEarly() {
    var bench = Bench(runs: [])
    bench.press("t")
    _ = Reducer.reduce(&bench.state, .key(.enter))
    #expect(bench.state.trainingPane.awaitsNew)
    #expect(Reducer.reduce(&bench.state, .key(.character("q"))).isEmpty)
    #expect(Frame.draw(bench.state).text.contains("about to begin"))
    #expect(Reducer.reduce(&bench.state, .key(.character("s"))) == [.leave(.quit)])
  }

  @Test("A second training waits for its turn, and what waits is shown, moved and taken out")
  func queue() {
    var bench = Bench()
    bench.press("t", "enter")
    #expect(bench.state.notice?.text.contains("queued") == true && !bench.state.trainingPane.awaitsNew)
    var queue = RunQueue()
    for name in ["a", "b"] { queue.append(.resume(run: name)) }
    bench.act(.event(.queue(queue)))
    #expect(bench.text.contains("2 wait"))
    bench.press("w")
    #expect(bench.text.contains("resume b") && bench.text.contains("begins when the live run ends"))
    bench.press("j", "K")
    #expect(requests(bench).last == .queue(.advance(2)))
    queue.obey(.advance(2))
    bench.act(.event(.queue(queue)))
    bench.press("x", "t")
    #expect(requests(bench).last == .queue(.remove(2)), "the selection went along")
    bench.press("esc", "q")
    guard case .confirm(let question) = bench.state.modal else { Issue.record("no question"); return }
    #expect(question.text.contains("2 more wait and will be kept"))
  }

  @Test("What is typed first into a field replaces what was there; Backspace mends it")
  func replace() {
    var bench = Bench(runs: [])
    bench.press("t", "down", "down", "down", "down", "down", "3", "0")
    guard case .form(let form) = bench.state.modal else { Issue.record("no form"); return }
    #expect(form.value("epochs") == "30")
    bench.press("up", "down", "backspace", "5")
    guard case .form(let mended) = bench.state.modal else { Issue.record("no form"); return }
    #expect(mended.value("epochs") == "35")
    #expect(mended.estimate?.seconds == 180 && mended.job?.epochs == 35 && mended.asked == mended.work)
  }

  @Test("A sentence that is longer than the footer is shown whole")
  func longNotice() {
    var bench = Bench()
    let sentence = (0..<30).map { "word\($0)" }.joined(separator: " ")
    bench.act(.event(.failed(sentence)))
    #expect(bench.text.contains("word0 ") && bench.text.contains("word29"))
  }

  @Test("A command that cannot be used says why")
  func whyNot() {
    var bench = Bench(corpora: [], runs: [Fake.run("done", epochs: 3, status: .finished)])
    bench.press("3", "p")
    #expect(bench.text.contains("done is finished, not being trained"))
    bench.press("t")
    #expect(bench.text.contains("quaver corpus add PATH"))
    bench.press("1", "v")
    #expect(bench.text.contains("nothing is marked"))
  }

  @Test("Leaving waits for the run, a second q does not")
  func impatient() {
    var bench = Bench()
    bench.state.modal = nil
    _ = Reducer.reduce(&bench.state, .key(.character("q")))
    #expect(
      Reducer.reduce(&bench.state, .key(.character("e"))) == [
        .request(.holdQueue(true)), .request(.control(run: Bench.runs[0].id, .stopAfterEpoch)),
      ])
    #expect(bench.state.isLeaving)
    #expect(Frame.draw(bench.state).text.contains("saving"))
    #expect(Reducer.reduce(&bench.state, .key(.character("j"))).isEmpty)
    #expect(Reducer.reduce(&bench.state, .key(.character("q"))) == [.leave(.quit)])
  }

  @Test("Pause, continue, stop after the epoch, stop now, resume reach the backend")
  func control() {
    var bench = Bench()
    bench.press("3", "p", "p", "E")
    let id = Bench.runs[0].id
    #expect(
      requests(bench) == [
        .control(run: id, .pause), .control(run: id, .proceed), .control(run: id, .stopAfterEpoch),
      ])
    bench.press("r")
    #expect(requests(bench).last == .resume(run: Bench.runs[0].id))
    bench.press("x", "s")
    #expect(requests(bench).last == .control(run: Bench.runs[0].id, .stopNow))
  }

  @Test("A filter keeps what matches, unfolds it, counts it; cancelling brings the old one back")
  func filter() {
    var bench = Bench()
    bench.press("/")
    bench.type("Sadness 05")
    let rows = bench.state.corpusPane.rows.filter { if case .utterance = $0 { true } else { false } }
    #expect(rows.count == 2, "one speaker of each corpus")
    bench.press("enter", "n")
    #expect(bench.state.viewPane.utterance.hasPrefix("05a"))
    bench.press("/", "x", "x", "ctrl-g")
    #expect(bench.state.corpusPane.filter == "Sadness 05")
    bench.press("/", "ctrl-u", "enter")
    #expect(bench.state.corpusPane.matches == nil)
    bench.press("/")
    bench.type("zzz")
    #expect(bench.text.contains("Nothing contains"))
    bench.press("ctrl-u")
    bench.type("^0[35]A00.* (fear|SADNESS) ")
    let found = bench.state.corpusPane.rows.filter { if case .utterance = $0 { true } else { false } }
    #expect(found.count == 8, "a regular expression: two speakers, two emotions, two corpora")
    bench.press("ctrl-u")
    bench.type("fear(")
    #expect(bench.text.contains("Nothing contains"), "what is no expression yet is taken as words")
  }

  @Test("Synthetic speech is said to be so, wherever it is")
  func synthetic() {
    var bench = Bench(110, 24, corpora: [Fake.corpus("samples", utterances: 35, isSynthetic: true)])
    #expect(bench.text.contains("samples (synthetic)"))
    bench.press("j", "enter", "j", "enter", "j", "enter")
    #expect(bench.text.contains("synthetic speech"))
  }

  @Test("Numbers are shown with split and seed, leakage is said, no number is a number that is not one")
  func honest() {
    var run = Fake.run("nan", epochs: 5, status: .failed)
    (run.epochs[2].trainLoss, run.epochs[3].validLoss, run.epochs[4].validAccuracy) = (.nan, .infinity, .nan)
    var bench = Bench(120, 40, runs: [run])
    bench.press("3", "z")
    let text = bench.text
    for words in [
      "split utterance", "seed 0", "speakers are in both parts", "no finite number in epoch 3, 4", "NaN", "✕", "↑",
      "disk is full",
    ] {
      #expect(text.contains(words), "\(words) is missing")
    }
    bench.press("enter")
    #expect(bench.text.contains("split utterance · seed 0"))
  }

  @Test("Pictures that are empty, broken or not finite draw")
  func broken() {
    for values: [Float] in [[], [.nan, .nan, .nan, .nan], [.infinity, -.infinity, 0, 1], [1]] {
      for rung in GlyphRung.allCases {
        var bench = Bench(rung: rung)
        bench.press("j", "enter", "j", "enter", "j", "enter")
        let request = bench.state.viewPane.wanted
        bench.act(
          .event(
            .picture(
              Picture(
                request: request,
                slice: RenderedSlice(
                  rows: 2, columns: 2, content: .scalar(values, unit: "dB", range: 0...0), time: 0...0, rowValues: [],
                  rowUnit: "Hz", sliceCount: 0)))))
        bench.press("l", "k", "s", ".")
        bench.act(.event(.waveform(Waveform(corpus: "emodb", utterance: request.utterance, samples: values))))
        #expect(bench.text.contains("View"))
      }
    }
  }

  @Test("Nothing at all is explained")
  func empty() {
    var bench = Bench(corpora: [], runs: [], log: [])
    #expect(bench.text.contains("No corpus yet"))
    for number in 1...5 {
      bench.press("\(number)", "j", "k", "G", "g g", "enter", "l", "h")
      _ = bench.text
    }
    var hollow = Bench(corpora: [Fake.corpus("hollow", utterances: 0)], runs: [])
    hollow.press("j", "enter", "E", "t")
    #expect(hollow.text.contains("Train"))
  }

  @Test("A hundred thousand utterances scroll, filter and draw only what is seen")
  func large() {
    var bench = Bench(120, 40, corpora: [Fake.corpus("big", utterances: 100_000)])
    bench.press("E", "G")
    #expect(bench.state.corpusPane.rows.count > 100_000)
    let clock = ContinuousClock()
    let scrolled = clock.measure { for _ in 0..<200 { _ = Reducer.reduce(&bench.state, .key(.up)); _ = bench.canvas } }
    let filtered = clock.measure {
      bench.press("/"); bench.type("07a123")
    }
    print("100 000 utterances: \(scrolled / 200) a key with its frame, \(filtered) to filter")
    #expect(bench.state.corpusPane.rows.count < 100)
    #expect(bench.state.corpusPane.list.visible(count: 100_000, height: 38).count == 38)
  }

  @Test("The selection stays on its run when others come")
  func selection() {
    var bench = Bench()
    bench.press("3", "j", "j")
    let selected = bench.state.selectedRun?.id
    bench.act(.event(.run(Fake.run("another", epochs: 1, status: .running))))
    #expect(bench.state.selectedRun?.id == selected)
    bench.act(.event(.runs(Array(Bench.runs.reversed()))))
    #expect(bench.state.selectedRun?.id == selected)
  }

  @Test("A run is removed after a question, and never while it is live")
  func removes() throws {
    var bench = Bench()
    bench.press("3", "D")
    #expect(bench.state.modal == nil && bench.text.contains("stop it first"))
    bench.press("j", "D")
    let run = try #require(bench.state.selectedRun?.id)
    #expect(bench.text.contains("Remove \(run)?"))
    bench.press("c")
    #expect(bench.effects.isEmpty)
    bench.press("D", "r")
    #expect(bench.effects.contains(.request(.removeRun(run))) && !bench.state.runs.contains { $0.id == run })
  }

  @Test("A theme is seen while choosing and taken back when cancelled")
  func themes() {
    var bench = Bench(
      theme: Theme(
        name: "other", about: "", roles: [.text: ThemeStyle(attributes: .bold)], emotions: [:], colormap: "magma"))
    bench.press("T", "k")
    #expect(bench.state.look.theme.name == "dark")
    bench.press("ctrl-g")
    #expect(bench.state.look.theme.name == "other")
    bench.press("T", "k", "enter")
    #expect(bench.state.look.theme.name == "dark")
  }

  @Test("Clicks go to tabs, panes, rows and the cursor")
  func mouse() {
    var bench = Bench(160, 48)
    bench.press("j", "enter", "j", "enter", "j", "j")
    func click(_ x: Int, _ y: Int) -> Action { .mouse(MouseEvent(kind: .press, point: Point(x: x, y: y))) }
    let tabs = Layout(bench.state).tabs(bench.state)
    bench.act(click(tabs[3].x + 1, 0))
    #expect(bench.state.focus == .confusion)
    bench.act(click(5, 4))
    #expect(bench.state.focus == .corpus && bench.state.corpusPane.list.selection == 2)
    let view = Layout(bench.state).rect(of: .view) ?? Rect(x: 0, y: 0, width: 0, height: 0)
    let before = bench.state.viewPane.cursor
    bench.act(click(view.x + view.width / 3, view.y + view.height * 2 / 3))
    #expect(bench.state.focus == .view && bench.state.viewPane.cursor != before)
    bench.act(.mouse(MouseEvent(kind: .wheelDown, point: Point(x: view.x + 5, y: view.y + 5))))
    #expect(MouseEvent(sgr: "0;12;7M") == MouseEvent(kind: .press, point: Point(x: 11, y: 6)))
    #expect(MouseEvent(sgr: "65;400;7M")?.kind == .wheelDown)
    for bad in ["0;12;7m", "", "M", "0;0;1M", ";;M", "9;9;9;9M", "0;x;1M"] { #expect(MouseEvent(sgr: bad) == nil) }
  }
}
