import Lab

extension PaneID {
  package static let map = PaneID("map")
}

/// t-SNE of what a network makes of the images, clean and attacked; a point leads to its utterance.
package enum MapPane {
  package static let pane: Pane = {
    var pane = Pane(id: .map, name: "Map", title: title, bindings: bindings, draw: MapDrawing.draw)
    pane.receive = { state, event in
      switch event {
      case .embedded(let wish, let embedding): state.mapPane.take(wish, embedding)
      case .embeddingSoFar(let wish, let embedding): state.mapPane.take(wish, embedding, isUnfinished: true)
      default: break
      }
      return []
    }
    pane.settle = { state, _ in state.mapPane.settle() }
    pane.table = { state in
      state.mapPane.embedding.map { state.stating(table($0), run: $0.run, part: $0.part.rawValue) }
    }
    pane.memory = Pane.Memory(
      save: { ["part": $0.mapPane.part.rawValue] },
      restore: { state, saved in
        state.mapPane.part = saved["part"].flatMap(EvaluationPart.init) ?? .valid
        return []
      })
    pane.tableRow = { state in
      guard let point = state.mapPane.point, let all = state.mapPane.embedding?.points else { return nil }
      return all.firstIndex(of: point)
    }
    pane.notes = { state in RunCaption.notes([state.mapPane.embedding?.run].compactMap(\.self), state) }
    return pane
  }()

  private static func title(_ state: State) -> String {
    guard let embedding = state.mapPane.embedding else { return "Map" }
    let soFar = state.mapPane.isUnfinished ? " · after \(embedding.iterations) iterations" : ""
    return "Map · \(embedding.run) · \(embedding.part.rawValue) · \(embedding.node)\(soFar)"
  }

  private static func table(_ embedding: RunEmbedding) -> ResultTable {
    ResultTable(
      title: "t-SNE of \(embedding.node), \(embedding.run)",
      columns: ["utterance", "slice", "emotion", "taken for", "attack", "x", "y"].map { .init($0) },
      rows: embedding.points.map { point in
        [
          .text(point.utterance), .integer(point.slice + 1), .text(embedding.emotions[point.emotion]),
          .text(embedding.emotions[point.prediction]), .text(point.attack.map { embedding.attacks[$0] } ?? ""),
          .number(Double(point.x), decimals: 4), .number(Double(point.y), decimals: 4),
        ]
      }, notes: embedding.notes)
  }

  /// What r asks for.
  package static func wish(_ state: State) -> EmbeddingWish? {
    state.selectedRun.map { run in
      var wish = EmbeddingWish(run: run.id, attack: state.mapPane.withAttack ? state.attackPane.point : nil)
      wish.part = state.mapPane.part
      return wish
    }
  }

  /// "clean validation images, and under FGSM": what r lays out.
  static func words(_ state: State) -> String {
    let images = "\(state.mapPane.part.words) images"
    return wish(state)?.attack.map { "\(images), clean and under \(Scrub.words($0))" } ?? "clean \(images) alone"
  }

  // MARK: Keys

  private static let hasMap: @Sendable (State) -> Bool = { $0.mapPane.point != nil }
  private static let noMap: @Sendable (State) -> String? = {
    $0.selectedRun == nil ? "choose a run in the training pane (3) first" : "r makes the map first"
  }

  private static let canMake: @Sendable (State) -> Bool = { wish($0) != nil && $0.mapPane.progress == nil }
  private static let whyNotMake: @Sendable (State) -> String? = {
    $0.mapPane.progress != nil ? "a map is being made; x stops it" : noMap($0)
  }

  private static func make(_ state: State) -> [Effect] { wish(state).map { [.request(.embed($0))] } ?? [] }

  private static func option(
    _ id: String, _ keys: [KeySequence], _ name: String, _ help: String, hint: Int? = nil,
    _ change: @escaping @Sendable (inout MapState) -> Void
  ) -> Binding {
    Binding("map.\(id)", keys, name, help, hint: hint, isEnabled: hasMap, whyNot: noMap) { state in
      change(&state.mapPane)
      return []
    }
  }

  private static let bindings: [Binding] = making + looks

  private static let making: [Binding] = [
    Binding(
      "map.make", ["r"], "make", "Lays out the selected run's features, clean and under the attack pane's attack.",
      hint: 0, isEnabled: canMake, whyNot: whyNotMake
    ) { make($0) },
    Binding(
      "map.stop", ["x"], "stop", "Stops; r goes on.", hint: 5, isEnabled: { $0.mapPane.progress != nil },
      whyNot: { _ in "no map is being made" }
    ) { _ in [.request(.stopSurvey)] },
    Binding(
      "map.open", ["enter"], "open", "The point's slice in the view; makes the map first.", hint: 1,
      isEnabled: { hasMap($0) || canMake($0) }, whyNot: whyNotMake
    ) { state in hasMap(state) ? open(&state) : make(state) },
    Binding("map.attack", ["A"], "attack", "With the attack pane's attack, or clean alone, at the next r.") { state in
      state.mapPane.withAttack.toggle()
      state.say("r will lay out \(words(state))")
      return []
    },
    Binding("map.part", ["p"], "part", "Validation, training or both parts, at the next r.", hint: 6) { state in
      state.mapPane.part = state.mapPane.part.next
      state.say("r will lay out \(words(state))")
      return []
    },
  ]

  private static let looks: [Binding] = [
    option("shown", ["s"], "show", "Clean and attacked points, clean alone, attacked alone.", hint: 2) {
      $0.shown = $0.shown.next
    },
    option("emotion", ["c"], "emotion", "One emotion alone, or all.", hint: 3) {
      let next = $0.only.map { $0 + 1 } ?? 0
      $0.only = next < ($0.embedding?.emotions.count ?? 0) ? next : nil
    },
    option("twin", ["a"], "twin", "The same image before and after the attack.", hint: 4) { $0.toTwin() },
    option("nearer", ["+", "="], "nearer", "Nearer to the point.") { $0.magnify(1.5) },
    option("farther", ["-"], "farther", "Farther from the point.") { $0.magnify(1 / 1.5) },
    option("whole", ["w"], "whole", "The whole map again.") { $0.showWhole() },
    option("left", ["h", "left"], "left", "The nearest point to the left.") { $0.move(-1, 0) },
    option("right", ["l", "right"], "right", "The nearest point to the right.") { $0.move(1, 0) },
    option("up", ["k", "up"], "up", "The nearest point above.") { $0.move(0, 1) },
    option("down", ["j", "down"], "down", "The nearest point below.") { $0.move(0, -1) },
  ]

  /// The slice of the point under the cursor.
  private static func open(_ state: inout State) -> [Effect] {
    guard let point = state.mapPane.point, let embedding = state.mapPane.embedding,
      let index = state.runs.firstIndex(where: { $0.id == embedding.run })
    else { return [] }
    let job = state.runs[index].job
    guard let corpus = state.corpus(of: job) else {
      state.say(State.isMissing(job.corpus), .warning)
      return []
    }
    state.mark()
    (state.viewPane.transform, state.viewPane.stride) = (job.transform, job.strideMilliseconds)
    let effects = state.viewPane.show(corpus: corpus.name, utterance: point.utterance)
    state.viewPane.slice = point.slice
    state.show(.view)
    return effects + state.viewPane.ask()
  }
}
