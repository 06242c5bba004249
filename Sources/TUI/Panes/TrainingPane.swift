import Core
import Lab

extension PaneID {
  package static let training = PaneID("training")
}

package struct TrainingState: Sendable, Equatable {
  package enum Curves: String, Sendable, CaseIterable { case both, loss, accuracy }

  package var list = ListState()
  /// The selected run stays selected when others come and go.
  package var run: String?
  package var curves = Curves.both
  package var settings = CurveSettings()
  /// Runs drawn together with the selected one, in the order in which they were marked.
  package var marks: [String] = []
  /// A run was asked for here: select it when it appears.
  package var awaitsNew = false
  /// Runs that were asked to go on, until they do.
  package var resuming: Set<String> = []
  /// Runs whose epochs were asked for.
  fileprivate var opened: Set<String> = []

  package init() {}
}

extension State {
  package var selectedRun: RunInfo? {
    runs.indices.contains(trainingPane.list.selection) ? runs[trainingPane.list.selection] : nil
  }

  /// The runs whose curves are drawn: the marked ones and the selected one.
  package var shownRuns: [RunInfo] {
    var shown = trainingPane.marks.compactMap { id in runs.first { $0.id == id } }
    if let selected = selectedRun, !shown.contains(where: { $0.id == selected.id }) { shown.append(selected) }
    return shown
  }
}

/// Runs, live curves, and the keys that steer them.
package enum TrainingPane {
  package static let pane: Pane = {
    var pane = Pane(
      id: .training, name: "Training", title: title, bindings: bindings, draw: TrainingDrawing.draw)
    pane.receive = receive
    pane.settle = { state, size in
      state.trainingPane.list.settle(count: state.runs.count, height: TrainingDrawing.listHeight(state, size.height))
      state.trainingPane.run = state.selectedRun?.id
    }
    pane.click = { state, point, size in
      let row = state.trainingPane.list.top + point.y - 1
      guard point.y >= 1, point.y <= TrainingDrawing.listHeight(state, size.height), state.runs.indices.contains(row)
      else { return [] }
      state.trainingPane.list.selection = row
      return moved(&state)
    }
    pane.table = { state in state.runs.isEmpty ? nil : RunTable.table(state.runs) }
    pane.tableRow = { $0.selectedRun == nil ? nil : $0.trainingPane.list.selection }
    pane.detail = { RunTable.epochs($0.shownRuns) }
    pane.memory = Pane.Memory(
      save: { ["run": $0.selectedRun?.id ?? "", "curves": $0.trainingPane.curves.rawValue] },
      restore: { state, saved in
        if let curves = saved["curves"].flatMap(TrainingState.Curves.init) { state.trainingPane.curves = curves }
        guard let index = state.runs.firstIndex(where: { $0.id == saved["run"] }) else { return [] }
        state.trainingPane.list.selection = index
        return moved(&state)
      })
    return pane
  }()

  private static func title(_ state: State) -> String {
    var words = ["Training (\(state.runs.count))"]
    let waiting = state.queue.entries.count, held = state.queue.entries.count { $0.isHeld }
    if waiting > 0 {
      let whom = held == 0 ? "" : held == waiting ? " for you: w" : ", \(held) for you: w"
      words.append("\(waiting) \(waiting == 1 ? "waits" : "wait")\(whom)")
    }
    return (words + state.trainingPane.settings.words).joined(separator: " · ")
  }

  private static let receive: @Sendable (inout State, Event) -> [Effect] = { state, event in
    switch event {
    case .run(let run): begun(run, &state)
    case .failed: (state.trainingPane.awaitsNew, state.trainingPane.resuming) = (false, [])
    case .runs: break
    default: return []
    }
    if let index = state.runs.firstIndex(where: { $0.id == state.trainingPane.run }) {
      state.trainingPane.list.selection = index
    }
    return moved(&state)
  }

  private static func begun(_ run: RunInfo, _ state: inout State) {
    var isResumed = false
    if run.isLive || run.isOwn { isResumed = state.trainingPane.resuming.remove(run.id) != nil }
    let isAwaited = state.trainingPane.awaitsNew
    guard isAwaited || isResumed, run.isOwn else { return }
    // What was queued begins without a word, under whatever is read by then.
    if isAwaited { (state.trainingPane.run, state.trainingPane.awaitsNew) = (run.id, false) }
    if !run.isLive {
      // It began and ended between two looks: its end takes its beginning's place.
      sayEnd(of: run, &state)
    } else if isAwaited {
      state.say(isResumed ? "\(run.id) goes on" : "\(run.id) has begun")
    }
  }

  /// What became of a run, and what can be done with it now.
  static func sayEnd(of run: RunInfo, _ state: inout State) {
    switch run.status {
    case .finished:
      let result = run.epochs.last.map { ", \(Numbers.percent($0.validAccuracy)) on validation" } ?? ""
      let next = [PaneID.confusion, .attack, .explain, .map].map(Panes.label).joined(separator: ", ")
      state.say("finished\(result); next: \(next)")
    case .stopped: state.say("stopped with a checkpoint; r in the training pane goes on")
    case .failed:
      let reason = run.failure.map { ": \($0)" } ?? ""
      state.say("\(run.id) failed\(reason); r in the training pane goes on", .error)
    default: break
    }
  }

  /// Asks for the epochs of runs that are drawn and of which only the last is known.
  static let moved: @Sendable (inout State) -> [Effect] = { state in
    let missing = state.shownRuns.filter { !$0.isWhole && !state.trainingPane.opened.contains($0.id) }.map(\.id)
    state.trainingPane.opened.formUnion(missing)
    return missing.map { .request(.openRun($0)) }
  }

  /// The form for the corpus that is looked at; says why not when there is none.
  package static let openForm: @Sendable (inout State) -> [Effect] = { state in
    let names = state.corpora.map(\.name)
    let wanted: String? =
      switch state.focus {
      case .corpus: state.corpusPane.selected.map { state.corpora[CorpusState.corpus(of: $0)].name }
      case .view: state.viewPane.corpus
      default: state.selectedRun?.job.corpus
      }
    guard let corpus = names.first(where: { $0 == wanted }) ?? names.first else {
      state.say("no corpus yet; add one: quaver corpus add PATH", .warning)
      return []
    }
    return FormModal.put(WorkForm(state, corpus: corpus), &state)
  }

  // MARK: Keys

  private static func control(_ wish: @escaping @Sendable (RunInfo) -> RunControl.Wish)
    -> @Sendable (inout State) -> [Effect]
  {
    { state in
      guard let run = state.selectedRun else { return [] }
      return [.request(.control(run: run.id, wish(run)))]
    }
  }

  private static let whyNotRemove: @Sendable (State) -> String? = { state in
    guard let run = state.selectedRun else { return nil }
    if run.isLive { return "stop it first" }
    if state.resultsPane.attacking?.wish.run == run.id { return "it is being attacked; stop that first" }
    let isWanted = state.queue.entries.contains { $0.work.run == run.id }
    return isWanted ? "work on it waits; take that out first (w)" : nil
  }

  private static let isLive: @Sendable (State) -> Bool = { $0.selectedRun?.isLive == true }
  static let hasRun: @Sendable (State) -> Bool = { $0.selectedRun != nil }
  private static let whyNotLive: @Sendable (State) -> String? = { state in
    state.selectedRun.map { "\($0.id) is \($0.status.rawValue), not being trained" } ?? "no run is selected"
  }

  package static func canResume(_ run: RunInfo) -> Bool {
    switch run.status {
    case .stopped, .failed, .interrupted: true
    case .running, .paused, .finished: false
    }
  }

  /// Why `r` cannot be pressed; nil where it can.
  private static let whyNotResume: @Sendable (State) -> String? = { state in
    guard let run = state.selectedRun else { return "no run is selected" }
    guard canResume(run) else { return "\(run.id) is \(run.status.rawValue)" }
    // What an earlier session left has no turn until the user lets it go on.
    if state.queue.entries.contains(where: { !$0.isHeld && $0.work == .resume(run: run.id) }) {
      return "\(run.id) waits for its turn already; w shows what waits"
    }
    return state.trainingPane.resuming.contains(run.id) ? "\(run.id) is being resumed already" : nil
  }

  private static let resume: @Sendable (inout State) -> [Effect] = { state in
    guard let run = state.selectedRun else { return [] }
    state.trainingPane.resuming.insert(run.id)
    if state.isEngineTaken {
      state.say("queued behind what is under way; w shows what waits")
    } else {
      state.trainingPane.awaitsNew = true
      state.say("resuming \(run.id) …")
    }
    return state.requests(resuming: run.id).map { .request($0) }
  }

  private static let bindings: [Binding] =
    starting + steering + TrainingCurves.bindings
    + ListMotion.bindings("training", \.trainingPane.list, count: { $0.runs.count }, moved: moved)

  private static let starting: [Binding] = [
    Binding(
      "training.new", ["t"], "train", "Starts a new run, after a short form.", hint: 1,
      isEnabled: { !$0.corpora.isEmpty }, whyNot: { _ in "no corpus yet; add one: quaver corpus add PATH" },
      run: openForm),
    Binding("training.queue", ["w"], "waiting runs", "Runs that wait for their turn.", hint: 13) { state in
      state.modal = .queue(WaitingList())
      return []
    },
    Binding(
      "training.confusion", ["enter"], "confusion", "The run's confusion matrix.", hint: 6, isEnabled: hasRun
    ) { state in
      state.go(to: .confusion)
      return []
    },
  ]

  private static let steering: [Binding] = [
    Binding(
      "training.pause", ["p"], "pause", "Pauses the run, or lets it go on.", hint: 2, isEnabled: isLive,
      whyNot: whyNotLive, nameNow: { $0.selectedRun?.status == .paused ? "go on" : nil },
      run: control { $0.status == .paused ? .proceed : .pause }),
    Binding(
      "training.stop-after-epoch", ["E"], "end epoch, stop", "Stops after the running epoch.", hint: 3,
      isEnabled: isLive, whyNot: whyNotLive
    ) { state in
      guard let run = state.selectedRun else { return [] }
      let epoch = (run.epochs.last?.epoch ?? 0) + 1
      state.say("\(run.status == .paused ? "goes on, and " : "")stops when epoch \(epoch) is done")
      return Modals.requests(run, .stopAfterEpoch)
    },
    Binding(
      "training.stop", ["x"], "stop now", "Stops at once; asks first.", hint: 4, isEnabled: isLive, whyNot: whyNotLive
    ) { state in
      guard let run = state.selectedRun else { return [] }
      state.modal = .confirm(
        Confirmation(
          title: "Stop \(run.id) now?", text: "It can be resumed later from its last checkpoint.",
          choices: [
            .init(key: "s", label: "stop now", answer: .stop(run: run.id)),
            .init(key: "c", label: "let it run", answer: .cancel),
          ]))
      return []
    },
    Binding(
      "training.resume", ["r"], "resume", "Continues a run that was stopped, failed or was interrupted.", hint: 5,
      isEnabled: { whyNotResume($0) == nil }, whyNot: whyNotResume, run: resume),
    Binding(
      "training.remove", ["D"], "remove", "Deletes a run with all that was computed from it; asks first.",
      isEnabled: { $0.selectedRun != nil && whyNotRemove($0) == nil }, whyNot: whyNotRemove
    ) { state in
      guard let run = state.selectedRun else { return [] }
      state.modal = .confirm(
        Confirmation(
          title: "Remove \(run.id)?",
          text: "Its checkpoints, predictions, attacks and maps are deleted, and nothing brings them back.",
          choices: [
            .init(key: "r", label: "remove it", answer: .send([.removeRun(run.id)])),
            .init(key: "c", label: "keep it", answer: .cancel),
          ]))
      return []
    },
  ]
}
