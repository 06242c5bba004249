import Attacks
import Lab

/// A column of the table of attacks: on the screen, in files, and to sort by.
struct ResultColumn: Sendable {
  let name: String
  let width: Int
  /// Columns of lower rank stay longer on a narrow screen.
  let rank: Int
  var hasInterval = false
  var isRight = true
  let cell: @Sendable (ResultRow) -> ResultTable.Cell
}

enum ResultColumns {
  static func named(_ name: String?) -> ResultColumn? { all.first { $0.name == name } }

  private static func share(
    _ name: String, _ width: Int, _ rank: Int, _ value: @escaping @Sendable (ResultRow) -> Double?
  ) -> ResultColumn {
    ResultColumn(name: name, width: width, rank: rank) { value($0).map { .share($0) } ?? .none }
  }

  private static func scores(
    _ name: String, _ rank: Int, _ value: @escaping @Sendable (AttackEffect) -> Scores
  ) -> ResultColumn {
    ResultColumn(name: name, width: 18, rank: rank, hasInterval: true) { row in
      row.report?.effect.map { .share(value($0).accuracy, value($0).interval) } ?? .none
    }
  }

  private static func number(
    _ name: String, _ width: Int, _ rank: Int, decimals: Int, _ value: @escaping @Sendable (ResultRow) -> Double?
  ) -> ResultColumn {
    ResultColumn(name: name, width: width, rank: rank) { value($0).map { .number($0, decimals: decimals) } ?? .none }
  }

  /// In grey levels; a fraction of one only where there is one.
  private static func levels(
    _ name: String, _ rank: Int, _ value: @escaping @Sendable (ResultRow) -> Double?
  ) -> ResultColumn {
    ResultColumn(name: name, width: 5, rank: rank) { row in
      guard let levels = value(row).map({ $0 * 255 }) else { return .none }
      return .number(levels, decimals: abs(levels - levels.rounded()) < 1e-6 ? 0 : 1)
    }
  }

  /// nil where the attack does not read it.
  private static func knob(
    _ knob: AttackKnob, _ value: @escaping @Sendable (AttackSettings) -> Double?
  ) -> @Sendable (ResultRow) -> Double? {
    { row in
      (try? Attacks.named(row.point.attack))?.knobs.contains(knob) == true ? value(row.point.settings) : nil
    }
  }

  /// The part's own effect: on both parts the paper's average accuracy.
  static let all: [ResultColumn] = [
    ResultColumn(name: "attack", width: 8, rank: 0, isRight: false) { .text($0.title) },
    ResultColumn(name: "run", width: 20, rank: 3, isRight: false) { .text($0.run) },
    ResultColumn(name: "trained", width: 8, rank: 17, isRight: false) { row in
      .text(row.job.map { $0.defend.map { Scrub.title($0.attack) } ?? "clean" } ?? "")
    },
    levels("ε·255", 2, knob(.epsilon) { $0.norm == .linf ? $0.epsilon : nil }),
    levels("α·255", 15, knob(.alpha) { $0.alpha }),
    number("steps", 5, 16, decimals: 0, knob(.steps) { Double($0.steps) }),
    ResultColumn(name: "part", width: 6, rank: 7, isRight: false) { .text($0.part.rawValue) },
    ResultColumn(name: "n", width: 5, rank: 5) { .integer($0.images) },
    scores("clean %", 4) { $0.clean }, scores("attacked %", 1) { $0.attacked },
    share("success %", 9, 1) { $0.report?.effect?.success },
    share("UAR %", 6, 6) { $0.report?.effect?.attacked.unweightedAverageRecall },
    share("UAR clean %", 11, 18) { $0.report?.effect?.clean.unweightedAverageRecall },
    number("paper: acc. %", 13, 8, decimals: 2) { $0.paper?.attacked.map { $0 * 100 } },
    number("paper: success %", 16, 9, decimals: 2) { $0.paper?.success.map { $0 * 100 } },
    number("L∞·255", 6, 11, decimals: 1) { $0.report.map { $0.largestLinf * 255 } },
    number("L2", 6, 12, decimals: 2) { $0.report?.meanL2 },
    number("gradients", 9, 19, decimals: 1) { $0.report?.gradientEvaluations },
    number("queries", 7, 10, decimals: 1) { $0.report?.queries },
    number("ms/image", 8, 13, decimals: 1) { $0.report.map { $0.secondsPerImage * 1000 } },
    ResultColumn(name: "doubts", width: 6, rank: 0) { .integer($0.doubts.count) },
  ]

  // MARK: Order

  /// Rows without a value come last, whatever the direction.
  static func sorted(_ rows: [ResultRow], by column: ResultColumn, _ isDescending: Bool) -> [ResultRow] {
    let keyed = rows.map { (row: $0, key: key(column.cell($0))) }
    var known: [(row: ResultRow, key: Key)] = [], unknown: [ResultRow] = []
    for entry in keyed {
      if let key = entry.key { known.append((entry.row, key)) } else { unknown.append(entry.row) }
    }
    let order = known.indices.sorted { a, b in
      let (first, second) = (known[a].key, known[b].key)
      if first == second { return a < b }
      return isDescending ? second < first : first < second
    }
    return order.map { known[$0].row } + unknown
  }

  private struct Key: Comparable {
    let number: Double
    let text: String

    static func < (a: Key, b: Key) -> Bool { a.number == b.number ? a.text < b.text : a.number < b.number }
  }

  private static func key(_ cell: ResultTable.Cell) -> Key? {
    switch cell {
    case .text(let text): Key(number: 0, text: text)
    case .integer(let value): Key(number: Double(value), text: "")
    case .number(let value, _), .share(let value, _): Key(number: value, text: "")
    case .none: nil
    }
  }

  // MARK: Text

  /// As short as the screen wants it; files have more digits.
  static func text(_ cell: ResultTable.Cell, _ look: Look) -> String {
    switch cell {
    case .text(let text): text
    case .integer(let value): String(value)
    case .number(let value, let decimals): Numbers.fixed(value, decimals)
    case .share(let value, let interval):
      Numbers.fixed(value * 100, 1)
        + (interval.map { " [\(Numbers.fixed($0.low * 100, 1)), \(Numbers.fixed($0.high * 100, 1))]" } ?? "")
    case .none: ""
    }
  }

  /// A CSV, which has no notes, tells of what the rows are in columns of its own.
  static func table(_ rows: [ResultRow], title: String) -> ResultTable {
    ResultTable(
      title: title,
      columns: all.map { ResultTable.Column($0.name, interval: $0.hasInterval) }
        + ["norm", "ε", "checkpoint", "split", "seed", "attack seed"].map { ResultTable.Column($0, isForCSV: true) },
      rows: rows.map { row in
        let epsilon = knob(.epsilon) { $0.epsilon }(row), isSeeded = knob(.seed) { _ in 1 }(row) != nil
        let checkpoint = row.report?.checkpoint ?? row.partial?.record.checkpoint
        let origin: [ResultTable.Cell] = [
          epsilon.map { _ in .text(row.point.settings.norm.rawValue) } ?? .none,
          epsilon.map { .number($0, decimals: 4) } ?? .none, .text(checkpoint?.rawValue ?? ""),
          .text(row.job?.splitName ?? ""), .text(row.job.map { "\($0.seed)" } ?? ""),
          isSeeded ? .text("\(row.point.settings.seed)") : .none,
        ]
        return all.map { $0.cell(row) } + origin
      }, notes: notes(rows))
  }

  private static func notes(_ rows: [ResultRow]) -> [String] {
    var notes = [
      "accuracy is the field's weighted accuracy, in brackets its 95 % Wilson interval; success is (clean − attacked)/clean "
        + "accuracy, as in the paper; 1 seed a run; merged is training and validation together, the paper's average accuracy",
      Scores.intervalNote,
    ]
    if rows.contains(where: { $0.paper != nil }) {
      notes.append(
        "“paper” columns are the paper's tables 2a (linear spectrograms) and 2b, on Emo-IIT with networks pre-trained "
          + "on ImageNet")
    }
    notes += rows.map {
      "\($0.title) on \($0.run): \($0.summary)"
        + ($0.partial.map { ", \($0.done) of \($0.record.images) slices done" } ?? "")
    }
    var seen: Set<String> = []
    notes += rows.compactMap { row in row.paper?.difference.map { "\(row.run): \($0)" } }
      .filter { seen.insert($0).inserted }
    let runs = rows.map(\.run).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    notes += SharedNotes.of(
      runs.map { run in (name: run, notes: reportNotes(rows.filter { $0.run == run && $0.report != nil })) }
        .filter { !$0.notes.isEmpty })
    notes += rows.flatMap { $0.paper?.doubts ?? [] }.filter { seen.insert($0).inserted }.map { "doubt, \($0)" }
    return notes + rows.flatMap { row in row.doubts.map { "doubt, \(row.title) on \(row.run): \($0)" } }
  }

  /// What the reports of one run say of themselves; what some of them alone say, with the attacks that it is true of.
  static func reportNotes(_ rows: [ResultRow]) -> [String] {
    SharedNotes.of(
      rows.compactMap { row in
        row.report.map { (name: "\(Scrub.words(row.point)) (\(row.part.rawValue))", notes: $0.notes) }
      })
  }

  /// Slice by slice.
  static func table(_ slices: [AttackedSlices.Slice], emotions: [String], title: String) -> ResultTable {
    func name(_ index: Int) -> ResultTable.Cell {
      .text(emotions.indices.contains(index) ? emotions[index] : "\(index)")
    }
    let names = [
      "utterance", "slice", "truth", "clean", "clean %", "attacked", "attacked %", "flipped", "L∞·255", "L2", "queries",
    ]
    return ResultTable(
      title: title, columns: names.map { ResultTable.Column($0) },
      rows: slices.map { slice in
        [
          .text(slice.utterance), .integer(slice.slice + 1), name(slice.truth), name(slice.clean),
          .share(slice.cleanShare), name(slice.attacked), .share(slice.attackedShare),
          .text(slice.isFlipped ? "yes" : "no"), .number(slice.linf * 255, decimals: 1), .number(slice.l2, decimals: 3),
          .integer(slice.queries),
        ]
      }, notes: ["slices are counted from 1; % is the softmax of the prediction before it"])
  }
}
