import ArgumentParser
import Core
import Foundation
import Lab

struct EvaluateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure a trained run on a part of its corpus, by slice and by utterance.",
    discussion: """
      \(Vote.rule) The predictions are kept in the run's folder.
      """)

  @Argument(help: ArgumentHelp("The run's name, or the beginning of it.", valueName: "run"))
  var id: String
  @Option(help: "valid, train or merged (both: the paper's average accuracy).")
  var part = EvaluationPart.valid
  @Option(help: "At most this many slices, classes in proportion, by --seed.")
  var limit: Int?
  @Option(help: "Seed of the sample.")
  var seed: UInt64 = 0
  @Option(help: "Cells of the confusion matrix: counts, row or column.")
  var confusion = ConfusionScale.counts
  @OptionGroup var network: NetworkOptions
  @OptionGroup var tables: TableOptions

  func run() async throws {
    try network.apply()
    let laboratory = try tables.common.laboratory()
    let subject = try laboratory.subject(id, checkpoint: network.checkpoint)
    let evaluation = try await StoppableWork.run("the same command starts again") { control in
      try await laboratory.evaluate(subject, part: part, limit: limit, seed: seed, control: control) { Console.bar($0) }
        .evaluation
    }
    let scores = EvaluationTables.scores(
      [evaluation], title: "\(evaluation.run), \(part.rawValue)", notes: evaluation.notes)
    let matrices = [("slices", evaluation.slices), ("utterances", evaluation.utterances)].map { unit, scores in
      EvaluationTables.confusion(
        Confusion(counts: scores.confusion).scaled(confusion), scale: confusion, emotions: evaluation.emotions,
        title: "Confusion of \(unit)")
    }
    try tables.emit([scores] + matrices, evaluation)
  }
}

struct CompareCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Set trained runs side by side: metrics, paired tests, means over seeds.",
    discussion: """
      Tests compare the first run with each other one: Student's paired t-test and Wilcoxon's signed-rank test, paired by \
      slice (right or wrong), by utterance (share of right slices) and by class (recall). Finished runs \
      that differ in nothing but their seed, one a seed, are summed up by their mean and its 95 % t-interval.
      """)

  @Argument(help: ArgumentHelp("Runs, at least two.", valueName: "run"))
  var ids: [String]
  @Option(help: "valid, train or merged.")
  var part = EvaluationPart.valid
  @OptionGroup var network: NetworkOptions
  @OptionGroup var tables: TableOptions

  private struct Result: Encodable {
    let runs: [RunEvaluation]
    let comparisons: [RunComparison]
    let seeds: [SeedGroup]
  }

  func run() async throws {
    guard ids.count >= 2 else { throw EvaluationError.tooFewRuns(ids.count) }
    try network.apply()
    let laboratory = try tables.common.laboratory()
    let subjects = try ids.map { try laboratory.subject($0, checkpoint: network.checkpoint) }
    try EvaluationError.refuseRepeats(subjects.map(\.folder.id), what: "run")
    let measured = try await StoppableWork.run("the same command goes on where it was") { control in
      var measured: [(evaluation: RunEvaluation, predictions: Predictions)] = []
      for subject in subjects {
        measured.append(try await laboratory.evaluate(subject, part: part, control: control) { Console.bar($0) })
      }
      return measured
    }
    let comparisons = try measured.dropFirst().map { try RunComparison(measured[0], $0) }
    let evaluations = measured.map(\.evaluation)
    let seeds = SeedGroup.groups(evaluations)
    let notes = SharedNotes.of(evaluations.map { (name: $0.run, notes: $0.notes) }) + SeedGroup.notes(evaluations)
    let differences = comparisons.map { comparison in
      EvaluationTables.confusion(
        comparison.confusionDifference, scale: .row, emotions: comparison.emotions,
        title: "Confusion of slices, \(comparison.first) minus \(comparison.second)")
    }
    try tables.emit(
      [EvaluationTables.scores(evaluations, title: "Runs side by side, \(part.rawValue)", notes: notes)]
        + comparisons.map(\.table) + (seeds.isEmpty ? [] : [SeedGroup.table(seeds)]) + differences,
      Result(runs: evaluations, comparisons: comparisons, seeds: seeds))
  }
}
