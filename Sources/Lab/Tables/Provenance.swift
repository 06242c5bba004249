/// Of what the numbers of a table's row are. A CSV, which has neither title nor notes, tells it in columns of its own.
package struct Provenance: Sendable, Equatable {
  package let run: String
  package let part: String
  package let checkpoint: CheckpointChoice
  package let split: String
  /// The run's; of a mean, its runs'.
  package let seeds: [UInt64]
  package var seed: UInt64? { seeds.count == 1 ? seeds[0] : nil }

  package init(run: String, part: String, checkpoint: CheckpointChoice, job: Job) {
    (self.run, self.part, self.checkpoint) = (run, part, checkpoint)
    (split, seeds) = (job.splitName, [job.seed])
  }

  /// - Parameter runs: whose mean the row is, which differ in their seeds alone.
  init(runs: [(run: String, job: Job)], part: String) {
    run = runs.map(\.run).joined(separator: " ")
    (self.part, checkpoint, split) = (part, .last, runs.first?.job.splitName ?? "")
    seeds = runs.map(\.job.seed)
  }

  package init(_ subject: RunSubject, _ part: EvaluationPart) {
    self.init(
      run: subject.folder.id, part: part.rawValue, checkpoint: subject.checkpoint, job: subject.record.job)
  }

  package init(_ evaluation: RunEvaluation) {
    self.init(
      run: evaluation.run, part: evaluation.part.rawValue, checkpoint: evaluation.checkpoint, job: evaluation.job)
  }

  /// Of `AttackTables.summary`, where both parts were attacked: its accuracies are the validation part's, and those that
  /// it calls averages are both parts'.
  package init(attacksOn subject: RunSubject, _ part: EvaluationPart) {
    self.init(
      run: subject.folder.id, part: Self.part(part),
      checkpoint: subject.checkpoint, job: subject.record.job)
  }

  /// Of tables whose accuracies are the validation part's, and whose averages are both parts', where both are there.
  static func part(_ part: EvaluationPart) -> String { part == .merged ? "valid (avg.: merged)" : part.rawValue }

  fileprivate var cells: [(title: String, cell: ResultTable.Cell)] {
    [
      ("run", .text(run)), ("part", .text(part)), ("checkpoint", .text(checkpoint.rawValue)), ("split", .text(split)),
      ("seed", .text(seeds.map(String.init).joined(separator: " "))),
    ]
  }
}

extension ResultTable {
  /// The same, whose CSV tells in its last columns of what each row is, but for what has a column already.
  ///
  /// - Parameter provenances: one a row.
  package func stating(_ provenances: [Provenance]) -> ResultTable {
    precondition(provenances.count == rows.count, "“\(title)” has other rows than what they are of")
    let known = columns.map(\.title)
    let added = provenances.map { $0.cells.filter { !known.contains($0.title) } }
    guard let first = added.first else { return self }
    return ResultTable(
      title: title, columns: columns + first.map { Column($0.title, isForCSV: true) },
      rows: zip(rows, added).map { row, cells in row + cells.map(\.cell) }, notes: notes)
  }

  /// The same where all rows are of one run.
  package func stating(_ provenance: Provenance) -> ResultTable {
    stating(Array(repeating: provenance, count: rows.count))
  }
}
