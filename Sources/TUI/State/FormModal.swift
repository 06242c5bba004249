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
    let isTaken = state.isEngineTaken
    if isTaken { state.say("queued behind what is under way; w in the training pane shows what waits") }
    switch work {
    case .train(let job):
      state.lastJob = job
      state.go(to: .training)
      if !isTaken {
        state.trainingPane.awaitsNew = true
        state.say("starting a run …")
      }
      return [.request(.train(job))]
    case .attack(let wish):
      state.go(to: .results)
      if !isTaken { state.say("starting the attack …") }
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

  /// What is asked for now waits: behind a training or an attack, or behind a map, means or a measurement, which end by
  /// themselves.
  package var isEngineTaken: Bool { isBusy || isSurveying }

  private var isSurveying: Bool {
    mapPane.progress != nil || explainPane.progress != nil || modelsPane.measuring != nil
  }

  /// What is taken out of the queue may be asked for again and is awaited no longer. While something else is at work,
  /// the awaited run can only be one of those that wait; else it is on its way, whatever is taken out.
  mutating func forget(_ entry: RunQueue.Entry) {
    if case .resume(let run) = entry.work { trainingPane.resuming.remove(run) }
    let isAtWork = !ownLiveRuns.isEmpty || resultsPane.attacking != nil || isSurveying
    let isLast = !queue.entries.contains { $0.id != entry.id && !$0.isHeld }
    if isAtWork, isLast { trainingPane.awaitsNew = false }
  }

  /// A run that an earlier session left to be resumed does not go on a second time when that is let go on.
  func requests(resuming run: String) -> [Request] {
    let held = queue.entries.filter { $0.isHeld && $0.work == .resume(run: run) }
    return held.map { Request.queue(.remove($0.id)) } + [.resume(run: run)]
  }
}
