import Core
import Lab

extension PaneID {
  package static let results = PaneID("results")
}

/// What attacks have shown: a table of attacks, and slice by slice what each did. Attacks on whole parts start here.
package enum ResultsPane {
  package static let pane: Pane = {
    var pane = Pane(
      id: .results, name: "Results", title: title, bindings: ResultsBindings.all, draw: ResultsDrawing.draw)
    pane.filter = filter
    pane.receive = receive
    pane.settle = settle
    pane.click = click
    pane.table = table
    pane.tableRow = { state in
      let pane = state.resultsPane
      if pane.opened != nil { return pane.sliceRows.isEmpty ? nil : pane.sliceList.selection }
      return pane.rows.isEmpty ? nil : pane.list.selection
    }
    pane.memory = Pane.Memory(save: save, restore: restore)
    return pane
  }()

  private static func title(_ state: State) -> String {
    let pane = state.resultsPane
    if let opened = pane.opened {
      let title = pane.openedRow.map { "\($0.title) " } ?? ""
      return "Results · \(title)\(opened.run) · \(pane.kept.rawValue) (\(pane.sliceRows.count))"
        + (pane.sliceFilter.isEmpty ? "" : " /\(pane.sliceFilter)")
    }
    let whose = pane.showsAll ? "all runs" : state.selectedRun?.id ?? ""
    let order = pane.sort.map { " · by \($0) \(pane.isDescending ? "↓" : "↑")" } ?? ""
    return "Results · \(whose) (\(pane.rows.count))\(order)" + (pane.filter.isEmpty ? "" : " /\(pane.filter)")
  }

  static func emotions(_ state: State) -> [String] {
    state.runs.first { $0.id == state.resultsPane.opened?.run }?.emotions ?? []
  }

  private static func table(_ state: State) -> ResultTable? {
    let pane = state.resultsPane
    if let opened = pane.opened {
      return pane.slices == nil
        ? nil
        : ResultColumns.table(
          pane.sliceRows, emotions: emotions(state),
          title: "\(opened.set) on \(opened.run), \(pane.kept.rawValue) slices")
    }
    let whose = pane.showsAll ? "all runs" : state.selectedRun?.id ?? "no run"
    return pane.rows.isEmpty ? nil : ResultColumns.table(pane.rows, title: "Attacks on \(whose)")
  }

  // MARK: Events

  private static let receive: @Sendable (inout State, Event) -> [Effect] = { state, event in
    switch event {
    case .results(let results): state.resultsPane.take(results)
    case .attackedSlices(let slices): state.resultsPane.take(slices, emotions: emotions(state))
    case .slicesFailed(let run, let set, let sentence):
      state.resultsPane.fail(ResultsState.Name(run: run, set: set), sentence)
    // The runs are known: then their results are asked for too.
    case .runs where !state.resultsPane.hasAsked:
      state.resultsPane.hasAsked = true
      return [.request(.loadResults)]
    default: break
    }
    return []
  }

  private static let settle: @Sendable (inout State, Size) -> Void = { state, size in
    state.resultsPane.search(state.runs, run: state.selectedRun?.id)
    let height = ResultsDrawing.listHeight(state, size)
    state.resultsPane.list.settle(count: state.resultsPane.rows.count, height: height)
    state.resultsPane.sliceList.settle(
      count: state.resultsPane.sliceRows.count, height: max(1, size.height - ResultsDrawing.head(state)))
  }

  private static let click: @Sendable (inout State, Point, Size) -> [Effect] = { state, point, _ in
    let row = point.y - ResultsDrawing.head(state)
    guard row >= 0 else { return [] }
    let isOpen = state.resultsPane.opened != nil
    let list = isOpen ? state.resultsPane.sliceList : state.resultsPane.list
    let count = isOpen ? state.resultsPane.sliceRows.count : state.resultsPane.rows.count
    guard row < list.height, list.top + row < count else { return [] }
    if isOpen {
      state.resultsPane.sliceList.selection = list.top + row
    } else {
      state.resultsPane.list.selection = list.top + row
    }
    return []
  }

  private static let filter = Pane.Filter(
    text: { $0.resultsPane.opened == nil ? $0.resultsPane.filter : $0.resultsPane.sliceFilter },
    apply: { state, text in
      if state.resultsPane.opened == nil {
        state.resultsPane.filter = text
      } else {
        state.resultsPane.sliceFilter = text
        state.resultsPane.searchSlices(emotions(state))
      }
      return []
    },
    step: { state, distance in
      state.resultsPane.move(by: distance)
      return []
    })

  // MARK: Memory

  private static let save: @Sendable (State) -> [String: String] = { state in
    let pane = state.resultsPane
    return [
      "scope": pane.showsAll ? "all" : "run", "sort": pane.sort ?? "", "order": pane.isDescending ? "down" : "up",
      "run": pane.opened?.run ?? "", "set": pane.opened?.set ?? "", "kept": pane.kept.rawValue,
    ]
  }

  private static let restore: @Sendable (inout State, [String: String]) -> [Effect] = { state, saved in
    state.resultsPane.showsAll = saved["scope"] == "all"
    state.resultsPane.sort = ResultColumns.named(saved["sort"])?.name
    state.resultsPane.isDescending = saved["order"] == "down"
    state.resultsPane.kept = saved["kept"].flatMap(ResultsState.Kept.init) ?? .flipped
    guard let run = saved["run"], let set = saved["set"], !set.isEmpty, state.runs.contains(where: { $0.id == run })
    else {
      state.resultsPane.close()
      return []
    }
    return open(ResultsState.Name(run: run, set: set), &state)
  }

  /// The slices of an attack; asked for where they are not here.
  static func open(_ name: ResultsState.Name, _ state: inout State) -> [Effect] {
    state.resultsPane.open(name)
    state.resultsPane.searchSlices(emotions(state))
    return state.resultsPane.slices == nil ? [.request(.loadSlices(run: name.run, set: name.set))] : []
  }

  // MARK: To a slice

  /// A slice under its attack, in the view or the attack pane.
  static func show(_ pane: PaneID, _ state: inout State) -> [Effect] {
    let results = state.resultsPane
    guard let slice = results.selectedSlice, let opened = results.opened,
      let index = state.runs.firstIndex(where: { $0.id == opened.run })
    else { return [] }
    let job = state.runs[index].job
    guard let corpus = state.corpus(of: job) else {
      state.say(State.isMissing(job.corpus), .warning)
      return []
    }
    state.mark()
    (state.trainingPane.list.selection, state.trainingPane.run) = (index, opened.run)
    var effects = TrainingPane.moved(&state)
    (state.viewPane.transform, state.viewPane.stride) = (job.transform, job.strideMilliseconds)
    effects += state.viewPane.show(corpus: corpus.name, utterance: slice.utterance)
    state.viewPane.slice = slice.slice
    effects += state.viewPane.ask()
    if let row = results.openedRow {
      state.attackPane.take(row.point, set: row.keepsImages ? row.set : nil)
    }
    state.show(pane)
    return effects + AttackPane.ask(&state)
  }
}

extension ResultsState {
  /// In the list that is shown.
  mutating func move(by distance: Int) {
    if opened == nil {
      list.move(by: distance, count: rows.count)
    } else {
      sliceList.move(by: distance, count: sliceRows.count)
    }
  }
}

extension State {
  /// The corpus that a job was trained on, where it is registered.
  package func corpus(of job: Job) -> CorpusInfo? {
    corpora.first { $0.name == job.corpus || $0.path == job.corpus }
  }

  /// Why there are no utterances behind a job's numbers here, and what helps.
  package static func isMissing(_ corpus: String) -> String {
    let command = corpus.hasPrefix("/") ? "'\(corpus)'" : "FOLDER --name \(corpus)"
    return "the corpus \(corpus) is not registered here; quaver corpus add \(command) in another terminal does it"
  }
}
