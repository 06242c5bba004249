import Lab

/// Keys of the explain pane.
enum ExplainBindings {
  static let all: [Binding] = work + looks + motions

  private static let hasGrid: @Sendable (State) -> Bool = { $0.explainPane.total > 0 }
  private static let noGrid: @Sendable (State) -> String? = { ExplainPane.whyNot($0) ?? "r looks first" }
  private static let canLook: @Sendable (State) -> Bool = { ExplainPane.whyNot($0) == nil }

  private static func option(
    _ id: String, _ keys: [KeySequence], _ name: String, _ help: String, hint: Int? = nil,
    _ change: @escaping @Sendable (inout State) -> [Effect]
  ) -> Binding {
    Binding("explain.\(id)", keys, name, help, hint: hint, isEnabled: hasGrid, whyNot: noGrid, run: change)
  }

  /// Changes what the maps are of, and makes them anew.
  private static func anew(_ change: @escaping @Sendable (inout ExplainState) -> Void)
    -> @Sendable (inout State) -> [Effect]
  {
    { state in
      if state.explainPane.across == .means, let reason = ExplainPane.whyNot(state) {
        state.say(reason, .warning)
        return []
      }
      change(&state.explainPane)
      return ExplainPane.again(&state)
    }
  }

  private static let work: [Binding] = [
    Binding(
      "explain.look", ["r"], "look",
      "Looks at the utterance at hand in all its emotions, or averages; goes on after a stop.",
      hint: 0, isEnabled: canLook, whyNot: ExplainPane.whyNot
    ) { state in
      let pane = state.explainPane
      guard pane.total > 0, pane.wanted == nil, pane.done < pane.total || pane.hasFailures, ExplainPane.isAtHand(state)
      else { return ExplainPane.begin(&state) }
      state.explainPane.goOn()
      return ExplainPane.goOn(&state)
    },
    Binding(
      "explain.stop", ["x"], "stop", "Stops looking; r goes on.", hint: 5,
      isEnabled: { $0.explainPane.isRunning || $0.explainPane.progress != nil },
      whyNot: { _ in "nothing is under way here" }
    ) { state in
      if state.explainPane.progress != nil { return [.request(.stopSurvey)] }
      state.explainPane.stop()
      return [.request(.stopExplaining)]
    },
    Binding(
      "explain.open", ["enter"], "open",
      "This slice in the attack pane, under its attack and its run, or the utterances of this emotion; looks first.",
      hint: 1, isEnabled: canLook, whyNot: ExplainPane.whyNot
    ) { $0.explainPane.total > 0 ? ExplainPane.open(&$0) : ExplainPane.begin(&$0) },
    Binding(
      "explain.across", ["m"], "columns",
      "One sentence under attacks or of the marked runs (figure 4), or the mean over all images of each emotion.",
      hint: 2, isEnabled: { $0.explainPane.progress == nil }, whyNot: ExplainPane.whyNot
    ) { state in
      state.explainPane.across = state.explainPane.across.next
      state.explainPane.clear(for: state.selectedRun?.id ?? "")
      // Means take minutes: they are made when asked for.
      let begun = state.explainPane.across == .means ? [] : ExplainPane.begin(&state)
      return [.request(.stopExplaining)] + begun
    },
    Binding(
      "explain.part", ["p"], "part", "Whose images are averaged: validation, training or both, at the next r.",
      isEnabled: { $0.explainPane.across == .means }, whyNot: { _ in "m averages first" }
    ) { state in
      state.explainPane.part = state.explainPane.part.next
      state.say("r will average the \(state.explainPane.part.words) images")
      return []
    },
  ]

  private static let looks: [Binding] = [
    option("shown", ["s"], "show", "The images with attention over them, attention alone, or its change.", hint: 3) {
      $0.explainPane.shown = $0.explainPane.shown.next
      return []
    },
    option("overlay", ["o"], "overlay", "How much of what the network does not look at is darkened.") {
      $0.explainPane.overlay = ($0.explainPane.overlay + 1) % AttackState.overlays.count
      return []
    },
    option(
      "target", ["c"], "class", "The evidence for each row's own emotion, or for one emotion in all rows.", hint: 4
    ) { state in
      if state.explainPane.means != nil {
        state.say("means are of each image's own emotion")
        return []
      }
      let next = state.explainPane.target.map { $0 + 1 } ?? 0
      return anew { $0.target = next < $0.emotions.count ? next : nil }(&state)
    },
    option("method", ["a"], "method", "Grad-CAM++ or Grad-CAM.") { state in
      anew { $0.method = $0.method == .gradCAM ? .gradCAMPlusPlus : .gradCAM }(&state)
    },
    option("layer-back", ["["], "layer before", "Maps at the layer before.") { layer(-1, &$0) },
    option("layer", ["]"], "next layer", "Maps at the next layer of the network.", hint: 6) { layer(1, &$0) },
    option("sort", ["S"], "sort", "Rows by how far the selected column moved attention, or by emotion.") {
      $0.explainPane.sortsByDrift.toggle()
      return []
    },
  ]

  private static func layer(_ distance: Int, _ state: inout State) -> [Effect] {
    guard !state.explainPane.nodes.isEmpty else {
      state.say("the network's layers are not read yet", .warning)
      return []
    }
    return anew { $0.turnNode(distance) }(&state)
  }

  private static func move(
    _ id: String, _ keys: [KeySequence], _ help: String, _ x: Int, _ y: Int
  ) -> Binding {
    option(id, keys, id, help) { state in
      let pane = state.explainPane
      state.explainPane.select(
        Point(
          x: max(0, min(pane.columns.count - 1, pane.cursor.x + x)),
          y: max(0, min(pane.rows.count - 1, pane.cursor.y + y))))
      return []
    }
  }

  private static let motions: [Binding] = [
    move("left", ["h", "left"], "To the column before.", -1, 0),
    move("right", ["l", "right"], "To the next column.", 1, 0),
    move("up", ["k", "up"], "To the row above.", 0, -1),
    move("down", ["j", "down"], "To the row below.", 0, 1),
    move("first", ["g g", "home"], "To the first row.", 0, -1000),
    move("last", ["G", "end"], "To the last row.", 0, 1000),
  ]
}
