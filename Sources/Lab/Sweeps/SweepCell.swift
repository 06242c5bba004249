import Attacks
import Core
import Export
import Foundation
import Pipeline

/// One network of a sweep: how it is trained, and with what it is attacked then.
package struct SweepCell: Sendable {
  package let job: Job
  /// The run's name; follows from the job, so that every sweep that wants this network finds it again.
  package let run: String
  /// None where its accuracies alone are asked for.
  package let choices: [AttackChoice]

  /// - Parameter start: what the network starts from; nil leaves that to the training.
  fileprivate init(_ job: Job, _ choices: [AttackChoice], start: StartingWeights?) throws {
    var named = job
    // Networks that start from other weights have other names: what was imported later is not mixed in.
    if let start, start != .none { named.weights = start }
    run = try Self.name(named)
    named.weights = start ?? job.weights
    (self.job, self.choices) = (named, choices)
  }

  /// "sweep-alexnet-pgd-32-1f3a5c7e", without a defence "sweep-alexnet-mel-1f3a5c7e".
  private static func name(_ job: Job) throws -> String {
    let kind = job.defend.map { defence in
      "\(defence.attack)-\(String(format: "%g", (defence.settings.epsilon * 255 * 100).rounded() / 100))"
    }
    return "sweep-\(job.model)-\(kind ?? job.transform)-\(ContentHash(try JSON.line(job)).description.prefix(8))"
  }
}

/// Makes a sweep's cells; what a network starts from is looked up once.
struct SweepCells {
  /// Where the weights are found; nil leaves that to each training.
  let weights: WeightStore?
  private var starts: [String: StartingWeights] = [:]

  init(weights: WeightStore?) { self.weights = weights }

  /// - Throws: as `Job.check`: what cannot be trained is refused before the first network of a sweep is; `LabError`.
  mutating func cell(_ job: Job, attackedBy choices: [AttackChoice] = []) throws -> SweepCell {
    try job.check()
    guard let weights else { return try SweepCell(job, choices, start: nil) }
    let start = try starts[job.model] ?? StartingPoint(job, weights).recorded()
    starts[job.model] = start
    return try SweepCell(job, choices, start: start)
  }
}

/// What one cell came to.
package struct SweepRow: Codable, Sendable, Equatable {
  package let run: String
  package let job: Job
  /// On the validation part, with the average accuracy; nil where the network was attacked, whose reports tell it.
  package let evaluation: RunEvaluation?
  /// What its training said, where nothing evaluated it after that.
  var lastEpoch: EpochMetrics?
  var trainingNotes: [String]?
  package let reports: [AttackReport]
  /// The sentence that ended the training; there is nothing else then.
  package let failure: String?

  package init(
    run: String, job: Job, evaluation: RunEvaluation? = nil, reports: [AttackReport] = [], failure: String? = nil
  ) {
    (self.run, self.job, self.evaluation, self.reports, self.failure) = (run, job, evaluation, reports, failure)
  }

  package func report(_ attack: String) -> AttackReport? { reports.first { $0.attack == attack } }

  var valid: SweepNumber? {
    evaluation.map { SweepNumber($0.slices) } ?? lastEpoch.map { SweepNumber($0.validAccuracy) }
  }

  var validUAR: SweepNumber? {
    (evaluation?.slices.unweightedAverageRecall ?? lastEpoch?.validUAR).map { SweepNumber($0) }
  }

  var average: SweepNumber? {
    (evaluation == nil ? lastEpoch?.averageAccuracy : evaluation?.averageAccuracy).map { SweepNumber($0) }
  }

  /// Sentences that belong beside its numbers.
  var notes: [String] { (trainingNotes ?? []) + (evaluation?.notes ?? []) + reports.flatMap(\.notes) }
}

/// What a sweep tells whoever started it.
package enum SweepEvent: Sendable {
  case cell(number: Int, of: Int, run: String)
  case training(TrainingEvent)
  case evaluating(RunProgress)
  case attack(AttackEvent)
}

/// Networks of ours that make a table of the paper.
package protocol PaperSweep: Sendable {
  var cells: [SweepCell] { get }
  /// What its files' names begin with.
  var prefix: String { get }
  /// What its cells do not tell, and what its files' names depend on.
  var marks: [String] { get }
  /// Of the slices that are attacked.
  var part: EvaluationPart { get }
  var limit: Int? { get }
  /// - Parameter wanted: whether what is still to be made has its lines, too.
  func content(_ rows: [SweepRow], wanted: Bool) -> SweepTable
  func figure(_ rows: [SweepRow]) -> Figure
}

extension PaperSweep {
  package func table(_ rows: [SweepRow]) -> ResultTable { content(rows, wanted: false).table }

  func groups(_ rows: [SweepRow], wanted: Bool) -> [SweepGroup] {
    SweepGroup.groups(rows, wanted: wanted ? cells.map(\.job) : [])
  }

  /// "defend-merged-1f3a5c7e": follows from the cells and from what is attacked, so that the same sweep writes the same files and
  /// no other sweep's.
  package var name: String {
    "\(prefix)-\(ContentHash((cells.map(\.run) + marks).joined(separator: " ")).description.prefix(8))"
  }

  /// Replaces the sweep's files by the rows so far, unless more of them are there: then this is the same sweep again, which
  /// reads what it did before.
  ///
  /// - Parameter base: their path without an ending.
  /// - Throws: `CoreError.cannotWrite`, `ExportError`.
  package func keep(_ rows: [SweepRow], at base: URL) throws {
    let there = (try? Data(contentsOf: base.appendingPathExtension("json")))
      .flatMap { try? JSON.decoder().decode([SweepRow].self, from: $0) }
    if let there, there.count > rows.count { return }
    try SweepFiles.write(table(rows), rows, figure(rows), at: base)
  }
}

extension Laboratory {
  /// Where a sweep's files are, without an ending.
  package func place(of sweep: any PaperSweep) -> URL {
    store.root.deletingLastPathComponent().appendingPathComponent("sweeps/\(sweep.name)")
  }

  /// Trains what is not trained yet and evaluates or attacks what is not yet, cell by cell, and keeps table and figure after
  /// each; given again, it goes on, also with trainings that failed, unless they diverged.
  ///
  /// - Throws: `PipelineError.stopped` when `control` wishes so; `LabError.corpusChanged` where a cell was trained on
  ///   other data before; as `train`, `evaluate` and `attack`.
  package func run(
    _ sweep: any PaperSweep, at base: URL, control: RunControl, report: @escaping @Sendable (SweepEvent) -> Void
  ) async throws -> [SweepRow] {
    var rows: [SweepRow] = []
    for (index, cell) in sweep.cells.enumerated() {
      report(.cell(number: index + 1, of: sweep.cells.count, run: cell.run))
      if let failure = try await train(cell, control: control, report: { report(.training($0)) }) {
        rows.append(SweepRow(run: cell.run, job: cell.job, failure: failure))
      } else {
        rows.append(try await measure(cell, sweep, control: control, report: report))
      }
      try sweep.keep(rows, at: base)
    }
    return rows
  }

  private func measure(
    _ cell: SweepCell, _ sweep: any PaperSweep, control: RunControl, report: @escaping @Sendable (SweepEvent) -> Void
  ) async throws -> SweepRow {
    let subject = try subject(cell.run)
    guard !cell.choices.isEmpty else {
      let evaluation = try await evaluate(subject, control: control) { report(.evaluating($0)) }.evaluation
      return SweepRow(run: cell.run, job: cell.job, evaluation: evaluation)
    }
    let order = try AttackOrder(cell.choices, part: sweep.part, limit: sweep.limit, keepsImages: false)
    let reports = try await attack(subject, order, control: control) { report(.attack($0)) }
    return SweepRow(run: cell.run, job: cell.job, reports: reports)
  }

  /// - Returns: the sentence that ended a failed training.
  /// - Throws: `LabError.corpusChanged` for a run of the cell's name that is of other data.
  private func train(
    _ cell: SweepCell, control: RunControl, report: @escaping @Sendable (TrainingEvent) -> Void
  ) async throws -> String? {
    let run: RunInfo
    if store.ids().contains(cell.run) {
      let folder = try store.open(cell.run)
      try check(folder, isOf: cell.job)
      let info = try folder.info()
      if info.status == .finished { return nil }
      // It would diverge again. What else ends a training, such as a full disk, may be over.
      if info.status == .failed, let failure = info.failure, Self.tellsOfDivergence(failure) { return failure }
      run = try await resume(cell.run, control: control, report: report)
    } else {
      run = try await train(cell.job, name: cell.run, control: control, report: report)
    }
    switch run.status {
    case .finished: return nil
    case .failed: return run.failure ?? "its training failed"
    default: throw PipelineError.stopped
    }
  }

  /// Refuses a run that has a cell's name and is of other data: the name follows from the job as it was given, whose
  /// paths may lead elsewhere from another folder, and whose files and CSV may have changed.
  ///
  /// - Throws: `LabError.corpusChanged`; `LabError`, `PipelineError` where the job's own data cannot be read.
  private func check(_ folder: RunFolder, isOf job: Job) throws {
    let record = try folder.record()
    let plan = try TrainingPlan(job: job, corpus: try library.scan(try library.find(job.corpus)))
    guard plan.fingerprint == record.fingerprint, plan.corpus.emotions == record.emotions else {
      throw LabError.corpusChanged(
        run: folder.id, reason: "it was trained on other files or parts than this sweep's")
    }
  }

  /// Whether a failure is that of a training that diverged, in whichever epoch and step.
  private static func tellsOfDivergence(_ failure: String) -> Bool {
    func words(_ sentence: String) -> String { sentence.filter { !$0.isNumber } }
    return words(failure) == words(LabError.diverged(epoch: 0, step: 0).description)
  }
}
