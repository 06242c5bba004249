import Core
import Lab

/// Where the matrices come from, and the utterances behind their cells.
extension ConfusionPane {
  /// What is shown; nil before the first epoch's end, and while results are being read.
  package static func pair(_ state: State) -> ConfusionPair? {
    guard let run = state.selectedRun, let metrics = metrics(state) else { return nil }
    let pane = state.confusionPane
    switch pane.against {
    case nil:
      return ConfusionPair(
        emotions: run.emotions, first: metrics.confusion, firstName: run.id, side: .first, measure: pane.measure)
    case .attack(let id, let set):
      guard let slices = pane.slices, slices.run == id, slices.set == set else { return nil }
      let matrices = slices.matrices(classes: run.emotions.count)
      return ConfusionPair(
        emotions: run.emotions, first: matrices.clean, second: matrices.attacked, firstName: "clean",
        secondName: name(ofAttack: set, on: id, state), side: pane.side, measure: pane.measure)
    case .run(let id):
      guard let other = state.runs.first(where: { $0.id == id }), let last = other.epochs.last else { return nil }
      let short = [run.id, id].map { TextWidth.withoutMiddle($0, to: 24) },
        names = short[0] == short[1] ? [run.id, id] : short
      return ConfusionPair(
        emotions: run.emotions, first: metrics.confusion, second: last.confusion, firstName: names[0],
        secondName: names[1], side: pane.side, measure: pane.measure,
        caution: caution(run, metrics.confusion, other, last.confusion, state))
    }
  }

  /// A drawn split is another one for every seed, so that two runs may have been judged by different slices.
  private static func caution(
    _ run: RunInfo, _ first: [[Int]], _ other: RunInfo, _ second: [[Int]], _ state: State
  ) -> String? {
    func corpus(_ job: Job) -> String { state.corpus(of: job)?.name ?? job.corpus }
    let (a, b) = (run.job, other.job)
    let differs = [
      corpus(a) == corpus(b) ? nil : "corpora", a.split == b.split ? nil : "splits",
      a.seed == b.seed || !a.drawsSplit ? nil : "seeds of the split",
      a.strideMilliseconds == b.strideMilliseconds ? nil : "strides", a.limit == b.limit ? nil : "limits",
    ].compactMap(\.self)
    guard !differs.isEmpty else { return nil }
    let counts = [first, second].map { String($0.joined().reduce(0, +)) }.joined(separator: " and ")
    return
      "not the same validation slices (\(counts); other \(differs.joined(separator: ", "))): compare percentages (m), "
      + "and with caution"
  }

  /// "validation slices", "106 merged slices": what is counted; an attack may have taken a sample.
  static func slices(_ state: State) -> String {
    guard case .attack(let run, let set) = state.confusionPane.against,
      let report = state.resultsPane.results.first(where: { $0.run == run })?.reports.first(where: { $0.set == set })
    else { return "validation slices" }
    return "\(report.images) " + (report.part == .valid ? "validation" : report.part.rawValue) + " slices"
  }

  /// For a CSV: whose matrix is shown, of which weights and part, and what it is: "clean − pgd-32-valid-0123abcd".
  static func origin(
    _ state: State, _ pair: ConfusionPair
  ) -> (run: String, weights: String, part: String, matrix: String) {
    let run = state.selectedRun?.id ?? "", valid = EvaluationPart.valid.rawValue
    let weights = metrics(state).map { "epoch \($0.epoch)" } ?? ""
    func words(_ first: String, _ second: String) -> String {
      switch pair.side {
      case .difference: "\(first) − \(second)"
      case .first: first
      case .second: second
      }
    }
    switch state.confusionPane.against {
    case nil: return (run, weights, valid, "clean")
    case .attack(_, let set):
      let report = state.resultsPane.results.first { $0.run == run }?.reports.first { $0.set == set }
      return (run, report?.checkpoint?.rawValue ?? "", report?.part.rawValue ?? "", words("clean", set))
    case .run(let other):
      let last = state.runs.first { $0.id == other }?.epochs.last.map { "epoch \($0.epoch)" } ?? ""
      return (pair.side == .second ? other : run, words(weights, last), valid, words(run, other))
    }
  }

  /// "PGD ε 32/255"; with the set's name where another attack reads the same.
  private static func name(ofAttack set: String, on run: String, _ state: State) -> String {
    let reports = state.resultsPane.results.first { $0.run == run }?.reports ?? []
    func words(_ report: AttackReport) -> String {
      Scrub.words(AttackPoint(attack: report.attack, settings: report.settings))
    }
    guard let report = reports.first(where: { $0.set == set }) else { return set }
    let name = words(report)
    return reports.contains { $0.set != set && words($0) == name } ? "\(name) (\(set))" : name
  }

  /// Attacks on the run that have results, then the marked runs of the same emotions.
  static func others(_ state: State) -> [ConfusionState.Against] {
    guard let run = state.selectedRun, !run.epochs.isEmpty else { return [] }
    let reports = state.resultsPane.results.first { $0.run == run.id }?.reports ?? []
    let marked = state.trainingPane.marks.filter { id in
      id != run.id && state.runs.contains { $0.id == id && $0.emotions == run.emotions && !$0.epochs.isEmpty }
    }
    return reports.map { .attack(run: run.id, set: $0.set) } + marked.map { .run($0) }
  }

  static func stepAgainst(_ distance: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      let all = [nil] + others(state).map(Optional.some)
      let index = all.firstIndex(of: state.confusionPane.against) ?? 0
      return hold(against: all[(index + distance + all.count) % all.count], &state)
    }
  }

  /// Shows the run's matrix beside another; asks for what is not here.
  package static func hold(against other: ConfusionState.Against?, _ state: inout State) -> [Effect] {
    state.confusionPane.against = other
    (state.confusionPane.awaited, state.confusionPane.failure) = (nil, nil)
    guard let other else { return [] }
    state.confusionPane.epoch = nil
    guard case .attack(let run, let set) = other else { return [] }
    if let slices = state.confusionPane.slices, slices.run == run, slices.set == set { return [] }
    state.confusionPane.slices = nil
    return [.request(.loadSlices(run: run, set: set))]
  }

  /// An attack belongs to its run, and no run is held against itself.
  static func settleAgainst(_ state: inout State) {
    guard let run = state.selectedRun, let against = state.confusionPane.against else { return }
    let holds =
      switch against {
      case .attack(let id, _): id == run.id
      case .run(let id): id != run.id && state.runs.contains { $0.id == id && $0.emotions == run.emotions }
      }
    guard !holds else { return }
    (state.confusionPane.against, state.confusionPane.slices, state.confusionPane.failure) = (nil, nil, nil)
  }

  // MARK: Behind a cell

  static let drill: @Sendable (inout State) -> [Effect] = { state in
    guard let run = state.selectedRun, let pair = pair(state) else { return [] }
    let cell = state.confusionPane.cell
    var other: String?
    if case .run(let id) = state.confusionPane.against { other = id }
    state.confusionPane.awaited = ConfusionState.Behind(
      run: run.id, truth: cell.y, predicted: cell.x, other: other, side: pair.side)
    if case .attack = state.confusionPane.against {
      listAttacked(&state)
      return []
    }
    return ([run.id] + [other].compactMap(\.self)).map { .request(.predictions(run: $0)) }
  }

  private struct Place: Hashable {
    let utterance: String
    let slice: Int
  }

  /// Predictions have come; once they are of all runs that were asked for, the utterances are listed.
  static func show(_ predictions: RunPredictions, _ state: inout State) {
    guard var wanted = state.confusionPane.awaited, [wanted.run, wanted.other].contains(predictions.run) else { return }
    wanted.answers.removeAll { $0.run == predictions.run }
    wanted.answers.append(predictions)
    state.confusionPane.awaited = wanted
    guard let first = wanted.answers.first(where: { $0.run == wanted.run }) else { return }
    guard let other = wanted.other else { return list(places(first, wanted), [], &state) }
    guard let second = wanted.answers.first(where: { $0.run == other }) else { return }
    list(places(first, wanted), places(second, wanted), &state)
  }

  private static func places(_ predictions: RunPredictions, _ wanted: ConfusionState.Behind) -> Set<Place> {
    Set(
      predictions.slices.filter { $0.truth == wanted.truth && $0.predicted == wanted.predicted }
        .map { Place(utterance: $0.utterance, slice: $0.slice) })
  }

  private static func listAttacked(_ state: inout State) {
    guard let wanted = state.confusionPane.awaited, let slices = state.confusionPane.slices?.slices else { return }
    let ofTruth = slices.filter { $0.truth == wanted.truth }
    func places(_ prediction: (AttackedSlices.Slice) -> Int) -> Set<Place> {
      Set(
        ofTruth.filter { prediction($0) == wanted.predicted }
          .map { Place(utterance: $0.utterance, slice: $0.slice) })
    }
    list(places(\.clean), places(\.attacked), &state)
  }

  /// The utterances behind the cell, alone in the corpus pane; of a difference, those that are in one matrix only.
  private static func list(_ first: Set<Place>, _ second: Set<Place>, _ state: inout State) {
    guard let wanted = state.confusionPane.awaited, let run = state.runs.first(where: { $0.id == wanted.run }),
      run.emotions.indices.contains(wanted.truth), run.emotions.indices.contains(wanted.predicted),
      let pair = pair(state)
    else { return }
    state.confusionPane.awaited = nil
    let places =
      switch wanted.side {
      case .difference: first.symmetricDifference(second)
      case .first: first
      case .second: second
      }
    let words = "\(run.emotions[wanted.truth]) taken for \(run.emotions[wanted.predicted])"
    guard !places.isEmpty, let corpus = state.corpus(of: run.job) else {
      let none = wanted.side == .difference ? "no slice is \(words) in one of them only" : "no slice is \(words)"
      return state.say(places.isEmpty ? none : State.isMissing(run.job.corpus), .warning)
    }
    let utterances = Set(places.map(\.utterance))
    CorpusPane.show(CorpusState.Selection(title: words, corpus: corpus.name, utterances: utterances), &state)
    if wanted.side == .difference {
      let (only, other) = (first.subtracting(second).count, second.subtracting(first).count)
      state.say(
        "\(words): \(only) slices only in \(pair.firstName), \(other) only in \(pair.secondName); Backspace goes back")
    } else {
      state.say(
        "\(places.count) slices of \(utterances.count) utterances are \(words); Backspace goes back, u shows all")
    }
  }
}
