import Lab

/// A row of the table of attacks: one that is complete, or one that was stopped on its way.
package struct ResultRow: Sendable, Equatable {
  package let run: String
  /// The folder of its results, which names it within the run.
  package let set: String
  package let point: AttackPoint
  package let part: EvaluationPart
  package let images: Int
  package let report: AttackReport?
  /// What goes on with one that is not complete.
  package let partial: PartialAttack?
  /// The paper's number for such an attack on such a network.
  package let paper: PaperValues?
  /// The seed of the run's training and what it was trained against, for the table of all runs.
  package let job: Job?

  package init(_ report: AttackReport, run: String, job: Job?) {
    (self.run, set, self.report, partial, self.job) = (run, report.set, report, nil, job)
    point = AttackPoint(attack: report.attack, settings: report.settings)
    (part, images) = (report.part, report.images)
    paper = job.flatMap {
      PaperValues.beside(attack: report.attack, settings: report.settings, part: report.part, job: $0)
    }
  }

  package init(_ partial: PartialAttack, job: Job?) {
    (run, set, report, self.partial, paper, self.job) = (partial.run, partial.set, nil, partial, nil, job)
    point = AttackPoint(attack: partial.record.attack, settings: partial.record.settings)
    (part, images) = (partial.record.part, partial.done)
  }

  package var title: String { Scrub.title(point.attack) }
  package var keepsImages: Bool { report?.keepsImages ?? partial?.record.keepsImages ?? false }
  package var doubts: [String] { report?.doubts ?? [] }
  /// What the settings come to, in words.
  package var summary: String { report?.summary ?? partial?.record.summary ?? "" }
}

package struct ResultsState: Sendable, Equatable {
  /// Which of an attack's slices are listed.
  package enum Kept: String, Sendable, CaseIterable { case flipped, held, all }

  /// One attack on one run.
  package struct Name: Sendable, Equatable {
    package let run: String
    package let set: String

    package init(run: String, set: String) { (self.run, self.set) = (run, set) }
  }

  package private(set) var results: [RunResults] = []
  /// The first answer is here.
  package private(set) var hasResults = false
  package var hasAsked = false
  /// The attack that this process makes.
  package var attacking: AttackStatus?

  package var showsAll = false
  /// Name of a column; nil keeps the order of the folders.
  package var sort: String?
  package var isDescending = false
  package var filter = ""
  package var list = ListState()
  package private(set) var rows: [ResultRow] = []

  /// The attack whose slices are shown instead of the table.
  package var opened: Name?
  package private(set) var slices: AttackedSlices?
  /// Why its slices cannot be shown.
  package private(set) var failure: String?
  package var kept = Kept.flipped
  package var sliceFilter = ""
  package var sliceList = ListState()
  package private(set) var sliceRows: [AttackedSlices.Slice] = []

  /// What `rows` was made from.
  private struct Source: Equatable {
    var version = -1
    var run: String?
    var count = 0
    var showsAll = false
    var sort: String?
    var isDescending = false
    var filter = ""
  }

  private var version = 0
  private var source = Source()

  package init() {}

  package var selected: ResultRow? { rows.indices.contains(list.selection) ? rows[list.selection] : nil }
  package var selectedSlice: AttackedSlices.Slice? {
    sliceRows.indices.contains(sliceList.selection) ? sliceRows[sliceList.selection] : nil
  }
  /// The attack that is open, whatever the table shows.
  package var openedRow: ResultRow? {
    guard let opened else { return nil }
    if let row = rows.first(where: { $0.run == opened.run && $0.set == opened.set }) { return row }
    let known = results.first { $0.run == opened.run }
    return known?.reports.first { $0.set == opened.set }.map { ResultRow($0, run: opened.run, job: nil) }
      ?? known?.partial.first { $0.set == opened.set }.map { ResultRow($0, job: nil) }
  }

  package mutating func take(_ results: [RunResults]) {
    guard !hasResults || results != self.results else { return }
    (self.results, hasResults) = (results, true)
    version += 1
  }

  package mutating func take(_ slices: AttackedSlices, emotions: [String]) {
    guard opened == Name(run: slices.run, set: slices.set) else { return }
    (self.slices, failure) = (slices, nil)
    searchSlices(emotions)
  }

  package mutating func fail(_ name: Name, _ sentence: String) {
    if opened == name { failure = sentence }
  }

  package mutating func open(_ name: Name) {
    // What could not be read is asked for again, though it is open.
    failure = nil
    guard opened != name else { return }
    (opened, slices, sliceRows, sliceList, sliceFilter) = (name, nil, [], ListState(), "")
  }

  package mutating func close() { (opened, slices, sliceRows, failure) = (nil, nil, [], nil) }

  /// Makes the rows anew where something that they depend on has changed; the selected one stays selected.
  package mutating func search(_ runs: [RunInfo], run: String?) {
    let now = Source(
      version: version, run: run, count: runs.count, showsAll: showsAll, sort: sort, isDescending: isDescending,
      filter: filter)
    guard now != source else { return }
    source = now
    let before = selected.map { Name(run: $0.run, set: $0.set) }
    let jobs = Dictionary(runs.map { ($0.id, $0.job) }, uniquingKeysWith: { first, _ in first })
    var made = results.filter { showsAll || $0.run == run }.flatMap { results in
      results.reports.map { ResultRow($0, run: results.run, job: jobs[results.run]) }
        + results.partial.map { ResultRow($0, job: jobs[results.run]) }
    }
    if !filter.isEmpty {
      let filter = TextFilter(filter)
      made = made.filter {
        filter.accepts("\($0.title) \($0.point.attack) \($0.run) \($0.part.rawValue) \($0.summary)")
      }
    }
    if let column = ResultColumns.named(sort) { made = ResultColumns.sorted(made, by: column, isDescending) }
    rows = made
    if let index = rows.firstIndex(where: { $0.run == before?.run && $0.set == before?.set }) { list.selection = index }
  }

  package mutating func searchSlices(_ emotions: [String]) {
    func name(_ index: Int) -> String { emotions.indices.contains(index) ? emotions[index] : "" }
    let filter = sliceFilter.isEmpty ? nil : TextFilter(sliceFilter)
    sliceRows = (slices?.slices ?? []).filter { slice in
      (kept == .all || slice.isFlipped == (kept == .flipped))
        && filter?.accepts("\(slice.utterance) \(name(slice.truth)) \(name(slice.clean)) \(name(slice.attacked))")
          ?? true
    }
  }
}
