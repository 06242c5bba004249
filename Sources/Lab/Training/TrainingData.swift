import Core
import Foundation
import NN
import Pipeline

/// Which slices a job trains and validates on: everything about its data but the images themselves.
package struct TrainingPlan: Sendable {
  let corpus: Corpus
  let table: SliceTable
  /// Class of every slice of the corpus.
  let labels: [Int]
  let split: Split
  let train: [Int]
  let valid: [Int]
  /// Changes with a file's name, length, rate, class or part; a resumed run insists on the same.
  let fingerprint: String
  /// Of the split alone, for weights that go elsewhere.
  let parts: String

  /// - Throws: `PipelineError` (split, stride), `LabError.emptyPart`.
  init(job: Job, corpus: Corpus) throws {
    self.corpus = corpus
    table = SliceTable(corpus.utterances, slicer: try Slicer(strideMilliseconds: job.strideMilliseconds))
    labels = table.labels(corpus.utterances)
    split = try Split(SplitKind(job.split), corpus: corpus, table: table, seed: job.seed)
    train = Self.limited(split.slices(.train), to: job.limit, labels: labels, seed: job.seed)
    valid = Self.limited(split.slices(.test), to: job.limit, labels: labels, seed: job.seed)
    var hash = ContentHash()
    for utterance in corpus.utterances {
      let text = "\(utterance.file)|\(utterance.emotion)|\(utterance.header.frames)|\(utterance.header.sampleRate)"
      text.withBytes { hash.combine($0) }
    }
    split.parts.map { $0 == .train ? "r" : "e" }.joined().withBytes { hash.combine($0) }
    fingerprint = hash.description
    parts = split.identity(of: corpus, table: table).description
  }

  /// Refuses a step over one image where the network cannot learn from it (torch.nn.BatchNorm1d refuses it too, when the
  /// step comes).
  ///
  /// - Throws: `LabError.loneImage`, `NNError.nothingToFreeze`.
  func checkSteps(of job: Job) throws {
    let entry = try job.entry(), classes = corpus.emotions.count
    let frozen = try Freezing.names(job.options?.freeze ?? [], of: entry, classes: classes)
    guard job.defend == nil, job.batch == 1 || train.count % job.batch == 1,
      entry.graph(classes: classes).trainsOnSeveralImages(frozen: frozen)
    else { return }
    throw LabError.loneImage(network: entry.title, slices: train.count, batch: job.batch)
  }

  /// At most `limit` slices, each class keeping its share, chosen by the seed; in ascending order.
  package static func limited(_ slices: [Int], to limit: Int?, labels: [Int], seed: UInt64) -> [Int] {
    guard let limit, limit < slices.count else { return slices }
    let order = RandomStream(seed: seed, purpose: "limit").permutation(slices.count).map { slices[$0] }
    let classes = Dictionary(grouping: order) { labels[$0] }.sorted { $0.key < $1.key }.map(\.value)
    // Largest remainder: shares are rounded down, and the largest fractions get what is left.
    let exact = classes.map { Double($0.count) * Double(limit) / Double(slices.count) }
    var counts = exact.map { Int($0) }
    let byRemainder = exact.indices.sorted {
      (exact[$0] - Double(counts[$0]), $1) > (exact[$1] - Double(counts[$1]), $0)
    }
    for index in byRemainder.prefix(limit - counts.reduce(0, +)) { counts[index] += 1 }
    return zip(classes, counts).flatMap { $0.prefix($1) }.sorted()
  }

  /// Sentences that belong beside every number of the run.
  func notes(job: Job) -> [String] {
    var notes = [
      "\(train.count) training and \(valid.count) validation slices of \(corpus.utterances.count) utterances, "
        + "split by \(job.splitName), stride \(job.strideMilliseconds) ms, 1 seed (\(job.seed))"
    ]
    if let limit = job.limit { notes.append("limited to \(limit) slices a part, classes in proportion") }
    if let defend = job.defend {
      notes.append(
        "trained against \(defend.summary): \(defend.images(beside: job.batch)) adversarial images beside \(job.batch) "
          + "clean ones a step")
    }
    if corpus.isSynthetic { notes.append("synthetic speech: numbers on it say nothing about people") }
    if !corpus.rejected.isEmpty {
      notes.append("\(corpus.rejected.count) files of the folder are left out; `quaver corpus check` tells why")
    }
    if job.normalise == "corpus" {
      notes.append("images are scaled by the levels of the whole corpus, test slices included, as in the paper")
    }
    notes += CorpusAlarms.alike(corpus.emotions)
    let twins = split.twins(in: corpus, table: table)
    if !twins.isEmpty {
      notes.append(
        "\(twins.count) of the test files: the very sound of a training file under another name, such as \(twins[0])")
    }
    return notes + split.leakage.facts
  }
}

/// A plan with its images in memory.
struct TrainingData {
  let plan: TrainingPlan
  let images: ImageSet

  var corpus: Corpus { plan.corpus }
  var labels: [Int] { plan.labels }
  var train: [Int] { plan.train }
  var valid: [Int] { plan.valid }
  var scaling: Scaling { images.scaling }
}

extension String {
  fileprivate func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
    Array(utf8).withUnsafeBytes(body)
  }
}
