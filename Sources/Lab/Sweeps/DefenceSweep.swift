import Attacks
import Core
import Foundation
import Pipeline

/// One network trained for each defence and ε, and each attacked with its own attack, Pixle and Square at the same ε
/// (the paper's table 2b).
package struct DefenceSweep: Sendable {
  /// One network of the sweep.
  package struct Cell: Sendable, Equatable {
    package let defence: Defence
    package let job: Job
    /// The run's name; follows from the job, so that the sweep finds it again.
    package let run: String
  }

  /// What one cell came to.
  package struct Row: Codable, Sendable, Equatable {
    package let defence: String
    package let epsilon: Double
    package let run: String
    package let reports: [AttackReport]
    /// The sentence that ended the training; there are no reports then.
    package let failure: String?

    package func report(_ attack: String) -> AttackReport? { reports.first { $0.attack == attack } }
    /// Success on the average accuracy where both parts were attacked, else on the part that was.
    package func success(_ attack: String) -> Double? { report(attack)?.effect?.success }
    package var clean: Double? { reports.first?.effect?.clean.accuracy }
    package var cleanValid: Double? { reports.first?.valid?.clean.accuracy }
  }

  package let cells: [Cell]

  /// "defend-merged-1f3a5c7e": follows from the cells and from what is attacked, so that the same sweep writes the same files and no
  /// other sweep's.
  ///
  /// - Parameter limit: of the slices that are attacked.
  package func name(_ part: EvaluationPart, limit: Int?) -> String {
    let parts = cells.map(\.run) + [limit.map { "\($0)" } ?? "all"]
    return "defend-\(part.rawValue)-\(ContentHash(parts.joined(separator: " ")).description.prefix(8))"
  }

  /// - Parameters:
  ///   - defences: names of white-box attacks.
  ///   - epsilons: of training and attacking alike.
  ///   - store: where the weights are found that all cells start from; nil leaves that to each training.
  /// - Throws: `AttackError`, `LabError`, `EvaluationError.emptyList`, `EvaluationError.repeated`.
  package init(
    _ job: Job, defences: [String], epsilons: [Double], ratio: Double = 1, weights store: WeightStore? = nil
  ) throws {
    guard !defences.isEmpty else { throw EvaluationError.emptyList(what: "defences") }
    for (index, name) in defences.enumerated() where defences[..<index].contains(name) {
      throw EvaluationError.repeated(what: "the defence", value: name)
    }
    guard !epsilons.isEmpty else { throw EvaluationError.emptyList(what: "--eps") }
    let start = try store.map { try StartingPoint(job, $0).recorded() }
    cells = try defences.flatMap { name in
      try epsilons.map { epsilon in
        let attack = try Attacks.named(name)
        var settings = AttackPreset.eq3.settings(for: attack)
        settings.epsilon = epsilon
        let defence = Defence(attack: attack.name, settings: settings, ratio: ratio)
        try defence.check()
        var job = job
        job.defend = defence
        // Cells that start from other weights have other names: what was imported later is not mixed in.
        if let start, start != .none { job.weights = start }
        let run = try Self.name(job, defence)
        job.weights = start ?? job.weights
        return Cell(defence: defence, job: job, run: run)
      }
    }
  }

  /// "sweep-alexnet-pgd-32-1f3a5c7e".
  private static func name(_ job: Job, _ defence: Defence) throws -> String {
    let levels = String(format: "%g", (defence.settings.epsilon * 255 * 100).rounded() / 100)
    return "sweep-\(job.model)-\(defence.attack)-\(levels)-\(ContentHash(try JSON.line(job)).description.prefix(8))"
  }

  /// The attacks on a cell: its own, Pixle and Square, all at its ε.
  func order(_ cell: Cell, part: EvaluationPart, limit: Int?, keepsImages: Bool) throws -> AttackOrder {
    let own = try AttackChoice(try Attacks.named(cell.defence.attack), cell.defence.settings)
    let others = try ["pixle", "square"].map { name in
      let attack = try Attacks.named(name)
      var settings = AttackPreset.eq3.settings(for: attack)
      settings.epsilon = cell.defence.settings.epsilon
      return try AttackChoice(attack, settings)
    }
    return try AttackOrder([own] + others, part: part, limit: limit, keepsImages: keepsImages)
  }

  /// Ours beside the paper's, which are of AlexNet on Emo-IIT.
  /// - Parameter job: of every cell, but for its defence and ε.
  package static func table(_ rows: [Row], part: EvaluationPart, notes: [String], job: Job) -> ResultTable {
    let accuracy = part == .merged ? "avg. acc. %" : "acc. %"
    let failures: [String] = rows.compactMap { row in
      row.failure.map { "\(row.defence) ε \(Fraction.text(row.epsilon)): \($0)" }
    }
    let doubts: [String] = rows.flatMap { row in
      row.reports.flatMap { report in report.doubts.map { "doubt, \(row.run), \(report.title): \($0)" } }
    }
    return ResultTable(
      title:
        "Networks trained against an attack, and attacked (success on \(part == .merged ? "average" : part.rawValue) accuracy)",
      columns: [
        .init("defence"), .init("ε·255"), .init(accuracy, interval: true), .init("paper: avg. acc. %"),
        .init("own attack %"), .init("paper: own attack %"), .init("Pixle %"), .init("paper: Pixle %"),
        .init("Square %"), .init("paper: Square %"), .init("valid. acc. %"),
      ],
      rows: rows.map(cells),
      notes: [paperNote] + notes + sharedNotes(rows) + failures + doubts
    ).stating(rows.map { Provenance(run: $0.run, part: part.rawValue, checkpoint: .last, job: job) })
  }

  private static let paperNote =
    "“paper” columns are the paper's table 2b: AlexNet on Emo-IIT, pre-trained on ImageNet, success on average "
    + "accuracy; the paper does not print which spectrogram its table 2b used"

  /// What must be said beside the numbers of all cells, each sentence once: sample, split, leakage. Weights and defence
  /// are one cell's alone, and its row tells them.
  static func sharedNotes(_ rows: [Row]) -> [String] {
    var seen: Set<String> = []
    let all = rows.flatMap(\.reports).flatMap(\.notes)
    return all.filter { note in
      let isOfOneCell = note.hasPrefix(RunSubject.weightsWords) || note.hasPrefix("trained against ")
      return !isOfOneCell && seen.insert(note).inserted
    }
  }

  /// Replaces the sweep's files by the rows so far, unless more of them are there: then this is the same sweep again, which
  /// reads what it did before.
  ///
  /// - Parameter base: their path without an ending.
  /// - Throws: `CoreError.cannotWrite`, `ExportError`.
  package static func keep(_ rows: [Row], part: EvaluationPart, notes: [String], job: Job, at base: URL) throws {
    let there = (try? Data(contentsOf: base.appendingPathExtension("json")))
      .flatMap { try? JSON.decoder().decode([Row].self, from: $0) }
    if let there, there.count > rows.count { return }
    try SweepFiles.write(table(rows, part: part, notes: notes, job: job), rows, figure(rows, notes: notes), at: base)
  }

  private static func cells(_ row: Row) -> [ResultTable.Cell] {
    let attack = try? Attacks.named(row.defence)
    let paper = PaperTables.sweep.first {
      $0.defence == attack?.title && abs(Double($0.epsilon255) - row.epsilon * 255) < 1e-6
    }
    func share(_ value: Double?) -> ResultTable.Cell { value.map { .share($0) } ?? .none }
    func printed(_ value: Double?) -> ResultTable.Cell { share(value.map { $0 / 100 }) }
    let clean = row.reports.first?.effect?.clean
    return [
      .text(attack?.title ?? row.defence), .number(row.epsilon * 255, decimals: 1),
      clean.map { .share($0.accuracy, $0.interval) } ?? .none, printed(paper?.average),
      share(row.success(row.defence)), printed(paper?.ownSuccess), share(row.success("pixle")),
      printed(paper?.pixleSuccess), share(row.success("square")), printed(paper?.squareSuccess), share(row.cleanValid),
    ]
  }
}

/// What a sweep over defences tells whoever started it.
package enum SweepEvent: Sendable {
  case cell(number: Int, of: Int, run: String)
  case training(TrainingEvent)
  case attack(AttackEvent)
  case row(DefenceSweep.Row)
}

extension Laboratory {
  /// Trains what is not trained yet and attacks what is not attacked yet, cell by cell; given again, it goes on, also
  /// with trainings that failed, unless they diverged.
  ///
  /// - Parameter keep: called after every cell with all rows so far.
  /// - Throws: `PipelineError.stopped` when `control` wishes so; `LabError.corpusChanged` where a cell was trained on
  ///   other data before; as `train` and `attack`.
  package func sweepDefences(
    _ sweep: DefenceSweep, part: EvaluationPart, limit: Int? = nil, keepsImages: Bool = false, control: RunControl,
    report: @escaping @Sendable (SweepEvent) -> Void, keep: ([DefenceSweep.Row]) throws -> Void
  ) async throws -> [DefenceSweep.Row] {
    var rows: [DefenceSweep.Row] = []
    for (index, cell) in sweep.cells.enumerated() {
      report(.cell(number: index + 1, of: sweep.cells.count, run: cell.run))
      let failure = try await train(cell, control: control) { report(.training($0)) }
      var reports: [AttackReport] = []
      if failure == nil {
        let order = try sweep.order(cell, part: part, limit: limit, keepsImages: keepsImages)
        reports = try await attack(try subject(cell.run), order, control: control) { report(.attack($0)) }
      }
      let row = DefenceSweep.Row(
        defence: cell.defence.attack, epsilon: cell.defence.settings.epsilon, run: cell.run, reports: reports,
        failure: failure)
      rows.append(row)
      report(.row(row))
      try keep(rows)
    }
    return rows
  }

  /// - Returns: the sentence that ended a failed training.
  /// - Throws: `LabError.corpusChanged` for a run of the cell's name that is of other data.
  private func train(
    _ cell: DefenceSweep.Cell, control: RunControl, report: @escaping @Sendable (TrainingEvent) -> Void
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
