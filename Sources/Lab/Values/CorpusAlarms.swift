/// What must be known of a corpus before a number from it is believed: how its classes balance, and what its splits
/// share. One sentence each.
package struct CorpusAlarms: Sendable, Equatable {
  package let sentences: [String]

  /// Counts of utterances that differ by this factor between two emotions are said.
  private static let imbalance = 2.0

  package init(_ corpus: CorpusInfo) {
    var counts = [Int](repeating: 0, count: corpus.emotions.count)
    var emotions: [String: Set<Int>] = [:], speakers: [String: Set<String>] = [:], nameless = 0
    for utterance in corpus.utterances where counts.indices.contains(utterance.emotion) {
      counts[utterance.emotion] += 1
      // Utterances without a speaker may be of one or of many.
      let named = utterance.speaker.isEmpty ? [] : [utterance.speaker]
      for speaker in named { emotions[speaker, default: []].insert(utterance.emotion) }
      nameless += named.isEmpty ? 1 : 0
      if !utterance.sentence.isEmpty { speakers[utterance.sentence, default: []].formUnion(named) }
    }
    sentences =
      corpus.utterances.isEmpty
      ? []
      : Self.alike(corpus.emotions) + Self.balance(corpus.emotions, counts) + Self.gaps(corpus.emotions, emotions)
        + Self.shared(speakers, among: emotions.count, nameless: nameless, of: counts.reduce(0, +))
  }

  /// Classes that may be one class written in two ways, which nobody but the corpus's maker can tell.
  static func alike(_ emotions: [String]) -> [String] {
    let groups = Dictionary(grouping: emotions) {
      $0.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    return groups.values.filter { $0.count > 1 }.sorted { $0[0] < $1[0] }.map { names in
      names.map { "“\($0)”" }.joined(separator: ", ")
        + " are \(names.count) classes whose names differ in case or blanks alone: they may be meant as one"
    }
  }

  private static func balance(_ emotions: [String], _ counts: [Int]) -> [String] {
    let present = zip(emotions, counts).filter { $0.1 > 0 }
    let absent = zip(emotions, counts).filter { $0.1 == 0 }.map(\.0)
    var sentences = absent.isEmpty ? [] : ["no utterance of " + absent.joined(separator: ", ")]
    guard let most = present.max(by: { $0.1 < $1.1 }), let least = present.min(by: { $0.1 < $1.1 }) else {
      return sentences
    }
    let ratio = Double(most.1) / Double(least.1)
    if ratio >= imbalance {
      let times = "\(Int((ratio * 10).rounded()) / 10).\(Int((ratio * 10).rounded()) % 10)"
      sentences.append(
        "\(most.0) has \(times) times as many utterances as \(least.0) (\(most.1), \(least.1)): read UAR beside accuracy"
      )
    }
    return sentences
  }

  /// Speakers without some of the emotions that others have.
  private static func gaps(_ names: [String], _ emotions: [String: Set<Int>]) -> [String] {
    let all = emotions.values.reduce(into: Set<Int>()) { $0.formUnion($1) }
    let lacking = emotions.filter { $0.value.count < all.count }.sorted { $0.key < $1.key }
    guard let first = lacking.first else { return [] }
    let missing = all.subtracting(first.value).sorted().map { names[$0] }.joined(separator: ", ")
    return [
      "\(lacking.count) of \(emotions.count) speakers lack an emotion (\(first.key): \(missing)"
        + (lacking.count > 1 ? " …)" : ")")
    ]
  }

  /// - Parameters:
  ///   - count: of the speakers that are named.
  ///   - nameless: how many of `all` utterances have no speaker.
  private static func shared(
    _ speakers: [String: Set<String>], among count: Int, nameless: Int, of all: Int
  ) -> [String] {
    if count < 2, nameless > 0 {
      let whose = nameless == all ? "speakers" : "the speakers of \(nameless) of \(all) utterances"
      return ["\(whose) are not known: a split may share them between train and test"]
    }
    guard count > 1 else { return ["one speaker: what is learnt may be the voice"] }
    let common = speakers.values.filter { $0.count > 1 }.count
    return ["a split by utterance shares speakers between train and test"]
      + (common == 0 ? [] : ["\(common) of \(speakers.count) sentences have several speakers: every split shares them"])
  }
}
