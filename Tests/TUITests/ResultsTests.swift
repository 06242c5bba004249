import Attacks
import Lab
import TUI
import Testing

@Suite("Results of attacks")
struct ResultsTests {
  /// In the results pane, at the third run, which has results.
  private func bench(_ width: Int = 80, _ height: Int = 24) -> Bench {
    var bench = Bench(width, height)
    bench.press("3", "j", "j", "8")
    return bench
  }

  @Test("A row an attack, with intervals, doubts and the words of the selected one; sorted by any column")
  func table() {
    var bench = bench(160, 40)
    let names = bench.state.resultsPane.rows.map(\.title)
    #expect(names == ["FGSM", "PGD", "Pixle", "Square", "APGD-CE"])
    #expect(bench.text.contains("32/70 done"))
    bench.press("j", "j")
    #expect(bench.text.contains("fewer than noise would"))
    for _ in 0..<60 where bench.state.resultsPane.sort != "success %" { bench.press("s") }
    #expect(bench.state.resultsPane.rows.map(\.title) == ["Pixle", "Square", "FGSM", "PGD", "APGD-CE"])
    bench.press("o")
    #expect(bench.state.resultsPane.rows.map(\.title) == ["PGD", "FGSM", "Square", "Pixle", "APGD-CE"])
    #expect(bench.state.resultsPane.selected?.title == "Pixle", "the selected row stays selected")
    bench.press("S")
    #expect(bench.state.resultsPane.sort == "attacked %")
    bench.press("/", "s", "q", "enter")
    #expect(bench.state.resultsPane.rows.map(\.title) == ["Square"])
  }

  @Test("The paper's numbers stand with their spectrograms, and where the run's are others, with a word about it")
  func spectrograms() throws {
    var bench = bench()
    bench.press("j")
    #expect(bench.state.resultsPane.selected?.title == "PGD")
    #expect(bench.text.contains("the paper, table 2a, linear, Emo-IIT: accuracy 21.51 %, success 72.16 %"))
    let difference =
      "unlike the networks of the paper's table 2a: mel spectrograms for linear, corpus “emodb” for Emo-IIT"
    #expect(bench.text.contains("! unlike the networks of the paper's table 2a: mel spectrograms"))
    let table = try #require(Panes.named(.results)?.table(bench.state))
    let run = try #require(bench.state.selectedRun?.id)
    let told = table.notes.filter { $0 == "\(run): \(difference)" }
    #expect(told.count == 1, "once a run, not once a row")
    #expect(table.notes.contains { $0.contains("tables 2a (linear spectrograms) and 2b") })
  }

  @Test("A note that is not true of all rows names the run, or the attacks, that it is true of; so does plain mode")
  func notes() throws {
    let sentence = "the sound files are no longer those it was trained on"
    func results(_ run: String, _ noted: [String]) -> RunResults {
      let reports = ["fgsm", "pgd"].compactMap { attack in
        Fake.report(run, attack, wrong: 40, note: noted.contains(attack) ? sentence : nil)
      }
      return RunResults(run: run, reports: reports, partial: [])
    }
    var bench = bench()
    let runs = bench.state.runs.map(\.id), known = [results(runs[2], ["fgsm", "pgd"]), results(runs[3], ["pgd"])]
    func told(_ bench: Bench) throws -> [String] {
      try #require(Panes.named(.results)?.table(bench.state)).notes.filter { $0.contains(sentence) }
    }
    bench.act(.event(.results(known)))
    let one = try told(bench)
    #expect(one == [sentence])
    bench.press("a")
    let all = try told(bench)
    #expect(all == ["\(runs[2]): \(sentence)", "\(runs[3]): PGD ε 32/255 (valid): \(sentence)"])
    var mode = PlainMode(bench.state)
    _ = mode.answer("results \(runs[3])")
    let lines = mode.hear(.results(known))
    #expect(lines.filter { $0.contains(sentence) } == ["PGD ε 32/255 (valid): \(sentence)"])
  }

  @Test("All runs, the next run with results, and the table that files get")
  func scope() throws {
    var bench = bench()
    let one = bench.state.resultsPane.rows.count
    bench.press("a")
    #expect(bench.state.resultsPane.rows.count == 3 * one)
    bench.press("]")
    #expect(!bench.state.resultsPane.showsAll && bench.state.resultsPane.rows.count == one)
    #expect(bench.state.selectedRun?.id == bench.state.runs[3].id)
    bench.press("[")
    #expect(bench.state.selectedRun?.id == bench.state.runs[2].id)
    let table = try #require(Panes.named(.results)?.table(bench.state))
    #expect(table.rows.count == one)
    for format in ResultTable.Format.allCases { #expect(table.rendered(format).contains("Pixle")) }
    #expect(table.rendered(.markdown).contains("doubt, Pixle"))
    // The same attack on two checkpoints, or by two seeds, is told apart; FGSM draws nothing.
    let lines = table.rendered(.csv).split(separator: "\n"), names = lines[0].split(separator: ",")
    #expect(names.suffix(4).map(String.init) == ["checkpoint", "split", "seed", "attack seed"])
    let partial = try #require(lines.first { $0.hasPrefix("APGD-CE,") })
    #expect(partial.hasSuffix(",last,utterance,\(bench.state.runs[2].job.seed),0"))
    #expect(lines.contains { $0.hasPrefix("FGSM,") && $0.hasSuffix(",") })
  }

  @Test("The CSVs of pictures tell of which run, part, weights and attack their rows are")
  func provenance() throws {
    func csv(_ pane: PaneID, _ change: (inout Bench) -> Void = { _ in }) throws -> (head: Substring, row: Substring) {
      var bench = Bench.inTheMiddle(of: pane)
      change(&bench)
      let table = try #require(Panes.named(pane)?.table(bench.state))
      let lines = table.rendered(.csv).split(separator: "\n")
      return (lines[0], try #require(lines.last))
    }
    let ends = ",run,part,checkpoint,split,seed"
    let attack = try csv(.attack) { $0.press("enter") }
    #expect(attack.head.hasPrefix("emotion,clean,FGSM ε 32/255,utterance,slice,attack,") && attack.head.hasSuffix(ends))
    #expect(attack.row.contains(",FGSM (ε 32/255),") && attack.row.contains(",last,"))
    for pane in [PaneID.map, .explain] {
      let table = try csv(pane) { if pane == .map { $0.press("r") } }
      #expect(table.head.hasSuffix(ends) && table.row.contains(",last,"), "\(pane)")
    }
    let confusion = try csv(.confusion)
    #expect(confusion.head.hasSuffix(",cells,matrix,checkpoint,run,part,split,seed"))
    #expect(confusion.row.contains(",counts,clean,epoch ") && confusion.row.contains(",valid,"))
  }

  @Test(
    "Enter opens the slices, Enter again the attack pane at that slice under that attack; Backspace goes back twice")
  func drill() throws {
    var bench = bench()
    bench.press("j", "enter")
    for slice in bench.state.resultsPane.sliceRows { #expect(slice.isFlipped) }
    #expect(bench.state.resultsPane.slices?.slices.count == 70)
    let flipped = bench.state.resultsPane.sliceRows.count
    bench.press("f")
    #expect(bench.state.resultsPane.sliceRows.count == 70 - flipped)
    bench.press("f", "/", "s", "a", "d", "enter")
    #expect(bench.state.resultsPane.sliceRows.count < 70 && !bench.state.resultsPane.sliceRows.isEmpty)
    bench.press("/", "ctrl-u", "enter", "j")
    let slice = try #require(bench.state.resultsPane.selectedSlice)
    bench.press("enter")
    #expect(bench.state.focus == .attack && bench.state.viewPane.utterance == slice.utterance)
    let shown = try #require(bench.state.attackPane.shown?.explanation.request)
    #expect(shown.adversarialSet == "pgd-32-valid-0123abcd" && shown.slice == slice.slice)
    bench.press("backspace")
    #expect(bench.state.focus == .results && bench.state.resultsPane.opened != nil)
    bench.press("v")
    #expect(bench.state.focus == .view && bench.state.viewPane.slice == slice.slice)
    bench.press("backspace", "backspace")
    #expect(bench.state.focus == .results && bench.state.resultsPane.opened == nil)
  }

  @Test("A form attacks a whole part; progress, pause, stop and going on")
  func attack() throws {
    var bench = bench()
    bench.press("A")
    let form = try openForm(bench)
    #expect(form.value("attack") == "fgsm" && form.cost != nil && bench.text.contains("Attack 20261122"))
    // FGSM reads ε alone; PGD its α and steps too, with its own defaults.
    let rows = form.shown.count
    bench.press("right", "right", "right")
    let other = try openForm(bench)
    #expect(other.value("attack") == "pgd" && other.shown.count > rows && other.value("steps") == "2")
    bench.press("down", "8", "/", "2", "5", "5", "enter")
    let wish = try askedAttack(bench)
    #expect(wish.point.attack == "pgd" && wish.point.settings.epsilon == 8.0 / 255 && wish.part == .valid)
    #expect(bench.state.focus == .results && bench.text.contains("24/70") && bench.text.contains("12.3/s"))
    bench.press("p")
    #expect(lastRequest(bench) == .controlAttack(.pause))
    bench.press("q")
    #expect(bench.state.modal != nil, "leaving asks first")
    bench.press("c", "x", "s")
    #expect(lastRequest(bench) == .controlAttack(.stopNow))
    #expect(bench.state.resultsPane.attacking == nil)
    bench.press("G", "r")
    let again = try askedAttack(bench)
    #expect(again.point.attack == "apgd-ce" && again.part == .valid)
  }

  private func openForm(_ bench: Bench) throws -> WorkForm {
    let form: WorkForm? = if case .form(let form) = bench.state.modal { form } else { nil }
    return try #require(form)
  }

  private func askedAttack(_ bench: Bench) throws -> AttackWish {
    let wish: AttackWish? = if case .attack(let wish) = lastRequest(bench) { wish } else { nil }
    return try #require(wish)
  }

  private func trained(_ bench: Bench) -> Job? {
    if case .train(let job) = lastRequest(bench) { job } else { nil }
  }

  private func lastRequest(_ bench: Bench) -> Request? {
    bench.effects.reversed().lazy.compactMap { effect -> Request? in
      if case .request(let request) = effect { request } else { nil }
    }.first
  }

  @Test("The attack pane follows the run's stride and says in one sentence what is of another corpus")
  func subject() throws {
    var bench = Bench(100, 40)
    bench.press("j", "enter", "j", "enter", "j", "j", "enter", "3", "j", "j", "7")
    // The view at 250 ms, slice 4 (1 s in), is the run's slice 2 at 500 ms.
    bench.state.viewPane.stride = 250
    bench.state.viewPane.slice = 4
    bench.press("enter")
    #expect(bench.state.attackPane.shown?.explanation.request.slice == 2)
    bench.press(",")
    #expect(bench.state.attackPane.shown?.explanation.request.slice == 1)
    #expect(bench.state.viewPane.stride == 500 && bench.state.viewPane.slice == 1)
    _ = bench.state.viewPane.show(corpus: "samples", utterance: "03a00Wa")
    bench.press("enter")
    #expect(bench.state.notice?.text.contains("was trained on emodb") == true)
    #expect(bench.text.contains("was trained on emodb"))
  }

  @Test("Pixle has no ε; what takes long shows how far it is and can be stopped; the overlay darkens")
  func scrubber() throws {
    var bench = Bench(100, 40)
    bench.press("j", "enter", "j", "enter", "j", "j", "enter", "3", "j", "j", "7", "enter")
    while bench.state.attackPane.attackName != "pixle" { bench.press("j") }
    #expect(!Frame.draw(bench.state).text.contains("Pixle ε"))
    bench.press("[")
    #expect(bench.state.attackPane.point == nil)
    bench.press("]")
    #expect(bench.state.attackPane.point?.attack == "pixle")
    let plain = bench.canvas
    bench.press("o", "o")
    #expect(bench.canvas.text == plain.text && bench.canvas.cells != plain.cells)
    bench.press("o", "o", "o")
    #expect(bench.canvas.cells == plain.cells)
    // An answer that does not come at once.
    let request = try #require(bench.state.attackPane.shown?.explanation.request)
    bench.state.attackPane.wanted = request
    let progress = RunProgress(phase: "Square", epoch: 0, done: 50, total: 200, rate: 10, secondsLeft: 15)
    bench.act(.event(.explaining(request, progress)))
    #expect(bench.text.contains("25 %") && bench.text.contains("0:15 left"))
    bench.press("x")
    #expect(lastRequest(bench) == .stopExplaining)
    bench.act(.event(.explainFailed(request, "the attack was stopped")))
    #expect(bench.text.contains("was stopped"))
  }

  @Test("Plain mode tells results with intervals and doubts, and starts, costs and stops attacks")
  func plain() throws {
    var mode = PlainMode(bench().state)
    let run = Bench.runs[2].id
    let answer = mode.answer("results \(run)")
    #expect(answer.requests == [.loadResults])
    let lines = mode.hear(.results(Fake.results(mode.state.runs)))
    #expect(lines.contains { $0.hasPrefix("PGD, ε 32/255") && $0.contains("(") && $0.contains("success") })
    #expect(lines.contains { $0.contains("doubt: ") } && lines.contains { $0.contains("32 of 70 slices are done") })
    let started = mode.answer("attack \(run) attack=pgd eps=8/255 steps=5 slices=64")
    guard case .attack(let wish) = started.requests.first else { Issue.record("no attack"); return }
    #expect(wish.run == run && wish.point.settings.epsilon == 8.0 / 255 && wish.limit == 64)
    #expect(wish.point.settings.steps == 5 && wish.point.attack == "pgd")
    #expect(mode.answer("cost \(run) attack=square").requests.count == 1)
    #expect(mode.answer("attack \(run) speed=1").lines.first?.contains("is no setting") == true)
    #expect(mode.answer("halt").lines == ["nothing is being attacked"])
    _ = mode.hear(.attacking(Fake.attackStatus(wish)))
    #expect(mode.answer("halt").requests == [.controlAttack(.stopNow)])
  }

  @Test("In plain mode the order of the settings means nothing, and one that the attack does not read is refused")
  func plainSettings() throws {
    func answer(_ words: String) -> PlainMode.Answer {
      var mode = PlainMode(bench().state)
      return mode.answer("attack \(Bench.runs[2].id) \(words)")
    }
    func asked(_ words: String) throws -> AttackWish {
      let wish: AttackWish? = if case .attack(let wish) = answer(words).requests.first { wish } else { nil }
      return try #require(wish)
    }
    let last = try asked("eps=8/255 seed=5 steps=3 attack=pgd")
    let first = try asked("attack=pgd steps=3 seed=5 eps=8/255")
    #expect(last == first && last.point.attack == "pgd" && last.point.settings.epsilon == 8.0 / 255)
    #expect(last.point.settings.steps == 3 && last.seed == 5 && last.point.settings.seed == 5)
    let square = try asked("eps=10 norm=l2 attack=square").point.settings
    #expect(square.norm == .l2 && square.epsilon == 10)
    #expect(try asked("norm=l2 attack=square").point.settings.epsilon == 5)
    let refused = answer("steps=5 attack=fgsm")
    #expect(refused.requests.isEmpty)
    #expect(refused.lines == ["FGSM does not read steps; it reads attack, ε, part, slices, seed, keep-images"])
  }

  @Test("Another norm in the form brings an ε of its own")
  func formsNorm() throws {
    let square = AttackPoint(attack: "square", settings: try Attacks.named("square").defaults)
    var form = WorkForm(attacking: AttackWish(run: "r", point: square))
    while form.focused?.name != "norm" { form.move(1) }
    let before = form.value("ε")
    func offered(_ form: WorkForm) -> [String] {
      guard case .choice(let options, allowsOther: true)? = form.fields.first(where: { $0.name == "ε" })?.kind else {
        return []
      }
      return options
    }
    let levels = ["8/255", "16/255", "32/255", "64/255", "128/255", "196/255"]
    #expect(offered(form) == levels, "the paper's")
    form.change(1)
    #expect(form.value("norm") == "l2" && form.value("ε") == "5")
    #expect(offered(form) == ["1", "2", "5", "10"])
    form.change(1)
    #expect(form.value("norm") == "linf" && form.value("ε") == before)
    #expect(offered(form) == levels)
  }

  @Test("The trainer's options are hidden until they are wanted, and none that is set is forgotten")
  func trainerOptions() throws {
    var bench = Bench(80, 40)
    bench.press("t")
    let form = try openForm(bench)
    let hidden = form.shown.count
    #expect(!bench.text.contains("schedule  ") && hidden < form.fields.count)
    bench.press("up", "right", "down", "down", "down", "down", "right", "right")
    let open = try openForm(bench)
    #expect(open.shown.count == form.fields.count && open.job?.options?.schedule == "linear")
    for field in open.fields where field.isFurther { #expect(JobFields.named(field.name) != nil) }
    bench.press("down", "2", "down", "1")
    let set = try openForm(bench)
    #expect(set.job?.options?.warmup == 2 && set.job?.options?.clip == 1)
    bench.press("up", "up", "up", "up", "up", "up", "left")
    #expect(try openForm(bench).furtherWords == "schedule linear, warm-up 2, clip 1")
    #expect(bench.text.contains("schedule linear"))
    bench.press("enter")
    let job = try #require(trained(bench))
    #expect(job.options?.warmup == 2 && job.weights == .automatic)
  }

  @Test("Of all runs, A attacks the run of the row, with its settings; without a row, with the attack pane's")
  func attacksTheRowsRun() throws {
    var bench = Bench.inTheMiddle(of: .results)
    if !bench.state.resultsPane.showsAll { bench.press("a") }
    bench.press("G")
    let row = try #require(bench.state.resultsPane.selected)
    let other = bench.state.runs.first { $0.id != row.run }
    bench.state.trainingPane.run = other?.id
    bench.state.trainingPane.list.selection = bench.state.runs.firstIndex { $0.id == other?.id } ?? 0
    bench.press("A")
    guard case .form(let form) = bench.state.modal else { Issue.record("there is no form"); return }
    #expect(form.attacked == row.run && form.attacked != bench.state.selectedRun?.id)
  }

  @Test(
    "The attack pane is titled by what it shows, says how far its steps reach, and asks again when the engine is free")
  func titled() throws {
    var bench = Bench.inTheMiddle(of: .attack)
    let title = try #require(Panes.named(.attack)).title
    let shown = try #require(bench.state.attackPane.shown?.explanation.request.attack)
    bench.state.attackPane.turn(1)
    #expect(title(bench.state).contains(Scrub.words(shown)), "nothing else was asked for yet")
    bench.press("enter")
    let now = try #require(bench.state.attackPane.point)
    #expect(now.attack != shown.attack && title(bench.state).contains(Scrub.words(now)))
    // ε 32/255, two steps of 4/255 without a random start; PGD has one.
    #expect(Scrub.reach(AttackPoint(attack: "mi-fgsm", settings: AttackSettings())) == "its steps reach 8/255")
    let pgd = try Attacks.named("pgd")
    #expect(Scrub.reach(AttackPoint(attack: "pgd", settings: pgd.defaults)) == nil)
    bench.state.attackPane.fail(LabError.engineBusy.description)
    let before = bench.effects.count
    bench.act(.event(.engineFree))
    #expect(bench.effects.count > before && bench.state.attackPane.failure == nil)
  }
}
