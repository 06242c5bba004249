import Lab

/// The list of runs; columns drop out from the right of importance as the width shrinks.
package enum RunTable {
  private struct Column: Sendable {
    let name: String
    var width: Int
    /// Columns of lower rank stay longer.
    let rank: Int
    let isRight: Bool
    let text: @Sendable (RunInfo) -> String
  }

  private static let columns: [Column] = [
    Column(name: "run", width: 20, rank: 0, isRight: false) { $0.id },
    Column(name: "status", width: 11, rank: 1, isRight: false) { $0.status.rawValue },
    Column(name: "corpus", width: 12, rank: 5, isRight: false) { $0.job.corpus },
    Column(name: "transform", width: 9, rank: 6, isRight: false) { $0.job.transform },
    Column(name: "network", width: 8, rank: 4, isRight: false) { $0.job.model },
    Column(name: "split", width: 10, rank: 3, isRight: false) { $0.job.splitName },
    Column(name: "seed", width: 4, rank: 3, isRight: true) { String($0.job.seed) },
    // Not the epoch that is under way: the accuracy beside it is of the last one that is done.
    Column(name: "done", width: 8, rank: 2, isRight: true) { "\($0.epochs.last?.epoch ?? 0)/\($0.job.epochs)" },
    Column(name: "valid", width: 7, rank: 2, isRight: true) {
      $0.epochs.last.map { Numbers.percent($0.validAccuracy) } ?? ""
    },
    Column(name: "UAR", width: 7, rank: 8, isRight: true) { $0.epochs.last.map { Numbers.percent($0.validUAR) } ?? "" },
  ]

  private static func fitting(_ width: Int) -> [Column] {
    var kept = ColumnFit.kept(columns.map { ($0.width, $0.rank) }, width: width).map { columns[$0] }
    // What is left goes to the run's name.
    kept[0].width += max(0, min(20, width - ColumnFit.used(kept.map(\.width))))
    return kept
  }

  /// The same as data, without the marks of the screen.
  package static func table(_ runs: [RunInfo]) -> ResultTable {
    let measures: [(String, @Sendable (EpochMetrics) -> Double?)] = [
      ("train loss", { $0.trainLoss }), ("train accuracy", { $0.trainAccuracy }), ("valid loss", { $0.validLoss }),
      ("valid accuracy", { $0.validAccuracy }), ("valid UAR", { $0.validUAR }),
      ("attacked accuracy", { $0.attackedAccuracy }), ("average accuracy", { $0.averageAccuracy }),
    ]
    let rows = runs.map { run in
      [ResultTable.Cell.text(run.id), .text(run.status.rawValue), .text(run.job.corpus)]
        + JobFields.all.map { .text($0.read(run.job)) } + [.integer(run.epochs.last?.epoch ?? 0)]
        + measures.map { measure in run.epochs.last.flatMap(measure.1).map { .number($0, decimals: 4) } ?? .none }
    }
    var seen: Set<String> = []
    return ResultTable(
      title: "Runs",
      columns: (["run", "status", "corpus"] + JobFields.all.map(\.name) + ["epoch"] + measures.map(\.0)).map {
        ResultTable.Column($0)
      }, rows: rows,
      notes: runs.flatMap { run in run.notes.map { "\(run.id): \($0)" } }.filter { seen.insert($0).inserted })
  }

  /// Every epoch of some runs.
  package static func epochs(_ runs: [RunInfo]) -> ResultTable? {
    guard runs.contains(where: { !$0.epochs.isEmpty }) else { return nil }
    let rows = runs.flatMap { run in
      run.epochs.map { epoch -> [ResultTable.Cell] in
        let values = [
          epoch.trainLoss, epoch.trainAccuracy, epoch.validLoss, epoch.validAccuracy, epoch.validUAR,
        ]
        return [.text(run.id), .integer(epoch.epoch), .integer(epoch.step), .number(epoch.seconds, decimals: 2)]
          + values.map { .number($0, decimals: 6) }
          + [epoch.attackedAccuracy.map { .number($0, decimals: 6) } ?? .none]
      }
    }
    return ResultTable(
      title: "Epochs",
      columns: [
        "run", "epoch", "step", "seconds", "train loss", "train accuracy", "valid loss", "valid accuracy", "valid UAR",
        "attacked accuracy",
      ].map { ResultTable.Column($0) }, rows: rows)
  }

  package static func draw(_ state: State, _ surface: inout Surface) {
    let (look, list) = (state.look, state.trainingPane.list)
    let (left, rows) = (Self.left(state), surface.height - 1)
    let isScrolled = state.runs.count > rows
    let columns = fitting(surface.width - left + (isScrolled ? 1 : 2))
    var x = left
    for column in columns {
      let text = TextWidth.fit(column.name, to: column.width, right: column.isRight, ellipsis: "")
      x = surface.put(text, x, 0, look.style(.axis)) + 1
    }
    for (row, index) in list.visible(count: state.runs.count, height: rows).enumerated() {
      draw(state.runs[index], row + 1, columns, state, &surface)
      if index == list.selection {
        RowHighlight.draw(row + 1, isFocused: state.focus == .training, look, &surface)
      }
    }
    surface.within(surface.bounds.splitTop(1).rest) { ScrollBar.draw(list.top, state.runs.count, look, &$0) }
  }

  /// Columns of the marks before the run's name.
  private static func left(_ state: State) -> Int { state.trainingPane.marks.isEmpty ? 2 : 3 }

  private static func draw(_ run: RunInfo, _ y: Int, _ columns: [Column], _ state: State, _ surface: inout Surface) {
    let look = state.look
    let (mark, role) = mark(run.status, look)
    surface.put(mark, 0, y, look.style(role))
    // The letter of its curve.
    let pane = state.trainingPane
    if !pane.marks.isEmpty, let letter = CurveMaker.letter(of: run.id, in: state.shownRuns, pane.settings) {
      surface.put(String(letter), 1, y, look.style(.match))
    }
    var x = left(state)
    for column in columns {
      let words =
        column.rank == 0
        ? TextWidth.withoutMiddle(run.id, to: column.width, ellipsis: look.glyphs.ellipsis) : column.text(run)
      let text = TextWidth.fit(words, to: column.width, right: column.isRight, ellipsis: look.glyphs.ellipsis)
      x = surface.put(text, x, y, look.style(column.name == "status" ? role : .text)) + 1
    }
  }

  /// Letter or glyph and role of a status.
  package static func mark(_ status: RunStatus, _ look: Look) -> (String, Role) {
    switch status {
    case .running: (look.glyphs.pick("▶", ">"), .accent)
    case .paused: (look.glyphs.pick("‖", "="), .warning)
    case .finished: (look.glyphs.pick("✓", "+"), .good)
    case .stopped: (look.glyphs.pick("■", "#"), .dim)
    case .failed: (look.glyphs.pick("✕", "x"), .error)
    case .interrupted: ("!", .warning)
    }
  }
}
