import Lab

/// Keys of the form before a training.
enum FormModal {
  /// Shows the form as it is now and asks anew for an estimate when the job has changed.
  static func put(_ form: TrainForm, _ state: inout State) -> [Effect] {
    var form = form
    var effects: [Effect] = []
    if let job = form.job {
      if job != form.asked { effects = [.request(.estimate(job))] }
    }
    if form.job != form.asked { (form.asked, form.estimate) = (form.job, nil) }
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
    guard let job = form.job else {
      state.say(form.problem ?? "the form is not complete", .warning)
      return []
    }
    state.modal = nil
    state.go(to: .training)
    if state.isBusy {
      state.say("queued behind the run that is live; w shows what waits")
    } else {
      state.trainingPane.awaitsNew = true
      state.say("starting a run …")
    }
    return [.request(.train(job))]
  }

  static let bindings: [Binding] = [
    Binding(
      "form.start", ["enter"], "start", "Starts the run, or queues it behind the one that is live.", hint: 1, run: start
    ),
    Binding("form.down", ["down", "tab", "j"], "next field", "To the next field.", run: field(1)),
    Binding("form.up", ["up", "shift-tab", "k"], "field before", "To the field before.", run: field(-1)),
    Binding("form.more", ["right", "l"], "change", "The next choice, or more.", hint: 2, run: change(1)),
    Binding("form.less", ["left", "h"], "change back", "The choice before, or less.", run: change(-1)),
    Modals.cancel("form", ["esc", "ctrl-g", "ctrl-c", "q"]), Modals.erase("form"), Modals.clear("form"),
  ]
}

extension State {
  /// A run of this process is live or about to be, so that the next one waits.
  package var isBusy: Bool { !ownLiveRuns.isEmpty || trainingPane.awaitsNew || !queue.entries.isEmpty }
}
