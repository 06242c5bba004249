import Attacks
import Foundation
import Pipeline

/// A table of the paper as far as the runs that are there fill it, whoever made them: `quaver sweep`, or a user by hand.
package struct PaperBoard: Sendable, Equatable {
  package enum Table: String, Sendable, CaseIterable {
    case networks = "1", attacks = "2a", defences = "2b"
  }

  /// What its networks have in common.
  package struct Wish: Sendable, Equatable {
    package var table = Table.networks
    package var corpus: String
    /// Of tables 2a and 2b.
    package var transform = PaperValues.mainTransform
    /// How they are trained: `PaperBoard.recipe`.
    package var recipe: Job

    package init(corpus: String, recipe: Job = PaperBoard.papers) { (self.corpus, self.recipe) = (corpus, recipe) }
  }

  /// What fills one of its lines.
  package enum Next: Sendable, Equatable {
    case train(Job)
    case attack([AttackWish])
    /// All is there: another seed.
    case another(Job)
  }

  package let table: ResultTable
  /// What must be said beside its numbers, what the parts share first.
  package let said: [String]
  /// Which networks each line is of: equal to `key` of their jobs.
  package let keys: [String]
  /// Runs of each line, their seeds apart.
  package let runs: [[String]]
  /// What each line asks for.
  package let next: [Next]

  /// The paper's recipe as far as it is told.
  package static let papers = recipe(Job.defaults)

  /// A job without what a board asks for itself: corpus, spectrogram, network, seed, defence, and what its weights start from.
  package static func recipe(_ job: Job) -> Job {
    var recipe = job
    (recipe.corpus, recipe.transform, recipe.model) = ("", Job.defaults.transform, Job.defaults.model)
    (recipe.seed, recipe.weights, recipe.defend) = (0, nil, nil)
    return recipe
  }

  /// The paper's recipe, then those of the runs, in their order.
  package static func recipes(of runs: [RunInfo]) -> [Job] {
    runs.map { recipe($0.job) }.reduce(into: [papers]) { if !$0.contains($1) { $0.append($1) } }
  }

  /// Equal for jobs that fill the same lines.
  package static func key(_ job: Job) -> String { SweepGroup.recipe(job) }

  /// What a recipe does otherwise than the paper, in a few words.
  package static func words(_ recipe: Job) -> String {
    let split = recipe.split == papers.split ? [] : ["split \(recipe.splitName)"]
    let stride = recipe.strideMilliseconds == papers.strideMilliseconds ? [] : ["\(recipe.strideMilliseconds) ms"]
    let differences = PaperProtocol.differences(recipe) + split + stride
    return differences.isEmpty ? "the paper's recipe" : differences.joined(separator: ", ")
  }

  /// - Parameters:
  ///   - runs: the newest first.
  ///   - info: the corpus; nil while it is not known.
  ///   - named: a job with its corpus as the wish has it: a run may name the folder.
  /// - Throws: as the sweep that makes its table.
  package init(
    _ wish: Wish, runs: [RunInfo], results: [RunResults], info: CorpusInfo?, named: (Job) -> Job = { $0 }
  ) throws {
    let sweep = try Self.sweep(wish, info)
    let cells = Dictionary(sweep.cells.map { (Self.key($0.job), $0) }) { a, _ in a }
    let finished = Self.finished(cells, runs, named)
    let reports = Dictionary(results.map { ($0.run, $0.reports) }) { a, _ in a }
    let rows = finished.map { run, cell in
      var row = SweepRow(
        run: run.id, job: named(run.job),
        reports: Self.reports(cell.choices, of: run, reports[run.id] ?? [], sweep.part))
      (row.lastEpoch, row.trainingNotes) = (run.epochs.last, run.notes)
      return row
    }
    let content = sweep.content(rows, wanted: true)
    (table, self.runs) = (content.table, content.lines.map { $0.group.rows.map(\.run) })
    let notes = SweepNotes.shared(rows), isLeak: (String) -> Bool = { $0.contains(" in both ") }
    said = notes.filter(isLeak) + notes.filter { !isLeak($0) }
    keys = content.lines.map(\.group.recipe)
    next = content.lines.map {
      Self.next($0, $0.choice.map { [$0] } ?? cells[$0.group.recipe]?.choices ?? [], sweep.part)
    }
  }

  private static func sweep(_ wish: Wish, _ info: CorpusInfo?) throws -> any PaperSweep {
    func job(_ model: String, _ transform: String) -> Job {
      var job = wish.recipe
      (job.corpus, job.transform, job.model, job.weights) = (wish.corpus, transform, model, .automatic)
      return job
    }
    let known = info.flatMap { PaperCorpus($0) }.map { [wish.corpus: $0] } ?? [:]
    let white = Attacks.whiteBox.map(\.name).filter(AttackOrder.paper.contains)
    switch wish.table {
    case .networks:
      let jobs = Laboratory.transforms.flatMap { transform in Laboratory.models.map { job($0, transform) } }
      return try NetworkSweep(jobs, corpora: known)
    case .attacks:
      return try AttackSweep(
        Laboratory.models.map { job($0, wish.transform) }, attacks: white, epsilon: EpsilonSweep.papersOne,
        corpora: known)
    case .defences:
      return try DefenceSweep(
        [job("alexnet", wish.transform)], defences: white, epsilons: EpsilonSweep.paper, corpora: known)
    }
  }

  /// Finished runs of a sweep's networks, the newest of each seed, that start from what the newest of all starts from: seeds of
  /// different starts have no mean.
  private static func finished(
    _ cells: [String: SweepCell], _ runs: [RunInfo], _ named: (Job) -> Job
  ) -> [(RunInfo, SweepCell)] {
    var seen: Set<String> = [], starts: [String: StartingWeights?] = [:]
    return runs.compactMap { run in
      guard run.status == .finished, let cell = cells[key(named(run.job))] else { return nil }
      let start = starts[cell.run] ?? run.job.weights
      starts[cell.run] = start
      guard start == run.job.weights, seen.insert("\(cell.run) \(run.job.seed)").inserted else { return nil }
      return (run, cell)
    }
  }

  /// Those of the table's attacks on the weights that the run ended with; of several, that of the most slices.
  private static func reports(
    _ choices: [AttackChoice], of run: RunInfo, _ all: [AttackReport], _ part: EvaluationPart
  ) -> [AttackReport] {
    choices.compactMap { choice in
      let fitting = all.filter { report in
        guard report.attack == choice.attack.name, report.part == part, report.checkpoint == .last,
          report.epochs == run.epochs.last?.epoch
        else { return false }
        // Whatever the seed; and only what the attack reads counts.
        var made = choice
        made.settings = report.settings
        made.settings.seed = choice.settings.seed
        return made.identity == choice.identity
      }
      return fitting.max { $0.images < $1.images }
    }
  }

  /// - Parameter choices: the attacks that the line tells of.
  private static func next(_ line: SweepTable.Line, _ choices: [AttackChoice], _ part: EvaluationPart) -> Next {
    guard !line.group.rows.isEmpty else { return .train(line.group.job) }
    let wishes = line.group.rows.flatMap { row in
      // A sample has its number, and the whole part is still to be attacked.
      choices.filter { row.report($0.attack.name)?.isWhole != true }.map { choice in
        var wish = AttackWish(run: row.run, point: AttackPoint(choice))
        (wish.part, wish.keepsImages) = (part, false)
        return wish
      }
    }
    if !wishes.isEmpty { return .attack(wishes) }
    var job = line.group.rows[0].job
    let taken = Set(line.group.rows.map(\.job.seed))
    job.seed = 0
    while taken.contains(job.seed) { job.seed += 1 }
    return .another(job)
  }
}
