import Lab

/// The corpus pane's place as text: the filter, what is unfolded, what is selected.
extension CorpusState {
  private static let separator: Character = "\t"
  private static let line: Character = "\n"

  package func save(_ corpora: [CorpusInfo]) -> [String: String] {
    var saved = ["filter": filter, "order": order.rawValue]
    saved["unfolded"] = unfolded.map(Self.text).sorted().joined(separator: String(Self.line))
    saved["selected"] = selected.flatMap { text($0, corpora) }
    if let only {
      let words = [only.title, only.corpus] + only.utterances.sorted()
      saved["only"] = words.joined(separator: String(Self.separator))
    }
    return saved
  }

  package mutating func restore(_ saved: [String: String], _ corpora: [CorpusInfo]) {
    filter = saved["filter"] ?? ""
    order = saved["order"].flatMap(Order.init) ?? .name
    unfolded = Set((saved["unfolded"] ?? "").split(separator: Self.line).compactMap { Self.node(String($0)) })
    let words = (saved["only"] ?? "").split(separator: Self.separator).map(String.init)
    only =
      words.count >= 2
      ? Selection(title: words[0], corpus: words[1], utterances: Set(words.dropFirst(2))) : nil
    search(corpora)
    guard let wanted = saved["selected"] else { return }
    if let index = rows.firstIndex(where: { text($0, corpora) == wanted }) { list.selection = index }
  }

  private static func text(_ node: Node) -> String {
    let words: [String] =
      switch node {
      case .corpus(let corpus): ["c", corpus]
      case .emotion(let corpus, let emotion): ["e", corpus, String(emotion)]
      case .speaker(let corpus, let emotion, let speaker): ["s", corpus, String(emotion), speaker]
      case .utterance(let corpus, let utterance): ["u", corpus, utterance]
      }
    return words.joined(separator: String(separator))
  }

  private static func node(_ text: String) -> Node? {
    let words = text.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    switch (words.first, words.count) {
    case ("c", 2): return .corpus(words[1])
    case ("e", 3): return Int(words[2]).map { .emotion(words[1], $0) }
    case ("s", 4): return Int(words[2]).map { .speaker(words[1], $0, words[3]) }
    case ("u", 3): return .utterance(words[1], words[2])
    default: return nil
    }
  }

  /// A row by its names, which survive a new scan.
  func text(_ row: Row, _ corpora: [CorpusInfo]) -> String? {
    if case .slice(let corpus, let utterance, let slice) = row {
      let info = corpora[corpus]
      return ["l", info.name, info.utterances[utterance].id, String(slice)].joined(separator: String(Self.separator))
    }
    return node(row, corpora).map(Self.text)
  }

  // MARK: One sentence in all emotions

  /// The utterance's sentence as its speaker says it in each emotion, the corpus's order; the first take of each.
  ///
  /// - Returns: only the utterance itself where the corpus names no sentences.
  package static func emotions(of utterance: Int, in corpus: CorpusInfo) -> [UtteranceReference] {
    let wanted = corpus.utterances[utterance]
    var found: [Int: String] = [wanted.emotion: wanted.id]
    if !wanted.sentence.isEmpty {
      for other in corpus.utterances where other.sentence == wanted.sentence && other.speaker == wanted.speaker {
        if found[other.emotion] == nil { found[other.emotion] = other.id }
      }
    }
    // The one that was asked for comes first, so that it is among those that are seen.
    let order = [wanted.emotion] + found.keys.filter { $0 != wanted.emotion }.sorted()
    return order.compactMap { found[$0] }.map { UtteranceReference(corpus: corpus.name, utterance: $0) }
  }
}
