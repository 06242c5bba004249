/// One file as its name, its folder or a table describes it; the audio is not looked at.
package struct CorpusEntry: Sendable, Equatable {
  let file: String
  let emotion: Int
  let speaker: String
  let sex: Sex?
  let sentence: String
}

/// What an adapter makes of a folder.
package struct AdapterReading: Sendable {
  var emotions: [String]
  var entries: [CorpusEntry] = []
  var rejected: [RejectedFile] = []
}

/// How well a folder fits an adapter.
package struct AdapterFit: Sendable, Equatable {
  /// Share of the audio files that fit, 0…1.
  package let share: Double
  /// "535 of 535 audio files are named as in Emo-DB".
  package let reason: String
  /// What the user may have meant by a file that this adapter cannot read; said whichever adapter is chosen.
  package var note: String?
}

/// Knows how one corpus, or one way to lay out a corpus, tells emotion, speaker and sentence.
package protocol CorpusAdapter: Sendable {
  /// What the command line calls it ("emodb").
  var name: String { get }
  var title: String { get }
  func fit(_ listing: FolderListing) -> AdapterFit
  /// - Throws: `PipelineError` when what the adapter needs (a table, class folders) is missing or malformed.
  func read(_ listing: FolderListing) throws -> AdapterReading
}

/// The registry of adapters. Adding one is a file in `Adapters` and a line here.
package enum Adapters {
  /// The more an adapter asks of names, the earlier it stands: the first that fits most files is taken.
  package static let all: [any CorpusAdapter] = [
    CSVAdapter(),
    MixedAdapter(),
    EmoDBAdapter(),
    EmoIITAdapter(),
    FoldersAdapter(),
  ]

  package static var names: [String] { all.map(\.name) }

  /// - Throws: `PipelineError.unknown`.
  package static func named(_ name: String) throws -> any CorpusAdapter {
    guard let adapter = all.first(where: { $0.name == name }) else {
      throw PipelineError.unknown(kind: "corpus adapter", name: name, known: names)
    }
    return adapter
  }

  /// The named adapter, or the first that fits at least half of the audio files.
  ///
  /// - Throws: `PipelineError.unknown`, `PipelineError.noAdapterFits`.
  package static func choose(_ name: String?, for listing: FolderListing) throws -> (
    adapter: any CorpusAdapter, reason: String
  ) {
    if let name { return (try named(name), "chosen by name") }
    let fits = all.map { ($0, $0.fit(listing)) }
    guard let choice = fits.first(where: { $0.1.share >= 0.5 }) else {
      // What cannot be looked into may be all that there is.
      let closed = listing.closed.prefix(1).map { "\($0.file): \($0.reason)" }
      throw PipelineError.noAdapterFits(
        path: listing.root.path, reasons: fits.map { "\($0.name): \($1.reason)" } + closed)
    }
    return (choice.0, ([choice.1.reason] + fits.compactMap(\.1.note)).joined(separator: "; "))
  }
}

/// What a file's name tells.
enum NameReading {
  case entry(CorpusEntry)
  /// Why it is no utterance: completes "03a01Fa.wav: …".
  case misfit(String)
}

/// Adapters of corpora whose file names tell everything.
protocol NamedCorpusAdapter: CorpusAdapter {
  var emotions: [String] { get }
  func parse(_ file: String) -> NameReading
}

extension NamedCorpusAdapter {
  func fits(_ file: String) -> Bool {
    if case .entry = parse(file) { true } else { false }
  }

  package func fit(_ listing: FolderListing) -> AdapterFit {
    let count = listing.audio.count(where: fits), all = listing.audio.count
    return AdapterFit(
      share: Double(count) / Double(max(1, all)), reason: "\(count) of \(all) audio files are named as in \(title)")
  }

  package func read(_ listing: FolderListing) throws -> AdapterReading {
    var reading = AdapterReading(emotions: emotions)
    for file in listing.audio {
      switch parse(file) {
      case .entry(let entry): reading.entries.append(entry)
      case .misfit(let reason): reading.rejected.append(RejectedFile(file: file, reason: reason))
      }
    }
    return reading
  }
}
