import Attacks
import Export
import Foundation
import NN

/// Networks attacked by several attacks: as they are, and each trained against the very attack (the paper's table 2a).
package struct AttackSweep: PaperSweep {
  package let cells: [SweepCell]
  package let part: EvaluationPart
  package let limit: Int?
  private let choices: [AttackChoice]
  private let corpora: [String: PaperCorpus]

  package var prefix: String { "attacks-\(part.rawValue)" }
  package var marks: [String] { choices.map(\.identity) + [limit.map { "\($0)" } ?? "all"] }

  /// - Parameters:
  ///   - jobs: without a defence; networks, then seeds.
  ///   - attacks: names; networks are trained against those that look into them, too.
  ///   - epsilon: of training and attacking alike.
  ///   - ratio: adversarial images for each clean one in training.
  ///   - limit: of the slices that are attacked.
  ///   - corpora, weights: as `NetworkSweep` has them.
  /// - Throws: `AttackError`, `LabError`, `EvaluationError.emptyList`, `EvaluationError.repeated`.
  package init(
    _ jobs: [Job], attacks: [String], epsilon: Double, preset: AttackPreset = .eq3, ratio: Double = 1,
    part: EvaluationPart = .merged, limit: Int? = nil, corpora: [String: PaperCorpus] = [:],
    weights: WeightStore? = nil
  ) throws {
    guard !jobs.isEmpty else { throw EvaluationError.emptyList(what: "networks") }
    guard !attacks.isEmpty else { throw EvaluationError.emptyList(what: "attacks") }
    let choices = try SweepAttacks.choices(attacks, epsilon: epsilon, preset: preset)
    var maker = SweepCells(weights: weights)
    cells = try jobs.flatMap { job in
      let plain = try maker.cell(job, attackedBy: choices)
      return try [plain]
        + choices.filter(\.attack.isWhiteBox).map { choice in
          try maker.cell(try SweepAttacks.defended(job, choice, ratio: ratio), attackedBy: [choice])
        }
    }
    (self.choices, self.part, self.limit, self.corpora) = (choices, part, limit, corpora)
  }

  // MARK: the table

  /// What is told of an attack, by the validation part (or the one that was attacked) and by both parts merged.
  private struct Measure {
    let title: String
    let ours: (AttackReport) -> SweepNumber?
    let plain: (PaperTables.AttackRow) -> Double?
    let defended: (PaperTables.AttackRow) -> Double?
    /// What the paper prints of a network before any attack.
    var clean: ((PaperTables.AttackRow) -> Double)?
  }

  private var measures: [Measure] {
    let one: (AttackReport) -> AttackEffect? = part == .merged ? { $0.valid } : { $0.effect }
    let name = part == .train ? "train." : "valid."
    let isPapers = part != .train
    let own = [
      Measure(
        title: "\(name) acc. %", ours: { one($0).map { SweepNumber($0.clean) } }, plain: { _ in nil },
        defended: { isPapers ? $0.defendedValidClean : nil }, clean: isPapers ? { $0.undefendedValid } : nil),
      Measure(
        title: "attacked \(name) acc. %", ours: { one($0).map { SweepNumber($0.attacked) } },
        plain: { isPapers ? $0.undefendedValid : nil }, defended: { isPapers ? $0.defendedValidAttacked : nil }),
      Measure(
        title: "\(name) success %", ours: { one($0)?.success.map { SweepNumber(success: $0) } },
        plain: { isPapers ? $0.undefendedSuccess : nil }, defended: { isPapers ? $0.defendedSuccess : nil }),
    ]
    guard part == .merged else { return own }
    return own + [
      Measure(
        title: "avg. acc. %", ours: { $0.merged.map { SweepNumber($0.clean) } }, plain: { _ in nil },
        defended: { $0.defendedAverageClean }, clean: { $0.undefendedAverage }),
      Measure(
        title: "attacked avg. acc. %", ours: { $0.merged.map { SweepNumber($0.attacked) } },
        plain: { $0.undefendedAverage }, defended: { $0.defendedAverageAttacked }),
      Measure(
        title: "avg. success %", ours: { $0.merged?.success.map { SweepNumber(success: $0) } },
        plain: { $0.undefendedAverageSuccess }, defended: { $0.defendedAverageSuccess }),
    ]
  }

  package func content(_ rows: [SweepRow], wanted: Bool) -> SweepTable {
    let pairs = pairs(groups(rows, wanted: wanted)), measures = measures
    let lines = pairs.flatMap { pair -> [SweepTable.Line] in
      pair.groups.map { group -> SweepTable.Line in
        SweepTable.Line(
          group: group, choice: pair.choice,
          heads: [
            .text(group.network), .text(pair.choice.attack.title), SweepAttacks.epsilon(pair.choice),
            .text(group.job.defend == nil ? "no attack" : pair.choice.attack.title),
          ],
          values: measures.map { measure in
            (
              group.numbers { $0.report(pair.choice.attack.name).flatMap(measure.ours) },
              printed(measure, group, pair.choice)
            )
          })
      }
    }
    let hasPaper = lines.contains { $0.values.contains { $0.paper != nil } }
    return SweepTable(
      title: "Attacks on networks as they are, and on networks trained against the attack",
      heads: SweepTable.origin(lines) + ["network", "attack", "ε·255", "trained against"],
      measures: measures.map(\.title), lines: lines,
      notes: SweepNotes.all(
        rows, lines, paper: hasPaper ? Self.paperNote : nil, transform: PaperValues.mainTransform, corpora: corpora)
        + contradictions(pairs, hasPaper),
      part: Provenance.part(part), showsDifferences: false
    )
  }

  private static let paperNote =
    "“paper” columns are the paper's table 2a: Emo-IIT, pre-trained on ImageNet but for CNN-LSTM, and by its accuracies of "
    + "linear spectrograms"

  /// An attack, and the networks that it was made on: as they are, and trained against it.
  private typealias Pair = (choice: AttackChoice, groups: [SweepGroup])

  /// In the paper's order.
  private func pairs(_ groups: [SweepGroup]) -> [Pair] {
    let defended = Dictionary(grouping: groups.filter { $0.job.defend != nil }) { group in
      var job = group.job
      job.defend = nil
      return SweepGroup.recipe(job)
    }
    return groups.filter { $0.job.defend == nil }.flatMap { plain in
      choices.map { choice in
        let own = defended[plain.recipe]?.first { $0.job.defend?.attack == choice.attack.name }
        return (choice, [plain] + [own].compactMap(\.self))
      }
    }
  }

  private func printed(_ measure: Measure, _ group: SweepGroup, _ choice: AttackChoice) -> Double? {
    guard SweepAttacks.arePapers(choice, group.job.defend) else { return nil }
    let model = group.job.model, isPlain = group.job.defend == nil
    if isPlain, let clean = measure.clean { return PaperTables.row(of: "none", on: model).map(clean) }
    return PaperTables.row(of: choice.attack.title, on: model).flatMap(isPlain ? measure.plain : measure.defended)
  }

  private func contradictions(_ pairs: [Pair], _ hasPaper: Bool) -> [String] {
    let defended = pairs.filter { pair in
      pair.groups.contains { $0.job.defend != nil && PaperTables.name(of: $0.job.model) == "AlexNet" }
    }
    return hasPaper ? defended.compactMap { PaperTables.contradiction(of: $0.choice.attack.title) } : []
  }

  // MARK: the figure

  /// A panel a network: accuracy under each attack, as it is and trained against it; the paper's dashed.
  package func figure(_ rows: [SweepRow]) -> Figure {
    let pairs = pairs(groups(rows, wanted: false)), style = Style.light
    guard let measure = measures.last(where: { $0.title.hasPrefix("attacked") }) else { return Figure("", rows: []) }
    let names = pairs.reduce(into: [[String]]()) { names, pair in
      let name = pair.groups.first.map { [$0.network, $0.corpus, $0.job.transform] } ?? []
      if !names.contains(name) { names.append(name) }
    }
    let panels = names.map { name -> LinePlot in
      let own = pairs.filter { pair in
        pair.groups.first.map { [$0.network, $0.corpus, $0.job.transform] == name } ?? false
      }
      let series = [(false, "as it is"), (true, "trained against it")].enumerated().flatMap {
        index, kind -> [LinePlot.Series] in
        let points: [SweepPlots.PlotPoint] = own.enumerated().compactMap { place, pair in
          pair.groups.first { ($0.job.defend != nil) == kind.0 }.map { group in
            (
              Double(place),
              SweepTable.ours(group.numbers { $0.report(pair.choice.attack.name).flatMap(measure.ours) }),
              printed(measure, group, pair.choice)
            )
          }
        }
        return SweepPlots.pair(kind.1, points, color: style.color(ofSeries: index))
      }
      return LinePlot(
        name.joined(separator: ", "), x: SweepPlots.axis(own.map(\.choice.attack.title)),
        y: Axis("\(measure.title.replacingOccurrences(of: " %", with: "")) (%)", 0...100), series, size: Size(400, 240))
    }
    return SweepPlots.figure(table(rows), panels: panels, perRow: 3)
  }
}

/// What sweeps attack with.
enum SweepAttacks {
  /// - Throws: `AttackError`, `EvaluationError.repeated`.
  static func choices(_ names: [String], epsilon: Double, preset: AttackPreset) throws -> [AttackChoice] {
    try EvaluationError.refuseRepeats(names, what: "the attack")
    return try names.map { name in
      let attack = try Attacks.named(name)
      var settings = preset.settings(for: attack)
      settings.epsilon = epsilon
      return try AttackChoice(attack, settings)
    }
  }

  /// The same training, against an attack.
  ///
  /// - Throws: `AttackError`, `LabError`.
  static func defended(_ job: Job, _ choice: AttackChoice, ratio: Double) throws -> Job {
    let defence = Defence(attack: choice.attack.name, settings: choice.settings, ratio: ratio)
    try defence.check()
    var job = job
    job.defend = defence
    return job
  }

  static func epsilon(_ choice: AttackChoice) -> ResultTable.Cell {
    choice.attack.knobs.contains(.epsilon) ? .number(choice.settings.epsilon * 255, decimals: 1) : .none
  }

  /// Whether the paper's table 2a has such an attack on such a network.
  static func arePapers(_ choice: AttackChoice, _ defence: Defence?) -> Bool {
    PaperValues.isPapers(choice.settings, of: choice.attack, ofAnyEpsilon: false)
      && (defence.map { PaperValues.isPapers($0) } ?? true)
  }
}
