import Core
import Lab

/// The matrix with its names, and a reading of the cell under the cursor.
enum ConfusionDrawing {
  /// Widths of the matrix.
  struct Grid {
    let labels: Int
    let column: Int
    /// Row of the predictions' names; below it the matrix.
    let head: Int
    private let rows: Int
    private let count: Int
    /// Columns that a label has beside its name, that a cell has at most, and those of the rows' totals.
    static let mark = 3, widest = 12, totals = 7
    /// Labels have at most this part of the width.
    static let labelShare = 4

    init(_ emotions: [String], _ size: Size) {
      let longest = emotions.map(\.count).max() ?? 0
      labels = min(longest + Self.mark, max(3, size.width / Self.labelShare))
      column = max(3, min(Self.widest, (size.width - labels - Self.totals) / max(1, emotions.count)))
      count = emotions.count
      head = size.height >= count + 3 ? 1 : 0
      rows = max(1, min(count, size.height - head - 1))
    }

    /// Truths that fit, `selected` among them.
    func visible(_ selected: Int) -> Range<Int> {
      let first = max(0, min(selected - rows + 1, count - rows))
      return first..<min(count, first + rows)
    }
  }

  static let whole: @Sendable (State) -> Size? = { state in
    guard let pair = ConfusionPane.pair(state) else { return nil }
    let labels = (pair.emotions.map(\.count).max() ?? 0) + Grid.mark
    let matrix = max(labels + Grid.widest * pair.emotions.count + Grid.totals, Grid.labelShare * labels)
    let width = max(matrix, TextWidth.of(ConfusionPane.title(state)))
    let words = lines(pair, state).reduce(0) { $0 + Paragraph.lines($1.text, width: width).count }
    // The title with a blank line, what the axes are, and the predictions' names.
    return Size(width: width, height: 4 + pair.emotions.count + words)
  }

  static func draw(_ state: State, _ surface: inout Surface) {
    let look = state.look
    guard let pair = ConfusionPane.pair(state) else {
      let failure = state.selectedRun == nil ? nil : state.confusionPane.failure
      let style = look.style(failure == nil ? .dim : .error)
      Paragraph.draw(failure ?? missing(state), in: surface.bounds, style, look, &surface)
      return
    }
    let grid = Grid(pair.emotions, Size(width: surface.width, height: surface.height))
    if grid.head > 0 {
      surface.put(look.glyphs.plain("truth ↓  predicted →"), 0, 0, look.style(.axis), width: surface.width)
    }
    let marks = look.marks(of: pair.emotions)
    for (index, emotion) in pair.emotions.enumerated() {
      let place = Point(x: grid.labels + index * grid.column, y: grid.head)
      label(emotion, marks, at: place, width: grid.column - 1, true, look, &surface)
    }
    if !pair.isDifference {
      surface.put("all", grid.labels + pair.emotions.count * grid.column, grid.head, look.style(.axis))
    }
    let shown = grid.visible(state.confusionPane.cell.y)
    for (offset, truth) in shown.enumerated() {
      let y = grid.head + 1 + offset
      let place = Point(x: 0, y: y)
      label(pair.emotions[truth], marks, at: place, width: grid.labels - 1, false, look, &surface)
      row(truth, y, pair, grid, state, &surface)
    }
    reading(pair, state, y: grid.head + 1 + shown.count, &surface)
  }

  private static func missing(_ state: State) -> String {
    if state.selectedRun == nil { return "No run is selected; choose one in the training pane." }
    return switch state.confusionPane.against {
    case .attack(_, let set): "Reading what \(set) did to each slice."
    case .run(let run): "\(run) has no matrix yet."
    case nil: "The matrix appears with the first epoch's end."
    }
  }

  private static func label(
    _ emotion: String, _ marks: EmotionMarks, at point: Point, width: Int, _ right: Bool, _ look: Look,
    _ surface: inout Surface
  ) {
    let letter = marks.letter(of: emotion), mark = marks.mark(of: emotion)
    let text =
      width >= 8 ? "\(mark) \(emotion)" : width >= 3 && mark != letter ? mark + letter : letter
    surface.put(
      TextWidth.fit(text, to: width, right: right, ellipsis: ""), point.x, point.y, look.style(emotion: emotion))
  }

  // MARK: Cells

  private static func text(_ pair: ConfusionPair, _ truth: Int, _ predicted: Int, digits: Int) -> String {
    let share = pair.measure == .counts ? nil : pair.share(truth, predicted)
    // Of no slices there is no share, and nothing that another could differ from.
    guard pair.measure == .counts || share != nil else { return "–" }
    let text = share.map { Numbers.fixed(100 * $0, digits) } ?? String(pair.count(truth, predicted))
    guard pair.isDifference else { return text }
    let isZero = text.allSatisfy { "-0.".contains($0) }
    return isZero ? "0" : text.hasPrefix("-") ? text : "+" + text
  }

  private static func row(
    _ truth: Int, _ y: Int, _ pair: ConfusionPair, _ grid: Grid, _ state: State, _ surface: inout Surface
  ) {
    let look = state.look, scale = pair.scale
    for predicted in pair.emotions.indices {
      let text = look.glyphs.plain(Self.text(pair, truth, predicted, digits: grid.column >= 6 ? 1 : 0))
      var style: CellStyle
      if pair.isDifference {
        let value = pair.measure == .counts ? Double(pair.count(truth, predicted)) : pair.share(truth, predicted) ?? 0
        style = diverging(value / scale, look)
      } else {
        style = shade(pair.share(truth, predicted) ?? 0, look)
      }
      if truth == predicted { style.attributes.insert(.bold) }
      let x = grid.labels + predicted * grid.column
      surface.fill(Rect(x: x, y: y, width: grid.column - 1, height: 1), " ", style)
      surface.putRight(TextWidth.cut(text, to: grid.column - 1, ellipsis: "+"), x + grid.column - 1, y, style)
      if state.confusionPane.cell == Point(x: predicted, y: truth),
        let cursor = look.picked(state.focus == .confusion ? .cursor : .selectionInactive)
      {
        surface.restyle(Rect(x: x, y: y, width: grid.column - 1, height: 1)) { $0 = cursor }
      }
    }
    guard !pair.isDifference else { return }
    let x = grid.labels + pair.emotions.count * grid.column
    surface.put(String(pair.total(truth)), x, y, look.style(.dim))
  }

  /// Colour by the share of the row or column; the words on it in black or white, whichever can be read.
  private static func shade(_ fraction: Double, _ look: Look) -> CellStyle {
    guard look.depth > .ansi16 else { return look.style(.text) }
    return painted(ScreenColormap.named(look.theme.colormap).table[max(0, min(255, Int(fraction * 255)))], look)
  }

  /// From blue over white to orange, which people who confuse red with green tell apart too; the sign is in the text.
  private static func diverging(_ value: Double, _ look: Look) -> CellStyle {
    guard look.depth > .ansi16 else { return look.style(.text) }
    let end = value < 0 ? RGB(0x21, 0x66, 0xAC) : RGB(0xB3, 0x58, 0x06)
    let part = max(0, min(1, abs(value)))
    func mix(_ channel: UInt8) -> UInt8 { UInt8((247 + part * (Double(channel) - 247)).rounded()) }
    return painted(RGB(mix(end.red), mix(end.green), mix(end.blue)), look)
  }

  private static func painted(_ paper: RGB, _ look: Look) -> CellStyle {
    let ink = paper.luma > 120 ? RGB(0, 0, 0) : RGB(255, 255, 255)
    return CellStyle(foreground: look.depth.color(ink), background: look.depth.color(paper))
  }

  // MARK: Reading

  private static func reading(_ pair: ConfusionPair, _ state: State, y: Int, _ surface: inout Surface) {
    var rest = Rect(x: 0, y: y, width: surface.width, height: surface.height - y)
    for line in lines(pair, state) {
      let used = Paragraph.draw(line.text, in: rest, state.look.style(line.role), state.look, &surface)
      rest = rest.splitTop(used).rest
    }
  }

  private static func lines(_ pair: ConfusionPair, _ state: State) -> [(text: String, role: Role)] {
    guard let run = state.selectedRun else { return [] }
    let cell = state.confusionPane.cell, all = pair.emotions.indices
    var lines: [(text: String, role: Role)] = []
    if !state.look.isFigure, all.contains(cell.x), all.contains(cell.y) {
      let words = "\(pair.emotions[cell.y]) taken for \(pair.emotions[cell.x]): \(numbers(pair, cell))"
      lines.append((words, .accent))
    }
    if let caution = pair.caution { lines.append(("! \(caution)", .warning)) }
    let words =
      "\(scores(pair, state)) · \(ConfusionPane.slices(state)) · split \(run.job.splitName) · seed \(run.job.seed)"
    lines.append((words, .dim))
    return lines
  }

  private static func numbers(_ pair: ConfusionPair, _ cell: Point) -> String {
    guard pair.isDifference, let second = pair.second else {
      let (count, total) = (pair.count(cell.y, cell.x), pair.total(cell.y))
      return "\(count) of \(total) (\(total > 0 ? Numbers.percent(Double(count) / Double(total)) : "none"))"
    }
    let counts = [pair.first, second].map { ConfusionPair.count($0, cell.y, cell.x) }
    return "\(counts[0]) \(pair.firstName), \(counts[1]) \(pair.secondName)"
  }

  private static func scores(_ pair: ConfusionPair, _ state: State) -> String {
    func score(_ matrix: [[Int]]) -> String {
      let scores = ConfusionPair.accuracy(matrix)
      return "accuracy \(Numbers.percent(scores.accuracy)) · UAR \(Numbers.percent(scores.recall))"
    }
    guard let second = pair.second else {
      return ConfusionPane.metrics(state).map {
        "accuracy \(Numbers.percent($0.validAccuracy)) · UAR \(Numbers.percent($0.validUAR))"
      } ?? ""
    }
    return "\(pair.firstName): \(score(pair.first)) · \(pair.secondName): \(score(second))"
  }
}
