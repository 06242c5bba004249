import Core
import Lab

/// Keys of the results pane.
enum ResultsBindings {
  static let all: [Binding] = opening + ordering + attacking + motions

  private static let hasRow: @Sendable (State) -> Bool = {
    $0.resultsPane.opened == nil && $0.resultsPane.selected != nil
  }
  private static let isOpen: @Sendable (State) -> Bool = { $0.resultsPane.opened != nil }
  private static let isTable: @Sendable (State) -> Bool = { $0.resultsPane.opened == nil }
  private static let canOpen: @Sendable (State) -> Bool = { state in
    state.resultsPane.opened == nil ? state.resultsPane.selected != nil : state.resultsPane.selectedSlice != nil
  }

  private static let opening: [Binding] = [
    Binding(
      "results.open", ["enter"], "open", "The slices that the attack flipped; a slice under that very attack.", hint: 0,
      isEnabled: canOpen, whyNot: { _ in "no attack is listed; A attacks the selected run" }
    ) { state in
      guard state.resultsPane.opened == nil else { return ResultsPane.show(.attack, &state) }
      guard let row = state.resultsPane.selected else { return [] }
      state.mark()
      return ResultsPane.open(ResultsState.Name(run: row.run, set: row.set), &state)
    },
    Binding(
      "results.view", ["v"], "view", "The slice in the view pane.", hint: 1,
      isEnabled: { $0.resultsPane.opened != nil && $0.resultsPane.selectedSlice != nil },
      whyNot: { _ in "Enter first: a slice is viewed, not an attack" }
    ) { ResultsPane.show(.view, &$0) },
    Binding(
      "results.kept", ["f"], "flipped or held", "Slices that the attack flipped, that held, or all.", hint: 2,
      isEnabled: isOpen, whyNot: { _ in "Enter first: it shows the slices of an attack" }
    ) { state in
      state.resultsPane.kept = state.resultsPane.kept.next
      state.resultsPane.searchSlices(ResultsPane.emotions(state))
      return []
    },
    Binding(
      "results.close", ["u"], "table", "From the slices back to the table of attacks.", hint: 1, isEnabled: isOpen
    ) {
      $0.resultsPane.close()
      return []
    },
  ]

  // MARK: Order and scope

  private static func sort(_ distance: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      let names = [String?.none] + ResultColumns.all.map(\.name)
      let index = names.firstIndex(of: state.resultsPane.sort) ?? 0
      state.resultsPane.sort = names[(index + distance + names.count) % names.count]
      return []
    }
  }

  private static let ordering: [Binding] = [
    Binding("results.sort", ["s"], "sort", "Sorts by the next column.", hint: 3, isEnabled: isTable, run: sort(1)),
    Binding("results.sort-back", ["S"], "sort back", "Sorts by the column before.", isEnabled: isTable, run: sort(-1)),
    Binding(
      "results.reverse", ["o"], "reverse", "Turns the order round.", hint: 4,
      isEnabled: { $0.resultsPane.opened == nil && $0.resultsPane.sort != nil },
      whyNot: { _ in "s first: it sorts by a column" }
    ) {
      $0.resultsPane.isDescending.toggle()
      return []
    },
    Binding(
      "results.all", ["a"], "all runs", "Attacks on all runs, or on the selected one.", hint: 5, isEnabled: isTable
    ) {
      $0.resultsPane.showsAll.toggle()
      return []
    },
    Binding(
      "results.run-next", ["]"], "next run", "The next run with results.", isEnabled: hasRuns, run: run(1)),
    Binding(
      "results.run-previous", ["["], "run before", "The run with results before.", isEnabled: hasRuns, run: run(-1)),
    Binding("results.reload", ["R"], "reload", "Reads the results of other processes too.") { _ in
      [.request(.loadResults)]
    },
  ]

  private static let hasRuns: @Sendable (State) -> Bool = { $0.resultsPane.opened == nil && !withResults($0).isEmpty }

  private static func withResults(_ state: State) -> [Int] {
    let known = Set(state.resultsPane.results.map(\.run))
    return state.runs.indices.filter { known.contains(state.runs[$0].id) }
  }

  private static func run(_ distance: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      let runs = withResults(state), here = state.trainingPane.list.selection
      let next = distance > 0 ? runs.first { $0 > here } ?? runs.first : runs.last { $0 < here } ?? runs.last
      guard let next else { return [] }
      (state.trainingPane.list.selection, state.trainingPane.run) = (next, state.runs[next].id)
      state.resultsPane.showsAll = false
      return TrainingPane.moved(&state)
    }
  }

  // MARK: Attacks on a whole part

  private static let isAttacking: @Sendable (State) -> Bool = { $0.resultsPane.attacking != nil }
  private static let noAttack: @Sendable (State) -> String? = { _ in "this program attacks nothing just now" }

  private static let attacking: [Binding] = [
    Binding(
      "results.attack", ["A"], "attack", "Attacks a whole part of the run at hand, after a short form.", hint: 6,
      isEnabled: { $0.selectedRun != nil }, whyNot: { _ in "train a network first (t)" }
    ) { state in
      // Begins with what was looked at last; of all runs, with the row's own.
      let row = state.resultsPane.selected
      let run = (state.resultsPane.showsAll ? row?.run : nil) ?? state.selectedRun?.id
      let point = row?.point ?? state.attackPane.point ?? Scrub.point(state.attackPane.attackName, strength: 32)
      guard let run, let point else { return [] }
      var wish = AttackWish(run: run, point: point)
      wish.part = row?.part ?? .valid
      return FormModal.put(WorkForm(attacking: wish), &state)
    },
    Binding(
      "results.resume", ["r"], "resume", "Goes on with an attack that was stopped.", hint: 7,
      isEnabled: { $0.resultsPane.opened == nil && $0.resultsPane.selected?.partial?.wish != nil },
      whyNot: { state in state.resultsPane.selected.map { "\($0.title) on \($0.run) is complete" } }
    ) { state in
      guard let wish = state.resultsPane.selected?.partial?.wish else { return [] }
      if state.isEngineTaken { state.say("queued behind what is under way; w in the training pane shows what waits") }
      return [.request(.attack(wish))]
    },
    Binding(
      "results.pause", ["p"], "pause", "Pauses the attack that is under way, or lets it go on.", hint: 8,
      isEnabled: isAttacking, whyNot: noAttack,
      nameNow: { $0.resultsPane.attacking?.isPaused == true ? "go on" : nil }
    ) { state in
      [.request(.controlAttack(state.resultsPane.attacking?.isPaused == true ? .proceed : .pause))]
    },
    Binding(
      "results.stop", ["x"], "stop", "Stops the attack that is under way; asks first.", hint: 9,
      isEnabled: isAttacking, whyNot: noAttack
    ) { state in
      state.modal = .confirm(
        Confirmation(
          title: "Stop the attack?", text: "Batches that are done are kept; r goes on with them later.",
          choices: [
            .init(key: "s", label: "stop", answer: .stopAttack), .init(key: "c", label: "let it run", answer: .cancel),
          ]))
      return []
    },
  ]

  // MARK: Lists

  private static func move(_ distance: @escaping @Sendable (ListState, Int) -> Int)
    -> @Sendable (inout State) -> [Effect]
  {
    { state in
      let pane = state.resultsPane
      let (list, count) = pane.opened == nil ? (pane.list, pane.rows.count) : (pane.sliceList, pane.sliceRows.count)
      state.resultsPane.move(by: distance(list, count))
      return []
    }
  }

  private static let motions = ListMotion.bindings("results", isEnabled: canOpen, run: move)
}
