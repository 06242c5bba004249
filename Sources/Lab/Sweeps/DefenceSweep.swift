import Attacks
import Export
import Foundation
import NN

/// One network trained for each defence and ε, and each attacked at the same ε with its own attack and with others (the
/// paper's table 2b).
package struct DefenceSweep: PaperSweep {
  package let cells: [SweepCell]
  package let part: EvaluationPart
  package let limit: Int?
  /// Beside a defence's own.
  private let attacks: [String]
  private let preset: AttackPreset
  private let corpora: [String: PaperCorpus]

  package static let usualAttacks = ["pixle", "square"]

  package var prefix: String { "defend-\(part.rawValue)" }
  package var marks: [String] {
    let isUsual = attacks == Self.usualAttacks && preset == .eq3
    return [limit.map { "\($0)" } ?? "all"] + (isUsual ? [] : [preset.rawValue, "with"] + attacks)
  }

  /// - Parameters:
  ///   - jobs: seeds of one job without a defence.
  ///   - defences: names of white-box attacks.
  ///   - epsilons: of training and attacking alike.
  ///   - attacks: with what each network is attacked beside its own attack.
  ///   - corpora, weights: as `NetworkSweep` has them.
  /// - Throws: `AttackError`, `LabError`, `EvaluationError.emptyList`, `EvaluationError.repeated`.
  package init(
    _ jobs: [Job], defences: [String], epsilons: [Double], attacks: [String] = usualAttacks,
    preset: AttackPreset = .eq3, ratio: Double = 1, part: EvaluationPart = .merged, limit: Int? = nil,
    corpora: [String: PaperCorpus] = [:], weights: WeightStore? = nil
  ) throws {
    guard !defences.isEmpty else { throw EvaluationError.emptyList(what: "defences") }
    try EvaluationError.refuseRepeats(defences, what: "the defence")
    guard !epsilons.isEmpty else { throw EvaluationError.emptyList(what: "--eps") }
    var maker = SweepCells(weights: weights)
    cells = try defences.flatMap { name in
      try epsilons.flatMap { epsilon in
        let others = attacks.filter { $0 != name }
        let choices = try SweepAttacks.choices([name] + others, epsilon: epsilon, preset: preset)
        return try jobs.map { job in
          try maker.cell(try SweepAttacks.defended(job, choices[0], ratio: ratio), attackedBy: choices)
        }
      }
    }
    (self.part, self.limit, self.attacks, self.preset, self.corpora) = (part, limit, attacks, preset, corpora)
  }

  // MARK: the table

  /// Success on the average accuracy where both parts were attacked, else on the part that was.
  private static func success(_ row: SweepRow, _ attack: String) -> SweepNumber? {
    row.report(attack)?.effect?.success.map { SweepNumber(success: $0) }
  }

  /// The paper's row, which is of AlexNet.
  private static func printed(_ job: Job) -> PaperTables.SweepRow? {
    guard PaperTables.name(of: job.model) == "AlexNet", let defence = job.defend, PaperValues.isPapers(defence) else {
      return nil
    }
    return PaperTables.sweep(of: defence)
  }

  package func content(_ rows: [SweepRow], wanted: Bool) -> SweepTable {
    let lines = groups(rows, wanted: wanted).map(line)
    let hasPaper = lines.contains { $0.values.contains { $0.paper != nil } }
    let accuracy = part == .merged ? "avg. acc. %" : "\(part.rawValue). acc. %"
    let others = attacks.map { "\(Scrub.title($0)) %" }
    let compared = hasPaper ? rows.map(\.job).filter { Self.printed($0)?.epsilon255 == 32 } : []
    let contradictions = compared.compactMap(\.defend).compactMap {
      PaperTables.contradiction(of: Scrub.title($0.attack))
    }
    return SweepTable(
      title:
        "Networks trained against an attack, and attacked (success on \(part == .merged ? "average" : part.rawValue) accuracy)",
      heads: SweepTable.origin(lines) + ["defence", "ε·255"],
      measures: [accuracy, "own attack %"] + others + (part == .merged ? ["valid. acc. %"] : []), lines: lines,
      notes: SweepNotes.all(rows, lines, paper: hasPaper ? Self.paperNote : nil, corpora: corpora)
        + contradictions.reduce(into: []) { if !$0.contains($1) { $0.append($1) } },
      part: part.rawValue
    )
  }

  private static let paperNote =
    "“paper” columns are the paper's table 2b: AlexNet on Emo-IIT, pre-trained on ImageNet, success on average accuracy; the "
    + "paper does not print which spectrogram its table 2b used"

  private func line(_ group: SweepGroup) -> SweepTable.Line {
    // The paper's are of both parts.
    let paper = part == .merged ? Self.printed(group.job) : nil
    let own = group.job.defend?.attack ?? ""
    let others = attacks.map { attack -> SweepTable.Value in
      let printed = attack == "pixle" ? paper?.pixleSuccess : attack == "square" ? paper?.squareSuccess : nil
      return (group.numbers { Self.success($0, attack) }, printed)
    }
    let clean: SweepTable.Value = (
      group.numbers { $0.reports.first?.effect.map { SweepNumber($0.clean) } }, paper?.average
    )
    let valid: SweepTable.Value = (group.numbers { $0.reports.first?.valid.map { SweepNumber($0.clean) } }, nil)
    let itself: SweepTable.Value = (group.numbers { Self.success($0, own) }, paper?.ownSuccess)
    return SweepTable.Line(
      group: group,
      heads: [
        .text(Scrub.title(own)),
        .number((group.job.defend?.settings.epsilon ?? 0) * 255, decimals: 1),
      ],
      values: [clean, itself] + others + (part == .merged ? [valid] : []))
  }

  // MARK: the figure

  /// Success against ε of each defence's own attack and of the others; the paper's dashed.
  package func figure(_ rows: [SweepRow]) -> Figure {
    let groups = groups(rows, wanted: false), style = Style.light
    let epsilons = Set(groups.map { ($0.job.defend?.settings.epsilon ?? 0) * 255 }).sorted()
    let defences = groups.compactMap(\.job.defend?.attack).reduce(into: [String]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    let lines = groups.map(line), corpora = Set(groups.map(\.corpus))
    let titles = ["own attack"] + attacks.map(Scrub.title)
    let panels = titles.enumerated().map { measure, title -> LinePlot in
      let kinds = corpora.sorted().flatMap { corpus in defences.map { (corpus: corpus, defence: $0) } }
      let series = kinds.enumerated().flatMap { index, kind -> [LinePlot.Series] in
        let own = lines.filter { $0.group.job.defend?.attack == kind.defence && $0.group.corpus == kind.corpus }
        let points: [SweepPlots.PlotPoint] = own.map { line in
          let value = line.values[measure + 1]
          return (
            (line.group.job.defend?.settings.epsilon ?? 0) * 255, SweepTable.ours(value.ours), value.paper
          )
        }
        let title = Scrub.title(kind.defence)
        return SweepPlots.pair(
          corpora.count > 1 ? "\(title), \(kind.corpus)" : title, points.sorted { $0.x < $1.x },
          color: style.color(ofSeries: index))
      }
      let all = series.flatMap(\.y).filter(\.isFinite)
      let low = min(0, all.min() ?? 0), high = max(20, all.max() ?? 100)
      return LinePlot(
        title, x: EpsilonSweep.axis(epsilons), y: Axis("success (%)", low...high), series, size: Size(400, 260))
    }
    return SweepPlots.figure(table(rows), panels: panels, perRow: 3)
  }
}
