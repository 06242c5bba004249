import Core
import Foundation
import Pipeline

/// Two runs beside each other, measured on the same part.
package struct RunComparison: Codable, Sendable, Equatable {
  /// What a paired test pairs.
  package enum Unit: String, Codable, Sendable, CaseIterable {
    /// Right or wrong, a slice; slices of one utterance are not independent, so p is too small.
    case slice
    /// Share of right slices of an utterance.
    case utterance
    /// Recall of a class.
    case classRecall
  }

  package struct Test: Codable, Sendable, Equatable {
    package let unit: Unit
    package let pairs: Int
    /// Mean of first minus second.
    package let meanDifference: Double
    /// Student's paired t-test; nil where it is undefined (no spread).
    package let t: Double?
    package let tP: Double?
    /// Wilcoxon's signed-rank test; nil where no pair differs.
    package let w: Double?
    package let wP: Double?
    package let isExact: Bool?

    init(_ unit: Unit, _ a: [Double], _ b: [Double]) {
      self.unit = unit
      pairs = a.count
      meanDifference = zip(a, b).reduce(0) { $0 + $1.0 - $1.1 } / Double(max(1, a.count))
      let student = PairedTTest(a, b), wilcoxon = SignedRankTest(a, b)
      (t, tP) = (student?.t, student?.p)
      (w, wP, isExact) = (wilcoxon?.statistic, wilcoxon?.p, wilcoxon?.isExact)
    }
  }

  package let first: String
  package let second: String
  package let emotions: [String]
  package let tests: [Test]
  /// First minus second, rows in shares of the true class; nil in the rows of a class that one of them was not measured on.
  package let confusionDifference: [[Double?]]
  /// What kept slices and utterances from being paired, or speaks against the pairs; nil where nothing does.
  package let caveat: String?

  /// - Throws: `EvaluationError.differentClasses`.
  package init(
    _ first: (evaluation: RunEvaluation, predictions: Predictions),
    _ second: (evaluation: RunEvaluation, predictions: Predictions)
  ) throws {
    let (a, b) = (first.evaluation, second.evaluation)
    guard a.emotions == b.emotions else { throw EvaluationError.differentClasses(a.run, b.run) }
    (self.first, self.second, emotions) = (a.run, b.run, a.emotions)
    confusionDifference = Confusion(counts: a.slices.confusion).minus(Confusion(counts: b.slices.confusion), .row)
    let present = a.emotions.indices.filter { label in
      a.slices.confusion[label].contains { $0 > 0 } && b.slices.confusion[label].contains { $0 > 0 }
    }
    let recalls = Test(.classRecall, present.map { a.slices.recalls[$0] }, present.map { b.slices.recalls[$0] })
    let (p, q) = (first.predictions, second.predictions)
    guard p.slices == q.slices, p.labels == q.labels, p.utterances == q.utterances, a.job.corpus == b.job.corpus else {
      tests = [recalls]
      caveat = Self.unpaired(a.job, b.job)
      return
    }
    caveat = p.isValid == q.isValid ? nil : "they were trained on other parts: slices that test one trained the other"
    tests = [
      Test(.slice, p.correct.map { $0 ? 1 : 0 }, q.correct.map { $0 ? 1 : 0 }),
      Test(.utterance, Self.utteranceShares(p), Self.utteranceShares(q)), recalls,
    ]
  }

  private static func unpaired(_ a: Job, _ b: Job) -> String {
    a.corpus == b.corpus
      ? "the runs were measured on different slices: only recalls can be paired, and some of the difference may be the slices'"
      : "the runs were measured on different corpora (\(a.corpus), \(b.corpus)): only recalls can be paired, and some of the "
        + "difference may be the corpora's"
  }

  /// Share of right slices of each utterance, in the corpus's order.
  private static func utteranceShares(_ predictions: Predictions) -> [Double] {
    let correct = predictions.correct
    return Dictionary(grouping: predictions.slices.indices) { predictions.utterances[$0] }.sorted { $0.key < $1.key }
      .map { _, members in Double(members.count { correct[$0] }) / Double(members.count) }
  }

  package var table: ResultTable {
    ResultTable(
      title: "\(first) minus \(second)",
      columns: [
        .init("paired by"), .init("pairs"), .init("mean difference %"), .init("t"), .init("p (t-test)"),
        .init("W"), .init("p (Wilcoxon)"), .init("Wilcoxon"),
      ],
      rows: tests.map { test in
        func number(_ value: Double?, _ decimals: Int) -> ResultTable.Cell {
          value.map { .number($0, decimals: decimals) } ?? .none
        }
        return [
          .text(Self.name(test.unit)), .integer(test.pairs), .share(test.meanDifference), number(test.t, 3),
          number(test.tP, 4), number(test.w, 1), number(test.wP, 4),
          .text(test.isExact.map { $0 ? "exact" : "normal approximation" } ?? "–"),
        ]
      },
      notes: [
        "slices of one utterance overlap or follow each other and are not independent: the utterance is the honest unit"
      ] + [caveat].compactMap { $0 })
  }

  private static func name(_ unit: Unit) -> String {
    switch unit {
    case .slice: "slice (right or wrong)"
    case .utterance: "utterance (share of right slices)"
    case .classRecall: "class (recall)"
    }
  }
}

/// Finished runs that differ in nothing but their seed, one a seed, as one.
package struct SeedGroup: Codable, Sendable, Equatable {
  package let runs: [String]
  package let seeds: [UInt64]
  /// What is common, in one line.
  package let summary: String
  /// Whether each seed was measured on other slices.
  package let drawsSplit: Bool
  package let accuracy: SeedSummary
  package let unweightedAverageRecall: SeedSummary
  package let weightedF1: SeedSummary
  package let utteranceAccuracy: SeedSummary
  package let averageAccuracy: SeedSummary?
  /// A sentence for each run that would belong here and does not count.
  package let omitted: [String]

  /// Groups of at least two seeds, in order of their first runs.
  package static func groups(_ evaluations: [RunEvaluation]) -> [SeedGroup] {
    let (keys, members) = keyed(evaluations)
    return keys.compactMap { key in
      let others = keys.filter { $0.recipe == key.recipe && $0.data != key.data }.flatMap { members[$0] ?? [] }
      return SeedGroup(members[key] ?? [], others: others)
    }
  }

  /// Why runs of one recipe have no means: said where no group is left that could say it.
  package static func notes(_ evaluations: [RunEvaluation]) -> [String] {
    let (keys, members) = keyed(evaluations), shown = Set(groups(evaluations).flatMap(\.runs))
    var recipes: [String] = []
    for key in keys where !recipes.contains(key.recipe) { recipes.append(key.recipe) }
    return recipes.compactMap { recipe in
      let versions = keys.filter { $0.recipe == recipe }
      let runs = versions.flatMap { members[$0] ?? [] }.map(\.run)
      guard versions.count > 1, shown.isDisjoint(with: runs) else { return nil }
      return "no means of \(runs.joined(separator: ", ")), whose settings are the same: \(Self.otherData)"
    }
  }

  private static let otherData = "the files of the corpus, or their parts in the split's CSV, were edited between them"

  private static func keyed(_ evaluations: [RunEvaluation]) -> (keys: [Key], members: [Key: [RunEvaluation]]) {
    var keys: [Key] = [], members: [Key: [RunEvaluation]] = [:]
    for evaluation in evaluations {
      let key = Key(evaluation)
      if members[key] == nil { keys.append(key) }
      members[key, default: []].append(evaluation)
    }
    return (keys, members)
  }

  private struct Key: Hashable {
    let recipe: String
    let data: String?

    init(_ evaluation: RunEvaluation) {
      var job = evaluation.job
      job.seed = 0
      recipe = ((try? JSON.line(job)) ?? "") + evaluation.part.rawValue + evaluation.checkpoint.rawValue
      // A job names a CSV split by its path alone, and the file may be edited between two seeds.
      data = job.drawsSplit ? nil : evaluation.fingerprint
    }
  }

  /// Takes the first finished run of each seed: a second one would count the seed twice, and a training that was
  /// stopped is none of the recipe's.
  ///
  /// - Parameter others: runs of the same recipe on other data.
  /// - Returns: nil where fewer than two are left.
  private init?(_ candidates: [RunEvaluation], others: [RunEvaluation]) {
    var members: [RunEvaluation] = [], left: [String] = []
    for candidate in candidates {
      if candidate.status != .finished {
        left.append("\(candidate.run) is left out: its training is not finished (\(candidate.status.rawValue))")
      } else if let first = members.first(where: { $0.job.seed == candidate.job.seed }) {
        left.append("\(candidate.run) is left out: \(first.run) has the same seed (\(candidate.job.seed))")
      } else {
        members.append(candidate)
      }
    }
    guard members.count > 1 else { return nil }
    let job = members[0].job
    omitted = left + others.map { "\($0.run) is left out: \(Self.otherData)" }
    (runs, seeds) = (members.map(\.run), members.map(\.job.seed))
    drawsSplit = job.drawsSplit
    summary =
      "\(job.model) on \(job.corpus), \(job.transform), split \(job.splitName), \(job.strideMilliseconds) ms"
      + (job.defend.map { ", against \($0.text)" } ?? "")
    accuracy = SeedSummary(members.map(\.slices.accuracy))
    unweightedAverageRecall = SeedSummary(members.map(\.slices.unweightedAverageRecall))
    weightedF1 = SeedSummary(members.map(\.slices.weightedF1))
    utteranceAccuracy = SeedSummary(members.map(\.utterances.accuracy))
    let averages = members.compactMap(\.averageAccuracy)
    averageAccuracy = averages.count == members.count ? SeedSummary(averages) : nil
  }

  private var note: String {
    "\(summary): seeds \(seeds.map(String.init).joined(separator: ", ")) (\(runs.joined(separator: ", ")))"
      + (drawsSplit ? "; each seed draws a split of its own, so that they are measured on other slices" : "")
  }

  package static func table(_ groups: [SeedGroup]) -> ResultTable {
    func cell(_ summary: SeedSummary?) -> ResultTable.Cell {
      summary.map { .share($0.mean, $0.interval?.ofShare) } ?? .none
    }
    return ResultTable(
      title: "Means over seeds, in brackets the 95 % t-interval within 0 and 100 %",
      columns: [
        .init("runs"), .init("seeds"), .init("accuracy %", interval: true), .init("UAR %", interval: true),
        .init("w. F1 %", interval: true), .init("utterance acc. %", interval: true),
        .init("average acc. %", interval: true),
      ],
      rows: groups.map { group in
        [
          .text(group.summary), .integer(group.seeds.count), cell(group.accuracy),
          cell(group.unweightedAverageRecall), cell(group.weightedF1), cell(group.utteranceAccuracy),
          cell(group.averageAccuracy),
        ]
      }, notes: groups.map(\.note) + groups.flatMap(\.omitted))
  }
}
