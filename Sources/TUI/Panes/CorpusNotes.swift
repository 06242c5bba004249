import Lab

/// What is said of a corpus below the tree while it is selected: how its classes balance, what its splits share.
enum CorpusNotes {
  /// None where the tree itself needs the room.
  static func lines(_ state: State, _ size: Size) -> [String] {
    guard case .corpus(let corpus) = state.corpusPane.selected, state.corpusPane.indices.indices.contains(corpus),
      size.height >= 10
    else { return [] }
    let sentences = state.corpusPane.indices[corpus].alarms.sentences
    let lines = sentences.flatMap { sentence in
      Paragraph.lines(state.look.glyphs.plain(sentence), width: size.width - 3).enumerated().map {
        ($0 == 0 ? "! " : "  ") + $1
      }
    }
    return Array(lines.prefix(size.height / 2))
  }
}
