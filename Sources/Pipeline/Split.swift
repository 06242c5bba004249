import Core
import Foundation

package enum Part: String, Sendable, Codable { case train, test }

/// How a corpus is cut into train and test.
package enum SplitKind: Sendable, Equatable, CustomStringConvertible {
  /// Random 80/20 over files.
  case utterance
  /// Random 80/20 over slices: neighbours of one file overlap, so test sees what train saw.
  case slice
  /// Some speakers are held out whole.
  case speaker
  /// A CSV with the columns file and part.
  case file(URL)

  /// "utterance", "slice", "speaker", or the path of a CSV.
  package init(_ text: String) {
    switch text {
    case "utterance": self = .utterance
    case "slice": self = .slice
    case "speaker": self = .speaker
    default: self = .file(URL(fileURLWithPath: text))
    }
  }

  package var description: String {
    switch self {
    case .utterance: "utterance"
    case .slice: "slice"
    case .speaker: "speaker"
    case .file(let url): url.path
    }
  }
}

/// The part of every slice of a corpus.
package struct Split: Sendable {
  package let kind: SplitKind
  /// One a slice, in the slice table's order.
  package let parts: [Part]
  package let leakage: Leakage

  /// Share of files, slices or speakers that test gets.
  package static let testShare = 0.2

  package func slices(_ part: Part) -> [Int] { parts.indices.filter { parts[$0] == part } }

  /// - Parameter seed: of the random kinds; the same seed gives the same parts.
  /// - Throws: `PipelineError` when a speaker is unknown, a part would be empty, or the CSV does not cover the corpus.
  package init(_ kind: SplitKind, corpus: Corpus, table: SliceTable, seed: UInt64) throws {
    let utterances = corpus.utterances
    func perUtterance(_ part: (Int) throws -> Part) rethrows -> [Part] {
      try utterances.indices.flatMap { index in
        let part = try part(index)
        return table.slices(of: index).map { _ in part }
      }
    }
    switch kind {
    case .utterance:
      let held = Self.heldOut(utterances.count, seed, "split.utterance")
      parts = perUtterance { held.contains($0) ? .test : .train }
    case .slice:
      let held = Self.heldOut(table.count, seed, "split.slice")
      parts = (0..<table.count).map { held.contains($0) ? .test : .train }
    case .speaker:
      if let nameless = utterances.first(where: \.speaker.isEmpty) {
        throw PipelineError.cannotSplit(reason: "the speaker of \(nameless.file) is not known")
      }
      let speakers = Set(utterances.map(\.speaker)).sorted()
      let held = Set(Self.heldOut(speakers.count, seed, "split.speaker").map { speakers[$0] })
      parts = perUtterance { held.contains(utterances[$0].speaker) ? .test : .train }
    case .file(let url):
      let table = try Self.parts(from: url, files: utterances.map(\.file), rejected: corpus.rejected)
      parts = perUtterance { table[$0] }
    }
    self.kind = kind
    for part in [Part.train, .test] where !parts.contains(part) {
      throw PipelineError.cannotSplit(reason: "by \(kind) the \(part.rawValue) part would be empty")
    }
    leakage = Leakage(parts: parts, corpus: corpus, table: table)
  }

  private static func heldOut(_ count: Int, _ seed: UInt64, _ purpose: String) -> Set<Int> {
    guard count > 1 else { return [] }
    let test = min(count - 1, max(1, Int((Double(count) * testShare).rounded())))
    return Set(RandomStream(seed: seed, purpose: purpose).permutation(count).prefix(test))
  }

  /// One part a file of the corpus, from a CSV that must name every one of them and nothing else.
  ///
  /// - Parameter rejected: why files of the folder are none of the corpus.
  /// - Throws: `PipelineError`.
  package static func parts(from url: URL, files: [String], rejected: [RejectedFile] = []) throws -> [Part] {
    let table = try CSVTable(contentsOf: url, columns: ["file", "part"])
    func malformed(_ reason: String) -> PipelineError { .malformedTable(path: url.path, reason: reason) }
    var index: [String: Int] = [:]
    for (place, file) in files.enumerated() {
      guard index.updateValue(place, forKey: file) == nil else {
        throw malformed("two files of the corpus are both called “\(file)”, in different Unicode forms")
      }
    }
    // A file's bare name will do where the corpus has folders, if it is unique there.
    for (name, same) in Dictionary(grouping: files.indices, by: { Path.name(files[$0]) }) {
      if same.count == 1, index[name] == nil { index[name] = same[0] }
    }
    var parts = [Part?](repeating: nil, count: files.count)
    for row in table.rows {
      let file = row["file"] ?? "", word = row["part"] ?? ""
      guard let utterance = index[file] else { throw malformed("line \(row.line): \(missing(file, rejected))") }
      guard let part = Part(rawValue: word) else {
        throw malformed("line \(row.line): part “\(word)” of \(file) is neither train nor test")
      }
      guard parts[utterance] == nil else { throw malformed("line \(row.line): \(file) is listed a second time") }
      parts[utterance] = part
    }
    return try zip(parts, files).map { part, file in
      guard let part else { throw malformed("it does not name \(file)") }
      return part
    }
  }

  /// Why no utterance has that file, which may be there all the same.
  private static func missing(_ file: String, _ rejected: [RejectedFile]) -> String {
    guard let left = rejected.first(where: { $0.file == file }) ?? rejected.first(where: { Path.name($0.file) == file })
    else { return "the corpus has no file “\(file)”" }
    return "\(left.file) is left out of the corpus (\(left.reason)); take it out of the split too"
  }

  /// Equal where the same utterances go into the same parts, at whichever stride; one that goes into both counts slice by
  /// slice.
  package func identity(of corpus: Corpus, table: SliceTable) -> ContentHash {
    let lines = zip(corpus.utterances, corpus.utterances.indices).map { utterance, index -> String in
      let ways = parts[table.slices(of: index)]
      let isWhole = ways.allSatisfy { $0 == ways.first }
      return "\(utterance.id) " + (isWhole ? ways.prefix(1) : ways).map { $0 == .train ? "r" : "e" }.joined()
    }
    return ContentHash(lines.sorted().joined(separator: "\n"))
  }
}

/// What train and test share: facts that belong beside every number.
package struct Leakage: Sendable, Equatable {
  /// Speakers, text codes and files on both sides, sorted.
  package let speakers: [String]
  package let sentences: [String]
  package let files: [String]
  /// Test slices that overlap a train slice of the same file in time.
  package let overlappingTestSlices: Int
  package let testSlices: Int
  private let speakerCount: Int
  private let sentenceCount: Int
  private let fileCount: Int
  /// Utterances whose speaker, and whose text, the corpus does not tell.
  private let speakerless: Int
  private let sentenceless: Int

  init(parts: [Part], corpus: Corpus, table: SliceTable) {
    var sides: [Part: [Int]] = [.train: [], .test: []]
    var overlapping = 0
    for index in corpus.utterances.indices {
      let slices = table.slices(of: index)
      let train = slices.filter { parts[$0] == .train }, test = slices.filter { parts[$0] == .test }
      if !train.isEmpty { sides[.train]?.append(index) }
      if !test.isEmpty { sides[.test]?.append(index) }
      overlapping += Self.overlaps(of: test, with: train, reach: (999 / table.slicer.strideMilliseconds))
    }
    let utterances = corpus.utterances
    func shared(_ key: (Utterance) -> String) -> [String] {
      func side(_ part: Part) -> Set<String> { Set((sides[part] ?? []).map { key(utterances[$0]) }) }
      return side(.train).intersection(side(.test)).subtracting([""]).sorted()
    }
    func known(_ key: (Utterance) -> String) -> Int { Set(utterances.map(key)).subtracting([""]).count }
    func unknown(_ key: (Utterance) -> String) -> Int { utterances.count { key($0).isEmpty } }
    (speakers, speakerCount) = (shared(\.speaker), known(\.speaker))
    (sentences, sentenceCount) = (shared(\.sentence), known(\.sentence))
    (files, fileCount) = (shared(\.file), utterances.count)
    (speakerless, sentenceless) = (unknown(\.speaker), unknown(\.sentence))
    (overlappingTestSlices, testSlices) = (overlapping, parts.count { $0 == .test })
  }

  /// How many of `test` have a neighbour in `train` at most `reach` slices away; both ascend.
  private static func overlaps(of test: [Int], with train: [Int], reach: Int) -> Int {
    var first = 0
    return test.count { slice in
      while first < train.count, train[first] < slice - reach { first += 1 }
      return first < train.count && train[first] <= slice + reach
    }
  }

  /// One short sentence a fact; what the corpus does not tell is said too.
  package var facts: [String] {
    [
      fact("speaker", shared: speakers.count, of: speakerCount, unknown: speakerless),
      fact("sentence", shared: sentences.count, of: sentenceCount, unknown: sentenceless),
      "\(files.count) of \(fileCount) files are in both train and test",
      "\(overlappingTestSlices) of \(testSlices) test slices overlap a train slice of the same file",
    ]
  }

  private func fact(_ word: String, shared: Int, of known: Int, unknown: Int) -> String {
    guard known > 0 else { return "\(word)s are not known" }
    return "\(shared) of \(known) \(word)s are in both train and test"
      + (unknown == 0 ? "" : "; the \(word) of \(unknown) of \(fileCount) utterances is not known")
  }
}
