import Foundation
import Lab

extension PaneID {
  package static let confusion = PaneID("confusion")
}

/// Who is taken for whom, of the selected run at an epoch.
package enum ConfusionPane {
  package static let pane: Pane = {
    var pane = Pane(id: .confusion, name: "Confusion", title: title, bindings: bindings, draw: ConfusionDrawing.draw)
    pane.receive = { state, event in
      switch event {
      case .predictions(let predictions): show(predictions, &state)
      case .attackedSlices(let slices)
      where state.confusionPane.against == .attack(run: slices.run, set: slices.set):
        (state.confusionPane.slices, state.confusionPane.failure) = (slices, nil)
      case .slicesFailed(let run, let set, let sentence)
      where state.confusionPane.against == .attack(run: run, set: set):
        state.confusionPane.failure = sentence
      case .failed: state.confusionPane.awaited = nil
      default: break
      }
      return []
    }
    pane.settle = { state, _ in
      settleAgainst(&state)
      let last = max(0, (state.selectedRun?.emotions.count ?? 0) - 1)
      let cell = state.confusionPane.cell
      state.confusionPane.cell = Point(x: max(0, min(last, cell.x)), y: max(0, min(last, cell.y)))
      if let epoch = state.confusionPane.epoch, epoch >= (state.selectedRun?.epochs.last?.epoch ?? 0) {
        state.confusionPane.epoch = nil
      }
    }
    pane.click = { state, point, size in
      guard let run = state.selectedRun else { return [] }
      let grid = ConfusionDrawing.Grid(run.emotions, size)
      guard point.x >= grid.labels, point.y > grid.head else { return [] }
      let first = grid.visible(state.confusionPane.cell.y).lowerBound
      let cell = Point(x: (point.x - grid.labels) / grid.column, y: first + point.y - grid.head - 1)
      let isAgain = cell == state.confusionPane.cell
      state.confusionPane.cell = cell
      return isAgain && whyNotBehind(state) == nil ? drill(&state) : []
    }
    pane.whole = ConfusionDrawing.whole
    pane.notes = { state in
      var shown = [state.selectedRun?.id].compactMap(\.self)
      if case .run(let other) = state.confusionPane.against { shown.append(other) }
      return RunCaption.notes(shown, state)
    }
    pane.table = table
    pane.tableRow = { pair($0) == nil ? nil : $0.confusionPane.cell.y }
    pane.memory = Pane.Memory(
      save: { state in
        let pane = state.confusionPane
        return [
          "measure": pane.measure.rawValue, "epoch": pane.epoch.map(String.init) ?? "",
          "cell": "\(pane.cell.x),\(pane.cell.y)", "against": pane.against?.text ?? "", "side": pane.side.rawValue,
        ]
      },
      restore: { state, saved in
        state.confusionPane.measure = saved["measure"].flatMap(ConfusionState.Measure.init) ?? .counts
        state.confusionPane.epoch = saved["epoch"].flatMap { Int($0) }
        let cell = (saved["cell"] ?? "").split(separator: ",").compactMap { Int($0) }
        if cell.count == 2 { state.confusionPane.cell = Point(x: cell[0], y: cell[1]) }
        state.confusionPane.side = saved["side"].flatMap(ConfusionState.Side.init) ?? .difference
        return hold(against: saved["against"].flatMap(ConfusionState.Against.init), &state)
      })
    return pane
  }()

  /// The epoch that is shown.
  package static func metrics(_ state: State) -> EpochMetrics? {
    guard let run = state.selectedRun else { return nil }
    guard let epoch = state.confusionPane.epoch else { return run.epochs.last }
    return run.epochs.first { $0.epoch == epoch }
  }

  static func title(_ state: State) -> String {
    guard let run = state.selectedRun, metrics(state) != nil else { return "Confusion" }
    return "Confusion \(run.id) \(words(state)) · \(state.confusionPane.measure.rawValue)"
  }

  /// "epoch 15", "clean − PGD", "minus RUN".
  private static func words(_ state: State) -> String {
    guard state.confusionPane.against != nil, let pair = pair(state) else {
      return metrics(state).map { "epoch \($0.epoch)" } ?? ""
    }
    switch pair.side {
    case .difference: return "· \(pair.firstName) − \(pair.secondName)"
    case .first: return "· \(pair.firstName)"
    case .second: return "· \(pair.secondName)"
    }
  }

  // MARK: Keys

  private static let hasMatrix: @Sendable (State) -> Bool = { pair($0) != nil }
  private static let hasOther: @Sendable (State) -> Bool = { $0.confusionPane.against != nil }

  /// Why the utterances behind a cell cannot be listed; nil where they can.
  static let whyNotBehind: @Sendable (State) -> String? = { state in
    guard pair(state) != nil else { return "there is no matrix yet" }
    return state.confusionPane.epoch == nil
      ? nil : "only the last epoch's predictions are kept by slice; $ goes there"
  }

  private static func move(_ x: Int, _ y: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      state.confusionPane.cell.x += x
      state.confusionPane.cell.y += y
      return []
    }
  }

  private static func epoch(_ distance: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      let epochs = state.selectedRun?.epochs ?? []
      let shown = state.confusionPane.epoch ?? epochs.last?.epoch ?? 1
      let index = epochs.firstIndex { $0.epoch == shown } ?? epochs.count - 1
      let wanted = max(0, index + distance)
      state.confusionPane.epoch = wanted >= epochs.count - 1 ? nil : epochs[wanted].epoch
      return []
    }
  }

  private static let far = 1000

  private static let bindings: [Binding] = [
    Binding(
      "confusion.measure", ["m", "%"], "percent", "Counts, percent of the row, percent of the column.", hint: 1,
      isEnabled: hasMatrix
    ) {
      $0.confusionPane.measure = $0.confusionPane.measure.next
      return []
    },
    Binding(
      "confusion.utterances", ["enter"], "utterances", "The utterances behind this cell.", hint: 0,
      isEnabled: { whyNotBehind($0) == nil }, whyNot: whyNotBehind, run: drill),
    Binding(
      "confusion.against", ["d"], "difference",
      "Minus the same slices under an attack, then the next attack, then marked runs, then alone again.", hint: 2,
      isEnabled: { !others($0).isEmpty }, whyNot: { _ in noOther }, run: stepAgainst(1)),
    Binding(
      "confusion.against-previous", ["D"], "difference before", "The attack or the marked run before.",
      isEnabled: { !others($0).isEmpty }, whyNot: { _ in noOther }, run: stepAgainst(-1)),
    Binding(
      "confusion.side", ["v"], "side", "The difference, the first matrix alone, the second alone.", hint: 3,
      isEnabled: hasOther, whyNot: { _ in "there is one matrix only; d holds it against another" }
    ) {
      $0.confusionPane.side = $0.confusionPane.side.next
      return []
    },
    Binding(
      "confusion.epoch-previous", ["["], "epoch before", "The epoch before.", hint: 4,
      isEnabled: { hasMatrix($0) && !hasOther($0) }, whyNot: { _ in "differences are of the last epoch" },
      run: epoch(-1)),
    Binding(
      "confusion.epoch-next", ["]"], "next epoch", "The next epoch.", hint: 5,
      isEnabled: { $0.confusionPane.epoch != nil }, run: epoch(1)),
    Binding(
      "confusion.epoch-latest", ["$"], "latest epoch", "Follows the latest epoch.",
      isEnabled: { $0.confusionPane.epoch != nil }
    ) {
      $0.confusionPane.epoch = nil
      return []
    },
    Binding(
      "confusion.left", ["h", "left"], "left", "To the prediction left of this.", isEnabled: hasMatrix, run: move(-1, 0)
    ),
    Binding(
      "confusion.right", ["l", "right"], "right", "To the prediction right of this.", isEnabled: hasMatrix,
      run: move(1, 0)),
    Binding("confusion.up", ["k", "up"], "up", "To the truth above.", isEnabled: hasMatrix, run: move(0, -1)),
    Binding("confusion.down", ["j", "down"], "down", "To the truth below.", isEnabled: hasMatrix, run: move(0, 1)),
    Binding(
      "confusion.first", ["g g", "home"], "first", "To the first row.", isEnabled: hasMatrix, run: move(0, -far)),
    Binding("confusion.last", ["G", "end"], "last", "To the last row.", isEnabled: hasMatrix, run: move(0, far)),
  ]

  private static let noOther = "no attack on this run has results, and no other run is marked in the training pane"

  private static let table: @Sendable (State) -> ResultTable? = { state in
    guard let run = state.selectedRun, let pair = pair(state) else { return nil }
    func cell(_ truth: Int, _ predicted: Int) -> ResultTable.Cell {
      if pair.measure == .counts { return .integer(pair.count(truth, predicted)) }
      return pair.share(truth, predicted).map { .share($0) } ?? .none
    }
    let origin = origin(state, pair)
    let place = [pair.measure.rawValue, origin.matrix, origin.weights].map { ResultTable.Cell.text($0) }
    let rows = pair.emotions.enumerated().map { truth, name in
      [ResultTable.Cell.text(name)] + pair.emotions.indices.map { cell(truth, $0) } + place
    }
    let table = ResultTable(
      title: "Confusion of \(run.id) \(words(state)), \(pair.measure.rawValue) of \(slices(state))",
      columns: (["truth \\ predicted"] + pair.emotions).map { ResultTable.Column($0) }
        + ["cells", "matrix", "checkpoint"].map { ResultTable.Column($0, isForCSV: true) },
      rows: rows, notes: run.notes)
    return state.stating(table, run: origin.run, part: origin.part)
  }
}
