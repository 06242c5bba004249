import Foundation
import Lab
import Pipeline

/// What `quaver corpus check` says, as text and as JSON.
struct CorpusCheckReport: Encodable {
  struct Group: Encodable {
    let name: String
    let utterances: Int
    let seconds: Double

    init(_ count: CorpusCheck.Count) {
      (name, utterances, seconds) = (count.name, count.utterances, count.seconds)
    }
  }

  struct File: Encodable {
    let file: String
    var share: Double?
    var reason: String?
  }

  let corpus: String
  let adapter: String
  let synthetic: Bool
  let utterances: Int
  let seconds: Double
  let shortest: Double
  let mean: Double
  let longest: Double
  let emotions: [Group]
  let speakers: [Group]
  let sentences: [Group]
  let sampleRates: [String: Int]
  let silent: [File]
  let clipped: [File]
  let duplicates: [[String]]
  let failed: [File]
  /// How the classes balance, what splits share.
  let alarms: [String]

  init(name: String, corpus: Corpus, check: CorpusCheck) {
    (self.corpus, adapter, synthetic) = (name, corpus.adapter, corpus.isSynthetic)
    (utterances, seconds) = (check.utterances, check.seconds)
    (shortest, mean, longest) = check.durations
    emotions = check.emotions.map(Group.init)
    speakers = check.speakers.map(Group.init)
    sentences = check.sentences.map(Group.init)
    sampleRates = Dictionary(uniqueKeysWithValues: check.sampleRates.map { (String($0.key), $0.value) })
    silent = check.silent.map { File(file: $0.file, share: $0.share) }
    clipped = check.clipped.map { File(file: $0.file, share: $0.share) }
    duplicates = check.duplicates
    failed = check.failed.map { File(file: $0.file, reason: $0.reason) }
    alarms = CorpusAlarms(CorpusInfo(corpus, name: name)).sentences
  }

  func print() {
    Console.line(
      "\(corpus): \(utterances) utterances, \(Console.duration(seconds)), adapter \(adapter)"
        + (synthetic ? ", synthetic speech" : ""))
    Console.line(String(format: "durations: %.2f s to %.2f s, mean %.2f s", shortest, longest, mean))
    Console.line(
      "rates: " + sampleRates.sorted { $0.key < $1.key }.map { "\($0.value) at \($0.key) Hz" }.joined(separator: ", "))
    for (title, groups) in [("emotion", emotions), ("speaker", speakers), ("sentence", sentences)] where !groups.isEmpty
    {
      Console.line()
      Console.table(
        [[title, "utterances", "seconds"]]
          + groups.map { [$0.name, "\($0.utterances)", String(format: "%.1f", $0.seconds)] }, rightAligned: [1, 2])
    }
    Console.line()
    list("at least half silent (below −60 dB)", silent.map { "\($0.file) (\(Console.percent($0.share ?? 0)))" })
    list("clipped", clipped.map { String(format: "%@ (%.3f %% of its samples)", $0.file, ($0.share ?? 0) * 100) })
    list("the same audio", duplicates.map { $0.joined(separator: " = ") })
    list("cannot be used", failed.map { "\($0.file): \($0.reason ?? "")" })
    for alarm in alarms { Console.line("! \(alarm)") }
  }

  private func list(_ title: String, _ lines: [String]) {
    Console.line("\(title): \(lines.isEmpty ? "none" : "\(lines.count)")")
    for line in lines { Console.line("  \(line)") }
  }
}
