import Lab

extension PaneID {
  package static let attack = PaneID("attack")
}

package struct AttackState: Sendable, Equatable {
  /// Index into the registry of attacks and into the ladder of strengths.
  package var attack = 0
  package var strength = Scrub.strengths.firstIndex(of: 32) ?? 0
  /// Attention rather than the images, where there is no room for both.
  package var showsAttention = false
  /// Asked for, and not answered yet.
  package var wanted: ExplainRequest?
  package private(set) var shown: ScrubPicture?
  package var failure: String?

  package init() {}

  package var attackName: String { Scrub.attacks[attack] }
  package var epsilon: Int { Scrub.strengths[strength] }

  package mutating func take(_ explanation: Explanation) {
    shown = ScrubPicture(explanation)
    (wanted, failure) = (nil, nil)
  }

  package mutating func fail(_ sentence: String) { (wanted, shown, failure) = (nil, nil, sentence) }
}

/// An explanation with its fields as rasters, made once when it arrives.
package struct ScrubPicture: Sendable, Equatable {
  package let explanation: Explanation
  package let clean: Raster
  package let attacked: Raster?
  /// How many levels of jet each pixel moved.
  package let change: Raster?
  package let attention: Raster
  package let attackedAttention: Raster?
  package let attentionChange: Raster?
  /// Mean and largest distance of the attacked colours from jet.
  package let distance: (mean: Float, most: Float)?

  package init(_ explanation: Explanation) {
    self.explanation = explanation
    let side = 224
    func raster(_ values: [Float], _ top: Float) -> Raster {
      Raster(rows: side, columns: side, values: values, range: 0...max(top, .leastNormalMagnitude))
    }
    func difference(_ a: [Float], _ b: [Float], least: Float) -> Raster {
      let values = zip(a, b).map { abs($0 - $1) }
      return raster(values, max(least, values.max() ?? 0))
    }
    let levels = explanation.clean.levels.map { Float($0) }
    clean = raster(levels, 255)
    attention = raster(explanation.clean.attention, 1)
    guard let image = explanation.attacked else {
      (attacked, change, attackedAttention, attentionChange, distance) = (nil, nil, nil, nil, nil)
      return
    }
    let moved = image.levels.map { Float($0) }
    attacked = raster(moved, 255)
    change = difference(moved, levels, least: 8)
    attackedAttention = raster(image.attention, 1)
    attentionChange = difference(image.attention, explanation.clean.attention, least: 0.1)
    distance = (
      image.distances.reduce(0, +) / Float(max(1, image.distances.count)), image.distances.max() ?? 0
    )
  }

  package static func == (a: ScrubPicture, b: ScrubPicture) -> Bool { a.explanation == b.explanation }
}

/// The scrubber: one key steps ε, another the attack; the images, the classes and the attention move together.
package enum AttackPane {
  package static let pane: Pane = {
    var pane = Pane(id: .attack, name: "Attack", title: title, bindings: bindings, draw: AttackDrawing.draw)
    pane.receive = { state, event in
      switch event {
      case .explained(let explanation) where isWanted(explanation, state): state.attackPane.take(explanation)
      case .explainFailed(let request, let sentence) where request == state.attackPane.wanted:
        state.attackPane.fail(sentence)
      default: break
      }
      return []
    }
    pane.table = { $0.attackPane.shown.map { table($0.explanation) } }
    // The row of what the image is taken for.
    pane.tableRow = { $0.attackPane.shown.map { ($0.explanation.attacked ?? $0.explanation.clean).prediction } }
    pane.memory = Pane.Memory(
      save: { ["attack": $0.attackPane.attackName, "strength": String($0.attackPane.epsilon)] },
      restore: { state, saved in
        if let index = Scrub.attacks.firstIndex(of: saved["attack"] ?? "") { state.attackPane.attack = index }
        if let index = Scrub.strengths.firstIndex(of: Int(saved["strength"] ?? "") ?? -1) {
          state.attackPane.strength = index
        }
        return state.focus == .attack ? ask(&state) : []
      })
    return pane
  }()

  private static func title(_ state: State) -> String {
    let pane = state.attackPane
    return pane.epsilon == 0
      ? "Attack · clean"
      : "Attack · \(Scrub.title(pane.attackName)) · \(state.look.glyphs.plain("ε")) \(pane.epsilon)/255"
  }

  /// The answer has filled in what the question left open.
  private static func isWanted(_ explanation: Explanation, _ state: State) -> Bool {
    guard let wanted = state.attackPane.wanted else { return false }
    let request = explanation.request
    guard request.slice == min(wanted.slice, explanation.sliceCount - 1) else { return false }
    return (request.run, request.utterance, request.attack) == (wanted.run, wanted.utterance, wanted.attack)
  }

  /// What is attacked: the slice of the view pane, by the selected run.
  private static func subject(_ state: State) -> ExplainRequest? {
    guard let run = state.selectedRun, !state.viewPane.isEmpty else { return nil }
    let pane = state.attackPane
    return ExplainRequest(
      run: run.id, utterance: state.viewPane.utterance, slice: state.viewPane.slice,
      attack: Scrub.point(pane.attackName, strength: pane.epsilon))
  }

  private static func ask(_ state: inout State) -> [Effect] {
    guard let request = subject(state) else { return [] }
    state.attackPane.wanted = request
    return [.request(.explain(request))]
  }

  private static func table(_ explanation: Explanation) -> ResultTable {
    let clean = explanation.clean.probabilities, attacked = explanation.attacked?.probabilities
    return ResultTable(
      title: "\(explanation.request.run), \(explanation.request.utterance), slice \(explanation.request.slice + 1)",
      columns: ["emotion", "clean", "attacked"].map { ResultTable.Column($0) },
      rows: explanation.emotions.indices.map { index in
        [
          .text(explanation.emotions[index]), .number(clean[index], decimals: 4),
          attacked.map { .number($0[index], decimals: 4) } ?? .none,
        ]
      }, notes: ["the truth is \(explanation.emotions[explanation.truth])"])
  }

  // MARK: Keys

  private static let hasSubject: @Sendable (State) -> Bool = { subject($0) != nil }

  private static let whyNot: @Sendable (State) -> String? = { state in
    state.viewPane.isEmpty
      ? "choose an utterance in the corpus pane (1) first" : "choose a run in the training pane (3) first"
  }

  private static func step(_ change: @escaping @Sendable (inout AttackState) -> Void)
    -> @Sendable (inout State) -> [Effect]
  {
    { state in
      change(&state.attackPane)
      return ask(&state)
    }
  }

  private static func binding(
    _ id: String, _ keys: [KeySequence], _ name: String, _ help: String, hint: Int? = nil,
    _ change: @escaping @Sendable (inout AttackState) -> Void
  ) -> Binding {
    Binding(
      "attack.\(id)", keys, name, help, hint: hint, isEnabled: hasSubject, whyNot: whyNot, run: step(change))
  }

  private static let count = Scrub.attacks.count

  private static let bindings: [Binding] = [
    binding("look", ["enter", "R"], "attack", "Attacks the slice of the view pane with the selected run.", hint: 0) {
      _ in
    },
    binding("stronger", ["]", "l", "right", "+"], "stronger", "The next ε.", hint: 1) {
      $0.strength = min(Scrub.strengths.count - 1, $0.strength + 1)
    },
    binding("weaker", ["[", "h", "left", "-"], "weaker", "The ε before; 0 is the clean image.", hint: 2) {
      $0.strength = max(0, $0.strength - 1)
    },
    binding("next", ["j", "down", "a"], "next attack", "The next attack.", hint: 3) {
      $0.attack = ($0.attack + 1) % count
    },
    binding("previous", ["k", "up", "A"], "attack before", "The attack before.") {
      $0.attack = ($0.attack + count - 1) % count
    },
    Binding(
      "attack.attention", ["s"], "attention", "Where the network looks (Grad-CAM++) instead of what it sees.", hint: 4
    ) { state in
      state.attackPane.showsAttention.toggle()
      return []
    },
    slice("slice-next", [".", ">"], "next slice", "The next slice, in the view too.", 1),
    slice("slice-previous", [",", "<"], "slice before", "The slice before, in the view too.", -1),
  ]

  private static func slice(
    _ id: String, _ keys: [KeySequence], _ name: String, _ help: String, _ distance: Int
  ) -> Binding {
    Binding(
      "attack.\(id)", keys, name, help, isEnabled: hasSubject, whyNot: whyNot
    ) { state in
      let last = max(0, (state.attackPane.shown?.explanation.sliceCount ?? state.viewPane.sliceCount) - 1)
      state.viewPane.slice = max(0, min(last, state.viewPane.slice + distance))
      return ask(&state) + state.viewPane.ask()
    }
  }
}
