import Lab

/// How the explain pane looks: a line of words, which a file has at its foot, then the grid, which scrolls.
enum ExplainDrawing {
  /// Where cells lie.
  private struct Grid {
    /// Columns of the rows' names.
    static let names = 12
    /// From so many columns on there is room for them.
    static let wide = 60
    let gutter: Int, width: Int, height: Int
    /// Cells that are seen.
    let columns: Int, rows: Int
    /// Lines above the grid: words and the columns' names.
    let head: Int

    init(_ state: State, _ size: Size) {
      let pane = state.explainPane
      head = state.look.isFigure ? 1 : 2
      gutter = size.width >= Self.wide ? Self.names : 2
      let wide = max(1, size.width - gutter), tall = max(1, size.height - head)
      columns = max(1, min(pane.columns.count, wide / 16))
      let room = Size(
        width: max(1, wide / columns), height: max(3, min(16, tall / max(1, min(pane.rows.count, max(1, tall / 6))))))
      let cell = state.look.isFigure ? Self.square(in: room) : room
      (width, height) = (cell.width, cell.height)
      rows = max(1, min(pane.rows.count, tall / height))
    }

    /// The largest cell whose image is square, as the network's are: a place on the screen is twice as high as wide, a
    /// row is the caption's, and a column keeps neighbours apart.
    private static func square(in room: Size) -> Size {
      let side = max(1, min(room.height - 1, (room.width - 1) / 2))
      return Size(width: 2 * side + 1, height: side + 1)
    }
  }

  static let settle: @Sendable (inout State, Size) -> Void = { state, size in
    state.explainPane.keepRow()
    let grid = Grid(state, size), pane = state.explainPane
    func kept(_ first: Int, _ cursor: Int, _ seen: Int, _ count: Int) -> Int {
      max(0, min(max(min(first, cursor), cursor - seen + 1), count - seen))
    }
    state.explainPane.corner = Point(
      x: kept(pane.corner.x, pane.cursor.x, grid.columns, pane.columns.count),
      y: kept(pane.corner.y, pane.cursor.y, grid.rows, pane.rows.count))
  }

  static let whole: @Sendable (State) -> Size? = { state in
    let pane = state.explainPane
    guard !pane.rows.isEmpty, !pane.columns.isEmpty else { return nil }
    let title = 2, head = 1, cell = Size(width: 19, height: 10)
    return Size(
      width: max(Grid.wide, Grid.names + cell.width * pane.columns.count),
      height: title + head + cell.height * pane.rows.count)
  }

  static func cell(at point: Point, _ state: State, _ size: Size) -> Point? {
    let grid = Grid(state, size), pane = state.explainPane
    let cell = Point(
      x: pane.corner.x + (point.x - grid.gutter) / grid.width, y: pane.corner.y + (point.y - grid.head) / grid.height)
    guard point.x >= grid.gutter, point.y >= grid.head, cell.x < pane.columns.count, cell.y < pane.rows.count else {
      return nil
    }
    return cell
  }

  static func draw(_ state: State, _ surface: inout Surface) {
    let (pane, look) = (state.explainPane, state.look)
    if let progress = pane.progress {
      WorkBar.draw(progress, surface.bounds.splitTop(surface.height - 1).rest, look, &surface)
    }
    guard !pane.rows.isEmpty, !pane.columns.isEmpty else {
      let words =
        switch pane.across {
        case .attacks:
          "Enter (or r) looks where the network looks when this sentence is said in every emotion, clean and under each "
            + "attack; m: the marked runs beside each other, or the mean over each emotion."
        case .runs:
          "Enter (or r) looks where the runs that are marked in \(Panes.label(.training)) look when this sentence is said in "
            + "every emotion; m: the mean over each emotion, or one run under each attack."
        case .means:
          "Enter (or r) averages where the network looks over all \(pane.part.words) images of each emotion, clean and under "
            + "each attack; p: other images, m: one sentence under each attack, or of several runs."
        }
      _ = Paragraph.draw(ExplainPane.whyNot(state) ?? words, in: surface.bounds, look.style(.dim), look, &surface)
      return
    }
    let grid = Grid(state, Size(width: surface.width, height: surface.height))
    head(state, grid, &surface)
    let order = pane.order
    for y in 0..<grid.rows where order.indices.contains(pane.corner.y + y) {
      let row = order[pane.corner.y + y], top = grid.head + y * grid.height
      label(state, row, grid, top, &surface)
      for x in 0..<grid.columns where pane.columns.indices.contains(pane.corner.x + x) {
        let rect = Rect(x: grid.gutter + x * grid.width, y: top, width: grid.width - 1, height: grid.height)
        let isSelected = pane.cursor == Point(x: pane.corner.x + x, y: pane.corner.y + y)
        draw(state, row, pane.corner.x + x, isSelected, rect, &surface)
      }
    }
  }

  // MARK: Words

  /// How far what is not complete is; empty for the rest.
  private static func progress(_ pane: ExplainState) -> String {
    guard pane.isRunning else { return pane.done < pane.total ? "stopped at \(pane.done) of \(pane.total)" : "" }
    let left = pane.seconds.map { ", about \(DurationText.of($0 * Double(pane.total - pane.done))) left" } ?? ""
    return "\(pane.done) of \(pane.total)\(left)"
  }

  /// What a file says at its foot.
  static let notes: @Sendable (State) -> [String] = { state in
    let pane = state.explainPane, left = progress(pane)
    guard !pane.rows.isEmpty else { return [] }
    let runs = pane.columns.map(\.run).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    let captions = runs.enumerated().compactMap { index, id -> String? in
      guard let run = state.runs.first(where: { $0.id == id }) else { return nil }
      return (isNumbered(pane) ? "\(index + 1) is " : "") + RunCaption.words(run, state)
    }
    return [ExplainPane.words(state)] + captions + (left.isEmpty ? [] : [left])
  }

  /// Whether columns in a file have numbers, which its foot explains: names of runs are too long for them.
  private static func isNumbered(_ pane: ExplainState) -> Bool { pane.across == .runs }

  private static func words(_ state: State, _ surface: inout Surface) {
    let look = state.look, right = progress(state.explainPane)
    let room = max(0, surface.width - (right.isEmpty ? 0 : right.count + 2))
    let words = look.glyphs.plain(ExplainPane.words(state))
    surface.put(TextWidth.cut(words, to: room, ellipsis: look.glyphs.ellipsis), 0, 0, look.style(.dim))
    surface.putRight(right, surface.width, 0, look.style(.progress))
  }

  private static func head(_ state: State, _ grid: Grid, _ surface: inout Surface) {
    let (pane, look) = (state.explainPane, state.look)
    if !look.isFigure { words(state, &surface) }
    for x in 0..<grid.columns where pane.columns.indices.contains(pane.corner.x + x) {
      let index = pane.corner.x + x
      let style = look.style(index == pane.cursor.x && !look.isFigure ? .accent : .heading)
      let number = look.isFigure && isNumbered(pane) ? "\(index + 1) " : ""
      let title = number + look.glyphs.plain(pane.columns[index].title)
      surface.put(
        TextWidth.cut(title, to: grid.width - 1, ellipsis: look.glyphs.ellipsis), grid.gutter + x * grid.width,
        grid.head - 1, style)
    }
    let more = pane.columns.count - pane.corner.x - grid.columns
    if more > 0 { surface.putRight("+\(more)", surface.width, grid.head - 1, look.style(.dim)) }
    let below = pane.rows.count - pane.corner.y - grid.rows
    if below > 0, grid.gutter > 2, grid.height > 2 {
      let y = grid.head + grid.rows * grid.height - 1
      surface.put(look.glyphs.pick("↓ ", "v ") + "\(below) more", 0, y, look.style(.dim))
    }
  }

  private static func label(_ state: State, _ row: Int, _ grid: Grid, _ top: Int, _ surface: inout Surface) {
    let (pane, look) = (state.explainPane, state.look)
    let emotion = pane.emotions[pane.rows[row].emotion]
    let mark = look.mark(of: emotion, among: pane.emotions)
    let text = grid.gutter > 2 ? "\(mark) \(emotion)" : mark
    surface.put(
      TextWidth.cut(text, to: grid.gutter - 1, ellipsis: look.glyphs.ellipsis), 0, top, look.style(emotion: emotion))
    guard grid.gutter > 2, grid.height > 1 else { return }
    surface.put(pane.rows[row].utterance, 0, top + 1, look.style(.dim), width: grid.gutter - 1)
    // The last line may say how many rows are below.
    guard grid.height > 3, let other = pane.otherSlice(row) else { return }
    surface.put("slice \(other.index + 1)/\(other.count)", 0, top + 2, look.style(.warning), width: grid.gutter - 1)
  }

  // MARK: Cells

  private static func draw(
    _ state: State, _ row: Int, _ column: Int, _ isSelected: Bool, _ rect: Rect, _ surface: inout Surface
  ) {
    let (pane, look) = (state.explainPane, state.look)
    let (plot, line) = rect.splitTop(rect.height - 1)
    if let tile = pane.tile(row, column) { draw(tile, first: pane.tile(row, 0), state, in: plot, &surface) }
    if pane.means != nil {
      meanCaption(pane, row, column, look, line, &surface)
    } else {
      switch pane.cell(row, column) {
      case .picture(let picture):
        caption(picture, look, line, &surface)
        if (picture.explanation.attacked ?? picture.explanation.clean).isBlank { noEvidence(look, plot, &surface) }
      case .failed(let sentence): _ = Paragraph.draw(sentence, in: plot, look.style(.error), look, &surface)
      case nil: surface.put(look.glyphs.pick("…", "..."), plot.x, plot.y, look.style(.dim))
      }
    }
    guard isSelected, let style = look.picked(state.focus == .explain ? .selection : .selectionInactive) else { return }
    surface.restyle(line) {
      $0.background = style.background
      if style.foreground != .standard { $0.foreground = style.foreground }
      $0.attributes.formUnion(style.attributes)
    }
    surface.putRight(look.glyphs.pick("◂", "<"), line.maxX, line.y, style)
  }

  /// As in the pictures of `quaver explain`: a map of zeros is none of a network that looks everywhere alike.
  private static func noEvidence(_ look: Look, _ plot: Rect, _ surface: inout Surface) {
    var style = look.style(.warning)
    style.background = look.depth.color(RGB(0, 0, 0))
    surface.put(" no evidence ", plot.x, plot.y, style, width: plot.width)
  }

  private static func draw(
    _ tile: ExplainState.Tile, first: ExplainState.Tile?, _ state: State, in plot: Rect, _ surface: inout Surface
  ) {
    let look = state.look
    let eye = ScreenColormap.named(state.viewPane.colormap), heat = ScreenColormap.named("magma")
    switch state.explainPane.shown {
    case .overlay:
      Heatmap(colormap: eye, look: look).draw(tile.image, range: tile.image.range, in: plot, &surface)
      Spotlight.draw(tile.attention, AttackState.overlays[state.explainPane.overlay], in: plot, look, &surface)
    case .attention: Heatmap(colormap: heat, look: look).draw(tile.attention, range: 0...1, in: plot, &surface)
    case .change:
      guard let first else { return }
      let change = Raster(
        rows: tile.attention.rows, columns: tile.attention.columns,
        differences: zip(tile.attention.values, first.attention.values).map { $0 - $1 }, least: 1)
      Heatmap(colormap: .change, look: look).draw(change, range: change.range, in: plot, &surface)
    }
  }

  /// How many of the class are right, and how the attention correlates with the clean one's on average.
  private static func meanCaption(
    _ pane: ExplainState, _ row: Int, _ column: Int, _ look: Look, _ line: Rect, _ surface: inout Surface
  ) {
    // Every column knows the clean accuracy.
    guard let mean = pane.mean(row, max(1, column)) else { return }
    let share = column == 0 ? mean.cleanAccuracy : mean.attackedAccuracy
    var words = "\(Numbers.percent(share, 0)) right"
    if column > 0 {
      words = Numbers.percent(share, 0)
      words += look.glyphs.pick(" ρ ", " r ") + (mean.rankCorrelation.map { Numbers.fixed($0, 2) } ?? "none")
    }
    surface.put(words, line.x, line.y, look.style(.text), width: line.width)
  }

  /// What the image is taken for, and how its attention correlates with the clean one's.
  private static func caption(_ picture: ScrubPicture, _ look: Look, _ line: Rect, _ surface: inout Surface) {
    let explanation = picture.explanation, image = explanation.attacked ?? explanation.clean
    let emotion = explanation.emotions[image.prediction]
    let isRight = image.prediction == explanation.truth
    let share = image.probabilities[image.prediction]
    let percent = share.isFinite ? "\(Int((share * 100).rounded())) %" : "NaN"
    let verdict = isRight ? look.glyphs.pick("✓", "=") : look.glyphs.pick("✗", "x")
    let mark = look.mark(of: emotion, among: explanation.emotions)
    let end = surface.put(
      "\(verdict)\(mark) \(percent)", line.x, line.y, look.style(emotion: emotion), width: line.width)
    guard let drift = explanation.drift, line.maxX - end >= 8 else { return }
    let rank = drift.rankCorrelation.map { Numbers.fixed($0, 2) } ?? "none"
    surface.put(look.glyphs.pick(" ρ ", " r ") + rank, end, line.y, look.style(.dim), width: line.maxX - end - 1)
  }
}
