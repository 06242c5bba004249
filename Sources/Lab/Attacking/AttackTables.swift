import Attacks
import Foundation

extension AttackReport {
  /// What its attack reads; nothing where this version has no such attack.
  fileprivate var knobs: [AttackKnob] { (try? Attacks.named(attack))?.knobs ?? [] }

  /// "PGD ε 8/255", "Pixle".
  package var titleWithEpsilon: String {
    knobs.contains(.epsilon) ? "\(title) ε \(settings.epsilonText)" : title
  }
}

/// Attack reports as tables for people.
package enum AttackTables {
  /// One row a report: what `quaver attack` prints. All reports are of one run, or at least of one part.
  package static func summary(_ reports: [AttackReport]) -> ResultTable {
    let merged = reports.contains { $0.merged != nil }
    var columns: [ResultTable.Column] = [
      .init("attack"), .init("ε·255"), .init("clean acc. %", interval: true), .init("attacked acc. %", interval: true),
      .init("success %"),
    ]
    if merged { columns += [.init("avg. clean %"), .init("avg. attacked %"), .init("avg. success %")] }
    columns += [
      .init("UAR clean %"), .init("UAR attacked %"), .init("L∞·255"), .init("L₂"), .init("gradients"),
      .init("queries"), .init("ms/image"),
    ]
    // The others say it in their notes.
    let names = ["norm", "ε", "α·255", "steps", "n"] + (merged ? ["avg. n"] : []) + ["attack seed"]
    columns += names.map { .init($0, isForCSV: true) }
    return ResultTable(
      title: title(reports), columns: columns, rows: reports.map { row($0, merged: merged) },
      notes: notes(reports))
  }

  private static func title(_ reports: [AttackReport]) -> String {
    guard let first = reports.first else { return "Attacks" }
    return "Attacks on \(first.run) (\(first.model)), \(first.images) slices, \(first.part.rawValue)"
  }

  private static func row(_ report: AttackReport, merged: Bool) -> [ResultTable.Cell] {
    // A sample of both parts may hold no validation slice: then there is no number of that part.
    let effect = report.part == .merged ? report.valid : report.effect
    let counts = [effect?.clean.count ?? 0] + (merged ? [report.images] : [])
    func share(_ value: Double?) -> ResultTable.Cell { value.map { .share($0) } ?? .none }
    var cells: [ResultTable.Cell] = [
      .text(report.title), epsilon(report),
      effect.map { .share($0.clean.accuracy, $0.clean.interval) } ?? .none,
      effect.map { .share($0.attacked.accuracy, $0.attacked.interval) } ?? .none, share(effect?.success),
    ]
    if merged {
      cells += [
        share(report.merged?.clean.accuracy), share(report.merged?.attacked.accuracy), share(report.merged?.success),
      ]
    }
    return cells + [
      share(effect?.clean.unweightedAverageRecall), share(effect?.attacked.unweightedAverageRecall),
      .number(report.largestLinf * 255, decimals: 1), .number(report.meanL2, decimals: 2),
      .number(report.gradientEvaluations, decimals: 1), .number(report.queries, decimals: 1),
      .number(report.secondsPerImage * 1000, decimals: 1),
    ] + settings(report, counts)
  }

  /// - Parameter counts: of the slices that the row's numbers are of.
  private static func settings(_ report: AttackReport, _ counts: [Int]) -> [ResultTable.Cell] {
    let settings = report.settings, knobs = report.knobs
    func cell(_ knob: AttackKnob, _ cell: ResultTable.Cell) -> ResultTable.Cell { knobs.contains(knob) ? cell : .none }
    let cells = [
      cell(.epsilon, .text(settings.norm.rawValue)), cell(.epsilon, .number(settings.epsilon, decimals: 4)),
      cell(.alpha, .number(settings.alpha * 255, decimals: 1)), cell(.steps, .integer(settings.steps)),
    ]
    return cells + counts.map { ResultTable.Cell.integer($0) } + [cell(.seed, .text("\(settings.seed)"))]
  }

  static func epsilon(_ report: AttackReport) -> ResultTable.Cell {
    guard report.knobs.contains(.epsilon), report.settings.norm == .linf else { return .none }
    return .number(report.settings.epsilon * 255, decimals: 1)
  }

  /// What must be said below the table: definitions, settings, protocol, doubts.
  static func notes(_ reports: [AttackReport]) -> [String] {
    var notes = [
      "accuracy is the field's weighted accuracy, equal to the support-weighted recall, in brackets its 95 % Wilson "
        + "interval; success is (clean − attacked)/clean accuracy, as in the paper", Scores.intervalNote,
    ]
    if reports.contains(where: { $0.merged != nil }) {
      notes.append(
        "in this table acc., success and UAR are of the validation part, avg. of training and validation merged")
    }
    notes += reports.map { "\($0.title): \($0.summary)" }
    notes += reports.first?.notes ?? []
    // One attack at several strengths.
    func label(_ report: AttackReport) -> String {
      reports.count { $0.title == report.title } == 1 ? report.title : report.titleWithEpsilon
    }
    return notes + reports.flatMap { report in report.doubts.map { "doubt, \(label(report)): \($0)" } }
  }

  /// The order's part in the words of a title; all reports are of one.
  private static func part(_ reports: [AttackReport]) -> String {
    guard let first = reports.first else { return "" }
    return switch first.part {
    case .valid: ", validation part"
    case .train: ", training part"
    case .merged: ", training and validation merged"
    }
  }

  /// Fall of each class's recall under each attack, on the order's own part.
  package static func classDrops(_ reports: [AttackReport]) -> ResultTable {
    let emotions = reports.first?.emotions ?? []
    return ResultTable(
      title: "Fall of each class's recall\(part(reports)), in percentage points",
      columns: [.init("attack")] + emotions.map { .init($0) },
      rows: reports.map { report in
        let drops = report.effect?.recallDrops ?? []
        return [.text(report.title)]
          + emotions.indices.map { index in
            drops.indices.contains(index) ? drops[index].map { .share($0) } ?? .none : .none
          }
      })
  }

  /// The effects on the order's own part, counted by whole utterances.
  package static func utterances(_ reports: [AttackReport]) -> ResultTable {
    ResultTable(
      title: "By utterance\(part(reports)) (vote of its slices, ties by summed softmax)",
      columns: [
        .init("attack"), .init("utterances"), .init("clean acc. %", interval: true),
        .init("attacked acc. %", interval: true), .init("success %"), .init("UAR attacked %"),
      ],
      rows: reports.compactMap { report in
        report.utterances.map { effect in
          [
            .text(report.title), .integer(effect.clean.count), .share(effect.clean.accuracy, effect.clean.interval),
            .share(effect.attacked.accuracy, effect.attacked.interval), effect.success.map { .share($0) } ?? .none,
            .share(effect.attacked.unweightedAverageRecall),
          ]
        }
      })
  }
}
