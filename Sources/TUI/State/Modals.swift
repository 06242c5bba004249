import Core
import Lab

/// Keys and typing while something lies over the panes.
package enum Modals {
  /// Whether a printable key is text here.
  package static func takesText(_ modal: Modal, _ character: Character) -> Bool {
    switch modal {
    case .help, .palette, .prompt, .input: true
    case .form(let form): form.takes(character)
    case .confirm, .themes, .menu, .queue: false
    }
  }

  package static func type(_ character: Character, _ state: inout State) -> [Effect] {
    if case .form(var form) = state.modal {
      form.type(character)
      return FormModal.put(form, &state)
    }
    return edit(&state) { $0.append(character) }
  }

  /// Applies `change` to the text being typed.
  private static func edit(_ state: inout State, _ change: (inout String) -> Void) -> [Effect] {
    switch state.modal {
    case .help(var finder):
      finder.edit(change)
      state.modal = .help(finder)
    case .palette(var finder):
      finder.edit(change)
      state.modal = .palette(finder)
    case .prompt(let pane, _):
      guard let filter = Panes.named(pane)?.filter else { return [] }
      var text = filter.text(state)
      change(&text)
      return filter.apply(&state, text)
    case .form(var form):
      form.edit(change)
      return FormModal.put(form, &state)
    case .input(var input):
      change(&input.text)
      state.modal = .input(input)
    case .confirm, .themes, .menu, .queue, nil: break
    }
    return []
  }

  package static func bindings(for modal: Modal) -> [Binding] {
    switch modal {
    case .help, .palette: finderBindings
    case .confirm(let confirmation):
      confirmation.choices.map(choice) + [which(confirmation), cancel("confirm", ["esc", "ctrl-g", "ctrl-c"])]
    case .form: FormModal.bindings
    case .prompt: promptBindings
    case .themes: themeBindings
    case .menu(let menu): MenuModal.bindings(menu)
    case .input: MenuModal.inputBindings
    case .queue: MenuModal.queueBindings
    }
  }

  /// Every set of bindings that a modal can have, for tests.
  package static let samples: [Modal] = [
    .help(Finder()), .palette(Finder()), .prompt(pane: .corpus, before: ""), .form(WorkForm()),
    .themes(ListState(), before: ThemeFiles.standard),
    .confirm(
      Confirmation(
        title: "Stop?", text: "", choices: [.init(key: "y", label: "stop", answer: .cancel)])),
    .menu(Menu(title: "Copy", items: [.init(key: "t", label: "text", action: .copyScreen)])),
    .input(TextPrompt(label: "write to", text: "a.csv", purpose: .export(.text))), .queue(WaitingList()),
  ]

  /// A question about a run is never answered by the key that opens things.
  private static func which(_ confirmation: Confirmation) -> Binding {
    Binding("confirm.which", ["enter"], "which", "Says which letters answer.") { state in
      state.say("a letter answers: " + confirmation.choices.map { "\($0.key) \($0.label)" }.joined(separator: ", "))
      return []
    }
  }

  static func cancel(_ prefix: String, _ keys: [KeySequence]) -> Binding {
    Binding("\(prefix).cancel", keys, "cancel", "Closes this.", hint: 2) { state in
      switch state.modal {
      case .prompt(let pane, let before):
        state.modal = nil
        return Panes.named(pane)?.filter?.apply(&state, before) ?? []
      case .themes(_, let before): state.look.theme = before
      case .confirm(let question):
        // Back to the list that asked, as it was.
        for case .keepWaiting(let list) in question.choices.map(\.answer) {
          state.modal = .queue(list)
          return []
        }
      default: break
      }
      state.modal = nil
      return []
    }
  }

  static func erase(_ prefix: String) -> Binding {
    Binding("\(prefix).erase", ["backspace"], "erase", "Takes back the last letter.") { edit(&$0) { _ = $0.popLast() } }
  }

  static func clear(_ prefix: String) -> Binding {
    Binding("\(prefix).clear", ["ctrl-u"], "clear", "Takes back all that was typed.") { edit(&$0) { $0 = "" } }
  }

  // MARK: Help and palette

  static func moves(_ prefix: String, _ letters: Bool, _ move: @escaping @Sendable (inout State, Int) -> Void)
    -> [Binding]
  {
    func binding(_ id: String, _ keys: [KeySequence], _ help: String, _ distance: Int, hint: Int? = nil) -> Binding {
      Binding("\(prefix).\(id)", keys, id, help, hint: hint) {
        move(&$0, distance)
        return []
      }
    }
    return [
      binding("down", letters ? ["down", "j", "ctrl-n"] : ["down", "ctrl-n"], "To the next row.", 1),
      binding("up", letters ? ["up", "k", "ctrl-p"] : ["up", "ctrl-p"], "To the row before.", -1),
      binding("page-down", ["pagedown", "ctrl-d"], "Ten rows down.", 10),
      binding("page-up", ["pageup"], "Ten rows up.", -10),
    ]
  }

  private static let finderBindings: [Binding] =
    [
      Binding("finder.run", ["enter"], "run", "Runs the selected command.", hint: 1) { state in
        guard let finder = finder(state) else { return [] }
        let found = CommandFinder.find(state)
        state.modal = nil
        guard found.indices.contains(finder.list.selection) else { return [] }
        let command = found[finder.list.selection]
        guard command.binding.isEnabled(state) else {
          let reason = command.binding.whyNot?(state)
          state.say(reason ?? "“\(command.binding.name)” cannot be used just now", .warning)
          return []
        }
        if let pane = command.pane { state.go(to: pane) }
        return command.binding.run(&state)
      },
      cancel("finder", ["esc", "ctrl-g", "ctrl-c"]), erase("finder"), clear("finder"),
    ]
    + moves("finder", false) { state, distance in
      guard var finder = finder(state) else { return }
      finder.move(by: distance, among: CommandFinder.find(state))
      if case .help = state.modal { state.modal = .help(finder) } else { state.modal = .palette(finder) }
    }

  private static func finder(_ state: State) -> Finder? {
    switch state.modal {
    case .help(let finder), .palette(let finder): finder
    default: nil
    }
  }

  /// An estimate that was asked for by the open form.
  package static func take(_ estimate: Estimate, of work: RunQueue.Work, _ state: inout State) {
    guard case .form(var form) = state.modal, form.work == work else { return }
    form.estimate = estimate
    state.modal = .form(form)
  }

  // MARK: Questions

  private static func choice(_ choice: Confirmation.Choice) -> Binding {
    let id = "confirm.\(choice.key)"
    return Binding(id, [KeySequence([.character(choice.key)])], choice.label, choice.label + ".", hint: 1) { state in
      state.modal = nil
      let own = state.ownLiveRuns
      switch choice.answer {
      case .cancel: return []
      case .leave: return [.leave(.quit)]
      case .send(let requests): return requests.map { .request($0) }
      case .stopAttack: return [.request(.controlAttack(.stopNow))]
      case .takeOut(let id, let list):
        state.modal = .queue(list)
        return MenuModal.takeOut(id, &state)
      case .keepWaiting(let list):
        state.modal = .queue(list)
        return []
      case .stop(let run): return [.request(.control(run: run, .stopNow))]
      case .leaveAfterStop, .leaveAfterEpoch:
        guard !own.isEmpty else { return [.leave(.quit)] }
        state.isLeaving = true
        let wish: RunControl.Wish = choice.answer == .leaveAfterStop ? .stopNow : .stopAfterEpoch
        // First, or the next that waits would begin when the run ends, and be stopped at once.
        return [.request(.holdQueue(true))] + own.flatMap { requests($0, wish) }
      }
    }
  }

  /// What makes a run obey. One that is paused reaches the end of its epoch only when it goes on. That comes first:
  /// where the pause has ended meanwhile, `proceed` takes back a stop that was wished before it.
  static func requests(_ run: RunInfo, _ wish: RunControl.Wish) -> [Effect] {
    let needsRunning = wish == .stopAfterEpoch && run.status == .paused
    let wishes: [RunControl.Wish] = needsRunning ? [.proceed, wish] : [wish]
    return wishes.map { .request(.control(run: run.id, $0)) }
  }

  // MARK: Filter

  private static let promptBindings: [Binding] = [
    Binding("prompt.keep", ["enter"], "keep", "Keeps the filter.", hint: 1) {
      $0.modal = nil
      return []
    },
    cancel("prompt", ["esc", "ctrl-g", "ctrl-c"]), erase("prompt"), clear("prompt"),
  ]

  // MARK: Themes

  private static let themeBindings: [Binding] =
    [
      Binding("themes.choose", ["enter"], "choose", "Keeps this theme.", hint: 1) {
        $0.modal = nil
        $0.hasChosenTheme = true
        return []
      },
      cancel("themes", ["esc", "ctrl-g", "ctrl-c", "q"]),
    ]
    + moves("themes", true) { state, distance in
      guard case .themes(var list, let before) = state.modal else { return }
      list.move(by: distance, count: state.themes.count)
      state.modal = .themes(list, before: before)
      if state.themes.indices.contains(list.selection) { state.look.theme = state.themes[list.selection] }
    }

  // MARK: Size

  package static func settle(_ state: inout State) {
    let height = ModalView.listHeight(state)
    switch state.modal {
    case .help(var finder):
      finder.settle(among: CommandFinder.find(state), height: height)
      state.modal = .help(finder)
    case .palette(var finder):
      finder.settle(among: CommandFinder.find(state), height: height)
      state.modal = .palette(finder)
    case .themes(var list, let before):
      list.settle(count: state.themes.count, height: ModalView.rows(state.themes.count, state.size))
      state.modal = .themes(list, before: before)
    case .menu(var menu):
      menu.list.settle(count: menu.items.count, height: ModalView.rows(menu.items.count, state.size))
      state.modal = .menu(menu)
    case .queue(var waiting):
      waiting.settle(among: state.queue.entries, height: ModalView.queueRows(state))
      state.modal = .queue(waiting)
    default: break
    }
  }
}
