import Lab

/// The whole screen from the state: header, panes, footer, and what lies over them.
package enum Frame {
  /// - Parameter meter: bytes a second sent to the terminal, shown in the header; nil hides it.
  package static func draw(_ state: State, meter: Int? = nil) -> Canvas {
    var surface = Surface(size: state.size)
    surface.clear(surface.bounds, state.look.style(.text))
    let layout = Layout(state)
    surface.within(layout.header) { header(state, layout, meter, &$0) }
    for (id, rect) in layout.panes {
      guard let pane = Panes.named(id) else { continue }
      surface.within(rect) { frame(pane, rect, state, &$0) }
    }
    surface.within(layout.footer) { footer(state, &$0) }
    ModalView.draw(state, &surface)
    longNotice(state, layout, &surface)
    return surface.canvas
  }

  private static func frame(_ pane: Pane, _ rect: Rect, _ state: State, _ surface: inout Surface) {
    let isFocused = pane.id == state.focus
    let local = Rect(x: 0, y: 0, width: rect.width, height: rect.height)
    if Layout.hasBorder(local) {
      border(pane.title(state), isFocused: isFocused, state.look, &surface)
    } else if local.height >= 3 {
      let style = state.look.style(isFocused ? .titleFocused : .title)
      let glyphs = state.look.glyphs
      let title = TextWidth.cut(glyphs.plain(pane.title(state)), to: local.width, ellipsis: glyphs.ellipsis)
      surface.put(title, 0, 0, style)
    }
    surface.within(Layout.inner(local)) { pane.draw(state, &$0) }
  }

  /// A border around the surface with a title in its upper edge. The focused one is marked, not only coloured.
  package static func border(
    _ title: String, isFocused: Bool, _ look: Look, _ surface: inout Surface
  ) {
    let (width, height, glyphs) = (surface.width, surface.height, look.glyphs)
    guard width >= 2, height >= 2 else { return }
    let style = look.style(isFocused ? .borderFocused : .border)
    for x in 1..<max(1, width - 1) {
      surface.set(x, 0, Cell(glyphs.horizontal, style))
      surface.set(x, height - 1, Cell(glyphs.horizontal, style))
    }
    for y in 1..<max(1, height - 1) {
      surface.set(0, y, Cell(glyphs.vertical, style))
      surface.set(width - 1, y, Cell(glyphs.vertical, style))
    }
    for (corner, (x, y)) in zip(glyphs.corners, [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]) {
      surface.set(x, y, Cell(corner, style))
    }
    let titleStyle = look.style(isFocused ? .titleFocused : .title)
    let text =
      (isFocused ? "\(glyphs.mark) " : " ")
      + TextWidth.cut(glyphs.plain(title), to: max(0, width - 6), ellipsis: glyphs.ellipsis)
    surface.put(text + " ", 1, 0, titleStyle, width: width - 2)
  }

  // MARK: Bars

  private static func header(_ state: State, _ layout: Layout, _ meter: Int?, _ surface: inout Surface) {
    let look = state.look
    let bar = look.style(.bar)
    surface.fill(surface.bounds, " ", bar)
    let tabs = layout.tabs(state)
    if let first = tabs.first, first.x > 0 { surface.put("Quaver", 1, 0, look.style(.key)) }
    var end = 0
    for tab in tabs {
      let isFocused = tab.pane == state.focus
      end = surface.put(tab.text, tab.x, 0, isFocused ? look.style(.selection) : bar)
    }
    // As much of it as there is room for beside the tabs.
    let run = state.runs.first(where: \.isLive)
    let rate = meter.map { Numbers.fixed(Double($0) / 1000, 1) + " KB/s" }
    let words = [
      [run.map { summary($0, look, isShort: false) }, rate], [run.map { summary($0, look, isShort: true) }, rate],
      [run.map { summary($0, look, isShort: true) }], [rate],
    ].map { look.glyphs.plain($0.compactMap(\.self).joined(separator: "  ")) }
    if let text = words.first(where: { end + TextWidth.of($0) + 2 <= surface.width }) {
      surface.putRight(text, surface.width - 1, 0, bar)
    }
  }

  private static func summary(_ run: RunInfo, _ look: Look, isShort: Bool) -> String {
    let mark = RunTable.mark(run.status, look).0
    guard let progress = run.progress, progress.total > 0 else { return "\(mark) \(run.job.model)" }
    let share = Numbers.percent(Double(progress.done) / Double(progress.total), 0)
    return "\(mark) \(isShort ? "" : run.job.model + " ")\(progress.epoch)/\(run.job.epochs) \(share)"
  }

  private static func footer(_ state: State, _ surface: inout Surface) {
    let look = state.look
    surface.fill(surface.bounds, " ", look.style(.bar))
    if case .prompt(let pane, _) = state.modal, let filter = Panes.named(pane)?.filter {
      let x = surface.put(" /\(filter.text(state))", 0, 0, look.style(.bar))
      surface.set(x, 0, Cell(" ", look.style(.cursor)))
      return hints(state, from: x + 2, &surface)
    }
    if case .input(let input) = state.modal {
      var x = surface.put(" \(input.label): ", 0, 0, look.style(.key))
      let room = max(1, surface.width - x - 1)
      x = surface.put(String(input.text.suffix(room)), x, 0, look.style(.bar))
      surface.set(x, 0, Cell(" ", look.style(.cursor)))
      return hints(state, from: x + 2, &surface)
    }
    if let notice = notice(state) {
      let text = TextWidth.cut(" " + look.glyphs.plain(notice.text), to: surface.width, ellipsis: look.glyphs.ellipsis)
      surface.put(text, 0, 0, style(notice, look))
      return
    }
    hints(state, from: 0, &surface)
  }

  private static func notice(_ state: State) -> Notice? {
    let leaving = Notice(
      text: "saving the run, then leaving; q leaves at once, and the run resumes later", level: .warning)
    return state.notice ?? (state.isLeaving && state.modal == nil ? leaving : nil)
  }

  private static func style(_ notice: Notice, _ look: Look) -> CellStyle {
    let role: Role =
      switch notice.level {
      case .info: .bar
      case .warning: .warning
      case .error: .error
      }
    var style = look.style(role)
    style.background = look.style(.bar).background
    // Without colours a warning is not told from the bar by anything else.
    if look.depth == .mono, notice.level != .info { style.attributes.insert(.reverse) }
    return style
  }

  /// A sentence that is longer than the footer takes as many rows above it as it needs, but covers no answer of a
  /// question, nor what is typed in the footer.
  private static func longNotice(_ state: State, _ layout: Layout, _ surface: inout Surface) {
    guard let notice = notice(state), !layout.footer.isEmpty, surface.width > 4 else { return }
    var typed = 0
    switch state.modal {
    case .prompt: return
    case .input: typed = 1
    default: break
    }
    let text = state.look.glyphs.plain(notice.text)
    guard typed > 0 || TextWidth.of(text) + 1 > surface.width else { return }
    let rows = max(1, min(surface.height / 2, ModalView.rowsBelowQuestion(state) ?? surface.height))
    let lines = Paragraph.cut(text, width: surface.width - 2, rows: rows, state.look.glyphs.ellipsis)
    for (index, line) in lines.enumerated() {
      let y = max(0, surface.height - typed - lines.count + index)
      let style = style(notice, state.look)
      surface.clear(Rect(x: 0, y: y, width: surface.width, height: 1), state.look.style(.bar))
      surface.put(line, 1, y, style)
    }
  }

  /// The usable bindings that have a place in the footer, as many as fit.
  private static func hints(_ state: State, from start: Int, _ surface: inout Surface) {
    let look = state.look
    var x = start
    if !state.pending.isEmpty {
      x = surface.put(" \(KeySequence(state.pending).label(look.glyphs)) …", x, 0, look.style(.key)) + 1
    }
    let usable = Reducer.bindings(state).filter { $0.hint != nil && $0.isEnabled(state) }
    // Help and quit must be found on any screen: the others give way.
    let kept = usable.filter { ($0.hint ?? 0) >= 90 }
    var room = surface.width - x - kept.reduce(0) { $0 + width($1, state) }
    for binding in usable.sorted(by: { ($0.hint ?? 0) < ($1.hint ?? 0) }) {
      let width = width(binding, state)
      if (binding.hint ?? 0) < 90 {
        guard width <= room else { continue }
        room -= width
      }
      x = surface.put(" \(binding.keys[0].label(look.glyphs))", x, 0, look.style(.key))
      x = surface.put(" \(binding.title(state)) ", x, 0, look.style(.hint))
    }
  }

  private static func width(_ binding: Binding, _ state: State) -> Int {
    TextWidth.of(binding.keys[0].label(state.look.glyphs)) + TextWidth.of(binding.title(state)) + 3
  }
}
