import Lab

/// The corpus pane's state: an unfolded tree and the rows that it makes.
package struct CorpusState: Sendable, Equatable {
  /// A place in the tree; unfolding is by place, so it survives new events.
  package enum Node: Sendable, Hashable {
    case corpus(String)
    case emotion(String, Int)
    case speaker(String, Int, String)
  }

  package enum Row: Sendable, Hashable {
    case corpus(Int)
    case emotion(corpus: Int, emotion: Int)
    case speaker(corpus: Int, emotion: Int, speaker: Int)
    case utterance(corpus: Int, utterance: Int)
  }

  package enum Order: String, Sendable, CaseIterable {
    case name, duration
    case longest = "longest first"
  }

  package var list = ListState()
  package var filter = ""
  package var order = Order.name
  package private(set) var indices: [CorpusIndex] = []
  package private(set) var rows: [Row] = []
  /// Utterances that pass the filter, by corpus; nil without a filter.
  package private(set) var matches: [[Bool]]?
  package var unfolded: Set<Node> = []

  package init() {}

  package var selected: Row? { rows.indices.contains(list.selection) ? rows[list.selection] : nil }

  package mutating func take(_ corpora: [CorpusInfo]) {
    let isFirst = indices.isEmpty
    indices = corpora.map(CorpusIndex.init)
    if isFirst, let first = corpora.first { unfolded.insert(.corpus(first.name)) }
    search(corpora)
  }

  /// After a change of the filter.
  package mutating func search(_ corpora: [CorpusInfo]) {
    matches = filter.isEmpty ? nil : indices.map { $0.matches(filter) }
    rebuild(corpora)
  }

  /// Makes the rows anew and keeps the selection on the same thing.
  package mutating func rebuild(_ corpora: [CorpusInfo]) {
    let before = selected
    rows = []
    for (corpus, info) in corpora.enumerated() where corpus < indices.count {
      if let matches, !matches[corpus].contains(true) { continue }
      rows.append(.corpus(corpus))
      if isUnfolded(.corpus(info.name)) { addEmotions(corpus, info) }
    }
    if let before, let index = rows.firstIndex(of: before) { list.selection = index }
  }

  /// A filter unfolds all, so that every match is seen.
  package func isUnfolded(_ node: Node) -> Bool { matches != nil || unfolded.contains(node) }

  private mutating func addEmotions(_ corpus: Int, _ info: CorpusInfo) {
    for (index, emotion) in indices[corpus].emotions.enumerated() {
      if matches != nil, count(corpus: corpus, emotion: index) == 0 { continue }
      rows.append(.emotion(corpus: corpus, emotion: index))
      guard isUnfolded(.emotion(info.name, emotion.emotion)) else { continue }
      for (place, speaker) in emotion.speakers.enumerated() {
        let shown = passing(corpus, speaker.utterances)
        if shown.isEmpty { continue }
        rows.append(.speaker(corpus: corpus, emotion: index, speaker: place))
        guard isUnfolded(.speaker(info.name, emotion.emotion, speaker.name)) else { continue }
        rows += sorted(shown, info).map { .utterance(corpus: corpus, utterance: $0) }
      }
    }
  }

  private func passing(_ corpus: Int, _ utterances: [Int]) -> [Int] {
    guard let matches else { return utterances }
    return utterances.filter { matches[corpus][$0] }
  }

  private func sorted(_ utterances: [Int], _ info: CorpusInfo) -> [Int] {
    switch order {
    case .name: utterances
    case .duration: utterances.sorted { info.utterances[$0].duration < info.utterances[$1].duration }
    case .longest: utterances.sorted { info.utterances[$0].duration > info.utterances[$1].duration }
    }
  }

  // MARK: Counts

  package func count(corpus: Int) -> Int {
    matches.map { $0[corpus].count(where: { $0 }) } ?? indices[corpus].emotions.reduce(0) { $0 + $1.count }
  }

  package func count(corpus: Int, emotion: Int) -> Int {
    let group = indices[corpus].emotions[emotion]
    guard matches != nil else { return group.count }
    return group.speakers.reduce(0) { $0 + passing(corpus, $1.utterances).count }
  }

  package func count(corpus: Int, emotion: Int, speaker: Int) -> Int {
    passing(corpus, indices[corpus].emotions[emotion].speakers[speaker].utterances).count
  }

  // MARK: Rows and places

  package func node(_ row: Row, _ corpora: [CorpusInfo]) -> Node? {
    switch row {
    case .corpus(let corpus): .corpus(corpora[corpus].name)
    case .emotion(let corpus, let emotion): .emotion(corpora[corpus].name, indices[corpus].emotions[emotion].emotion)
    case .speaker(let corpus, let emotion, let speaker):
      .speaker(
        corpora[corpus].name, indices[corpus].emotions[emotion].emotion,
        indices[corpus].emotions[emotion].speakers[speaker].name)
    case .utterance: nil
    }
  }

  package static func depth(_ row: Row) -> Int {
    switch row {
    case .corpus: 0
    case .emotion: 1
    case .speaker: 2
    case .utterance: 3
    }
  }

  package static func corpus(of row: Row) -> Int {
    switch row {
    case .corpus(let corpus), .emotion(let corpus, _), .speaker(let corpus, _, _), .utterance(let corpus, _): corpus
    }
  }

  /// To the next utterance's row in a direction; false when there is none.
  package mutating func step(_ distance: Int) -> Bool {
    var index = list.selection + distance
    while rows.indices.contains(index) {
      if case .utterance = rows[index] {
        list.selection = index
        return true
      }
      index += distance
    }
    return false
  }

  /// To the row that holds the selected one.
  package mutating func toParent() {
    guard let row = selected else { return }
    let depth = Self.depth(row)
    if let parent = rows[..<list.selection].lastIndex(where: { Self.depth($0) < depth }) { list.selection = parent }
  }

  /// Unfolds or folds every place of a corpus.
  package mutating func unfoldAll(_ corpus: Int, _ info: CorpusInfo, _ isOpen: Bool) {
    var places: Set<Node> = []
    for emotion in indices[corpus].emotions {
      places.insert(.emotion(info.name, emotion.emotion))
      for speaker in emotion.speakers { places.insert(.speaker(info.name, emotion.emotion, speaker.name)) }
    }
    if isOpen { unfolded.formUnion(places.union([.corpus(info.name)])) } else { unfolded.subtract(places) }
  }
}
