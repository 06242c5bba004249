import Lab

/// What can happen to the workbench.
package enum Action: Sendable, Equatable {
  case key(Key)
  case mouse(MouseEvent)
  case resize(Size)
  case event(Event)
}

/// The one function that changes the state. Pure: the same state and action give the same answer.
package enum Reducer {
  package static func reduce(_ state: inout State, _ action: Action) -> [Effect] {
    var effects: [Effect] = []
    let focus = state.focus
    switch action {
    case .key(let key): effects = press(key, &state)
    case .mouse(let event): effects = mouse(event, &state)
    case .resize(let size): state.size = Size(width: max(1, size.width), height: max(1, size.height))
    case .event(let event): effects = receive(event, &state)
    }
    if state.focus != focus { effects += Panes.named(state.focus)?.appear(&state) ?? [] }
    settle(&state)
    return effects
  }

  /// The bindings that keys reach now: the modal's alone, else the focused pane's before the global ones.
  package static func bindings(_ state: State) -> [Binding] {
    if let modal = state.modal { return state.keymap.applied(to: Modals.bindings(for: modal)) }
    return state.keymap.applied(to: (Panes.named(state.focus)?.bindings ?? []) + GlobalBindings.all)
  }

  private static func press(_ key: Key, _ state: inout State) -> [Effect] {
    (state.notice, state.resumes) = (nil, nil)
    if let modal = state.modal, case .character(let character) = key, Modals.takesText(modal, character) {
      state.pending = []
      return Modals.type(character, &state)
    }
    let all = bindings(state)
    let bindings = all.filter { $0.isEnabled(state) }
    let typed = state.pending + [key]
    state.pending = []
    for keys in typed.count > 1 ? [typed, [key]] : [typed] {
      if let match = bindings.first(where: { $0.keys.contains(KeySequence(keys)) }) { return match.run(&state) }
      if bindings.contains(where: { $0.keys.contains { $0.keys.count > keys.count && $0.keys.starts(with: keys) } }) {
        state.pending = keys
        return []
      }
    }
    if let reason = all.first(where: { $0.keys.contains(KeySequence([key])) })?.whyNot?(state) {
      state.say(reason, .warning)
    }
    return []
  }

  private static func receive(_ event: Event, _ state: inout State) -> [Effect] {
    let live = state.runs.filter(\.isLive)
    switch event {
    case .corpora(let corpora): (state.corporaBefore, state.corpora, state.hasCorpora) = (state.corpora, corpora, true)
    case .runs(let runs): state.runs = runs.sorted { ($0.started, $0.id) > ($1.started, $1.id) }
    case .run(let run):
      if let index = state.runs.firstIndex(where: { $0.id == run.id }) {
        state.runs[index] = run
      } else {
        state.runs.insert(run, at: 0)
      }
    case .log(let line): state.log.append(line)
    case .pictureFailed(let request, let sentence):
      state.viewPane.fail(request, sentence)
      state.say(sentence, .error)
    case .failed(let sentence), .slicesFailed(_, _, let sentence): state.say(sentence, .error)
    case .queue(let queue): state.queue = queue
    case .usage(let usage): state.usage = usage
    case .estimate(let work, let estimate): Modals.take(estimate, of: work, &state)
    case .attacking(let status):
      if status == nil, let before = state.resultsPane.attacking {
        // One that was stopped before it was timed has left nothing.
        let place = before.estimate == nil ? "" : "; \(Panes.label(.results)) has what it did"
        state.say("the attack has ended\(place)")
      }
      state.resultsPane.attacking = status
    case .embedding(let progress): state.mapPane.progress = progress
    case .attending(let progress): state.explainPane.progress = progress
    case .waveform, .picture, .predictions, .models, .model, .explained, .explainFailed, .mapNodes, .explaining,
      .embeddingSoFar, .embedded, .attended, .results, .attackedSlices, .engineFree:
      break
    }
    if state.log.count > LogState.capacity { state.log.removeFirst(state.log.count - LogState.capacity * 9 / 10) }
    var effects = sayEnds(of: live, &state)
    effects += Panes.all.flatMap { $0.receive(&state, event) }
    switch event {
    case .corpora, .runs: if let place = state.resumes { effects += state.restore(place) }
    default: break
    }
    if state.isLeaving, state.ownLiveRuns.isEmpty, !state.trainingPane.awaitsNew { effects.append(.leave(.quit)) }
    return effects
  }

  /// Says what became of our runs that were live. Before anyone leaves, it is read of one that failed, that was cut
  /// off, or that went before it began; what waits goes on then.
  private static func sayEnds(of live: [RunInfo], _ state: inout State) -> [Effect] {
    var hasFailed = false
    for before in live {
      let now = state.runs.first { $0.id == before.id }
      guard before.isOwn || now?.isOwn == true, now?.isLive != true else { continue }
      if let now { TrainingPane.sayEnd(of: now, &state) }
      if now == nil || now?.status == .failed || now?.status == .interrupted { hasFailed = true }
    }
    guard hasFailed, state.isLeaving else { return [] }
    state.isLeaving = false
    return [.request(.holdQueue(false))]
  }

  private static func settle(_ state: inout State) {
    let layout = Layout(state)
    for pane in Panes.all {
      let frame = layout.panes.first { $0.id == pane.id }?.rect ?? layout.body
      let inner = Layout.inner(frame)
      pane.settle(&state, Size(width: inner.width, height: inner.height))
    }
    Modals.settle(&state)
  }

  private static func mouse(_ event: MouseEvent, _ state: inout State) -> [Effect] {
    guard state.modal == nil else { return [] }
    (state.notice, state.resumes, state.pending) = (nil, nil, [])
    let layout = Layout(state)
    if event.kind == .press, let tab = layout.tab(at: event.point, state) {
      state.go(to: tab)
      return []
    }
    guard let (id, rect) = layout.panes.first(where: { $0.rect.contains(event.point) }), let pane = Panes.named(id)
    else { return [] }
    switch event.kind {
    case .press:
      state.go(to: id)
      let inner = Layout.inner(rect)
      guard inner.contains(event.point) else { return [] }
      let point = Point(x: event.point.x - inner.x, y: event.point.y - inner.y)
      return pane.click(&state, point, Size(width: inner.width, height: inner.height))
    case .wheelUp, .wheelDown:
      guard id == state.focus else { return [] }
      if let wheel = pane.wheel {
        let inner = Layout.inner(rect)
        let point = Point(x: event.point.x - inner.x, y: event.point.y - inner.y)
        return wheel(&state, point, Size(width: inner.width, height: inner.height), event.kind == .wheelUp ? 1 : -1)
      }
      let key: Key = event.kind == .wheelUp ? .up : .down
      return (0..<3).flatMap { _ in press(key, &state) }
    }
  }
}
