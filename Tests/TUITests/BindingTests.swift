import Core
import Lab
import TUI
import Testing

@Suite("Bindings")
struct BindingTests {
  static let paneNames = Panes.all.map(\.id.name)

  /// Situations in which a binding does something, for the few that the middle of things leaves without effect.
  private static func bench(for binding: Binding, in pane: PaneID) -> Bench {
    var bench = Bench.inTheMiddle(of: pane)
    switch binding.id {
    case "training.pause", "training.stop", "training.stop-after-epoch": bench.press("g g")
    case "log.follow": bench.press("k")
    case "global.next-match", "global.previous-match":
      bench.press("/", "1", "enter", "k", "k")
      if pane == .results { bench.press("j") }
    case "global.theme":
      bench.state.themes.append(Theme(name: "other", about: "", roles: [:], emotions: [:], colormap: "magma"))
    case "global.back": bench.press("z", "tab")
    case "corpus.unmark", "corpus.beside", "training.unmark": bench.press("space")
    case "corpus.all":
      bench.state.corpusPane.only = CorpusState.Selection(title: "x", corpus: "emodb", utterances: ["03a00Wa"])
      bench.state.corpusPane.search(bench.state.corpora)
    case "view.zoom-out", "view.zoom-rows-out", "view.zoom-none": bench.press("+", "}")
    case "view.beside":
      bench.state.corpusPane.setMarks(
        ["03a00Wa", "03a00La"].map { UtteranceReference(corpus: "emodb", utterance: $0) })
    case "view.beside-next", "view.beside-previous": bench.press("A")
    case "results.view", "results.kept", "results.close": bench.press("enter")
    case "results.reverse": bench.press("s")
    case "results.resume": bench.press("k", "k", "k", "j", "j", "j", "j")
    case "results.pause", "results.stop":
      bench.press("A", "enter")
    case "confusion.side": bench.press("d")
    case "map.stop":
      bench.act(
        .event(
          .embedding(RunProgress(phase: "features", epoch: 0, done: 3, total: 9, rate: 2, secondsLeft: 3))))
    case "paper.open": bench.press("s", "g g")
    case "paper.recipe":
      var job = Job(corpus: "emodb")
      job.epochs = 2
      bench.act(.event(.run(Fake.run("quick", job: job, epochs: 2, status: .finished))))
    case "models.stop": bench.state.modelsPane.measuring = bench.state.modelsPane.shown?.name
    case "explain.part": bench.press("m", "m")
    case "explain.stop": bench.state.explainPane.restart()
    case "attack.stop": bench.state.attackPane.wanted = bench.state.attackPane.shown?.explanation.request
    case "confusion.utterances": bench.press("$")
    case _ where binding.id == "global.pane-\(1 + (Panes.order.firstIndex(of: pane) ?? 0))": bench.press("tab")
    default: break
    }
    return bench
  }

  @Test("Every key of every pane does something", arguments: paneNames)
  func everyKey(name: String) {
    let pane = PaneID(name)
    let own = Panes.named(pane)?.bindings ?? []
    for binding in own + GlobalBindings.all {
      for keys in binding.keys {
        // A pane's own binding hides the global one of the same keys.
        guard (own + GlobalBindings.all).first(where: { $0.keys.contains(keys) })?.id == binding.id else { continue }
        var bench = Self.bench(for: binding, in: pane)
        guard binding.isEnabled(bench.state) else {
          let isOut =
            binding.id.hasPrefix("global.pane-") || binding.id.contains("match") || binding.id == "global.filter"
          #expect(isOut, "\(binding.id) is never enabled in \(name)")
          continue
        }
        let before = bench.state
        for key in keys.keys { bench.act(.key(key)) }
        let changed = bench.state != before || !bench.effects.isEmpty
        #expect(changed, "\(binding.id) on \(keys.keys.map(\.name)) did nothing in \(name)")
        #expect(bench.state.pending.isEmpty)
        _ = bench.canvas
      }
    }
  }

  @Test("No two bindings of a pane share keys, and none hides the beginning of another", arguments: paneNames)
  func distinct(name: String) {
    let bindings = Panes.named(PaneID(name))?.bindings ?? []
    for list in [bindings, GlobalBindings.all] + Modals.samples.map(Modals.bindings) {
      let keys = list.flatMap(\.keys)
      #expect(Set(keys).count == keys.count, "\(name): \(keys.map { $0.keys.map(\.name) })")
      #expect(Set(list.map(\.id)).count == list.count)
    }
    let all = (bindings + GlobalBindings.all).flatMap(\.keys)
    for long in all where long.keys.count > 1 {
      let isHidden = all.contains { $0.keys.count < long.keys.count && long.keys.starts(with: $0.keys) }
      #expect(!isHidden, "\(name): \(long.keys.map(\.name)) can never be typed")
    }
  }

  @Test("Names and sentences are there to be found")
  func described() {
    let all = Panes.all.flatMap(\.bindings) + GlobalBindings.all + Modals.samples.flatMap(Modals.bindings)
    for binding in all {
      #expect(!binding.name.isEmpty && !binding.keys.isEmpty)
      #expect(binding.help.hasSuffix("."), "\(binding.id): “\(binding.help)”")
      for sequence in binding.keys {
        #expect(KeySequence(text: sequence.keys.map(\.name).joined(separator: " ")) == sequence)
      }
    }
    let escapes = Modals.samples.allSatisfy { modal in
      Modals.bindings(for: modal).contains { $0.keys.contains("ctrl-g") }
    }
    #expect(escapes, "Esc must never be the only way back")
  }

  @Test("Modal keys do something too", arguments: 0..<Modals.samples.count)
  func modals(index: Int) {
    for binding in Modals.bindings(for: Modals.samples[index]) {
      for keys in binding.keys {
        var bench = Bench.inTheMiddle(of: .corpus)
        bench.state.themes.append(Theme(name: "other", about: "", roles: [:], emotions: [:], colormap: "magma"))
        switch Modals.samples[index] {
        case .help: bench.press("?", "down", "down", "down", "down", "down", "down", "down", "down", "down", "down")
        case .palette: bench.press(":", "e", "down", "down")
        case .prompt: bench.press("/", "0")
        case .form: bench.press("t", "down", "down", "down", "down", "down")
        case .themes: bench.press("T")
        case .menu: bench.press("y", "down")
        case .queue:
          var queue = RunQueue()
          for seed in 0..<3 as Range<UInt64> {
            var job = Job(corpus: "emodb")
            job.seed = seed
            queue.append(.train(job), isHeld: true)
          }
          bench.act(.event(.queue(queue)))
          bench.press("3", "w", "down")
        case .confirm, .input: bench.state.modal = Modals.samples[index]
        }
        if binding.id == "themes.up" || binding.id == "themes.page-up" { bench.press("down") }
        if binding.id == "form.erase" || binding.id == "form.clear" { bench.press("7") }
        if case .form = Modals.samples[index], case .character = keys.keys[0] { bench.press("up", "up", "up") }
        if binding.id == "help.clear" { bench.press("e") }
        if binding.id.hasPrefix("finder.erase") || binding.id.hasPrefix("finder.clear") { bench.press("e") }
        let before = bench.state
        for key in keys.keys { bench.act(.key(key)) }
        let changed = bench.state != before || !bench.effects.isEmpty
        #expect(changed, "\(binding.id) on \(keys.keys.map(\.name)) did nothing")
        _ = bench.canvas
      }
    }
  }

  @Test("Help lists every usable key of the focused pane; typing finds by name, by sentence and by key")
  func help() {
    var bench = Bench(100, 60)
    bench.press("?")
    #expect(CommandFinder.find(bench.state).count == Panes.all[0].bindings.count + GlobalBindings.all.count)
    bench.type("unfolds everything")
    #expect(CommandFinder.find(bench.state).map(\.binding.id) == ["corpus.unfold-all"])
    bench.press("ctrl-u")
    bench.type("E")
    #expect(CommandFinder.find(bench.state).contains { $0.binding.id == "corpus.unfold-all" })
    #expect(bench.text.contains("unfold all"))
  }

  @Test("The palette finds loosely, shows keys, goes to the pane and runs")
  func palette() {
    var bench = Bench.inTheMiddle(of: .corpus)
    bench.press(":")
    bench.type("vwstg")
    #expect(CommandFinder.find(bench.state).first?.binding.id == "view.stage")
    bench.press("enter")
    #expect(bench.state.focus == .view)
    #expect(bench.state.viewPane.stage == .normalised)
    #expect(CommandFinder.score("zz", "view stage") == nil)
    bench.press(":")
    bench.type("no such command at all")
    bench.press("enter")
    #expect(bench.state.modal == nil)
  }

  private static func selected(_ bench: Bench) -> String? {
    guard case .palette(let finder) = bench.state.modal else { return nil }
    let found = CommandFinder.find(bench.state)
    return found.indices.contains(finder.list.selection) ? found[finder.list.selection].binding.id : nil
  }

  /// The palette with the selection on a command.
  private static func opened(on id: String) -> Bench {
    var bench = Bench()
    bench.press(":")
    for _ in CommandFinder.find(bench.state) where selected(bench) != id { bench.press("down") }
    return bench
  }

  @Test("In the palette the selection stays on its command while others come and go; Enter runs that or says why not")
  func paletteKeeps() {
    var bench = Self.opened(on: "global.redraw")
    bench.act(.event(.runs([])))
    #expect(Self.selected(bench) == "global.redraw")
    bench.press("enter")
    #expect(bench.effects.last == .redraw)
    var stopping = Self.opened(on: "training.stop")
    #expect(Self.selected(stopping) == "training.stop")
    stopping.act(.event(.run(Fake.run(Bench.runs[0].id, epochs: 6, status: .finished))))
    #expect(Self.selected(stopping) == "training.stop")
    stopping.press("enter")
    #expect(stopping.state.modal == nil && stopping.state.notice?.text.contains("not being trained") == true)
    stopping.press(":")
    #expect(!CommandFinder.find(stopping.state).contains { $0.binding.id == "training.stop" })
  }
}
