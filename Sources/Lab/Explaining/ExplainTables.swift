import Attacks
import Core
import Explain
import Export

/// Attacks' names and drifts in words, for tables and captions.
package enum AttackTitles {
  static func title(_ point: AttackPoint?) -> String {
    guard let point else { return "clean" }
    return (try? Attacks.named(point.attack).title) ?? point.attack
  }

  /// "PGD" of "PGD (ε 32/255, …)".
  private static func short(_ title: String) -> String {
    title.range(of: " (").map { String(title[..<$0.lowerBound]) } ?? title
  }

  /// "PGD (ε 32/255, …)": the first setting stands for all, which is ε where there is one.
  private static func brief(_ title: String) -> String {
    guard let first = title.range(of: ", "), !title[..<first.lowerBound].hasSuffix(")") else { return title }
    return "\(title[..<first.lowerBound]), …)"
  }

  /// "PGD (ε 32/255, α 4/255, 2 steps …)".
  private static func withSettings(_ point: AttackPoint?) -> String {
    let choice = point.flatMap { try? AttackChoice($0) }
    return choice.map { AttackSource.attack($0).title } ?? title(point)
  }

  /// The same with the name of the set where the image was kept.
  package static func full(_ request: ExplainRequest) -> String {
    withSettings(request.attack) + (request.adversarialSet.map { ", set \($0)" } ?? "")
  }

  /// A report's attacks for the rows of its table: by name where that tells them apart, else with their settings.
  ///
  /// - Parameter titles: with settings.
  static func labels(_ titles: [String]) -> [String] { distinct(titles.map { [short($0), $0] }) }

  /// The same for explanations, with their sets where not even the settings tell them apart.
  static func labels(_ explanations: [Explanation]) -> [String] {
    distinct(explanations.map { [title($0.request.attack), withSettings($0.request.attack), full($0.request)] })
  }

  /// The same for captions, which have less room: where the first setting tells them apart, the others are left out.
  static func captions(_ titles: [String]) -> [String] { distinct(titles.map { [short($0), brief($0), $0] }) }

  /// The same for captions of explanations, which have no room for settings beside the answer: numbers tell those of one
  /// name apart.
  static func captions(_ explanations: [Explanation]) -> [String] {
    distinct(
      explanations.enumerated().map { index, one in
        let title = title(one.request.attack)
        return [title, "\(title) \(index + 1)"]
      })
  }

  /// Of each one's forms the first that no other one has, else the last.
  ///
  /// - Parameter forms: as many of each.
  private static func distinct(_ forms: [[String]]) -> [String] {
    forms.map { own in
      let level = own.indices.first { level in forms.count { $0[level] == own[level] } == 1 }
      return own[level ?? own.count - 1]
    }
  }

  /// Rank correlation, overlap, shift in frequency, shift in time.
  static func drift(_ drift: AttentionDrift) -> [String] {
    [drift.rankCorrelation, drift.overlap, drift.frequencyShift, drift.timeShift]
      .map { $0.map { Numbers.fixed($0, 3) } ?? "undefined" }
  }
}

extension Provenance {
  /// - Parameter job: of the run that is explained.
  package init(_ explanation: Explanation, job: Job) {
    let request = explanation.request
    self.init(run: request.run, part: explanation.part?.rawValue ?? "", checkpoint: request.checkpoint, job: job)
  }
}

/// Explanations as tables.
package enum ExplainTables {
  /// What the network answers, before and after. A CSV, which has no notes, tells the image and the attacks in columns of
  /// its own.
  package static func answers(_ explanations: [Explanation]) -> ResultTable {
    let first = explanations.first, emotions = first?.emotions ?? []
    let images = [first?.clean].compactMap(\.self) + explanations.compactMap(\.attacked)
    let titles = ["clean %"] + AttackTitles.labels(explanations.filter { $0.attacked != nil }).map { $0 + " %" }
    let blank = images.enumerated().filter { $1.isBlank }.map {
      "\(titles[$0.offset].dropLast(2)): nothing at this node speaks for the class, so its map is blank"
    }
    let attacks = explanations.filter { $0.attacked != nil }.map { AttackTitles.full($0.request) }
    let place = first.map { imageCells($0) + [.text(attacks.joined(separator: "; "))] } ?? []
    return ResultTable(
      title: "probabilities",
      columns: (["emotion"] + titles).map { ResultTable.Column($0) } + imageColumns
        + [ResultTable.Column("attacks", isForCSV: true)],
      rows: emotions.indices.map { emotion in
        [.text(emotions[emotion] + (emotion == first?.truth ? " (truth)" : ""))]
          + images.map { ResultTable.Cell.share($0.probabilities[emotion]) } + place
      },
      notes: subject(explanations) + blank)
  }

  /// Columns for a CSV alone.
  package static let imageColumns = ["utterance", "slice"].map { ResultTable.Column($0, isForCSV: true) }

  /// Their cells.
  package static func imageCells(_ explanation: Explanation) -> [ResultTable.Cell] {
    [.text(explanation.request.utterance), .integer(explanation.request.slice + 1)]
  }

  /// Which image of which weights is looked at, all settings of the attacks on it, and what must be said beside them.
  package static func subject(_ explanations: [Explanation]) -> [String] {
    guard let first = explanations.first else { return [] }
    let request = first.request
    let image =
      "run \(request.run), checkpoint-\(request.checkpoint.rawValue), \(request.utterance), "
      + "slice \(request.slice + 1) of \(first.sliceCount)"
    return [image] + explanations.filter { $0.attacked != nil }.map { AttackTitles.full($0.request) } + first.notes
  }

  package static func drift(_ explanations: [Explanation]) -> ResultTable {
    let moved = explanations.compactMap { one in one.drift.map { (one, $0) } }
    let names = AttackTitles.labels(moved.map(\.0))
    return ResultTable(
      title: "how far the attention moved",
      columns: [
        .init("attack"), .init("rank correlation"), .init("overlap of top fifths"), .init("moved in frequency %"),
        .init("moved in time %"), .init("L∞ ·255"), .init("L2"), .init("gradients"), .init("queries"), .init("ms"),
      ],
      rows: zip(names, moved).map { name, pair in
        let (one, drift) = pair
        return [
          .text(name), number(drift.rankCorrelation), number(drift.overlap),
          share(drift.frequencyShift), share(drift.timeShift),
          .number((one.perturbation?.linf ?? 0) * 255, decimals: 1),
          .number(one.perturbation?.l2 ?? 0, decimals: 2),
          .integer(one.perturbation?.gradientEvaluations ?? 0),
          .integer(one.perturbation?.queries ?? 0), .number(one.seconds * 1000, decimals: 0),
        ]
      })
  }

  /// Shares of the attention's energy by frequency band.
  package static func bands(_ explanations: [Explanation]) -> ResultTable {
    guard let first = explanations.first else { return ResultTable(title: "", columns: []) }
    let columns = first.bands.names.map { ResultTable.Column("\($0) %") }
    func row(_ name: String, _ shares: EnergyShares) -> [ResultTable.Cell] {
      [.text(name)]
        + shares.frequency.map { value -> ResultTable.Cell in
          shares.isBlank ? .none : .share(value)
        }
    }
    let clean = first.drift?.before ?? first.bands.profile(first.clean.attention).shares
    let moved = explanations.compactMap { one in one.drift.map { (one, $0) } }
    return ResultTable(
      title: "energy of the attention by frequency", columns: [.init("image")] + columns,
      rows: [row("clean", clean)]
        + zip(AttackTitles.labels(moved.map(\.0)), moved).map { name, pair in row(name, pair.1.after) })
  }

  /// Attention moved beside the drop in accuracy, the largest drop first; without an attack, of what the means are.
  package static func attention(_ report: AttentionReport) -> ResultTable {
    guard !report.attacks.isEmpty else { return classes(report) }
    let names = AttackTitles.labels(report.attacks)
    return ResultTable(
      title:
        "attention moved, beside the drop in accuracy (\(report.run), \(report.method.rawValue) at \(report.node))",
      columns: [
        .init("attack"), .init("class"), .init("n"), .init("accuracy %"), .init("attacked %"), .init("drop %"),
        .init("rank correlation"), .init("overlap of top fifths"), .init("moved in frequency %"),
        .init("moved in time %"), .init("blank"), .init("settings", isForCSV: true),
      ],
      rows: report.rows.map { row in
        [
          .text(names[row.attack]),
          .text(row.emotion.map { report.emotions[$0] } ?? "all"), .integer(row.images), .share(row.cleanAccuracy),
          .share(row.attackedAccuracy), .share(row.drop), number(row.rankCorrelation), number(row.overlap),
          share(row.frequencyShift), share(row.timeShift), .integer(row.blank), .text(report.attacks[row.attack]),
        ]
      }, notes: report.attacks + report.notes)
  }

  private static func classes(_ report: AttentionReport) -> ResultTable {
    ResultTable(
      title: "mean attention by class (\(report.run), \(report.method.rawValue) at \(report.node))",
      columns: [.init("class"), .init("n"), .init("blank")],
      rows: report.classes.map { one in
        [.text(report.emotions[one.emotion]), .integer(one.images), one.blank.map { .integer($0[0]) } ?? .none]
      }, notes: report.notes)
  }

  /// A row a point, RFC 4180.
  package static func csv(_ embedding: RunEmbedding, of provenance: Provenance) -> String {
    ResultTable(
      title: "",
      columns: [
        "point", "utterance", "slice", "emotion", "prediction", "attack", "x", "y",
      ].map { .init($0) },
      rows: embedding.points.enumerated().map { index, point in
        [
          .integer(index), .text(point.utterance), .integer(point.slice + 1), .text(embedding.emotions[point.emotion]),
          .text(embedding.emotions[point.prediction]), .text(point.attack.map { embedding.attacks[$0] } ?? ""),
          .number(Double(point.x), decimals: 6), .number(Double(point.y), decimals: 6),
        ]
      }
    ).stating(provenance).rendered(.csv)
  }

  private static func number(_ value: Double?) -> ResultTable.Cell { value.map { .number($0, decimals: 3) } ?? .none }
  private static func share(_ value: Double?) -> ResultTable.Cell { value.map { .share($0) } ?? .none }
}
