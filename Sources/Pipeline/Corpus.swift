import Foundation

package enum Sex: String, Sendable, Codable { case female, male }

/// One spoken sentence: one file.
package struct Utterance: Sendable, Equatable, Identifiable {
  /// File name without its extension where that is unique within the corpus, else the relative path.
  package let id: String
  /// Path relative to the corpus.
  package let file: String
  /// Indexes the corpus's emotions.
  package let emotion: Int
  /// Empty where the corpus does not tell.
  package let speaker: String
  package let sex: Sex?
  /// The text's code; empty where the corpus does not tell.
  package let sentence: String
  package let header: AudioHeader

  /// Samples at 16 kHz.
  package var samples: Int {
    (header.frames * Audio.pipelineRate + header.sampleRate - 1) / header.sampleRate
  }
}

/// A file that is no utterance of the corpus, and why: never guessed.
package struct RejectedFile: Sendable, Equatable {
  package let file: String
  package let reason: String

  package init(file: String, reason: String) { (self.file, self.reason) = (file, reason) }
}

/// A folder of utterances as one adapter reads it.
package struct Corpus: Sendable {
  package let root: URL
  /// The adapter's name.
  package let adapter: String
  /// Why this adapter ("535 of 535 audio files are named as in Emo-DB").
  package let adapterReason: String
  /// The folder, or one below it, holds a file `SYNTHETIC`: its speech is made by machine, and is shown as such.
  package let isSynthetic: Bool
  /// The class list, which belongs to the corpus.
  package let emotions: [String]
  /// Ordered by file.
  package let utterances: [Utterance]
  /// Audio files that do not fit, and what cannot be looked into, ordered by file.
  package let rejected: [RejectedFile]
  /// Files that are no audio by their names.
  package let otherFiles: [String]
  /// `FolderListing.stamp` of the folder when it was scanned.
  package let stamp: UInt64

  package static let syntheticMarker = "SYNTHETIC"

  package func url(of utterance: Utterance) -> URL { root.appendingPathComponent(utterance.file) }

  /// The same corpus with only the utterances whose files are named.
  package func restricted(to files: Set<String>) -> Corpus {
    Corpus(
      root: root, adapter: adapter, adapterReason: adapterReason, isSynthetic: isSynthetic, emotions: emotions,
      utterances: utterances.filter { files.contains($0.file) }, rejected: rejected, otherFiles: otherFiles,
      stamp: stamp)
  }

  /// Reads a corpus's folder: names by the adapter, then every header.
  ///
  /// - Parameter adapter: registry name; nil takes the one that fits best.
  /// - Throws: `PipelineError` when the folder cannot be read, no adapter fits, or no utterance is left.
  package static func scan(_ folder: URL, adapter name: String? = nil) throws -> Corpus {
    let listing = try FolderListing(folder)
    let choice = try Adapters.choose(name, for: listing)
    let reading = try read(listing, by: choice.adapter, path: folder.path)
    // The first is the example where nothing is left: what cannot be looked into may be all that there is.
    var rejected = listing.closed + reading.rejected
    var found: [(entry: CorpusEntry, header: AudioHeader)] = []
    for entry in reading.entries.sorted(by: { $0.file < $1.file }) {
      do {
        found.append((entry, try Audio.probe(listing.root.appendingPathComponent(entry.file))))
      } catch let error as PipelineError {
        rejected.append(RejectedFile(file: entry.file, reason: error.reason))
      }
    }
    guard !found.isEmpty else {
      throw PipelineError.noUtterances(
        path: folder.path, adapter: choice.adapter.name, example: rejected.first.map { "\($0.file): \($0.reason)" })
    }
    let ids = identifiers(found.map(\.entry.file))
    return Corpus(
      root: listing.root, adapter: choice.adapter.name, adapterReason: choice.reason,
      isSynthetic: listing.others.contains { Path.name($0) == syntheticMarker }, emotions: reading.emotions,
      utterances: zip(found, ids).map { item, id in
        Utterance(
          id: id, file: item.entry.file, emotion: item.entry.emotion, speaker: item.entry.speaker,
          sex: item.entry.sex, sentence: item.entry.sentence, header: item.header)
      },
      rejected: rejected.sorted { $0.file < $1.file }, otherFiles: listing.others,
      stamp: listing.stamp)
  }

  /// What the adapter makes of the listing. Where it finds no sounds, what cannot be looked into is the better reason.
  private static func read(
    _ listing: FolderListing, by adapter: any CorpusAdapter, path: String
  ) throws -> AdapterReading {
    do { return try adapter.read(listing) } catch let error as PipelineError {
      guard listing.audio.isEmpty, let closed = listing.closed.first else { throw error }
      throw PipelineError.noUtterances(
        path: path, adapter: adapter.name, example: "\(closed.file): \(closed.reason)")
    }
  }

  /// The shortest of stem, path without extension and path that no two files share.
  private static func identifiers(_ files: [String]) -> [String] {
    let forms: [(String) -> String] = [
      { Path.stem($0) }, { ($0 as NSString).deletingPathExtension }, { $0 },
    ]
    let unique = forms.first { form in Set(files.map(form)).count == files.count }
    return files.map(unique ?? { $0 })
  }
}
