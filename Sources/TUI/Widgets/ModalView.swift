import Lab

/// Draws what lies over the panes.
package enum ModalView {
  package static func draw(_ state: State, _ surface: inout Surface) {
    switch state.modal {
    case .help(let finder):
      finderView(state, finder, title: "Help: \(Panes.named(state.focus)?.name ?? "")", &surface)
    case .palette(let finder): finderView(state, finder, title: "Commands", &surface)
    case .confirm(let confirmation): question(state, confirmation, &surface)
    case .form(let form): formView(state, form, &surface)
    case .themes(let list, _): themes(state, list, &surface)
    case .menu(let menu): menuView(state, menu, &surface)
    case .queue(let waiting): queueView(state, waiting.list, &surface)
    case .prompt, .input, nil: break
    }
  }

  /// Rows that a modal's list has.
  package static func listHeight(_ state: State) -> Int {
    let height = finderRect(state.size).height
    return max(1, height - 4 - footHeight(height))
  }

  /// Rows that a box around so many has on the screen.
  package static func rows(_ count: Int, _ size: Size) -> Int { max(1, min(count, size.height - 2)) }

  /// Rows of the list of what waits.
  package static func queueRows(_ state: State) -> Int {
    let inner = queueRect(state)
    let words = Paragraph.lines(state.look.glyphs.plain(queueWords(state)), width: inner.width - 2).count
    return max(1, inner.height - 2 - words)
  }

  /// Rows from the lower border of a question on; nil while none is asked.
  package static func rowsBelowQuestion(_ state: State) -> Int? {
    guard case .confirm(let confirmation) = state.modal else { return nil }
    return state.size.height - questionRect(state, confirmation).maxY + 1
  }

  /// Rows for the whole sentence about the selected command, and a blank one before it.
  private static func footHeight(_ height: Int) -> Int { height >= 14 ? 3 : 0 }

  private static func finderRect(_ size: Size) -> Rect { centred(Size(width: 76, height: size.height * 4 / 5), size) }

  /// In the middle of the screen and inside of it.
  private static func centred(_ wanted: Size, _ size: Size) -> Rect {
    let width = min(size.width, wanted.width)
    let height = min(size.height, wanted.height)
    return Rect(x: (size.width - width) / 2, y: (size.height - height) / 2, width: width, height: height)
  }

  /// A bordered box; `draw` gets its inside.
  private static func box(
    _ rect: Rect, _ title: String, _ look: Look, _ surface: inout Surface, _ draw: (inout Surface) -> Void
  ) {
    surface.clear(rect, look.style(.popup))
    surface.within(rect) {
      Frame.border(title, isFocused: true, look, &$0)
      $0.within(rect.width >= 4 && rect.height >= 3 ? $0.bounds.inset(by: 1) : $0.bounds, draw)
    }
  }

  /// `role` where the terminal's own colours would not fit: on the popup's background.
  private static func style(_ role: Role, _ look: Look) -> CellStyle {
    var style = look.style(role)
    let popup = look.style(.popup)
    if style.foreground == .standard { style.foreground = popup.foreground }
    return style
  }

  // MARK: Help and palette

  private static func finderView(_ state: State, _ finder: Finder, title: String, _ surface: inout Surface) {
    let look = state.look
    let found = CommandFinder.find(state)
    let rect = finderRect(state.size), foot = footHeight(rect.height)
    box(rect, title, look, &surface) { surface in
      let x = surface.put("find: ", 0, 0, style(.dim, look))
      let end = surface.put(finder.query, x, 0, style(.text, look))
      surface.set(end, 0, Cell(" ", look.style(.cursor)))
      if foot > 0, found.indices.contains(finder.list.selection) {
        let below = Rect(x: 0, y: surface.height - foot + 1, width: surface.width, height: foot - 1)
        Paragraph.draw(
          look.glyphs.plain(found[finder.list.selection].binding.help), in: below, style(.text, look), look, &surface)
      }
      surface.within(Rect(x: 0, y: 2, width: surface.width, height: surface.height - 2 - foot)) { surface in
        if found.isEmpty { surface.put("nothing is called so", 0, 0, style(.dim, look)) }
        for (y, index) in finder.list.visible(count: found.count, height: surface.height).enumerated() {
          command(found[index], y, state, &surface)
          if index == finder.list.selection { RowHighlight.draw(y, isFocused: true, look, &surface) }
        }
        ScrollBar.draw(finder.list.top, found.count, look, &surface)
      }
    }
  }

  private static func command(_ found: CommandFinder.Found, _ y: Int, _ state: State, _ surface: inout Surface) {
    let look = state.look
    let keys = found.binding.keys.prefix(3).map { $0.label(look.glyphs) }.joined(separator: " ")
    let isEnabled = found.binding.isEnabled(state)
    surface.put(TextWidth.cut(keys, to: 11, ellipsis: ""), 0, y, style(.accent, look), width: 11)
    let isPalette = if case .palette = state.modal { true } else { false }
    let name = isPalette ? CommandFinder.label(found) : found.binding.name
    let x = surface.put(
      TextWidth.fit(name, to: isPalette ? 26 : 17, ellipsis: look.glyphs.ellipsis), 12, y,
      style(isEnabled ? .text : .dim, look))
    surface.put(
      TextWidth.cut(
        look.glyphs.plain(found.binding.help), to: max(0, surface.width - x - 2), ellipsis: look.glyphs.ellipsis),
      x + 1, y, style(.dim, look))
  }

  // MARK: Questions

  private static func question(_ state: State, _ confirmation: Confirmation, _ surface: inout Surface) {
    let (look, rect) = (state.look, questionRect(state, confirmation))
    box(rect, confirmation.title, look, &surface) { surface in
      let count = confirmation.choices.count
      let lines = Paragraph.cut(
        look.glyphs.plain(confirmation.text), width: max(1, rect.width - 4), rows: max(0, surface.height - count),
        look.glyphs.ellipsis)
      // The answers must be seen: blank rows give way first, then the text.
      let spare = surface.height - lines.count - count
      let top = spare >= 2 ? 1 : 0
      for (y, line) in lines.enumerated() { surface.put(line, 1, y + top, style(.text, look)) }
      for (index, choice) in confirmation.choices.enumerated() {
        let y = top + lines.count + (spare >= 1 ? 1 : 0) + index
        let x = surface.put(" \(choice.key) ", 1, y, look.style(.key))
        surface.put(
          TextWidth.cut(choice.label, to: max(0, surface.width - x - 1), ellipsis: look.glyphs.ellipsis), x + 1, y,
          style(.text, look))
      }
    }
  }

  private static func questionRect(_ state: State, _ confirmation: Confirmation) -> Rect {
    let width = min(state.size.width, 64)
    let lines = Paragraph.lines(state.look.glyphs.plain(confirmation.text), width: max(1, width - 4)).count
    return centred(Size(width: width, height: lines + confirmation.choices.count + 5), state.size)
  }

  // MARK: Form

  private static func formView(_ state: State, _ form: WorkForm, _ surface: inout Surface) {
    let look = state.look, shown = form.shown
    let rect = centred(Size(width: 76, height: shown.count + 7), state.size)
    let title = (form.attacked.map { "Attack \($0)" } ?? "Train") + ": Enter \(verb(state))"
    box(rect, title, look, &surface) { surface in
      let foot = surface.height >= 9 ? 4 : 2
      let rows = max(1, surface.height - foot - (surface.height > shown.count + foot ? 1 : 0))
      let top = max(0, min(form.focus - rows + 1, shown.count - rows))
      for (y, row) in (top..<min(shown.count, top + rows)).enumerated() {
        field(form.fields[shown[row]], form, y, isFocused: row == form.focus, look, &surface)
      }
      ScrollBar.draw(top, shown.count, rows: rows, look, &surface)
      formWords(state, form, foot, &surface)
    }
  }

  private static func verb(_ state: State) -> String { state.isEngineTaken ? "queues it" : "starts it" }

  /// What the focused field means, what the work will cost, and the keys.
  private static func formWords(_ state: State, _ form: WorkForm, _ foot: Int, _ surface: inout Surface) {
    let look = state.look
    var words = [(form.focused?.help ?? "", Role.dim)]
    if let problem = form.problem {
      words.append((problem, .warning))
    } else {
      let slices = form.slices.map { "\($0) slices: " } ?? ""
      words.append((slices + (form.cost ?? "estimating …"), .accent))
      if foot == 4 { words.append((form.estimate.map { $0.seconds == nil ? "" : $0.basis } ?? "", .dim)) }
    }
    if foot == 4 { words.append(("Enter \(verb(state)); arrows or typing change; Esc or ^G leaves", .text)) }
    for (index, line) in words.enumerated() {
      let text = TextWidth.cut(look.glyphs.plain(line.0), to: surface.width - 2, ellipsis: look.glyphs.ellipsis)
      surface.put(text, 1, surface.height - foot + index, style(line.1, look))
    }
  }

  private static func field(
    _ field: WorkForm.Field, _ form: WorkForm, _ y: Int, isFocused: Bool, _ look: Look, _ surface: inout Surface
  ) {
    surface.put(isFocused ? look.glyphs.mark : " ", 0, y, style(.accent, look))
    surface.put(look.glyphs.plain(field.name), 2, y, style(isFocused ? .heading : .text, look))
    let (open, close) = (look.glyphs.pick("‹", "<"), look.glyphs.pick("›", ">"))
    let room = min(max(0, surface.width - 18 - 4), 24)
    let whole = look.glyphs.plain(" \(field.value) ")
    let seen = isFocused && form.takesText ? TextWidth.end(whole, to: room, ellipsis: look.glyphs.ellipsis) : whole
    let value = TextWidth.fit(seen, to: room, ellipsis: look.glyphs.ellipsis)
    var x = surface.put(open + " ", 17, y, style(.dim, look))
    x = surface.put(value, x, y, look.style(isFocused ? .fieldFocused : .field))
    x = surface.put(" " + close, x, y, style(.dim, look))
    let words: String? =
      switch field.kind {
      case _ where field.name == WorkForm.more: " \(form.furtherWords)"
      case .choice(let options, let allowsOther):
        options.firstIndex(of: field.value).map { " \($0 + 1)/\(options.count)\(allowsOther ? " or typed" : "")" }
      case .series(let options, _):
        options.firstIndex(of: field.value).map { " \($0 + 1)/\(options.count) or a number" }
      case .integer, .number: nil
      }
    guard let words else { return }
    surface.put(
      TextWidth.cut(look.glyphs.plain(words), to: max(0, surface.width - x - 1), ellipsis: look.glyphs.ellipsis), x, y,
      style(.dim, look))
  }

  // MARK: Themes

  private static func themes(_ state: State, _ list: ListState, _ surface: inout Surface) {
    let look = state.look
    let rect = centred(Size(width: 60, height: state.themes.count + 2), state.size)
    box(rect, "Theme", look, &surface) { surface in
      for (y, index) in list.visible(count: state.themes.count, height: surface.height).enumerated() {
        let x = surface.put(
          TextWidth.fit(state.themes[index].name, to: 16, ellipsis: look.glyphs.ellipsis), 1, y, style(.text, look))
        let about = look.glyphs.plain(state.themes[index].about)
        surface.put(
          TextWidth.cut(about, to: max(0, surface.width - x - 1), ellipsis: look.glyphs.ellipsis), x + 1, y,
          style(.dim, look))
        if index == list.selection { RowHighlight.draw(y, isFocused: true, look, &surface) }
      }
    }
  }

  // MARK: Menus and what waits

  private static func menuView(_ state: State, _ menu: Menu, _ surface: inout Surface) {
    let look = state.look
    let rect = centred(Size(width: 52, height: menu.items.count + 2), state.size)
    box(rect, menu.title, look, &surface) { surface in
      for (y, index) in menu.list.visible(count: menu.items.count, height: surface.height).enumerated() {
        let x = surface.put(" \(menu.items[index].key) ", 1, y, style(.accent, look))
        surface.put(menu.items[index].label, x + 1, y, style(.text, look))
        if index == menu.list.selection { RowHighlight.draw(y, isFocused: true, look, &surface) }
      }
    }
  }

  private static func queueView(_ state: State, _ list: ListState, _ surface: inout Surface) {
    let (look, entries) = (state.look, state.queue.entries)
    let isMixed = state.queue.isHeld && state.queue.isMoving
    box(queueRect(state), "Runs that wait", look, &surface) { surface in
      let used = Paragraph.draw(queueWords(state), in: surface.bounds, style(.dim, look), look, &surface)
      surface.within(surface.bounds.splitTop(used).rest) { surface in
        for (y, index) in list.visible(count: entries.count, height: surface.height).enumerated() {
          let label = (isMixed && entries[index].isHeld ? "held: " : "") + entries[index].label
          let text = TextWidth.cut(label, to: surface.width - 5, ellipsis: look.glyphs.ellipsis)
          surface.put("\(index + 1)  \(text)", 1, y, style(.text, look))
          if index == list.selection { RowHighlight.draw(y, isFocused: true, look, &surface) }
        }
      }
    }
  }

  private static func queueRect(_ state: State) -> Rect {
    centred(Size(width: 76, height: max(3, state.queue.entries.count + 4)), state.size)
  }

  private static func queueWords(_ state: State) -> String {
    if state.queue.entries.isEmpty {
      "Nothing waits. t and Enter put a run here while another is live."
    } else if state.queue.isHeld && state.queue.isMoving {
      "What an earlier session left is held: Enter lets it begin."
    } else if state.queue.isHeld {
      "Left by an earlier session: Enter lets them begin."
    } else {
      "The first begins when the live run ends."
    }
  }
}
