import Lab

/// The corpus pane's utterances as a table: those that the filter passes, in the order of the tree.
enum CorpusTable {
  static let table: @Sendable (State) -> ResultTable? = { state in
    guard !state.corpusPane.rows.isEmpty else { return nil }
    let pane = state.corpusPane
    var rows: [[ResultTable.Cell]] = []
    for (corpus, info) in state.corpora.enumerated() where corpus < pane.indices.count {
      for emotion in pane.indices[corpus].emotions {
        for speaker in emotion.speakers {
          for index in speaker.utterances where pane.matches?[corpus][index] != false {
            rows.append(row(info, info.utterances[index]))
          }
        }
      }
    }
    let notes = state.corpora.filter(\.isSynthetic).map { "\($0.name): synthetic speech" }
    return ResultTable(
      title: "Utterances",
      columns: ["corpus", "utterance", "emotion", "speaker", "sentence", "seconds", "sample rate", "file"].map {
        ResultTable.Column($0)
      }, rows: rows,
      notes: notes)
  }

  private static func row(_ info: CorpusInfo, _ utterance: UtteranceInfo) -> [ResultTable.Cell] {
    [
      .text(info.name), .text(utterance.id), .text(info.emotionName(utterance.emotion)), .text(utterance.speaker),
      .text(utterance.sentence), .number(utterance.duration, decimals: 3), .integer(utterance.sampleRate),
      .text(utterance.file),
    ]
  }

  /// The selected utterance's row.
  static let row: @Sendable (State) -> Int? = { state in
    let pane = state.corpusPane
    guard let selected = pane.selected, CorpusState.depth(selected) >= 3,
      let wanted = pane.utterances(below: selected, state.corpora).first
    else { return nil }
    return table(state)?.rows.firstIndex { $0[0] == .text(wanted.corpus) && $0[1] == .text(wanted.utterance) }
  }
}
