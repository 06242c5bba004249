import Lab

/// Of which run's weights, part and split a pane's numbers are, for the CSV that has neither title nor notes.
extension State {
  /// Panes compute with the last weights. The table stays as it is where the run is no longer there.
  func stating(_ table: ResultTable, run: String, part: String) -> ResultTable {
    guard let job = job(of: run) else { return table }
    return table.stating(Provenance(run: run, part: part, checkpoint: .last, job: job))
  }

  /// - Parameter explanations: one a row.
  func stating(_ table: ResultTable, _ explanations: [Explanation]) -> ResultTable {
    let provenances = explanations.compactMap { one in job(of: one.request.run).map { Provenance(one, job: $0) } }
    return provenances.count == table.rows.count ? table.stating(provenances) : table
  }

  private func job(of run: String) -> Job? { runs.first { $0.id == run }?.job }
}
