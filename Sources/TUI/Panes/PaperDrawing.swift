import Lab

/// How the paper pane looks: what is shown above, then the table, its first columns fixed and the others scrolled.
enum PaperDrawing {
  /// Rows above the lines: how far the table is, and a heading of two rows.
  static let head = 3
  /// Rows below them: the selected line's runs, and what must be said beside the numbers.
  private static func foot(_ height: Int) -> Int { height >= head + 3 ? 2 : 0 }

  static func listHeight(_ state: State, _ size: Size) -> Int { max(1, size.height - head - foot(size.height)) }

  struct Column {
    let titles: [String]
    let width: Int
    let isNumber: Bool
    let cells: [String]
  }

  /// Those of the numbers.
  static func columnCount(_ state: State) -> Int {
    guard let table = state.paperPane.board?.table else { return 0 }
    return shown(table).count { !isHead($0, table) }
  }

  private static func numbers(_ table: ResultTable, _ look: Look) -> [Column] {
    shown(table).filter { !isHead($0, table) }.map { column(table, $0, look) }
  }

  /// As many as leave room for a number.
  private static func heads(_ table: ResultTable, width: Int, _ look: Look) -> [Column] {
    let all = shown(table).filter { isHead($0, table) }.map { column(table, $0, look) }
    let kept = ColumnFit.kept(all.enumerated().map { ($0.element.width, $0.offset) }, width: width - 14)
    return kept.map { all[$0] }
  }

  /// Not what a file alone has, nor the corpus, which the title tells.
  private static func shown(_ table: ResultTable) -> [Int] {
    table.columns.indices.filter { !table.columns[$0].isForCSV && table.columns[$0].title != "corpus" }
  }

  private static func isHead(_ index: Int, _ table: ResultTable) -> Bool {
    index <= table.columns.firstIndex { $0.title == "seeds" } ?? 0
  }

  private static func column(_ table: ResultTable, _ index: Int, _ look: Look) -> Column {
    let cells = table.rows.map { look.glyphs.plain(ResultTable.plain($0[index])) }
    // The paper's numbers, and what they differ by, stand behind ours.
    var title = table.columns[index].title
    if title.hasPrefix("paper: ") { title = "paper" }
    if title.hasSuffix(" − paper") { title = "− paper" }
    title = look.glyphs.plain(title)
    let words = title.split(separator: " ").map { TextWidth.of($0) }
    var width = max(cells.map { TextWidth.of($0) }.max() ?? 0, words.max() ?? 0)
    while Paragraph.lines(title, width: width).count > 2 { width += 1 }
    let titles = Paragraph.lines(title, width: width)
    let isNumber = !table.rows.contains { row in
      if case .text = row[index] { true } else { false }
    }
    return Column(titles: titles, width: width, isNumber: isNumber, cells: cells)
  }

  /// All lines and columns, below the title with a blank line.
  static let whole: @Sendable (State) -> Size? = { state in
    guard let table = state.paperPane.board?.table else { return nil }
    let columns = shown(table).map { column(table, $0, state.look) }
    return Size(width: columns.reduce(3) { $0 + $1.width + 1 }, height: 2 + head + table.rows.count)
  }

  static func draw(_ state: State, _ surface: inout Surface) {
    let (pane, look) = (state.paperPane, state.look)
    guard let board = pane.board else {
      let words = pane.failure ?? "no corpus yet; add one: quaver corpus add PATH"
      Paragraph.draw(words, in: surface.bounds, look.style(.dim), look, &surface)
      return
    }
    let standings = state.paperStandings
    put(summary(standings, look), 0, .dim, look, &surface)
    let heads = heads(board.table, width: surface.width, look), all = numbers(board.table, look)
    let fixed = heads.reduce(2) { $0 + $1.width + 1 }
    var kept: [Column] = [], used = fixed
    for column in all.dropFirst(look.isFigure ? 0 : pane.column) {
      guard used + column.width + 1 < surface.width || kept.isEmpty else { break }
      kept.append(column)
      used += column.width + 1
    }
    for line in 0..<2 {
      row(
        sign: "",
        (heads + kept).map { column in
          // A title of one row stands just above its numbers.
          let index = line - (2 - column.titles.count)
          return (index >= 0 ? column.titles[index] : "", column)
        }, line + 1, .axis, look, &surface)
    }
    let isMore = pane.column + kept.count < all.count
    if isMore { surface.put(look.glyphs.pick("›", ">"), surface.width - 1, 2, look.style(.axis)) }
    let rows = Rect(
      x: 0, y: head, width: surface.width,
      height: look.isFigure
        ? surface.height - head : listHeight(state, Size(width: surface.width, height: surface.height)))
    surface.within(rows) { surface in
      let all = board.next.count
      let lines = look.isFigure ? 0..<min(all, surface.height) : pane.list.visible(count: all, height: surface.height)
      for (y, index) in lines.enumerated() {
        let standing = standings[index]
        row(
          sign: sign(standing, look), (heads + kept).map { ($0.cells[index], $0) }, y,
          standing == .missing ? .dim : .text, look, &surface)
        if index == pane.list.selection { RowHighlight.draw(y, isFocused: state.focus == .paper, look, &surface) }
      }
      if !look.isFigure { ScrollBar.draw(pane.list.top, all, look, &surface) }
    }
    guard foot(surface.height) > 0, !look.isFigure else { return }
    put(detail(board, pane.list.selection, standings), surface.height - 2, .dim, look, &surface)
    if !board.said.isEmpty {
      put("! \(board.said.joined(separator: "; "))", surface.height - 1, .warning, look, &surface)
    }
  }

  private static func put(_ text: String, _ y: Int, _ role: Role, _ look: Look, _ surface: inout Surface) {
    let text = TextWidth.cut(look.glyphs.plain(text), to: surface.width, ellipsis: look.glyphs.ellipsis)
    surface.put(text, 0, y, look.style(role))
  }

  private static func row(
    sign: String, _ cells: [(text: String, column: Column)], _ y: Int, _ role: Role, _ look: Look,
    _ surface: inout Surface
  ) {
    surface.put(sign, 0, y, look.style(role))
    var x = 2
    for (text, column) in cells {
      let text = TextWidth.fit(
        text, to: column.width, right: column.isNumber, ellipsis: look.glyphs.ellipsis)
      x = surface.put(text, x, y, look.style(role)) + 1
    }
  }

  private static func sign(_ standing: PaperState.Standing, _ look: Look) -> String {
    switch standing {
    case .missing: look.glyphs.pick("·", ".")
    case .waiting: look.glyphs.pick("…", "w")
    case .running: look.glyphs.pick("▶", ">")
    case .trained: look.glyphs.pick("○", "o")
    case .done: look.glyphs.pick("●", "*")
    }
  }

  /// How many lines stand how.
  private static func summary(_ all: [PaperState.Standing], _ look: Look) -> String {
    let words: [(PaperState.Standing, String)] = [
      (.done, "done"), (.trained, "to attack"), (.running, "under way"), (.waiting, "waiting"), (.missing, "to train"),
    ]
    let told = words.compactMap { standing, word -> String? in
      let count = all.count { $0 == standing }
      return count == 0 ? nil : "\(sign(standing, look)) \(count) \(word)"
    }
    return "\(all.count) lines: \(told.joined(separator: "  "))"
  }

  /// What the selected line is of, what it is made of, or what it waits for.
  private static func detail(_ board: PaperBoard, _ line: Int, _ standings: [PaperState.Standing]) -> String {
    guard board.runs.indices.contains(line) else { return "" }
    let heads = shown(board.table).filter { isHead($0, board.table) }.dropLast()
    let name = heads.map { ResultTable.plain(board.table.rows[line][$0]) }.joined(separator: ", ")
    let runs = board.runs[line].joined(separator: ", ")
    let words =
      switch standings[line] {
      case .missing: "not trained yet; f trains it"
      case .waiting: "waits; w in the training pane shows what waits"
      case .running: "under way"
      case .trained: "\(runs): not attacked yet; f attacks it"
      case .done: "\(runs); f trains another seed"
      }
    return "\(name): \(words)"
  }
}
