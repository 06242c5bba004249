import Lab

/// Marking utterances, and what marks are for.
enum CorpusMarks {
  private static let hasRows: @Sendable (State) -> Bool = { !$0.corpusPane.rows.isEmpty }
  private static let hasMarks: @Sendable (State) -> Bool = { !$0.corpusPane.marks.isEmpty }

  private static func isUtterance(_ row: CorpusState.Row?) -> Bool { row.map { CorpusState.depth($0) >= 3 } ?? false }

  static let bindings: [Binding] = [
    Binding(
      "corpus.mark", ["space"], "mark", "Marks what is selected, with all below it, or takes the mark back.", hint: 4,
      isEnabled: hasRows
    ) { state in
      guard let row = state.corpusPane.selected else { return [] }
      state.corpusPane.toggle(state.corpusPane.utterances(below: row, state.corpora))
      guard isUtterance(row) else {
        state.say("\(state.corpusPane.marks.count) marked")
        return []
      }
      state.corpusPane.list.move(by: 1, count: state.corpusPane.rows.count)
      return CorpusPane.moved(&state)
    },
    Binding("corpus.unmark", ["M"], "unmark all", "Takes back all marks.", isEnabled: hasMarks) { state in
      state.corpusPane.setMarks([])
      return []
    },
    Binding(
      "corpus.beside", ["v"], "side by side", "Shows up to four marked utterances on one time axis.", hint: 5,
      isEnabled: hasMarks, whyNot: { _ in "nothing is marked; space marks an utterance" }
    ) { state in
      let effects = state.viewPane.show(state.corpusPane.marks)
      state.go(to: .view)
      return effects
    },
    Binding(
      "corpus.emotions", ["A"], "all emotions",
      "Marks the sentence as this speaker says it in every emotion, and shows four of them side by side.", hint: 6,
      isEnabled: { isUtterance($0.corpusPane.selected) }, whyNot: { _ in "choose an utterance first" }, run: emotions),
    Binding(
      "corpus.play", ["p"], "play", "Plays the utterance.", hint: 51,
      isEnabled: { $0.player != nil && isUtterance($0.corpusPane.selected) }, whyNot: ViewPane.whyNoSound
    ) { state in
      guard let row = state.corpusPane.selected,
        let utterance = state.corpusPane.utterances(below: row, state.corpora).first
      else { return [] }
      return [.request(.play(corpus: utterance.corpus, utterance: utterance.utterance, part: nil))]
    },
  ]

  private static let emotions: @Sendable (inout State) -> [Effect] = { state in
    let (corpus, utterance): (Int, Int)
    switch state.corpusPane.selected {
    case .utterance(let place, let index), .slice(let place, let index, _): (corpus, utterance) = (place, index)
    default: return []
    }
    return show(utterance, state.corpora[corpus], &state)
  }

  /// Also the view's.
  static func show(_ utterance: Int, _ info: CorpusInfo, _ state: inout State) -> [Effect] {
    let found = CorpusState.emotions(of: utterance, in: info)
    guard found.count > 1 else {
      let isNamed = !info.utterances[utterance].sentence.isEmpty
      state.say(
        isNamed
          ? "this speaker says the sentence in one emotion only" : "the corpus does not tell which sentence is spoken",
        .warning)
      return []
    }
    state.mark()
    state.corpusPane.setMarks(found)
    let effects = state.viewPane.show(found)
    state.show(.view)
    if found.count > ViewState.mostTiles {
      state.say("\(found.count) emotions; four are shown, o goes on through them")
    }
    return effects
  }
}
