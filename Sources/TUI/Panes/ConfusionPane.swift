import Lab

extension PaneID {
  package static let confusion = PaneID("confusion")
}

package struct ConfusionState: Sendable, Equatable {
  package enum Measure: String, Sendable, CaseIterable {
    case counts
    case rows = "row %"
  }

  package var measure = Measure.counts
  /// nil: always the latest.
  package var epoch: Int?
  /// x the prediction, y the truth.
  package var cell = Point(x: 0, y: 0)

  package init() {}
}

/// Who is taken for whom, of the selected run at an epoch.
package enum ConfusionPane {
  package static let pane: Pane = {
    var pane = Pane(id: .confusion, name: "Confusion", title: title, bindings: bindings, draw: draw)
    pane.settle = { state, _ in
      let last = max(0, (state.selectedRun?.emotions.count ?? 0) - 1)
      let cell = state.confusionPane.cell
      state.confusionPane.cell = Point(x: max(0, min(last, cell.x)), y: max(0, min(last, cell.y)))
      if let epoch = state.confusionPane.epoch, epoch > (state.selectedRun?.epochs.count ?? 0) {
        state.confusionPane.epoch = nil
      }
    }
    pane.click = { state, point, size in
      guard let run = state.selectedRun else { return [] }
      let grid = Grid(run, size)
      guard point.x >= grid.labels, point.y > grid.head else { return [] }
      let first = grid.visible(state.confusionPane.cell.y).lowerBound
      state.confusionPane.cell = Point(x: (point.x - grid.labels) / grid.column, y: first + point.y - grid.head - 1)
      return []
    }
    return pane
  }()

  /// The epoch that is shown.
  package static func metrics(_ state: State) -> EpochMetrics? {
    guard let run = state.selectedRun else { return nil }
    guard let epoch = state.confusionPane.epoch else { return run.epochs.last }
    return run.epochs.indices.contains(epoch - 1) ? run.epochs[epoch - 1] : nil
  }

  private static func title(_ state: State) -> String {
    guard let run = state.selectedRun, let metrics = metrics(state) else { return "Confusion" }
    return "Confusion \(run.id) epoch \(metrics.epoch) · \(state.confusionPane.measure.rawValue)"
  }

  // MARK: Keys

  private static let hasMatrix: @Sendable (State) -> Bool = { metrics($0) != nil }

  private static func move(_ x: Int, _ y: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      state.confusionPane.cell.x += x
      state.confusionPane.cell.y += y
      return []
    }
  }

  private static func epoch(_ distance: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      let count = state.selectedRun?.epochs.count ?? 0
      let wanted = max(1, (state.confusionPane.epoch ?? count) + distance)
      state.confusionPane.epoch = wanted >= count ? nil : wanted
      return []
    }
  }

  private static let far = 1000

  private static let bindings: [Binding] = [
    Binding(
      "confusion.measure", ["m", "%"], "percent", "Counts, or percent of the row.", hint: 1, isEnabled: hasMatrix
    ) {
      $0.confusionPane.measure = $0.confusionPane.measure == .counts ? .rows : .counts
      return []
    },
    Binding(
      "confusion.epoch-previous", ["["], "epoch before", "The epoch before.", hint: 2, isEnabled: hasMatrix,
      run: epoch(-1)),
    Binding(
      "confusion.epoch-next", ["]"], "next epoch", "The next epoch.", hint: 3,
      isEnabled: { $0.confusionPane.epoch != nil }, run: epoch(1)),
    Binding(
      "confusion.epoch-latest", ["0"], "latest epoch", "Follows the latest epoch.",
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
      width >= min(8, emotion.count + 2) ? "\(mark) \(emotion)" : width >= 3 && mark != letter ? mark + letter : letter
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

  private static func row(
    _ truth: Int, _ y: Int, _ run: RunInfo, _ metrics: EpochMetrics, _ grid: Grid, _ state: State,
    _ surface: inout Surface
  ) {
    let look = state.look
    let total = total(metrics, truth)
    for predicted in run.emotions.indices {
      let count = count(metrics, truth, predicted)
      let fraction = total > 0 ? Double(count) / Double(total) : 0
      let text =
        state.confusionPane.measure == .counts ? String(count) : Numbers.fixed(100 * fraction, grid.column >= 6 ? 1 : 0)
      var style = shade(fraction, look)
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
    surface.put(String(total), x, y, look.style(.dim))
  }

  /// Colour by the share of the row; the words on it in black or white, whichever can be read.
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
