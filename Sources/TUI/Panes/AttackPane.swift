import Lab

extension PaneID {
  package static let attack = PaneID("attack")
}

package struct AttackState: Sendable, Equatable {
  /// An attack of the results, with its own settings, and the set that holds its very images.
  package struct Taken: Sendable, Equatable {
    package let point: AttackPoint
    package let set: String?
  }

  /// Index into the registry of attacks and into the ladder of strengths.
  package private(set) var attack = 0
  package private(set) var strength = Scrub.strengths.firstIndex(of: 32) ?? 0
  /// Instead of the registry's own settings, until the attack or its strength is stepped.
  package private(set) var taken: Taken?
  /// Attention rather than the images, where there is no room for both.
  package var showsAttention = false
  /// How much of what the network does not look at is darkened; an index of `overlays`.
  package var overlay = 0
  /// Asked for, and not answered yet.
  package var wanted: ExplainRequest?
  /// The engine was taken by another pane's question before it answered ours.
  package private(set) var isDisplaced = false
  /// The engine was busy with something else when we asked.
  package private(set) var wasRefused = false
  package var progress: RunProgress?
  package private(set) var shown: ScrubPicture?
  package var failure: String?

  package static let overlays = [0, 0.25, 0.5, 0.75, 1]

  package init() {}

  package var attackName: String { Scrub.attacks[attack] }
  /// What is asked for; nil shows the clean image.
  package var point: AttackPoint? { taken?.point ?? Scrub.point(attackName, strength: Scrub.strengths[strength]) }
  /// Numerator of ε over 255, of the ladder.
  package var epsilon: Int { Scrub.strengths[strength] }

  package mutating func take(_ explanation: Explanation) {
    shown = ScrubPicture(explanation)
    (wanted, failure, progress, wasRefused) = (nil, nil, nil, false)
  }

  package mutating func ask(_ request: ExplainRequest) {
    (wanted, failure, progress) = (request, nil, nil)
    (isDisplaced, wasRefused) = (false, false)
  }

  /// A newer question of another pane took the place of ours, and only the newest is answered.
  package mutating func forgetQuestion() {
    guard wanted != nil else { return }
    (wanted, progress, isDisplaced) = (nil, nil, true)
  }

  package mutating func fail(_ sentence: String) {
    (wanted, shown, failure, progress) = (nil, nil, sentence, nil)
    wasRefused = sentence == LabError.engineBusy.description
  }

  /// An attack as it was made before.
  package mutating func take(_ point: AttackPoint, set: String?) {
    taken = Taken(point: point, set: set)
    attack = Scrub.attacks.firstIndex(of: point.attack) ?? attack
    let wanted = point.settings.epsilon * 255
    strength =
      Scrub.strengths.indices.dropFirst().min {
        abs(Double(Scrub.strengths[$0]) - wanted) < abs(Double(Scrub.strengths[$1]) - wanted)
      } ?? strength
  }

  /// To the next attack or the one before; settings are an attack's own.
  package mutating func turn(_ distance: Int) {
    taken = nil
    attack = (attack + distance + Scrub.attacks.count) % Scrub.attacks.count
    if strength == 0 { strength = Scrub.strengths.firstIndex(of: 32) ?? 0 }
  }

  /// Along the ladder; an attack without ε is there or not.
  package mutating func climb(_ distance: Int) {
    taken = nil
    let last = Scrub.strengths.count - 1
    if Scrub.hasStrength(attackName) {
      strength = max(0, min(last, strength + distance))
    } else {
      strength = distance < 0 ? 0 : max(strength, Scrub.strengths.firstIndex(of: 32) ?? last)
    }
  }

  package mutating func restore(attack name: String, epsilon: Int) {
    let (newAttack, newStrength) = (Scrub.attacks.firstIndex(of: name), Scrub.strengths.firstIndex(of: epsilon))
    guard (newAttack ?? attack, newStrength ?? strength) != (attack, strength) else { return }
    (attack, strength, taken) = (newAttack ?? attack, newStrength ?? strength, nil)
  }
}

/// An explanation with its fields as rasters, made once when it arrives.
package struct ScrubPicture: Sendable, Equatable {
  package let explanation: Explanation
  package let clean: Raster
  package let attacked: Raster?
  /// How many levels of jet each pixel moved, up or down.
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
      Raster(rows: side, columns: side, differences: zip(a, b).map { $0 - $1 }, least: least)
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
      case .explaining(let request, let progress) where request == state.attackPane.wanted:
        state.attackPane.progress = progress
      // What was refused meanwhile is asked for again, now or when somebody looks; what was stopped is not.
      case .engineFree where state.attackPane.wasRefused:
        state.attackPane.failure = nil
        return state.focus == .attack ? ask(&state) : []
      default: break
      }
      return []
    }
    pane.appear = { state in
      let isWaiting = state.attackPane.isDisplaced || (state.attackPane.wasRefused && !state.isBusy)
      return isWaiting ? ask(&state) : []
    }
    pane.table = { state in state.attackPane.shown.map { table($0.explanation, state) } }
    // The row of what the image is taken for.
    pane.tableRow = { $0.attackPane.shown.map { ($0.explanation.attacked ?? $0.explanation.clean).prediction } }
    pane.memory = Pane.Memory(
      save: { ["attack": $0.attackPane.attackName, "strength": String($0.attackPane.epsilon)] },
      restore: { state, saved in
        state.attackPane.restore(attack: saved["attack"] ?? "", epsilon: Int(saved["strength"] ?? "") ?? -1)
        return state.focus == .attack ? ask(&state) : []
      })
    pane.notes = { state in
      RunCaption.notes([state.attackPane.shown?.explanation.request.run].compactMap(\.self), state)
    }
    return pane
  }()

  private static func title(_ state: State) -> String {
    let pane = state.attackPane
    // What is shown, until something else is asked for.
    let shown = pane.wanted == nil ? pane.shown : nil
    guard let point = shown.map({ $0.explanation.request.attack }) ?? pane.point else { return "Attack · clean" }
    return "Attack · \(state.look.glyphs.plain(Scrub.words(point)))"
  }

  /// The answer has filled in what the question left open.
  private static func isWanted(_ explanation: Explanation, _ state: State) -> Bool {
    guard let wanted = state.attackPane.wanted else { return false }
    let request = explanation.request
    guard request.slice == min(wanted.slice, explanation.sliceCount - 1),
      request.adversarialSet == wanted.adversarialSet,
      wanted.adversarialSet != nil || request.attack == wanted.attack
    else { return false }
    return (request.run, request.utterance) == (wanted.run, wanted.utterance)
  }

  /// What is attacked: the slice of the view pane, by the selected run, at the run's stride.
  private static func subject(_ state: State) -> ExplainRequest? {
    guard let run = state.selectedRun, whyNot(state) == nil else { return nil }
    var request = ExplainRequest(
      run: run.id, utterance: state.viewPane.utterance, slice: slice(state, run), attack: state.attackPane.point)
    request.adversarialSet = state.attackPane.taken?.set
    if request.adversarialSet != nil { request.attack = nil }
    return request
  }

  /// The run's slice that begins nearest to the one on the screen.
  static func slice(_ state: State, _ run: RunInfo) -> Int {
    let stride = max(1, run.job.strideMilliseconds)
    return (state.viewPane.slice * state.viewPane.stride + stride / 2) / stride
  }

  package static func ask(_ state: inout State) -> [Effect] {
    guard let request = subject(state) else { return [] }
    state.attackPane.ask(request)
    return [.request(.explain(request))]
  }

  /// "weights of epoch 6, before epoch 7": the run has trained on since; nil where the picture is of its latest weights.
  static func age(_ explanation: Explanation, _ state: State) -> String? {
    guard explanation.request.checkpoint == .last, let epochs = explanation.epochs,
      let last = state.runs.first(where: { $0.id == explanation.request.run })?.epochs.last?.epoch, last > epochs
    else { return nil }
    return "weights of epoch \(epochs), before epoch \(last)"
  }

  private static func table(_ explanation: Explanation, _ state: State) -> ResultTable {
    let clean = explanation.clean.probabilities, attacked = explanation.attacked?.probabilities
    let attack = explanation.request.attack.map(Scrub.words) ?? "attacked"
    let image = ExplainTables.imageCells(explanation) + [.text(AttackTitles.full(explanation.request))]
    let table = ResultTable(
      title: "\(explanation.request.run), \(explanation.request.utterance), slice \(explanation.request.slice + 1)",
      columns: ["emotion", "clean", attack].map { ResultTable.Column($0) } + ExplainTables.imageColumns
        + [ResultTable.Column("attack", isForCSV: true)],
      rows: explanation.emotions.indices.map { index in
        let cells: [ResultTable.Cell] = [
          .text(explanation.emotions[index]), .number(clean[index], decimals: 4),
          attacked.map { .number($0[index], decimals: 4) } ?? .none,
        ]
        return cells + image
      },
      notes: ["the truth is \(explanation.emotions[explanation.truth])"] + ExplainTables.subject([explanation]))
    return state.stating(table, table.rows.map { _ in explanation })
  }

  // MARK: Keys

  private static let hasSubject: @Sendable (State) -> Bool = { subject($0) != nil }

  /// Why there is nothing to attack, in one sentence.
  package static let whyNot: @Sendable (State) -> String? = { state in
    if state.viewPane.isEmpty { return "choose an utterance in the corpus pane (1) first" }
    guard let run = state.selectedRun else { return "choose a run in the training pane (3) first" }
    guard let corpus = state.corpus(of: run.job) else {
      return State.isMissing(run.job.corpus)
    }
    if corpus.name != state.viewPane.corpus {
      return "\(run.id) was trained on \(corpus.name), and this slice is of \(state.viewPane.corpus): "
        + "choose an utterance of \(corpus.name) (1), or another run (3)"
    }
    if let reason = whyNoWeights(run) { return reason }
    if !run.emotions.isEmpty, run.emotions != corpus.emotions {
      return "\(run.id) knows \(run.emotions.joined(separator: ", ")), and \(corpus.name) now has "
        + corpus.emotions.joined(separator: ", ")
    }
    return nil
  }

  static func whyNoWeights(_ run: RunInfo) -> String? {
    run.isLive && run.epochs.isEmpty ? "\(run.id) has no weights before its first epoch is done" : nil
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

  private static let bindings: [Binding] = [
    binding("look", ["enter", "R"], "attack", "Attacks the slice of the view pane with the selected run.", hint: 0) {
      _ in
    },
    binding("stronger", ["]", "l", "right", "+"], "stronger", "The next ε.", hint: 1) {
      $0.climb(1)
    },
    binding("weaker", ["[", "h", "left", "-"], "weaker", "The ε before; 0 is the clean image.", hint: 2) {
      $0.climb(-1)
    },
    binding("next", ["j", "down", "a"], "next attack", "The next attack.", hint: 3) {
      $0.turn(1)
    },
    binding("previous", ["k", "up", "A"], "attack before", "The attack before.") {
      $0.turn(-1)
    },
    Binding(
      "attack.attention", ["s"], "attention", "Where the network looks (Grad-CAM++) instead of what it sees.", hint: 4
    ) { state in
      state.attackPane.showsAttention.toggle()
      return []
    },
    Binding(
      "attack.overlay", ["o"], "overlay", "Darkens what the network does not look at, in steps.", hint: 5
    ) { state in
      state.attackPane.overlay = (state.attackPane.overlay + 1) % AttackState.overlays.count
      return []
    },
    Binding(
      "attack.stop", ["x"], "stop", "Stops an attack that takes long.", hint: 6,
      isEnabled: { $0.attackPane.wanted != nil }, whyNot: { _ in "no attack is under way here" }
    ) { _ in [.request(.stopExplaining)] },
    slice("slice-next", [".", ">"], "next slice", "The next slice, in the view too.", 1),
    slice("slice-previous", [",", "<"], "slice before", "The slice before, in the view too.", -1),
  ]

  private static func slice(
    _ id: String, _ keys: [KeySequence], _ name: String, _ help: String, _ distance: Int
  ) -> Binding {
    Binding(
      "attack.\(id)", keys, name, help, isEnabled: hasSubject, whyNot: whyNot
    ) { state in
      guard let request = subject(state), let run = state.selectedRun else { return [] }
      // The view goes along, at the run's stride: the two show the same second.
      let shown = state.attackPane.shown?.explanation
      let last = shown?.request.utterance == request.utterance ? (shown?.sliceCount ?? .max) - 1 : .max
      state.viewPane.stride = run.job.strideMilliseconds
      state.viewPane.slice = max(0, min(last, request.slice + distance))
      return ask(&state) + state.viewPane.ask()
    }
  }
}
