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
  /// A run was asked for here: select it when it appears.
  package var awaitsNew = false

  package init() {}
}

extension State {
  package var selectedRun: RunInfo? {
    runs.indices.contains(trainingPane.list.selection) ? runs[trainingPane.list.selection] : nil
  }
}

/// Runs, live curves, and the keys that steer them.
package enum TrainingPane {
  package static let pane: Pane = {
    var pane = Pane(
      id: .training, name: "Training", title: { "Training (\($0.runs.count))" }, bindings: bindings,
      draw: TrainingDrawing.draw)
    pane.receive = receive
    pane.settle = { state, size in
      state.trainingPane.list.settle(count: state.runs.count, height: TrainingDrawing.listHeight(state, size.height))
      state.trainingPane.run = state.selectedRun?.id
    }
    pane.click = { state, point, size in
      let row = state.trainingPane.list.top + point.y - 1
      if point.y >= 1, point.y <= TrainingDrawing.listHeight(state, size.height), state.runs.indices.contains(row) {
        state.trainingPane.list.selection = row
      }
      return []
    }
    return pane
  }()

  private static let receive: @Sendable (inout State, Event) -> [Effect] = { state, event in
    switch event {
    case .run(let run) where state.trainingPane.awaitsNew && run.isLive && run.isOwn:
      (state.trainingPane.run, state.trainingPane.awaitsNew) = (run.id, false)
      state.say("\(run.id) has begun")
    case .failed: state.trainingPane.awaitsNew = false
    case .run, .runs: break
    default: return []
    }
    if let index = state.runs.firstIndex(where: { $0.id == state.trainingPane.run }) {
      state.trainingPane.list.selection = index
    }
    return []
  }

  /// The form for the corpus that is looked at; says why not when there is none.
  package static func openForm(_ state: inout State) {
    let names = state.corpora.map(\.name)
    let wanted: String? =
      switch state.focus {
      case .corpus: state.corpusPane.selected.map { state.corpora[CorpusState.corpus(of: $0)].name }
      case .view: state.viewPane.corpus
      default: state.selectedRun?.job.corpus
      }
    guard let corpus = names.first(where: { $0 == wanted }) ?? names.first else {
      return state.say("no corpus yet; add one: quaver corpus add PATH", .warning)
    }
    state.modal = .form(TrainForm(state, corpus: corpus))
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

  private static let isLive: @Sendable (State) -> Bool = { $0.selectedRun?.isLive == true }
  private static let hasRun: @Sendable (State) -> Bool = { $0.selectedRun != nil }

  package static func canResume(_ run: RunInfo) -> Bool {
    switch run.status {
    case .stopped, .failed, .interrupted: true
    case .running, .paused, .finished: false
    }
  }

  private static let bindings: [Binding] =
    [
      Binding(
        "training.new", ["t"], "train", "Starts a new run, after a short form.", hint: 1,
        isEnabled: { !$0.corpora.isEmpty }
      ) {
        openForm(&$0)
        return []
      },
      Binding(
        "training.pause", ["p", "space"], "pause", "Pauses the run, or lets it go on.", hint: 2, isEnabled: isLive,
        run: control { $0.status == .paused ? .proceed : .pause }),
      Binding(
        "training.stop-after-epoch", ["e"], "end epoch, stop", "Stops after the running epoch.", hint: 3,
        isEnabled: isLive, run: control { _ in .stopAfterEpoch }),
      Binding("training.stop", ["x"], "stop now", "Stops at once; asks first.", hint: 4, isEnabled: isLive) { state in
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
        isEnabled: { $0.selectedRun.map(canResume) == true }
      ) { state in
        guard let run = state.selectedRun else { return [] }
        return [.request(.resume(run: run.id))]
      },
      Binding(
        "training.confusion", ["enter"], "confusion", "The run's confusion matrix.", hint: 6, isEnabled: hasRun
      ) { state in
        state.go(to: .confusion)
        return []
      },
      Binding(
        "training.curves", ["m"], "curves", "Both curves, loss alone, accuracy alone.", hint: 7, isEnabled: hasRun
      ) {
        let all = TrainingState.Curves.allCases
        let index = all.firstIndex(of: $0.trainingPane.curves) ?? 0
        $0.trainingPane.curves = all[(index + 1) % all.count]
        return []
      },
    ] + ListMotion.bindings("training", \.trainingPane.list, count: { $0.runs.count })
}
