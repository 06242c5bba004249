import ArgumentParser
import Lab
import TUI

/// The panels of what `quaver render` draws.
extension RenderCommand {
  /// What the workbench would be in after it was shown what is asked for, a state a panel, in rows.
  func panels() async throws -> [[State]] {
    let laboratory = try common.laboratory()
    let state = try opened(laboratory)
    let panels: [[State]] =
      switch state.focus {
      case .view: Self.grid(try views(state, laboratory))
      case .confusion: try matrices(state, laboratory)
      case .map: Self.grid(try await maps(state, laboratory))
      default: [[try await filled(state, laboratory)]]
      }
    return panels.map { row in
      row.map { state in
        var state = state
        _ = Reducer.reduce(&state, .resize(state.size))
        return state
      }
    }
  }

  /// Of a pane that has one panel.
  private func filled(_ state: State, _ laboratory: Laboratory) async throws -> State {
    var state = state
    switch state.focus {
    case .corpus: try unfold(&state, laboratory)
    case .attack: try await attacking.attack(&state, slice: index, laboratory)
    case .results: try attacking.tell(&state, laboratory)
    case .paper: try papers(&state, laboratory)
    case .explain: try await attacking.explain(&state, slice: index, laboratory)
    case .models: try models(&state, laboratory)
    default: break
    }
    return state
  }

  /// The paper's table, by the run's recipe where one is named, else by the paper's.
  private func papers(_ state: inout State, _ laboratory: Laboratory) throws {
    let run = runName == nil ? nil : state.selectedRun
    if corpus != nil || run != nil {
      let wanted =
        try corpus.map { try laboratory.library.find($0).name } ?? run.flatMap { state.corpus(of: $0.job)?.name }
      guard let wanted, state.corpora.contains(where: { $0.name == wanted }) else {
        throw LabError.unknownCorpus(corpus ?? run?.job.corpus ?? "", known: state.corpora.map(\.name))
      }
      state.paperPane.corpus = wanted
    }
    state.paperPane.recipe = run.map { PaperBoard.recipe($0.job) } ?? PaperBoard.papers
    state.paperPane.table = table ?? .networks
    if let transform {
      guard state.paperPane.table != .networks else {
        throw RenderError.nothingToShow("table 1 has all spectrograms; --transform is for 2a and 2b")
      }
      guard state.transforms.contains(transform) else {
        throw LabError.unknownChoice(what: "transform", value: transform, choices: state.transforms)
      }
      state.paperPane.transform = transform
    }
    _ = Reducer.reduce(&state, .event(.results(laboratory.results())))
  }

  var transforms: [String] { transform?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? [] }

  /// The slice under each of the transforms.
  private func views(_ state: State, _ laboratory: Laboratory) throws -> [State] {
    try checkSlice(state)
    let info = try shown(state, laboratory)
    var panels = [state]
    for transform in transforms.dropFirst() {
      var panel = state
      panel.viewPane.transform = transform
      try Self.look(&panel, info, laboratory)
      panels.append(panel)
    }
    return panels
  }

  /// The run, and those beside it.
  private func runs(_ state: State, _ laboratory: Laboratory) throws -> [State] {
    var panels = [state]
    for name in attacking.others {
      var panel = state
      try Self.select(name, &panel, laboratory)
      panels.append(panel)
    }
    return panels
  }

  private func maps(_ state: State, _ laboratory: Laboratory) async throws -> [State] {
    var panels: [State] = []
    for var panel in try runs(state, laboratory) {
      try await attacking.map(&panel, laboratory)
      panels.append(panel)
    }
    return panels
  }

  /// Of each run under each of the attacks: of several, a row a run.
  private func matrices(_ state: State, _ laboratory: Laboratory) throws -> [[State]] {
    let names = attacking.set?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    let sets: [String?] = names.isEmpty ? [nil] : names.map { Optional(String($0)) }
    var rows: [[State]] = []
    for run in try runs(state, laboratory) {
      var row: [State] = []
      for set in sets {
        var panel = run
        try confusing.tell(&panel, set: set, laboratory)
        row.append(panel)
      }
      rows.append(row)
    }
    return sets.count > 1 ? rows : Self.grid(Array(rows.joined()))
  }

  /// As many rows as columns, or one less.
  private static func grid(_ panels: [State]) -> [[State]] {
    let columns = max(1, Int(Double(panels.count).squareRoot().rounded(.up)))
    return stride(from: 0, to: panels.count, by: columns).map { start in
      Array(panels[start..<min(panels.count, start + columns)])
    }
  }

  static func select(_ run: String, _ state: inout State, _ laboratory: Laboratory) throws {
    let id = try laboratory.store.open(run).id
    _ = state.restore(Place(focus: state.focus.name, isZoomed: false, panes: ["training": ["run": id]]))
  }
}
