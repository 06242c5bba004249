import Core
import Foundation
import NN
import Pipeline

/// Which weights of a run are used.
package enum CheckpointChoice: String, Codable, Sendable, CaseIterable {
  /// As they are after the last step. The default: the best epoch is chosen on the validation part, which flatters it.
  case last
  case best
}

extension RunFolder {
  func checkpoint(_ choice: CheckpointChoice) -> URL { choice == .last ? lastCheckpoint : bestCheckpoint }
}

/// A trained run and the data that belong to it, checked but not yet in memory.
package struct RunSubject: Sendable {
  package let folder: RunFolder
  package let record: RunRecord
  package let checkpoint: CheckpointChoice
  /// The checkpoint, open: what a live run writes in its place meanwhile is not mixed in. Nil once it was let go.
  private(set) var weightsFile: SafeTensors?
  /// Whole epochs that the weights were trained for, and the batches of the next; nil where the file does not tell.
  package let trained: (epochs: Int, batches: Int)?
  /// Changes with every bit of the checkpoint.
  package let weights: String
  /// The job, with its split read from the run's own copy.
  let job: Job
  let plan: TrainingPlan
  /// Whether the corpus's sound files are byte for byte those that the run was trained on, where that is known.
  let hasItsSounds: Bool

  package var emotions: [String] { record.emotions }
  package var corpus: Corpus { plan.corpus }
  /// Where everything that is computed from this run goes.
  package var results: URL { folder.url.appendingPathComponent("results") }

  /// The same once the weights are in memory: the disk has the room of a checkpoint that was replaced while it is open.
  func lettingGoOfFile() -> RunSubject {
    var subject = self
    subject.weightsFile = nil
    return subject
  }

  package func select(_ part: EvaluationPart, limit: Int?, seed: UInt64) throws -> SliceSelection {
    try SliceSelection(part, limit: limit, seed: seed, plan: plan)
  }

  /// The part that a slice of the run's slice table is of; nil where the job's limit leaves it out.
  func part(of slice: Int) -> EvaluationPart? {
    if plan.valid.contains(slice) { return .valid }
    return plan.train.contains(slice) ? .train : nil
  }

  static let weightsWords = "weights of checkpoint-"

  /// Said beside every number: what was trained and measured, on which parts, and what they share.
  package func notes(_ selection: SliceSelection) -> [String] {
    var weights = "\(Self.weightsWords)\(checkpoint.rawValue)"
    if let trained {
      weights += ", after \(trained.epochs) of \(record.job.epochs) epochs"
      if trained.batches > 0 { weights += " and \(trained.batches) \(trained.batches == 1 ? "batch" : "batches")" }
    }
    if checkpoint == .best { weights += "; the best epoch was chosen by validation accuracy, which flatters it" }
    return [weights, "measured on \(selection.sentence)"] + soundNotes + record.notes
  }

  /// Said wherever something is computed from the corpus.
  var soundNotes: [String] {
    hasItsSounds ? [] : ["\(RunRecord.otherSounds): here the present ones are heard"]
  }
}

extension Laboratory {
  /// A run to evaluate, attack or explain. Reads the corpus's headers, sound files that the image cache does not know as they
  /// are, and the checkpoint's bytes.
  ///
  /// - Throws: `LabError.unknownRun`, `EvaluationError.noWeights`, `EvaluationError.otherData` when the corpus or the
  ///   split is not what the run was trained on.
  package func subject(_ id: String, checkpoint: CheckpointChoice = .last) throws -> RunSubject {
    let folder = try store.open(id)
    let record = try folder.record()
    let weights = folder.checkpoint(checkpoint)
    guard FileManager.default.fileExists(atPath: weights.path) else {
      throw EvaluationError.noWeights(run: folder.id, checkpoint: checkpoint.rawValue)
    }
    let (job, plan) = try plan(of: folder, record)
    let file = try SafeTensors(contentsOf: weights)
    return RunSubject(
      folder: folder, record: record, checkpoint: checkpoint, weightsFile: file,
      trained: CheckpointFacts(file.metadata).position.map { ($0.epoch - 1, $0.batch) },
      weights: file.withWholeFile { ContentHash($0) }.description, job: job, plan: plan,
      hasItsSounds: try hasSounds(of: record, plan.corpus))
  }

  /// The corpus's sounds as `RunRecord.sounds` has them.
  ///
  /// - Throws: `CoreError.cannotRead`, `PipelineError.cannotOpen`.
  func sounds(of corpus: Corpus) throws -> String {
    // A memory that cannot be kept costs reading the files again.
    try? RunStore.makeFolder(paths.images)
    return try corpus.contentHash(cache: paths.images).description
  }

  /// Whether the corpus's sound files are still the run's, where it tells: others of the same names and lengths are not.
  func hasSounds(of record: RunRecord, _ corpus: Corpus) throws -> Bool {
    guard let known = record.sounds else { return true }
    return try sounds(of: corpus) == known
  }

  /// What a run's folder tells, its notes beginning with what became of its sound files since, where they were replaced.
  ///
  /// - Throws: `LabError.runUnreadable`.
  package func info(of folder: RunFolder) throws -> RunInfo {
    var info = try folder.info()
    let record = try folder.record()
    guard record.sounds != nil else { return info }
    // The numbers of a run whose corpus cannot be read still stand.
    let areItsOwn = try? hasSounds(of: record, library.scan(library.find(record.job.corpus)))
    if areItsOwn == false { info.notes.insert(RunRecord.otherSounds, at: 0) }
    return info
  }

  /// Which slices a run was trained and validated on; the job has its split read from the run's own copy.
  ///
  /// - Throws: `EvaluationError.otherData`, `LabError`, `PipelineError`.
  func plan(of folder: RunFolder, _ record: RunRecord) throws -> (job: Job, plan: TrainingPlan) {
    let job = folder.job(of: record)
    let plan = try TrainingPlan(job: job, corpus: try library.scan(try library.find(record.job.corpus)))
    guard plan.fingerprint == record.fingerprint else {
      throw EvaluationError.otherData(
        run: folder.id, reason: "files, classes or parts of “\(record.job.corpus)” are not those it was trained on")
    }
    return (job, plan)
  }
}

extension TrainingPlan {
  /// The images that a job wants.
  ///
  /// - Throws: `PipelineError.unknown`.
  func request(for job: Job) throws -> ImageRequest {
    ImageRequest(
      corpus: corpus, transform: try Transforms.named(job.transform), slicer: table.slicer,
      scalingSlices: job.normalise == "train" ? split.slices(.train) : nil)
  }
}
