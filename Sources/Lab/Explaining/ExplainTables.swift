import Attacks
import Core
import Explain
import Export

/// Attacks' names and drifts in words, for tables and captions.
enum AttackTitles {
  static func title(_ point: AttackPoint?) -> String {
    guard let point else { return "clean" }
    return (try? Attacks.named(point.attack).title) ?? point.attack
  }

  /// "PGD" of "PGD (ε 32/255, …)".
  static func short(_ title: String) -> String {
    title.range(of: " (").map { String(title[..<$0.lowerBound]) } ?? title
  }

  /// Rank correlation, overlap, shift in frequency, shift in time.
  static func drift(_ drift: AttentionDrift) -> [String] {
    [drift.rankCorrelation, drift.overlap, drift.frequencyShift, drift.timeShift]
      .map { $0.map { Numbers.fixed($0, 3) } ?? "undefined" }
  }
}

/// Explanations as tables.
package enum ExplainTables {
  /// What the network answers, before and after.
  package static func answers(_ explanations: [Explanation]) -> ResultTable {
    let first = explanations.first, emotions = first?.emotions ?? []
    let images = [first?.clean].compactMap(\.self) + explanations.compactMap(\.attacked)
    let titles =
      ["clean %"] + explanations.filter { $0.attacked != nil }.map { AttackTitles.title($0.request.attack) + " %" }
    return ResultTable(
      title: "probabilities", columns: [.init("emotion")] + titles.map { .init($0) },
      rows: emotions.indices.map { emotion in
        [.text(emotions[emotion] + (emotion == first?.truth ? " (truth)" : ""))]
          + images.map { .share($0.probabilities[emotion]) }
      },
      notes: images.enumerated().filter { $1.isBlank }.map {
        "\(titles[$0.offset].dropLast(2)): nothing at this node speaks for the class, so its map is blank"
      })
  }

  package static func drift(_ explanations: [Explanation]) -> ResultTable {
    let moved = explanations.compactMap { one in one.drift.map { (one, $0) } }
    return ResultTable(
      title: "how far the attention moved",
      columns: [
        .init("attack"), .init("rank correlation"), .init("overlap of top fifths"), .init("moved in frequency %"),
        .init("moved in time %"), .init("L∞ ·255"), .init("L2"), .init("gradients"), .init("queries"), .init("ms"),
      ],
      rows: moved.map { one, drift in
        [
          .text(AttackTitles.title(one.request.attack)), number(drift.rankCorrelation), number(drift.overlap),
          .share(drift.frequencyShift), .share(drift.timeShift),
          .number((one.perturbation?.linf ?? 0) * 255, decimals: 1),
          .number(one.perturbation?.l2 ?? 0, decimals: 2), .integer(one.perturbation?.gradientEvaluations ?? 0),
          .integer(one.perturbation?.queries ?? 0), .number(one.seconds * 1000, decimals: 0),
        ]
      })
  }

  /// Shares of the attention's energy by frequency band.
  package static func bands(_ explanations: [Explanation]) -> ResultTable {
    guard let first = explanations.first else { return ResultTable(title: "", columns: []) }
    let columns = first.bands.names.map { ResultTable.Column("\($0) %") }
    func row(_ name: String, _ shares: EnergyShares) -> [ResultTable.Cell] {
      [.text(name)] + shares.frequency.map { .share($0) }
    }
    let clean = first.drift?.before ?? first.bands.profile(first.clean.attention).shares
    return ResultTable(
      title: "energy of the attention by frequency", columns: [.init("image")] + columns,
      rows: [row("clean", clean)]
        + explanations.compactMap { one in
          one.drift.map { row(AttackTitles.title(one.request.attack), $0.after) }
        })
  }

  /// Attention moved beside the drop in accuracy, the largest drop first.
  package static func attention(_ report: AttentionReport) -> ResultTable {
    ResultTable(
      title:
        "attention moved, beside the drop in accuracy (\(report.run), \(report.method.rawValue) at \(report.node))",
      columns: [
        .init("attack"), .init("class"), .init("n"), .init("accuracy %"), .init("attacked %"), .init("drop %"),
        .init("rank correlation"), .init("overlap of top fifths"), .init("moved in frequency %"),
        .init("moved in time %"), .init("blank"),
      ],
      rows: report.rows.map { row in
        [
          .text(AttackTitles.short(report.attacks[row.attack])),
          .text(row.emotion.map { report.emotions[$0] } ?? "all"), .integer(row.images), .share(row.cleanAccuracy),
          .share(row.attackedAccuracy), .share(row.drop), number(row.rankCorrelation), number(row.overlap),
          .share(row.frequencyShift), .share(row.timeShift), .integer(row.blank),
        ]
      }, notes: report.attacks + report.notes)
  }

  /// A row a point, RFC 4180.
  package static func csv(_ embedding: RunEmbedding) -> String {
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
    ).rendered(.csv)
  }

  private static func number(_ value: Double?) -> ResultTable.Cell { value.map { .number($0, decimals: 3) } ?? .none }
}
