/// Finds commands by what was typed in the help or the palette.
package enum CommandFinder {
  package struct Found: Sendable {
    package let binding: Binding
    /// Pane that the command belongs to; nil for a global one.
    package let pane: PaneID?
  }

  /// What the open help or palette lists, best first. Help searches names, sentences and keys of the focused pane and
  /// the global ones; the palette matches names of all panes loosely.
  package static func find(_ state: State) -> [Found] {
    switch state.modal {
    case .help(let finder):
      let own = state.keymap.applied(to: Panes.named(state.focus)?.bindings ?? []).map {
        Found(binding: $0, pane: state.focus)
      }
      return (own + global(state)).filter { matches($0.binding, finder.query, state.look.glyphs) }
    case .palette(let finder):
      // Of equal matches the focused pane's come first.
      let panes = Panes.all.filter { $0.id == state.focus } + Panes.all.filter { $0.id != state.focus }
      let all =
        panes.flatMap { pane in
          state.keymap.applied(to: pane.bindings).map { Found(binding: $0, pane: pane.id) }
        } + global(state)
      // The selected one stays where it can no longer be used: Enter then says why, rather than run its neighbour.
      let usable = all.filter { $0.binding.isEnabled(state) || $0.binding.id == finder.selected }
      let scored = usable.enumerated().compactMap { (index, found) -> (Int, Int, Found)? in
        // A command's own name counts first; its pane only helps to find what the name does not tell.
        let place = found.pane == nil ? nil : score(finder.query, label(found))
        return (score(finder.query, found.binding.name).map { $0 + 1000 } ?? place).map { (index, $0, found) }
      }
      return scored.sorted { ($0.1, $1.0) > ($1.1, $0.0) }.map(\.2)
    default: return []
    }
  }

  /// "View: next transform".
  package static func label(_ found: Found) -> String {
    let pane = found.pane.flatMap { Panes.named($0)?.name } ?? "Anywhere"
    return "\(pane): \(found.binding.name)"
  }

  private static func global(_ state: State) -> [Found] {
    state.keymap.applied(to: GlobalBindings.all).map { Found(binding: $0, pane: nil) }
  }

  private static func matches(_ binding: Binding, _ query: String, _ glyphs: Glyphs) -> Bool {
    if query.isEmpty { return true }
    if binding.keys.contains(where: { $0.text == query || $0.label(glyphs) == query }) { return true }
    let query = query.lowercased()
    return "\(binding.name) \(binding.help)".lowercased().contains(query)
  }

  /// How well the letters of `query` appear in `text` in their order; nil when they don't. Letters side by side and at
  /// the beginnings of words count more.
  package static func score(_ query: String, _ text: String) -> Int? {
    var (score, run) = (0, 0)
    var letters = query.lowercased().filter { $0 != " " }[...]
    var before: Character = " "
    for character in text.lowercased() {
      guard let wanted = letters.first else { break }
      if character == wanted {
        letters.removeFirst()
        run += 1
        score += 2 * run + (before.isLetter || before.isNumber ? 0 : 3)
      } else {
        run = 0
      }
      before = character
    }
    return letters.isEmpty ? score : nil
  }
}
