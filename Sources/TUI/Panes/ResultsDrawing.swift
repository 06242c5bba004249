import Lab

/// How the results pane looks: an attack under way, the table, what the selected row says; or the slices of an attack.
enum ResultsDrawing {
  /// Rows above the list: an attack under way, the heading.
  static func head(_ state: State) -> Int { state.resultsPane.attacking == nil ? 1 : 2 }

  static func listHeight(_ state: State, _ size: Size) -> Int {
    let room = size.height - head(state)
    // The selected row's words get half of it.
    return max(1, min(max(1, state.resultsPane.rows.count), max(3, room / 2), room))
  }

  static func draw(_ state: State, _ surface: inout Surface) {
    let pane = state.resultsPane
    if let attacking = pane.attacking { progress(attacking, state.look, &surface) }
    let (_, rest) = surface.bounds.splitTop(head(state) - 1)
    surface.within(rest) { surface in
      if pane.opened != nil { return slices(state, &surface) }
      guard !pane.rows.isEmpty else {
        Paragraph.draw(welcome(state), in: surface.bounds, state.look.style(.dim), state.look, &surface)
        return
      }
      let height = listHeight(state, Size(width: surface.width, height: surface.height + head(state) - 1))
      let (list, below) = surface.bounds.splitTop(height + 1)
      surface.within(list) { table(state, &$0) }
      if let row = pane.selected { surface.within(below) { details(row, state, &$0) } }
    }
  }

  private static func welcome(_ state: State) -> String {
    let pane = state.resultsPane
    if !pane.hasResults { return "Results are being read …" }
    guard let run = state.selectedRun else { return "Train a network first (t); then A attacks it." }
    if !pane.filter.isEmpty { return "No attack contains “\(pane.filter)”." }
    let others = pane.results.isEmpty ? "" : "; a shows the attacks on other runs"
    return "\(run.id) was not attacked yet. A attacks a whole part of it\(others)."
  }

  // MARK: Under way

  private static func progress(_ status: AttackStatus, _ look: Look, _ surface: inout Surface) {
    let name = "\(Scrub.title(status.wish.point.attack)) on \(status.wish.run)"
    guard let progress = status.progress, progress.total > 0 else {
      let about = status.estimate.map { ", about \(Numbers.clock($0)) at most" } ?? ""
      let words = status.isPaused ? "paused; p goes on · \(name)" : "\(name): reading the network …"
      surface.put(look.glyphs.plain(words + about), 0, 0, look.style(.accent))
      return
    }
    let fraction = Double(progress.done) / Double(progress.total)
    let words = status.isPaused ? "paused; p goes on · \(name)" : "\(name): \(progress.phase)"
    var right = "\(progress.done)/\(progress.total)"
    if progress.rate > 0 { right += "  \(Numbers.fixed(progress.rate, 1))/s" }
    let left = progress.secondsLeft ?? status.estimate
    if let left { right += "  \(Numbers.clock(left)) left" }
    if surface.width >= 100 { right += status.isPaused ? "  x stops" : "  p pauses, x stops" }
    let room = max(8, surface.width - TextWidth.of(right) - 12)
    let x = surface.put(
      TextWidth.cut(look.glyphs.plain(words), to: room, ellipsis: look.glyphs.ellipsis), 0, 0,
      look.style(status.isPaused ? .warning : .accent))
    surface.putRight(right, surface.width, 0, look.style(.text))
    ProgressBar.draw(fraction, x + 1, 0, width: surface.width - x - TextWidth.of(right) - 3, look, &surface)
  }

  // MARK: Table

  private static func fitting(_ state: State, _ width: Int) -> [(column: ResultColumn, width: Int)] {
    let pane = state.resultsPane
    let all = ResultColumns.all.filter { column in
      switch column.name {
      case "run", "trained": pane.showsAll
      case _ where column.name.hasPrefix("paper"): pane.rows.contains { $0.paper != nil }
      default: true
      }
    }
    // What it is sorted by is seen.
    let ranked = all.map { (width: $0.width, rank: $0.name == pane.sort ? -1 : $0.rank) }
    let kept = ColumnFit.kept(ranked, width: width).map { all[$0] }
    var room = width - ColumnFit.used(kept.map(\.width))
    return kept.map { column in
      let longest = column.name == "run" ? pane.rows.map { TextWidth.of($0.run) }.max() ?? 0 : 0
      let extra = max(0, min(room, longest - column.width))
      room -= extra
      return (column, column.width + extra)
    }
  }

  private static func table(_ state: State, _ surface: inout Surface) {
    let (pane, look) = (state.resultsPane, state.look)
    let columns = fitting(state, surface.width - 1)
    var x = 0
    for (column, width) in columns {
      let isSorted = column.name == pane.sort
      let arrow = isSorted ? (pane.isDescending ? "↓" : "↑") : ""
      let text = TextWidth.fit(
        look.glyphs.plain(column.name + arrow), to: width, right: column.isRight, ellipsis: look.glyphs.ellipsis)
      x = surface.put(text, x, 0, look.style(isSorted ? .accent : .axis)) + 1
    }
    surface.within(surface.bounds.splitTop(1).rest) { surface in
      for (y, index) in pane.list.visible(count: pane.rows.count, height: surface.height).enumerated() {
        row(pane.rows[index], columns, y, look, &surface)
        if index == pane.list.selection { RowHighlight.draw(y, isFocused: state.focus == .results, look, &surface) }
      }
      ScrollBar.draw(pane.list.top, pane.rows.count, look, &surface)
    }
  }

  private static func row(
    _ row: ResultRow, _ columns: [(column: ResultColumn, width: Int)], _ y: Int, _ look: Look, _ surface: inout Surface
  ) {
    var x = 0
    for (column, width) in columns {
      var text = ResultColumns.text(column.cell(row), look), role = Role.text
      switch column.name {
      case "run": text = TextWidth.withoutMiddle(text, to: width, ellipsis: look.glyphs.ellipsis)
      case "doubts":
        text = row.doubts.isEmpty ? "" : "! \(row.doubts.count)"
        role = .warning
      case "attacked %":
        if let partial = row.partial { (text, role) = ("\(partial.done)/\(partial.record.images) done", .warning) }
      case _ where column.name.hasPrefix("paper"): role = .dim
      default: break
      }
      let cell = TextWidth.fit(
        look.glyphs.plain(text), to: width, right: column.isRight, ellipsis: look.glyphs.ellipsis)
      x = surface.put(cell, x, y, look.style(role)) + 1
    }
  }

  // MARK: The selected row

  private static func details(_ row: ResultRow, _ state: State, _ surface: inout Surface) {
    let look = state.look
    var y = 0
    func put(_ text: String, _ role: Role) {
      let rest = Rect(x: 0, y: y, width: surface.width, height: max(0, surface.height - y))
      guard !rest.isEmpty, !text.isEmpty else { return }
      y += Paragraph.draw(text, in: rest, look.style(role), look, &surface)
    }
    put("\(row.title) on \(row.run): \(row.summary)", .heading)
    // Doubts first: they are what must not be missed where there is little room.
    for doubt in row.doubts { put("! \(doubt)", .warning) }
    for line in lines(row) { put(line, .text) }
    if let paper = row.paper {
      put(words(paper), .accent)
      if let difference = paper.difference { put("! \(difference)", .warning) }
      for doubt in paper.doubts { put("! \(doubt)", .warning) }
    }
    for note in row.report?.notes ?? [] { put(note, .dim) }
  }

  private static func lines(_ row: ResultRow) -> [String] {
    if let partial = row.partial {
      let how = partial.wish == nil ? "`quaver attack` with the same settings goes on with it" : "r goes on with it"
      return ["not complete: \(partial.done) of \(partial.record.images) slices are done; \(how)"]
    }
    guard let report = row.report, let effect = report.effect else { return [] }
    func accuracy(_ scores: Scores) -> String {
      "\(Numbers.percent(scores.accuracy)) [\(Numbers.fixed(scores.interval.low * 100, 1)), "
        + "\(Numbers.fixed(scores.interval.high * 100, 1))]"
    }
    var first = "accuracy \(accuracy(effect.clean)) → \(accuracy(effect.attacked))"
    if let success = effect.success { first += ", success \(Numbers.percent(success)) of what was right" }
    first +=
      ", UAR \(Numbers.percent(effect.clean.unweightedAverageRecall)) → "
      + "\(Numbers.percent(effect.attacked.unweightedAverageRecall)); \(report.images) slices, \(report.part.rawValue)"
    var lines = [first]
    if let utterances = report.utterances {
      lines.append(
        "by utterance \(accuracy(utterances.clean)) → \(accuracy(utterances.attacked)), \(utterances.clean.count) of them"
      )
    }
    let effort = [
      report.gradientEvaluations > 0 ? "\(Numbers.fixed(report.gradientEvaluations, 1)) gradients" : nil,
      report.queries > 0 ? "\(Numbers.fixed(report.queries, 1)) queries" : nil,
    ].compactMap(\.self).joined(separator: " and ")
    lines.append(
      "L∞ \(Numbers.fixed(report.largestLinf * 255, 1))/255 at most, L2 \(Numbers.fixed(report.meanL2, 2)) on average; "
        + "\(effort) and \(Numbers.fixed(report.secondsPerImage * 1000, 1)) ms an image on \(report.machine)")
    return lines
  }

  private static func words(_ paper: PaperValues) -> String {
    let values = [
      paper.attacked.map { "accuracy \(Numbers.percent($0, 2))" },
      paper.success.map { "success \(Numbers.percent($0, 2))" },
    ].compactMap(\.self).joined(separator: ", ")
    return "the paper, \(paper.source): \(values)"
  }

  // MARK: Slices

  private static func slices(_ state: State, _ surface: inout Surface) {
    let (pane, look) = (state.resultsPane, state.look)
    guard let known = pane.slices else {
      let words = pane.failure ?? "The slices are being read …"
      Paragraph.draw(words, in: surface.bounds, look.style(pane.failure == nil ? .dim : .error), look, &surface)
      return
    }
    let flipped = known.slices.count(where: \.isFlipped)
    let row = pane.openedRow
    let head =
      "\(row?.title ?? pane.opened?.set ?? "") \(row?.summary ?? ""): \(flipped) of \(known.slices.count) slices flipped"
    surface.put(
      TextWidth.cut(look.glyphs.plain(head), to: surface.width, ellipsis: look.glyphs.ellipsis), 0, 0,
      look.style(.heading))
    let rows = surface.bounds.splitTop(1).rest
    guard !pane.sliceRows.isEmpty else {
      Paragraph.draw(
        "No slice is \(pane.kept == .all ? "here" : pane.kept.rawValue); f changes what is listed.", in: rows,
        look.style(.dim), look, &surface)
      return
    }
    let emotions = ResultsPane.emotions(state), marks = look.marks(of: emotions)
    surface.within(rows) { surface in
      for (y, index) in pane.sliceList.visible(count: pane.sliceRows.count, height: surface.height).enumerated() {
        slice(pane.sliceRows[index], emotions, marks, y, look, &surface)
        if index == pane.sliceList.selection {
          RowHighlight.draw(y, isFocused: state.focus == .results, look, &surface)
        }
      }
      ScrollBar.draw(pane.sliceList.top, pane.sliceRows.count, look, &surface)
    }
  }

  private static func slice(
    _ slice: AttackedSlices.Slice, _ emotions: [String], _ marks: EmotionMarks, _ y: Int, _ look: Look,
    _ surface: inout Surface
  ) {
    func name(_ index: Int) -> String { emotions.indices.contains(index) ? emotions[index] : "?" }
    let isWide = surface.width >= 72
    var x =
      surface.put(
        TextWidth.fit("\(slice.utterance) \(slice.slice + 1)", to: isWide ? 16 : 12, ellipsis: look.glyphs.ellipsis), 0,
        y,
        look.style(.text)) + 1
    func emotion(_ index: Int, _ share: Double?) {
      let words = "\(marks.mark(of: name(index))) \(name(index))"
      x = surface.put(
        TextWidth.fit(words, to: isWide ? 12 : 10, ellipsis: look.glyphs.ellipsis), x, y,
        look.style(emotion: name(index)))
      if let share {
        x = surface.put(
          TextWidth.fit(Numbers.percent(share, 0), to: 6, right: true, ellipsis: ""), x, y, look.style(.dim))
      }
      x += 1
    }
    if isWide { emotion(slice.truth, nil) }
    emotion(slice.clean, slice.cleanShare)
    x =
      surface.put(look.glyphs.plain(slice.isFlipped ? "→" : "="), x, y, look.style(slice.isFlipped ? .warning : .dim))
      + 1
    emotion(slice.attacked, slice.attackedShare)
    guard surface.width >= 84 else { return }
    var words = "L∞ \(Numbers.fixed(slice.linf * 255, 1))/255  L2 \(Numbers.fixed(slice.l2, 2))"
    if slice.queries > 0 { words += "  \(slice.queries) queries" }
    surface.put(look.glyphs.plain(words), x, y, look.style(.dim))
  }
}
