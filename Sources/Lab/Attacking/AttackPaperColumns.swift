extension AttackTables {
  /// The same with the paper's accuracies and successes behind ours, where it has such an attack on such a network.
  ///
  /// - Parameters:
  ///   - job: of the run that was attacked.
  ///   - known: as `PaperValues.beside` has it.
  package static func summary(_ reports: [AttackReport], job: Job, known: PaperCorpus? = nil) -> ResultTable {
    var table = summary(reports)
    // The accuracies and the success before the averages are of the validation part where both parts were attacked.
    let own = reports.map { paper($0, $0.part == .merged ? .valid : $0.part, job, known) }
    let merged = reports.map { $0.merged == nil ? nil : paper($0, .merged, job, known) }
    table.insert(own, average: "")
    table.insert(merged, average: "avg. ")
    let known = (own + merged).compactMap(\.self)
    var said: Set<String> = []
    func once(_ notes: [String]) -> [String] { notes.filter { said.insert($0).inserted } }
    table.notes += once(known.map { "“paper” columns: the paper's \($0.source)" })
    table.notes += once(known.compactMap(\.difference))
    table.notes += once(known.flatMap(\.doubts).map { "doubt, \($0)" })
    return table
  }

  private static func paper(
    _ report: AttackReport, _ part: EvaluationPart, _ job: Job, _ known: PaperCorpus?
  ) -> PaperValues? {
    PaperValues.beside(attack: report.attack, settings: report.settings, part: part, job: job, known: known)
  }
}

extension ResultTable {
  /// The paper's two columns behind the accuracy under attack and the success, unless they would be empty.
  ///
  /// - Parameters:
  ///   - paper: one a row.
  ///   - average: what the titles begin with where they are of both parts.
  fileprivate mutating func insert(_ paper: [PaperValues?], average: String) {
    guard paper.contains(where: { $0 != nil }),
      let success = columns.firstIndex(where: { $0.title == "\(average)success %" })
    else { return }
    func cell(_ value: Double?) -> Cell { value.map { .share($0) } ?? .none }
    columns.insert(contentsOf: columns[success - 1...success].map { Column("paper: \($0.title)") }, at: success + 1)
    for (row, values) in paper.enumerated() {
      rows[row].insert(contentsOf: [cell(values?.attacked), cell(values?.success)], at: success + 1)
    }
  }
}
