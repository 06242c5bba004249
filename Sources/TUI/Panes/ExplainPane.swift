import Lab

extension PaneID {
  package static let explain = PaneID("explain")
}

/// Where a network looks, emotion by emotion: beside each other before and after each attack, or of several runs (the
/// paper's figure 4).
package enum ExplainPane {
  package static let pane: Pane = {
    var pane = Pane(
      id: .explain, name: "Explain", title: title, bindings: ExplainBindings.all, draw: ExplainDrawing.draw)
    pane.receive = receive
    pane.appear = { goOn(&$0) }
    pane.settle = ExplainDrawing.settle
    pane.whole = ExplainDrawing.whole
    pane.notes = ExplainDrawing.notes
    pane.table = { $0.explainPane.rows.isEmpty ? nil : table($0) }
    pane.tableRow = tableRow
    pane.click = { state, point, size in
      guard let cell = ExplainDrawing.cell(at: point, state, size) else { return [] }
      state.explainPane.select(cell)
      return []
    }
    pane.memory = Pane.Memory(
      save: {
        [
          "across": $0.explainPane.across.rawValue, "shown": $0.explainPane.shown.rawValue,
          "part": $0.explainPane.part.rawValue,
        ]
      },
      restore: { state, saved in
        state.explainPane.part = saved["part"].flatMap(EvaluationPart.init) ?? .valid
        state.explainPane.across = saved["across"].flatMap(ExplainState.Across.init) ?? .attacks
        state.explainPane.shown = saved["shown"].flatMap(ExplainState.Shown.init) ?? .overlay
        return []
      })
    return pane
  }()

  private static func title(_ state: State) -> String {
    let pane = state.explainPane
    guard !pane.rows.isEmpty else { return "Explain" }
    return pane.means == nil ? "Explain · \(pane.subject), slice \(pane.slice + 1)" : "Explain · \(pane.subject)"
  }

  private static let receive: @Sendable (inout State, Event) -> [Effect] = { state, event in
    switch event {
    case .explained(let explanation):
      if !state.explainPane.take(explanation) { state.explainPane.forgetQuestion() }
    case .explainFailed(let request, let sentence):
      // r goes on behind it: what failed once, as beside a training, may fail for all.
      if state.explainPane.fail(request, sentence) {
        state.explainPane.stop()
        state.say(sentence, .warning)
      } else {
        state.explainPane.forgetQuestion()
      }
    case .mapNodes(let nodes): state.explainPane.take(nodes)
    case .attended(let wish, let report): state.explainPane.take(report, wish)
    default: return []
    }
    return goOn(&state)
  }

  /// The next cell, while the pane is looked at: other panes ask the same engine.
  static func goOn(_ state: inout State) -> [Effect] {
    guard state.focus == .explain, let request = state.explainPane.next() else { return [] }
    state.attackPane.forgetQuestion()
    return [.request(.explain(request))]
  }

  // MARK: What is explained

  /// What is missing before anything can be explained.
  package static let whyNot: @Sendable (State) -> String? = { state in
    guard state.explainPane.across == .means else { return AttackPane.whyNot(state) }
    guard let run = state.selectedRun else { return "choose a run in the training pane (3) first" }
    if state.explainPane.progress != nil { return "means are being made; x stops it" }
    if state.isBusy { return "a training or an attack is under way here: wait for its end or stop it" }
    return state.corpus(of: run.job) == nil ? State.isMissing(run.job.corpus) : AttackPane.whyNoWeights(run)
  }

  /// Whether the grid is of the run, the sentence and the slice that are looked at elsewhere.
  static func isAtHand(_ state: State) -> Bool {
    let pane = state.explainPane
    guard let run = state.selectedRun, pane.across != .means else { return false }
    return (pane.across == .runs || pane.columns.first?.run == run.id) && pane.slice == AttackPane.slice(state, run)
      && pane.rows.contains { $0.utterance == state.viewPane.utterance }
  }

  /// The means that r asks for; nil where there is no run.
  package static func wish(_ state: State) -> AttentionWish? {
    state.selectedRun.map { run in
      var wish = AttentionWish(run: run.id, attacks: attacks(state))
      let pane = state.explainPane
      (wish.part, wish.node, wish.method) = (pane.part, run.id == pane.nodesOf ? pane.node : nil, pane.method)
      return wish
    }
  }

  /// The attacks whose columns are shown: those that were asked for, else a few at the attack pane's ε.
  private static func attacks(_ state: State) -> [AttackPoint] {
    if let attacks = state.explainPane.attacks { return attacks }
    return Scrub.gradientAttacks.compactMap { Scrub.point($0, strength: max(1, state.attackPane.epsilon)) }
  }

  /// Anew, with what was chosen meanwhile.
  static func again(_ state: inout State) -> [Effect] {
    if state.explainPane.across == .means { return begin(&state) }
    state.explainPane.restart()
    return [.request(.stopExplaining)] + goOn(&state)
  }

  /// Looks at the utterance at hand in all its emotions, or at all images of each class.
  package static func begin(_ state: inout State) -> [Effect] {
    if state.explainPane.across == .means {
      guard whyNot(state) == nil, let wish = wish(state) else { return [] }
      state.explainPane.clear(for: wish.run)
      return [.request(.mapNodes(run: wish.run)), .request(.attend(wish))]
    }
    guard AttackPane.whyNot(state) == nil, let run = state.selectedRun, let corpus = state.corpus(of: run.job),
      let index = corpus.utterances.firstIndex(where: { $0.id == state.viewPane.utterance })
    else { return [] }
    let wanted = corpus.utterances[index]
    var spoken: [Int: String] = [:]
    for one in CorpusState.emotions(of: index, in: corpus) {
      guard let other = corpus.utterances.first(where: { $0.id == one.utterance }) else { continue }
      spoken[other.emotion] = other.id
    }
    let rows = corpus.emotions.indices.compactMap { emotion in
      spoken[emotion].map { ExplainState.Row(emotion: emotion, utterance: $0) }
    }
    let sentence = wanted.sentence.isEmpty ? wanted.id : "sentence \(wanted.sentence)"
    state.explainPane.begin(
      rows: rows, columns: columns(state, run, corpus),
      emotions: corpus.emotions, subject: "speaker \(wanted.speaker), \(sentence)", slice: AttackPane.slice(state, run))
    return [.request(.mapNodes(run: run.id))] + goOn(&state)
  }

  private static func columns(_ state: State, _ run: RunInfo, _ corpus: CorpusInfo) -> [ExplainState.Column] {
    switch state.explainPane.across {
    case .attacks, .means:
      return ExplainState.Column.clean(and: attacks(state), on: run.id)
    case .runs:
      return state.shownRuns.filter { state.corpus(of: $0.job)?.name == corpus.name && $0.emotions == run.emotions }
        .map { ExplainState.Column(title: title($0), run: $0.id, point: nil) }
    }
  }

  /// What tells runs apart: the defence where there is one.
  private static func title(_ run: RunInfo) -> String {
    guard let defence = run.job.defend else { return run.id }
    let point = AttackPoint(attack: defence.attack, settings: defence.settings)
    return "against \(Scrub.words(point)), \(run.id)"
  }

  // MARK: To a cell's slice

  /// The cell in the attack pane, under its attack and its run.
  static func open(_ state: inout State) -> [Effect] {
    let pane = state.explainPane, order = pane.order
    guard order.indices.contains(pane.cursor.y), pane.columns.indices.contains(pane.cursor.x) else { return [] }
    if let report = pane.means?.report { return list(pane.rows[order[pane.cursor.y]].emotion, report, &state) }
    let utterance = pane.rows[order[pane.cursor.y]].utterance
    let column = pane.columns[pane.cursor.x]
    guard let index = state.runs.firstIndex(where: { $0.id == column.run }) else { return [] }
    let job = state.runs[index].job
    guard let corpus = state.corpus(of: job) else { return [] }
    state.mark()
    (state.trainingPane.list.selection, state.trainingPane.run) = (index, column.run)
    var effects = TrainingPane.moved(&state)
    (state.viewPane.transform, state.viewPane.stride) = (job.transform, job.strideMilliseconds)
    effects += state.viewPane.show(corpus: corpus.name, utterance: utterance)
    state.viewPane.slice = pane.slice
    effects += state.viewPane.ask()
    if let point = column.point {
      state.attackPane.take(point, set: nil)
    } else {
      while state.attackPane.point != nil { state.attackPane.climb(-1) }
    }
    state.show(.attack)
    return effects + AttackPane.ask(&state)
  }

  /// The utterances of one class, in the corpus pane.
  private static func list(_ emotion: Int, _ report: AttentionReport, _ state: inout State) -> [Effect] {
    guard let run = state.runs.first(where: { $0.id == report.run }), let corpus = state.corpus(of: run.job) else {
      return []
    }
    let utterances = Set(corpus.utterances.filter { $0.emotion == emotion }.map(\.id))
    CorpusPane.show(
      CorpusState.Selection(title: report.emotions[emotion], corpus: corpus.name, utterances: utterances), &state)
    return []
  }

  // MARK: Numbers

  /// The row of the table that the cell under the cursor is in; nil where it has none.
  private static let tableRow: @Sendable (State) -> Int? = { state in
    let pane = state.explainPane, order = pane.order, cursor = pane.cursor
    guard order.indices.contains(cursor.y), pane.columns.indices.contains(cursor.x) else { return nil }
    let row = order[cursor.y]
    if let report = pane.means?.report {
      return report.rows.firstIndex { $0.emotion == pane.rows[row].emotion && $0.attack == cursor.x - 1 }
    }
    guard pane.picture(row, cursor.x) != nil else { return nil }
    let before = order[..<cursor.y].reduce(0) { count, row in
      count + pane.columns.indices.count { pane.picture(row, $0) != nil }
    }
    return before + (0..<cursor.x).count { pane.picture(row, $0) != nil }
  }

  static func table(_ state: State) -> ResultTable {
    let pane = state.explainPane
    if let report = pane.means?.report {
      return state.stating(ExplainTables.attention(report), run: report.run, part: report.part.rawValue)
    }
    func number(_ value: Double?) -> ResultTable.Cell { value.map { .number($0, decimals: 3) } ?? .none }
    var shown: [Explanation] = []
    let rows = pane.order.flatMap { row in
      pane.columns.indices.compactMap { column -> [ResultTable.Cell]? in
        guard let picture = pane.picture(row, column) else { return nil }
        let explanation = picture.explanation, drift = explanation.drift
        let image = explanation.attacked ?? explanation.clean
        shown.append(explanation)
        return [
          .text(pane.emotions[pane.rows[row].emotion]), .text(pane.rows[row].utterance),
          .text(pane.columns[column].title), .integer(explanation.request.slice + 1),
          .text(explanation.emotions[image.prediction]), .share(image.probabilities[image.prediction]),
          number(drift?.rankCorrelation), number(drift?.overlap),
          number(drift?.frequencyShift), number(drift?.timeShift), .text(AttackTitles.full(explanation.request)),
        ]
      }
    }
    let table = ResultTable(
      title: "Attention, \(pane.subject), slice \(pane.slice + 1)",
      columns: [
        .init("emotion"), .init("utterance"), .init("column"), .init("slice"), .init("taken for"),
        .init("probability %"), .init("rank correlation"), .init("overlap of top fifths"), .init("moved in frequency"),
        .init("moved in time"), .init("attack", isForCSV: true),
      ], rows: rows, notes: [words(state)])
    return state.stating(table, shown)
  }

  /// "alexnet-0 · features.11 · Grad-CAM++ · evidence for each row's emotion".
  static func words(_ state: State) -> String {
    let pane = state.explainPane
    let node =
      pane.means?.report.node ?? pane.node ?? (pane.standardNode.isEmpty ? "last feature map" : pane.standardNode)
    let target =
      pane.means != nil
      ? "each image's own emotion, every map on its own scale"
      : pane.target.map { pane.emotions.indices.contains($0) ? pane.emotions[$0] : "?" } ?? "each row's emotion"
    let count = pane.columns.count
    let run = pane.across == .runs ? "\(count) \(count == 1 ? "run" : "runs")" : pane.columns.first?.run ?? ""
    let method = (pane.means?.report.method ?? pane.method) == .gradCAM ? "Grad-CAM" : "Grad-CAM++"
    let epsilon = pane.columns.compactMap(\.point).first.flatMap(Scrub.epsilon).map { " · \($0)" } ?? ""
    let missing =
      pane.missing.isEmpty || pane.means != nil ? "" : " · not said in \(pane.missing.joined(separator: ", "))"
    return "\(run)\(epsilon) · \(node) · \(method) · evidence for \(target)\(missing)\(shorter(pane))\(age(state))"
  }

  /// " · weights of epoch 6, before epoch 7": of maps whose run has trained on since.
  private static func age(_ state: State) -> String {
    let pane = state.explainPane
    var ages: [String] = []
    for row in pane.rows.indices {
      for column in pane.columns.indices {
        guard let picture = pane.picture(row, column), let age = AttackPane.age(picture.explanation, state) else {
          continue
        }
        if !ages.contains(age) { ages.append(age) }
      }
    }
    return ages.map { " · \($0)" }.joined()
  }

  /// " · anger ends with slice 2": takes that are too short for the slice that was asked for.
  private static func shorter(_ pane: ExplainState) -> String {
    let ends = pane.rows.indices.compactMap { row in
      pane.otherSlice(row).map { "\(pane.emotions[pane.rows[row].emotion]) ends with slice \($0.index + 1)" }
    }
    return ends.isEmpty ? "" : " · " + ends.joined(separator: ", ")
  }
}
