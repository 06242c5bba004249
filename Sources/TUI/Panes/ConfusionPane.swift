import Foundation
import Lab

extension PaneID {
  package static let confusion = PaneID("confusion")
}

package struct ConfusionState: Sendable, Equatable {
  package enum Measure: String, Sendable, CaseIterable {
    case counts
    case rows = "row %"
    case columns = "column %"
  }

  package var measure = Measure.counts
  /// nil: always the latest.
  package var epoch: Int?
  /// x the prediction, y the truth.
  package var cell = Point(x: 0, y: 0)
  /// The cell whose utterances were asked for: run, truth, prediction.
  fileprivate var awaited: Behind?

  package struct Behind: Sendable, Equatable {
    package let run: String
    package let truth: Int
    package let predicted: Int
  }

  package init() {}
}

/// Who is taken for whom, of the selected run at an epoch.
package enum ConfusionPane {
  package static let pane: Pane = {
    var pane = Pane(id: .confusion, name: "Confusion", title: title, bindings: bindings, draw: draw)
    pane.receive = { state, event in
      switch event {
      case .predictions(let predictions): show(predictions, &state)
      case .failed: state.confusionPane.awaited = nil
      default: break
      }
      return []
    }
    pane.settle = { state, _ in
      let last = max(0, (state.selectedRun?.emotions.count ?? 0) - 1)
      let cell = state.confusionPane.cell
      state.confusionPane.cell = Point(x: max(0, min(last, cell.x)), y: max(0, min(last, cell.y)))
      if let epoch = state.confusionPane.epoch, epoch >= (state.selectedRun?.epochs.last?.epoch ?? 0) {
        state.confusionPane.epoch = nil
      }
    }
    pane.click = { state, point, size in
      guard let run = state.selectedRun else { return [] }
      let grid = Grid(run, size)
      guard point.x >= grid.labels, point.y > grid.head else { return [] }
      let first = grid.visible(state.confusionPane.cell.y).lowerBound
      let cell = Point(x: (point.x - grid.labels) / grid.column, y: first + point.y - grid.head - 1)
      let isAgain = cell == state.confusionPane.cell
      state.confusionPane.cell = cell
      return isAgain && isLatest(state) ? drill(&state) : []
    }
    pane.table = table
    pane.tableRow = { metrics($0) == nil ? nil : $0.confusionPane.cell.y }
    pane.memory = Pane.Memory(
      save: { state in
        let pane = state.confusionPane
        return [
          "measure": pane.measure.rawValue, "epoch": pane.epoch.map(String.init) ?? "",
          "cell": "\(pane.cell.x),\(pane.cell.y)",
        ]
      },
      restore: { state, saved in
        state.confusionPane.measure = saved["measure"].flatMap(ConfusionState.Measure.init) ?? .counts
        state.confusionPane.epoch = saved["epoch"].flatMap { Int($0) }
        let cell = (saved["cell"] ?? "").split(separator: ",").compactMap { Int($0) }
        if cell.count == 2 { state.confusionPane.cell = Point(x: cell[0], y: cell[1]) }
        return []
      })
    return pane
  }()

  /// The epoch that is shown.
  package static func metrics(_ state: State) -> EpochMetrics? {
    guard let run = state.selectedRun else { return nil }
    guard let epoch = state.confusionPane.epoch else { return run.epochs.last }
    return run.epochs.first { $0.epoch == epoch }
  }

  private static func title(_ state: State) -> String {
    guard let run = state.selectedRun, let metrics = metrics(state) else { return "Confusion" }
    return "Confusion \(run.id) epoch \(metrics.epoch) · \(state.confusionPane.measure.rawValue)"
  }

  // MARK: Keys

  private static let hasMatrix: @Sendable (State) -> Bool = { metrics($0) != nil }
  private static let isLatest: @Sendable (State) -> Bool = { metrics($0) != nil && $0.confusionPane.epoch == nil }

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

  private static let drill: @Sendable (inout State) -> [Effect] = { state in
    guard let run = state.selectedRun else { return [] }
    let cell = state.confusionPane.cell
    state.confusionPane.awaited = ConfusionState.Behind(run: run.id, truth: cell.y, predicted: cell.x)
    return [.request(.predictions(run: run.id))]
  }

  /// The utterances behind the cell that was asked for, alone in the corpus pane.
  private static func show(_ predictions: RunPredictions, _ state: inout State) {
    guard let wanted = state.confusionPane.awaited, wanted.run == predictions.run,
      let run = state.runs.first(where: { $0.id == wanted.run }), run.emotions.indices.contains(wanted.truth),
      run.emotions.indices.contains(wanted.predicted)
    else { return }
    state.confusionPane.awaited = nil
    let slices = predictions.slices.filter { $0.truth == wanted.truth && $0.predicted == wanted.predicted }
    let words = "\(run.emotions[wanted.truth]) taken for \(run.emotions[wanted.predicted])"
    let name = URL(fileURLWithPath: run.job.corpus).lastPathComponent
    guard !slices.isEmpty,
      let corpus = state.corpora.first(where: { $0.name == run.job.corpus || $0.path == run.job.corpus })
    else {
      return state.say(slices.isEmpty ? "no slice is \(words)" : "the corpus \(name) is not registered here", .warning)
    }
    let utterances = Set(slices.map(\.utterance))
    state.mark()
    state.corpusPane.only = CorpusState.Selection(title: words, corpus: corpus.name, utterances: utterances)
    state.corpusPane.filter = ""
    state.corpusPane.search(state.corpora)
    state.corpusPane.list.selection = 0
    _ = state.corpusPane.step(1)
    state.show(.corpus)
    state.say("\(slices.count) slices of \(utterances.count) utterances are \(words); Backspace goes back, u shows all")
  }

  private static let far = 1000

  private static let bindings: [Binding] = [
    Binding(
      "confusion.measure", ["m", "%"], "percent", "Counts, percent of the row, percent of the column.", hint: 1,
      isEnabled: hasMatrix
    ) {
      let all = ConfusionState.Measure.allCases
      let index = all.firstIndex(of: $0.confusionPane.measure) ?? 0
      $0.confusionPane.measure = all[(index + 1) % all.count]
      return []
    },
    Binding(
      "confusion.utterances", ["enter"], "utterances", "The utterances behind this cell.", hint: 0, isEnabled: isLatest,
      whyNot: { _ in "only the last epoch's predictions are kept by slice; $ goes there" }, run: drill),
    Binding(
      "confusion.epoch-previous", ["["], "epoch before", "The epoch before.", hint: 2, isEnabled: hasMatrix,
      run: epoch(-1)),
    Binding(
      "confusion.epoch-next", ["]"], "next epoch", "The next epoch.", hint: 3,
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

  private static let table: @Sendable (State) -> ResultTable? = { state in
    guard let run = state.selectedRun, let metrics = metrics(state) else { return nil }
    let measure = state.confusionPane.measure
    let rows = run.emotions.enumerated().map { truth, name in
      [ResultTable.Cell.text(name)]
        + run.emotions.indices.map {
          measure == .counts ? .integer(count(metrics, truth, $0)) : .share(share(measure, metrics, truth, $0))
        }
    }
    return ResultTable(
      title: "Confusion of \(run.id), epoch \(metrics.epoch), \(measure.rawValue) of validation slices",
      columns: (["truth \\ predicted"] + run.emotions).map { ResultTable.Column($0) }, rows: rows, notes: run.notes)
  }

  // MARK: Drawing

  /// Widths of the matrix.
  private struct Grid {
    let labels: Int
    let column: Int
    /// Row of the predictions' names; below it the matrix.
    let head: Int
    private let rows: Int
    private let count: Int

    init(_ run: RunInfo, _ size: Size) {
      let longest = run.emotions.map(\.count).max() ?? 0
      labels = min(longest + 3, max(3, size.width / 4))
      column = max(3, min(12, (size.width - labels - 7) / max(1, run.emotions.count)))
      count = run.emotions.count
      head = size.height >= count + 3 ? 1 : 0
      rows = max(1, min(count, size.height - head - 1))
    }

    /// Truths that fit, `selected` among them.
    func visible(_ selected: Int) -> Range<Int> {
      let first = max(0, min(selected - rows + 1, count - rows))
      return first..<min(count, first + rows)
    }
  }

  private static func draw(_ state: State, _ surface: inout Surface) {
    let look = state.look
    guard let run = state.selectedRun, let metrics = metrics(state) else {
      let words =
        state.selectedRun == nil
        ? "No run is selected; choose one in the training pane." : "The matrix appears with the first epoch's end."
      Paragraph.draw(words, in: surface.bounds, look.style(.dim), look, &surface)
      return
    }
    let grid = Grid(run, Size(width: surface.width, height: surface.height))
    if grid.head > 0 {
      surface.put(look.glyphs.plain("truth ↓  predicted →"), 0, 0, look.style(.axis), width: surface.width)
    }
    for (index, emotion) in run.emotions.enumerated() {
      let place = Point(x: grid.labels + index * grid.column, y: grid.head)
      label(emotion, at: place, width: grid.column - 1, true, look, &surface)
    }
    surface.put("all", grid.labels + run.emotions.count * grid.column, grid.head, look.style(.axis))
    let shown = grid.visible(state.confusionPane.cell.y)
    for (offset, truth) in shown.enumerated() {
      let y = grid.head + 1 + offset
      label(run.emotions[truth], at: Point(x: 0, y: y), width: grid.labels - 1, false, look, &surface)
      row(truth, y, run, metrics, grid, state, &surface)
    }
    reading(run, metrics, state, y: grid.head + 1 + shown.count, &surface)
  }

  private static func label(
    _ emotion: String, at point: Point, width: Int, _ right: Bool, _ look: Look, _ surface: inout Surface
  ) {
    let letter = String(EmotionMark.of(emotion).letter)
    let mark = look.mark(of: emotion)
    let text =
      width >= 8 ? "\(mark) \(emotion)" : width >= 3 && mark != letter ? mark + letter : letter
    surface.put(
      TextWidth.fit(text, to: width, right: right, ellipsis: ""), point.x, point.y, look.style(emotion: emotion))
  }

  private static func count(_ metrics: EpochMetrics, _ truth: Int, _ predicted: Int) -> Int {
    guard metrics.confusion.indices.contains(truth), metrics.confusion[truth].indices.contains(predicted) else {
      return 0
    }
    return metrics.confusion[truth][predicted]
  }

  private static func total(_ metrics: EpochMetrics, _ truth: Int) -> Int {
    metrics.confusion.indices.contains(truth) ? metrics.confusion[truth].reduce(0, +) : 0
  }

  /// What the cell's colour and percentage stand for: its share of the row, or of the column.
  private static func share(
    _ measure: ConfusionState.Measure, _ metrics: EpochMetrics, _ truth: Int, _ predicted: Int
  ) -> Double {
    let whole =
      measure == .columns
      ? metrics.confusion.indices.reduce(0) { $0 + count(metrics, $1, predicted) } : total(metrics, truth)
    return whole > 0 ? Double(count(metrics, truth, predicted)) / Double(whole) : 0
  }

  private static func text(_ measure: ConfusionState.Measure, _ share: Double, _ count: Int, digits: Int) -> String {
    measure == .counts ? String(count) : Numbers.fixed(100 * share, digits)
  }

  private static func row(
    _ truth: Int, _ y: Int, _ run: RunInfo, _ metrics: EpochMetrics, _ grid: Grid, _ state: State,
    _ surface: inout Surface
  ) {
    let (look, measure) = (state.look, state.confusionPane.measure)
    for predicted in run.emotions.indices {
      let share = share(measure, metrics, truth, predicted)
      let text = text(measure, share, count(metrics, truth, predicted), digits: grid.column >= 6 ? 1 : 0)
      var style = shade(share, look)
      if truth == predicted { style.attributes.insert(.bold) }
      let x = grid.labels + predicted * grid.column
      surface.fill(Rect(x: x, y: y, width: grid.column - 1, height: 1), " ", style)
      surface.putRight(TextWidth.cut(text, to: grid.column - 1, ellipsis: "+"), x + grid.column - 1, y, style)
      if state.confusionPane.cell == Point(x: predicted, y: truth) {
        let cursor = look.style(state.focus == .confusion ? .cursor : .selectionInactive)
        surface.restyle(Rect(x: x, y: y, width: grid.column - 1, height: 1)) { $0 = cursor }
      }
    }
    let x = grid.labels + run.emotions.count * grid.column
    surface.put(String(total(metrics, truth)), x, y, look.style(.dim))
  }

  /// Colour by the share of the row or column; the words on it in black or white, whichever can be read.
  private static func shade(_ fraction: Double, _ look: Look) -> CellStyle {
    guard look.depth > .ansi16 else { return look.style(.text) }
    let entry = ScreenColormap.named(look.theme.colormap).table[max(0, min(255, Int(fraction * 255)))]
    let ink = entry.luma > 120 ? RGB(0, 0, 0) : RGB(255, 255, 255)
    return CellStyle(foreground: look.depth.color(ink), background: look.depth.color(entry))
  }

  private static func reading(
    _ run: RunInfo, _ metrics: EpochMetrics, _ state: State, y: Int, _ surface: inout Surface
  ) {
    let (cell, look) = (state.confusionPane.cell, state.look)
    guard run.emotions.indices.contains(cell.x), run.emotions.indices.contains(cell.y) else { return }
    let (count, total) = (count(metrics, cell.y, cell.x), total(metrics, cell.y))
    let share = total > 0 ? Numbers.percent(Double(count) / Double(total)) : "none"
    let rest = Rect(x: 0, y: y, width: surface.width, height: surface.height - y)
    let used = Paragraph.draw(
      "\(run.emotions[cell.y]) taken for \(run.emotions[cell.x]): \(count) of \(total) (\(share))", in: rest,
      look.style(.accent), look, &surface)
    let words =
      "accuracy \(Numbers.percent(metrics.validAccuracy)) · UAR \(Numbers.percent(metrics.validUAR)) · validation "
      + "slices · split \(run.job.splitName) · seed \(run.job.seed)"
    Paragraph.draw(words, in: rest.splitTop(used).rest, look.style(.dim), look, &surface)
  }
}
