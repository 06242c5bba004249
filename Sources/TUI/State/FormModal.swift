import Lab

/// Keys of the form before a training or an attack.
enum FormModal {
  /// Shows the form as it is now and asks anew for an estimate when the job has changed.
  static func put(_ form: WorkForm, _ state: inout State) -> [Effect] {
    var form = form
    var effects: [Effect] = []
    let work = form.work
    if let work, work != form.asked { effects = [.request(.estimate(work))] }
    if work != form.asked { (form.asked, form.estimate) = (work, nil) }
    form.focus = max(0, min(form.shown.count - 1, form.focus))
    state.modal = .form(form)
    return effects
  }

  private static func field(_ distance: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      guard case .form(var form) = state.modal else { return [] }
      form.move(distance)
      return put(form, &state)
    }
  }

  private static func change(_ distance: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      guard case .form(var form) = state.modal else { return [] }
      form.change(distance)
      return put(form, &state)
    }
  }

  private static let start: @Sendable (inout State) -> [Effect] = { state in
    guard case .form(let form) = state.modal else { return [] }
    guard let work = form.work else {
      state.say(form.problem ?? "the form is not complete", .warning)
      return []
    }
    state.modal = nil
    let isBusy = state.isBusy
    if isBusy { state.say("queued behind what is under way; w in the training pane shows what waits") }
    switch work {
    case .train(let job):
      state.lastJob = job
      state.go(to: .training)
      if !isBusy {
        state.trainingPane.awaitsNew = true
        state.say("starting a run …")
      }
      return [.request(.train(job))]
    case .attack(let wish):
      state.go(to: .results)
      if !isBusy { state.say("starting the attack …") }
      return [.request(.attack(wish))]
    case .resume(let run): return [.request(.resume(run: run))]
    }
  }

  static let bindings: [Binding] = [
    Binding(
      "form.start", ["enter"], "start", "Starts it, or queues it behind what is under way.", hint: 1, run: start
    ),
    Binding("form.down", ["down", "tab", "j"], "next field", "To the next field.", run: field(1)),
    Binding("form.up", ["up", "shift-tab", "k"], "field before", "To the field before.", run: field(-1)),
    Binding("form.more", ["right", "l"], "change", "The next choice, or more.", hint: 2, run: change(1)),
    Binding("form.less", ["left", "h"], "change back", "The choice before, or less.", run: change(-1)),
    Modals.cancel("form", ["esc", "ctrl-g", "ctrl-c", "q"]), Modals.erase("form"), Modals.clear("form"),
  ]
}

extension State {
  /// A training or an attack of this process is under way or about to be, so that the next one waits. What an earlier
  /// session left is neither until the user lets it go on.
  package var isBusy: Bool {
    !ownLiveRuns.isEmpty || trainingPane.awaitsNew || queue.isMoving || resultsPane.attacking != nil
  }
}
