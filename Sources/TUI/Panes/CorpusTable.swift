import Lab

/// The corpus pane's utterances as a table: those that the filter passes, in the order of the tree.
enum CorpusTable {
  static let table: @Sendable (State) -> DataTable? = { state in
    guard !state.corpusPane.rows.isEmpty else { return nil }
    let pane = state.corpusPane
    var rows: [[String]] = []
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
    return DataTable(
      title: "Utterances",
      columns: ["corpus", "utterance", "emotion", "speaker", "sentence", "seconds", "sample rate", "file"], rows: rows,
      notes: notes)
  }

  private static func row(_ info: CorpusInfo, _ utterance: UtteranceInfo) -> [String] {
    [
      info.name, utterance.id, info.emotionName(utterance.emotion), utterance.speaker, utterance.sentence,
      Numbers.fixed(utterance.duration, 3), String(utterance.sampleRate), utterance.file,
    ]
  }

  /// The selected utterance's row.
  static let row: @Sendable (State) -> Int? = { state in
    let pane = state.corpusPane
    guard let selected = pane.selected, CorpusState.depth(selected) >= 3,
      let wanted = pane.utterances(below: selected, state.corpora).first
    else { return nil }
    return table(state)?.rows.firstIndex { $0[0] == wanted.corpus && $0[1] == wanted.utterance }
  }
}
