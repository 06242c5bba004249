import Lab

/// Keys of menus, of the line that asks for a path, and of the list of waiting runs.
enum MenuModal {
  // MARK: Menus

  static func bindings(_ menu: Menu) -> [Binding] {
    menu.items.map { item in
      Binding(
        "menu.\(item.key)", [KeySequence([.character(item.key)])], item.label, item.label + ".",
        run: { choose(item, &$0) })
    } + [
      Binding("menu.choose", ["enter"], "choose", "Takes the selected entry.", hint: 1) { state in
        guard case .menu(let menu) = state.modal, menu.items.indices.contains(menu.list.selection) else { return [] }
        return choose(menu.items[menu.list.selection], &state)
      },
      Modals.cancel("menu", ["esc", "ctrl-g", "ctrl-c", "q"]),
    ]
      + Modals.moves("menu", false) { state, distance in
        guard case .menu(var menu) = state.modal else { return }
        menu.list.move(by: distance, count: menu.items.count)
        state.modal = .menu(menu)
      }
  }

  private static func choose(_ item: Menu.Item, _ state: inout State) -> [Effect] {
    state.modal = nil
    return Menus.run(item.action, &state)
  }

  // MARK: A line of text

  static let inputBindings: [Binding] = [
    Binding("input.accept", ["enter"], "write", "Writes the file.", hint: 1) { state in
      guard case .input(let input) = state.modal else { return [] }
      (state.modal, state.asked) = (nil, input)
      let path = input.text.trimmingPrefix { $0 == " " }
      guard !path.isEmpty else {
        state.say("no name was given; nothing is written", .warning)
        return []
      }
      switch input.purpose {
      case .export(let form): return Menus.export(form, to: String(path), state)
      }
    },
    Modals.cancel("input", ["esc", "ctrl-g", "ctrl-c"]), Modals.erase("input"), Modals.clear("input"),
  ]

  // MARK: What waits

  private static func selected(_ state: State) -> RunQueue.Entry? {
    guard case .queue(let waiting) = state.modal else { return nil }
    return state.queue.entries.first { $0.id == waiting.selected }
  }

  static func takeOut(_ id: Int, _ state: inout State) -> [Effect] {
    guard let entry = state.queue.entries.first(where: { $0.id == id }) else {
      state.say("its turn has come meanwhile: it waits no longer", .warning)
      return []
    }
    state.forget(entry)
    return [.request(.queue(.remove(id)))]
  }

  private static let hasEntry: @Sendable (State) -> Bool = { selected($0) != nil }

  /// Whether a run begins as soon as what is held is let go on: an attack is none, and waiting for one would never end.
  private static func beginsRun(_ state: State) -> Bool {
    switch state.queue.entries.first?.work {
    case .train?, .resume?: !state.isEngineTaken
    case .attack?, nil: false
    }
  }

  static let queueBindings: [Binding] =
    [
      Binding(
        "queue.proceed", ["enter"], "let go on", "Lets what an earlier session left begin.", hint: 1,
        isEnabled: { $0.queue.isHeld }
      ) { state in
        state.modal = nil
        if beginsRun(state) { state.trainingPane.awaitsNew = true }
        return [.request(.queue(.proceed))]
      },
      Binding(
        "queue.remove", ["x", "delete"], "take out", "Takes the selected run out; asks first.", hint: 2,
        isEnabled: hasEntry
      ) { state in
        guard let entry = selected(state), case .queue(let list) = state.modal else { return [] }
        state.modal = .confirm(
          Confirmation(
            title: "Take it out?", text: "\(entry.label) will not begin; it can be asked for anew.",
            choices: [
              .init(key: "t", label: "take it out", answer: .takeOut(entry.id, list)),
              .init(key: "c", label: "let it wait", answer: .keepWaiting(list)),
            ]))
        return []
      },
      Binding(
        "queue.advance", ["K"], "sooner", "Moves the selected run one place to the front.", hint: 3,
        isEnabled: { state in selected(state).map { $0.id != state.queue.entries.first?.id } ?? false }
      ) { state in
        // The selection goes along when the answer is here: a second K before that means the same run.
        guard let entry = selected(state) else { return [] }
        return [.request(.queue(.advance(entry.id)))]
      },
      Modals.cancel("queue", ["esc", "ctrl-g", "ctrl-c", "q", "w"]),
    ]
    + Modals.moves("queue", true) { state, distance in
      guard case .queue(var waiting) = state.modal else { return }
      waiting.move(by: distance, among: state.queue.entries)
      state.modal = .queue(waiting)
    }
}
