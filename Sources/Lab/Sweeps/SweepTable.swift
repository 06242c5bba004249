import Attacks
import Foundation
import NN

/// Networks of a sweep that differ in nothing but their seed.
package struct SweepGroup: Sendable {
  /// One of them, made or still to be made.
  package let job: Job
  /// `recipe` of it.
  let recipe: String
  package fileprivate(set) var rows: [SweepRow] = []

  /// The networks that are there, in order of the first ones; with `wanted`, those first, whether they are there or not.
  static func groups(_ rows: [SweepRow], wanted: [Job] = []) -> [SweepGroup] {
    var places: [String: Int] = [:], groups: [SweepGroup] = []
    func place(of job: Job) -> Int {
      let recipe = recipe(job)
      if let place = places[recipe] { return place }
      places[recipe] = groups.count
      groups.append(SweepGroup(job: job, recipe: recipe))
      return groups.count - 1
    }
    for job in wanted { _ = place(of: job) }
    for row in rows { groups[place(of: row.job)].rows.append(row) }
    return groups
  }

  /// Equal for jobs that differ in their seed, and in the weights that they start from, alone.
  static func recipe(_ job: Job) -> String {
    var job = job
    (job.seed, job.weights) = (0, nil)
    return (try? JSON.line(job)) ?? ""
  }

  /// The network's title, as tables name it.
  var network: String { (try? Networks.named(job.model))?.title ?? job.model }
  /// A corpus given by its folder goes by the folder's name.
  var corpus: String { TrainedOn(job).corpus }

  /// One number of each trained network.
  func numbers(_ number: (SweepRow) -> SweepNumber?) -> [SweepNumber] { rows.compactMap(number) }
}

/// What one network reached.
package struct SweepNumber: Sendable {
  let value: Double
  let interval: Interval?
  /// Whether it lies between 0 and 1; success does not, where an attack helps.
  let isShare: Bool

  /// A share.
  init(_ value: Double, _ interval: Interval? = nil) { (self.value, self.interval, isShare) = (value, interval, true) }

  init(_ scores: Scores) { self.init(scores.accuracy, scores.interval) }

  init(success: Double) { (value, interval, isShare) = (success, nil, false) }
}

/// A table of a sweep: our numbers, the paper's where it has any, and what they differ by.
package struct SweepTable: Sendable {
  /// What is measured: of each seed, and the paper's in per cent.
  package typealias Value = (ours: [SweepNumber], paper: Double?)

  /// One line: a network or several seeds of one, and what is measured.
  package struct Line: Sendable {
    package let group: SweepGroup
    /// The one attack that it tells of, where it is one of several on the network.
    package var choice: AttackChoice?
    /// What it is of, a cell a column.
    let heads: [ResultTable.Cell]
    /// One a measure.
    let values: [Value]

    /// Networks whose numbers are there.
    var seeds: Int { values.map(\.ours.count).max() ?? 0 }
  }

  let title: String
  let heads: [String]
  let measures: [String]
  package let lines: [Line]
  let notes: [String]
  /// As `Provenance` has it.
  let part: String
  /// Whether people see the differences too, or a CSV alone.
  var showsDifferences = true

  package var table: ResultTable {
    let hasPaper = measures.indices.map { measure in lines.contains { $0.values[measure].paper != nil } }
    var columns = heads.map { ResultTable.Column($0) } + [.init("seeds")]
    for (measure, title) in measures.enumerated() {
      columns.append(.init(title, interval: lines.contains { Self.ours($0.values[measure].ours).interval != nil }))
      guard hasPaper[measure] else { continue }
      columns += [.init("paper: \(title)"), .init("\(title) − paper", isForCSV: !showsDifferences)]
    }
    let others = Self.origins.filter { !heads.contains($0.title) }
    columns += others.map { ResultTable.Column($0.title, isForCSV: true) }
    let rows = lines.map { line -> [ResultTable.Cell] in
      var cells = prefix(line) + line.heads + [.integer(line.seeds)]
      for (value, has) in zip(line.values, hasPaper) { cells += Self.cells(value, hasPaper: has) }
      return cells + others.map { .text($0.of(line.group)) }
    }
    return ResultTable(title: title, columns: columns, rows: rows, notes: notes).stating(
      lines.map { line in Provenance(runs: line.group.rows.map { ($0.run, $0.job) }, part: part) })
  }

  /// "corpus", where the lines are of several.
  static func origin(_ lines: [Line]) -> [String] { Set(lines.map(\.group.corpus)).count > 1 ? ["corpus"] : [] }

  private func prefix(_ line: Line) -> [ResultTable.Cell] {
    line.heads.count < heads.count ? [.text(line.group.corpus)] : []
  }

  /// What a CSV tells of each line, where no column for people does.
  private static let origins: [(title: String, of: @Sendable (SweepGroup) -> String)] = [
    ("network", { $0.network }), ("spectrogram", { $0.job.transform }), ("corpus", { $0.corpus }),
  ]

  /// The mean over seeds with its t-interval; of one seed its number, with the interval that it has.
  static func ours(_ numbers: [SweepNumber]) -> (value: Double?, interval: Interval?) {
    guard numbers.count > 1 else { return (numbers.first?.value, numbers.first?.interval) }
    let summary = SeedSummary(numbers.map(\.value))
    return (summary.mean, numbers.allSatisfy(\.isShare) ? summary.interval?.ofShare : summary.interval)
  }

  /// A number of two lines, where both have it.
  static func pair(
    _ a: Line, _ b: Line, _ measure: Int, _ number: (Value) -> Double?
  ) -> (Double, Double)? {
    guard let first = number(a.values[measure]), let second = number(b.values[measure]) else { return nil }
    return (first, second)
  }

  private static func cells(_ value: Value, hasPaper: Bool) -> [ResultTable.Cell] {
    let (mean, interval) = ours(value.ours)
    let cell: ResultTable.Cell = mean.map { .share($0, interval) } ?? .none
    guard hasPaper else { return [cell] }
    guard let paper = value.paper.map({ $0 / 100 }) else { return [cell, .none, .none] }
    return [cell, .share(paper), mean.map { .share($0 - paper) } ?? .none]
  }
}

/// What stands below the table of a sweep and in its figure.
enum SweepNotes {
  /// - Parameters:
  ///   - paper: of what the paper's columns are; nil where none is shown.
  ///   - transform: of the paper's spectrograms, where all its columns are of one.
  ///   - comparesCorpus: whether the paper's columns are of Emo-IIT alone.
  ///   - corpora: those of the paper's that ours are known to be.
  static func all(
    _ rows: [SweepRow], _ lines: [SweepTable.Line], paper: String?, transform: String? = nil,
    comparesCorpus: Bool = true, corpora: [String: PaperCorpus] = [:]
  ) -> [String] {
    var notes = rows.isEmpty ? [] : seeds(rows.map(\.job), lines)
    if let paper {
      var differences: [String] = []
      for job in rows.map(\.job) {
        let corpus = comparesCorpus ? PaperProtocol.corpusDifference(job, known: corpora[job.corpus]) : nil
        let other = transform.flatMap { $0 == job.transform ? nil : "\(job.transform) spectrograms for \($0)" }
        let words = [other, corpus].compactMap(\.self) + PaperProtocol.differences(job)
        differences += words.filter { !differences.contains($0) }
      }
      notes += [paper, PaperProtocol.untold]
      if !differences.isEmpty { notes.append("unlike the paper's: \(differences.joined(separator: ", "))") }
    }
    return notes + shared(rows) + failures(rows) + doubts(rows)
  }

  /// Which seeds, and what stands in brackets.
  private static func seeds(_ jobs: [Job], _ lines: [SweepTable.Line]) -> [String] {
    let seeds = Set(jobs.map(\.seed)).sorted(), splits = Set(jobs.map(\.splitName)).sorted().joined(separator: ", ")
    let list =
      "split \(splits), \(seeds.count == 1 ? "1 seed" : "seeds") (\(seeds.map(String.init).joined(separator: ", ")))"
    let hasMeans = lines.contains { $0.seeds > 1 }
    let hasIntervals = lines.contains { $0.seeds == 1 && $0.values.contains { $0.ours.first?.interval != nil } }
    let drawn = hasMeans && jobs.contains { $0.drawsSplit } ? "; each seed draws a split of its own" : ""
    let brackets = [
      hasMeans ? "of several seeds the mean with its 95 % t-interval" : nil,
      hasIntervals ? "of one the 95 % Wilson interval" : nil,
    ].compactMap(\.self).joined(separator: ", ")
    return [list + (brackets.isEmpty ? "" : ": \(brackets)") + drawn] + (hasIntervals ? [Scores.intervalNote] : [])
  }

  /// What must be said beside the numbers of all cells, each sentence once: sample, split, leakage. Weights and defence
  /// are one cell's alone, and its row tells them.
  static func shared(_ rows: [SweepRow]) -> [String] {
    var seen: Set<String> = []
    return rows.flatMap(\.notes).filter { note in
      let isOfOneCell = note.hasPrefix(RunSubject.weightsWords) || note.hasPrefix("trained against ")
      return !isOfOneCell && seen.insert(note).inserted
    }
  }

  private static func failures(_ rows: [SweepRow]) -> [String] {
    rows.compactMap { row in row.failure.map { "\(row.run): \($0)" } }
  }

  static let doubt = "doubt, "

  private static func doubts(_ rows: [SweepRow]) -> [String] {
    rows.flatMap { row in
      row.reports.flatMap { report in report.doubts.map { "\(doubt)\(row.run), \(report.title): \($0)" } }
    }
  }
}
