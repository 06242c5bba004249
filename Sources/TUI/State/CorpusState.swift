import Lab
import Pipeline

/// An utterance by its names, which survive a new scan of its corpus.
package struct UtteranceReference: Sendable, Hashable {
  package let corpus: String
  package let utterance: String

  package init(corpus: String, utterance: String) { (self.corpus, self.utterance) = (corpus, utterance) }
}

/// The corpus pane's state: an unfolded tree and the rows that it makes.
package struct CorpusState: Sendable, Equatable {
  /// A place in the tree; unfolding is by place, so it survives new events.
  package enum Node: Sendable, Hashable {
    case corpus(String)
    case emotion(String, Int)
    case speaker(String, Int, String)
    case utterance(String, String)
  }

  package enum Row: Sendable, Hashable {
    case corpus(Int)
    case emotion(corpus: Int, emotion: Int)
    case speaker(corpus: Int, emotion: Int, speaker: Int)
    case utterance(corpus: Int, utterance: Int)
    case slice(corpus: Int, utterance: Int, slice: Int)
  }

  package enum Order: String, Sendable, CaseIterable {
    case name, duration
    case longest = "longest first"
    case sentence
  }

  /// The utterances behind something in another pane: only they are shown.
  package struct Selection: Sendable, Equatable {
    package let title: String
    package let corpus: String
    package let utterances: Set<String>

    package init(title: String, corpus: String, utterances: Set<String>) {
      (self.title, self.corpus, self.utterances) = (title, corpus, utterances)
    }
  }

  package var list = ListState()
  package var filter = ""
  package var only: Selection?
  package var order = Order.name
  /// ms between the slices of an unfolded utterance: the view's.
  package private(set) var stride = Job.defaults.strideMilliseconds
  package private(set) var indices: [CorpusIndex] = []
  package private(set) var rows: [Row] = []
  /// Utterances that pass the filter, by corpus; nil without a filter.
  package private(set) var matches: [[Bool]]?
  package var unfolded: Set<Node> = []
  /// In the order in which they were marked.
  package private(set) var marks: [UtteranceReference] = []
  private var marked: Set<UtteranceReference> = []

  package init() {}

  package var selected: Row? { rows.indices.contains(list.selection) ? rows[list.selection] : nil }

  /// Rows are by number: what is selected is found again by its names, wherever it is now. Where it is gone, the selection
  /// stays at its place in the list.
  ///
  /// - Parameter before: what was known; a corpus that has not changed keeps its index.
  package mutating func take(_ corpora: [CorpusInfo], before: [CorpusInfo] = []) {
    let isFirst = indices.isEmpty
    let known = indices, selection = list.selection
    let wanted = known.count == before.count ? selected.flatMap { text($0, before) } : nil
    indices = corpora.enumerated().map { place, corpus in
      if let old = before.firstIndex(of: corpus), known.indices.contains(old) { return known[old] }
      return CorpusIndex(corpus)
    }
    if isFirst, let first = corpora.first { unfolded.insert(.corpus(first.name)) }
    search(corpora)
    if let wanted { list.selection = rows.firstIndex { text($0, corpora) == wanted } ?? selection }
  }

  /// After a change of the filter, or of what is shown alone.
  package mutating func search(_ corpora: [CorpusInfo]) {
    matches = filter.isEmpty && only == nil ? nil : indices.map { $0.matches(filter) }
    if let only {
      for (corpus, info) in corpora.enumerated() where corpus < indices.count {
        for (index, utterance) in info.utterances.enumerated()
        where info.name != only.corpus || !only.utterances.contains(utterance.id) { matches?[corpus][index] = false }
      }
    }
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

  /// A filter unfolds all down to the utterances, so that every match is seen.
  package func isUnfolded(_ node: Node) -> Bool {
    if case .utterance = node { return unfolded.contains(node) }
    return matches != nil || unfolded.contains(node)
  }

  package mutating func setStride(_ stride: Int, _ corpora: [CorpusInfo]) {
    guard stride != self.stride else { return }
    self.stride = stride
    if unfolded.contains(where: { if case .utterance = $0 { true } else { false } }) { rebuild(corpora) }
  }

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
        for utterance in sorted(shown, info) {
          rows.append(.utterance(corpus: corpus, utterance: utterance))
          guard unfolded.contains(.utterance(info.name, info.utterances[utterance].id)) else { continue }
          rows += (0..<slices(info.utterances[utterance])).map {
            .slice(corpus: corpus, utterance: utterance, slice: $0)
          }
        }
      }
    }
  }

  package func slices(_ utterance: UtteranceInfo) -> Int {
    (try? Slicer(strideMilliseconds: stride))?.count(seconds: utterance.duration) ?? 1
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
    case .sentence: utterances.sorted { info.utterances[$0].sentence < info.utterances[$1].sentence }
    }
  }

  // MARK: Marks

  package func isMarked(_ reference: UtteranceReference) -> Bool { marked.contains(reference) }

  package mutating func setMarks(_ references: [UtteranceReference]) {
    var seen: Set<UtteranceReference> = []
    marks = references.filter { seen.insert($0).inserted }
    marked = seen
  }

  /// Marks all of some utterances, or unmarks them when all are marked.
  package mutating func toggle(_ references: [UtteranceReference]) {
    if references.allSatisfy(marked.contains) {
      let gone = Set(references)
      setMarks(marks.filter { !gone.contains($0) })
    } else {
      setMarks(marks + references)
    }
  }

  /// The utterances below a row that pass the filter.
  package func utterances(below row: Row, _ corpora: [CorpusInfo]) -> [UtteranceReference] {
    let corpus = Self.corpus(of: row)
    let indices: [Int] =
      switch row {
      case .corpus: self.indices[corpus].emotions.flatMap { $0.speakers.flatMap(\.utterances) }
      case .emotion(_, let emotion): self.indices[corpus].emotions[emotion].speakers.flatMap(\.utterances)
      case .speaker(_, let emotion, let speaker): self.indices[corpus].emotions[emotion].speakers[speaker].utterances
      case .utterance(_, let utterance), .slice(_, let utterance, _): [utterance]
      }
    let info = corpora[corpus]
    return passing(corpus, indices).map { UtteranceReference(corpus: info.name, utterance: info.utterances[$0].id) }
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
    case .utterance(let corpus, let utterance):
      .utterance(corpora[corpus].name, corpora[corpus].utterances[utterance].id)
    case .slice: nil
    }
  }

  package static func depth(_ row: Row) -> Int {
    switch row {
    case .corpus: 0
    case .emotion: 1
    case .speaker: 2
    case .utterance: 3
    case .slice: 4
    }
  }

  package static func corpus(of row: Row) -> Int {
    switch row {
    case .corpus(let corpus), .emotion(let corpus, _), .speaker(let corpus, _, _), .utterance(let corpus, _),
      .slice(let corpus, _, _):
      corpus
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
