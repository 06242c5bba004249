import Lab

/// Keys that work in every pane.
package enum GlobalBindings {
  package static let all: [Binding] = moving + finding + taking + looking + leaving

  private static let moving: [Binding] =
    [
      Binding("global.next-pane", ["tab"], "next pane", "To the next pane.", hint: 80) { step(1, &$0) },
      Binding("global.previous-pane", ["shift-tab"], "previous pane", "To the pane before.") { step(-1, &$0) },
      Binding(
        "global.back", ["backspace", "ctrl-g", "esc"], "back", "Back to where you came from.",
        isEnabled: { !$0.trail.isEmpty || $0.isZoomed }
      ) { $0.back() },
      Binding("global.zoom", ["z"], "zoom", "Gives the focused pane the whole screen, or takes it back.", hint: 81) {
        $0.isZoomed.toggle()
        return []
      },
      Binding(
        "global.layout", ["|"], "layout",
        "Shares the screen out anew: a larger view, a larger pane below it, without the list."
      ) { state in
        state.preset = state.preset.next
        let isSmall = Layout(state).panes.count < 2
        state.say("layout: \(state.preset.rawValue)\(isSmall ? ", on a screen with room for several panes" : "")")
        return []
      },
    ]
    + (1...Layout.digits.count).map { number in
      Binding(
        "global.pane-\(number)", [KeySequence([.character(Layout.digit(number - 1))])], "pane \(number)",
        number <= Panes.order.count ? "To the pane “\(Panes.order[number - 1].name)”." : "To pane \(number).",
        isEnabled: { _ in number <= Panes.order.count }
      ) { state in
        state.go(to: Panes.order[number - 1])
        return []
      }
    }

  private static func step(_ distance: Int, _ state: inout State) -> [Effect] {
    let order = Panes.order
    let index = order.firstIndex(of: state.focus) ?? 0
    state.go(to: order[(index + distance + order.count) % order.count])
    return []
  }

  private static let finding: [Binding] = [
    Binding("global.help", ["?"], "help", "All keys of the focused pane; type to search, Enter runs.", hint: 90) {
      $0.modal = .help(Finder())
      return []
    },
    Binding("global.palette", [":"], "commands", "Finds any command by its name and runs it.", hint: 91) {
      $0.modal = .palette(Finder())
      return []
    },
    Binding(
      "global.filter", ["/"], "filter", "Shows only what contains some words, or a regular expression.", hint: 40,
      isEnabled: hasFilter
    ) {
      guard let filter = Panes.named($0.focus)?.filter else { return [] }
      $0.modal = .prompt(pane: $0.focus, before: filter.text($0))
      return []
    },
    Binding("global.next-match", ["n"], "next match", "To the next match of the filter.", isEnabled: isFiltered) {
      Panes.named($0.focus)?.filter?.step(&$0, 1) ?? []
    },
    Binding("global.previous-match", ["N"], "previous match", "To the match before.", isEnabled: isFiltered) {
      Panes.named($0.focus)?.filter?.step(&$0, -1) ?? []
    },
  ]

  private static let taking: [Binding] = [
    Binding("global.copy", ["y"], "copy", "Copies the row, the table or the text to your own clipboard.", hint: 70) {
      $0.modal = .menu(Menus.copy($0))
      return []
    },
    Binding(
      "global.export", ["e"], "export", "Writes what the focused pane shows to a file, as text, table or figure.",
      hint: 71
    ) {
      $0.modal = .menu(Menus.export($0))
      return []
    },
  ]

  private static let hasFilter: @Sendable (State) -> Bool = { Panes.named($0.focus)?.filter != nil }
  private static let isFiltered: @Sendable (State) -> Bool = { state in
    Panes.named(state.focus)?.filter.map { !$0.text(state).isEmpty } ?? false
  }

  private static let looking: [Binding] = [
    Binding("global.glyphs", ["b"], "blocks", "Next rung of glyphs: half blocks, quadrants, braille, ASCII.") {
      $0.look.nextRung()
      $0.say("glyphs: \($0.look.glyphs.rung.rawValue)")
      return []
    },
    Binding(
      "global.theme", ["T"], "theme", "Chooses a theme, seen live while choosing.", isEnabled: { $0.themes.count > 1 }
    ) { state in
      var list = ListState()
      list.selection = state.themes.firstIndex { $0.name == state.look.theme.name } ?? 0
      state.modal = .themes(list, before: state.look.theme)
      return []
    },
    Binding("global.redraw", ["ctrl-l"], "redraw", "Sends the whole screen anew.") { _ in [.redraw] },
  ]

  private static let leaving: [Binding] = [
    Binding("global.suspend", ["ctrl-z"], "suspend", "Back to the shell; fg continues.") { _ in [.suspend] },
    Binding(
      "global.quit", ["q", "ctrl-c"], "quit", "Leaves; asks first while a run of ours is live.", hint: 95, run: quit),
  ]

  private static let quit: @Sendable (inout State) -> [Effect] = { state in
    if state.isLeaving { return [.leave(.quit)] }
    if state.ownLiveRuns.isEmpty {
      if state.resultsPane.attacking != nil {
        state.modal = .confirm(
          Confirmation(
            title: "An attack is under way",
            text: "It ends with this program; what is done is kept, and r goes on later.",
            choices: [
              .init(key: "s", label: "stop it and leave", answer: .leave),
              .init(key: "c", label: "stay", answer: .cancel),
            ]))
        return []
      }
      guard state.trainingPane.awaitsNew else { return [.leave(.quit)] }
      state.modal = .confirm(
        Confirmation(
          title: "A run is about to begin", text: "It ends with this program; it can be resumed later.",
          choices: [
            .init(key: "s", label: "stop it and leave", answer: .leave),
            .init(key: "c", label: "stay", answer: .cancel),
          ]))
      return []
    }
    let names = state.ownLiveRuns.map(\.id).joined(separator: ", ")
    let waiting = state.queue.entries.count
    let others = waiting == 0 ? "" : " \(waiting) more \(waiting == 1 ? "waits" : "wait") and will be kept."
    state.modal = .confirm(
      Confirmation(
        title: "A run is live",
        text: "\(names) trains in this program and ends with it; it can be resumed later.\(others)",
        choices: [
          .init(key: "s", label: "stop now, save, leave", answer: .leaveAfterStop),
          .init(key: "e", label: "finish this epoch, then leave", answer: .leaveAfterEpoch),
          .init(key: "c", label: "stay", answer: .cancel),
        ]))
    return []
  }
}
