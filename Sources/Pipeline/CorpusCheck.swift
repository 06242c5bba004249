import Core
import Foundation

/// What is in a corpus, and what is wrong with it: every file is decoded whole.
package struct CorpusCheck: Sendable {
  package struct Count: Sendable, Equatable {
    package let name: String
    package let utterances: Int
    package let seconds: Double
  }

  /// A file and the share of it that is concerned, 0…1.
  package struct Finding: Sendable, Equatable {
    package let file: String
    package let share: Double
  }

  package let utterances: Int
  package let seconds: Double
  /// Shortest, mean and longest utterance in seconds.
  package let durations: (shortest: Double, mean: Double, longest: Double)
  /// In the corpus's order of emotions, empty classes included; the others by name.
  package let emotions: [Count]
  package let speakers: [Count]
  package let sentences: [Count]
  /// Rates in Hz and how many files have them.
  package let sampleRates: [Int: Int]
  /// Files of which at least half is silent.
  package let silent: [Finding]
  /// Files with three or more samples in a row at full scale.
  package let clipped: [Finding]
  /// Groups of files whose decoded samples are the same, each group and the list sorted.
  package let duplicates: [[String]]
  /// Files that are no utterance (their names, their headers) or whose audio cannot be read.
  package let failed: [RejectedFile]

  /// A block of 25 ms is silent below this root mean square, re full scale: −60 dB.
  package static let silence: Float = 1e-3
  private static let silentShare = 0.5

  private enum Result {
    case fine(seconds: Double, hash: ContentHash, silent: Double, clipped: Double)
    case failed(String)
  }

  /// - Throws: `PipelineError.stopped`.
  @Engine package init(
    _ corpus: Corpus, control: RunControl? = nil, progress: PipelineProgress? = nil
  ) throws {
    var results = [Result](repeating: .failed(""), count: corpus.utterances.count)
    try results.withUnsafeMutableBufferPointer { buffer in
      // Every result is written by one thread alone.
      nonisolated(unsafe) let buffer = buffer
      try SlicePass.forEachUtterance(
        corpus, phase: "check", control: control, progress: progress, worker: {}
      ) { _, index in
        buffer[index] = Self.examine(corpus.url(of: corpus.utterances[index]))
      }
    }
    self.init(corpus, results)
  }

  private init(_ corpus: Corpus, _ results: [Result]) {
    var fine: [(utterance: Utterance, seconds: Double)] = []
    var failed = corpus.rejected, silent: [Finding] = [], clipped: [Finding] = []
    var sameAudio: [ContentHash: [String]] = [:]
    for (utterance, result) in zip(corpus.utterances, results) {
      switch result {
      case .failed(let reason): failed.append(RejectedFile(file: utterance.file, reason: reason))
      case .fine(let seconds, let hash, let silence, let clipping):
        fine.append((utterance, seconds))
        sameAudio[hash, default: []].append(utterance.file)
        if silence >= Self.silentShare { silent.append(Finding(file: utterance.file, share: silence)) }
        if clipping > 0 { clipped.append(Finding(file: utterance.file, share: clipping)) }
      }
    }
    func counts(_ names: [String]?, _ key: (Utterance) -> String) -> [Count] {
      let groups = Dictionary(grouping: fine) { key($0.utterance) }
      return (names ?? groups.keys.filter { !$0.isEmpty }.sorted()).map { name in
        let group = groups[name] ?? []
        return Count(name: name, utterances: group.count, seconds: group.reduce(0) { $0 + $1.seconds })
      }
    }
    let seconds = fine.map(\.seconds), total = seconds.reduce(0, +)
    (utterances, self.seconds) = (fine.count, total)
    durations = (seconds.min() ?? 0, fine.isEmpty ? 0 : total / Double(fine.count), seconds.max() ?? 0)
    emotions = counts(corpus.emotions) { corpus.emotions[$0.emotion] }
    speakers = counts(nil, \.speaker)
    sentences = counts(nil, \.sentence)
    sampleRates = Dictionary(grouping: fine, by: \.utterance.header.sampleRate).mapValues(\.count)
    (self.silent, self.clipped) = (silent, clipped)
    duplicates = sameAudio.values.filter { $0.count > 1 }.sorted { $0[0] < $1[0] }
    self.failed = failed.sorted { $0.file < $1.file }
  }

  private static func examine(_ url: URL) -> Result {
    do {
      let audio = try Audio.decode(url), samples = audio.samples
      return .fine(
        seconds: audio.header.seconds, hash: audio.contentHash, silent: silence(in: samples, rate: audio.sampleRate),
        clipped: Double(audio.clipped) / Double(samples.count))
    } catch let error as PipelineError {
      return .failed(error.reason)
    } catch {
      return .failed("\(error)")
    }
  }

  /// Share of blocks of 25 ms below the silence level; the last, short block counts as one.
  private static func silence(in samples: [Float], rate: Int) -> Double {
    let block = max(1, rate / 40)
    var quiet = 0, blocks = 0
    for start in stride(from: 0, to: samples.count, by: block) {
      let end = min(samples.count, start + block)
      var energy: Float = 0
      for i in start..<end { energy += samples[i] * samples[i] }
      blocks += 1
      if energy < Self.silence * Self.silence * Float(end - start) { quiet += 1 }
    }
    return Double(quiet) / Double(blocks)
  }
}
