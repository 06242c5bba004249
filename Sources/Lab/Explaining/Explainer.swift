import Attacks
import Core
import Explain
import Foundation
import NN
import Pipeline

/// Explains one slice after the other, before and after an attack. Networks, their plans and the last clean image stay in
/// memory, so that stepping through an attack's settings costs the attack and one map alone.
@Engine package final class Explainer {
  private let laboratory: Laboratory
  /// The runs used last, the latest first.
  private var runs: [(key: String, run: ExplainedRun)] = []
  private var clean: CleanImage?
  private let pixels: Arena
  private let adversarial: Arena

  /// How many networks stay in memory.
  private static let kept = 2

  /// - Throws: `CoreError.outOfMemory`.
  package init(_ laboratory: Laboratory) throws {
    self.laboratory = laboratory
    pixels = try Arena(count: 3 * Geometry.pixels)
    adversarial = try Arena(count: 3 * Geometry.pixels)
  }

  /// - Parameter tell: hears how far an attack is: evaluations of the network, done and at most.
  /// - Throws: `LabError`, `EvaluationError`, `NNError`, `ExplainError`, `AttackError`, `PipelineError` (`.stopped` when
  ///   `control` wishes so).
  package func explain(
    _ request: ExplainRequest, control: RunControl? = nil, tell: ((Int, Int) -> Void)? = nil
  ) throws -> Explanation {
    let began = RateMeter.now()
    var request = request
    // Kept images are shown to the weights that they were made on, whichever the question would have taken.
    let set = try request.adversarialSet.map { try laboratory.store.open(request.run).adversarialSet($0) }
    if let set { request.checkpoint = set.record.checkpoint }
    let run = try run(request)
    let clean = try clean(request, run), ready = RateMeter.now()
    var explanation = Explanation(
      request: clean.request, emotions: run.subject.emotions, truth: clean.slice.truth,
      sliceNumber: clean.slice.number, sliceCount: clean.slice.count, time: clean.slice.time,
      rowValues: run.transform.rowValues, rowUnit: run.transform.rowUnit, bands: run.bands, clean: clean.image,
      seconds: 0)
    explanation.epochs = run.subject.trained?.epochs
    explanation.part = run.subject.part(of: clean.slice.number)
    explanation.notes = run.subject.soundNotes + run.subject.record.notes
    explanation.request.attack = request.attack
    explanation.request.adversarialSet = request.adversarialSet
    if let set {
      try run.subject.check(set)
      try set.copy(clean.slice.number, into: adversarial.base)
      explanation.request.attack = AttackPoint(attack: set.record.attack, settings: set.record.settings)
      try compare(clean, run, effort: try set.effort(clean.slice.number), &explanation)
    } else if let attack = request.attack {
      let effort = try perform(attack, on: clean, run, control, tell)
      try compare(clean, run, effort: effort, &explanation)
    }
    // The first attack on a run costs no more than the others.
    explanation.seconds = RateMeter.now() - (explanation.attacked == nil ? began : ready)
    return explanation
  }

  /// The nodes of a run's network that a map can be made at, in the model file's order, and its own choice.
  package func nodes(of run: String) throws -> (names: [String], standard: String) {
    let network = try self.run(ExplainRequest(run: run, utterance: "")).network
    let names = network.graph.nodes.map(\.name).filter { (try? GradCAM(network, node: $0)) != nil }
    return (names, try GradCAM(network).node)
  }

  /// Frees every network.
  package func forget() { (runs, clean) = ([], nil) }

  // MARK: what stays in memory

  private struct CleanImage {
    let request: ExplainRequest
    let slice: ExplainedRun.Slice
    let image: ExplainedImage
    let profile: AttentionProfile
  }

  private func run(_ request: ExplainRequest) throws -> ExplainedRun {
    let folder = try laboratory.store.open(request.run)
    let weights = folder.checkpoint(request.checkpoint)
    let key = ExplainedRun.stamp(weights)
    if let index = runs.firstIndex(where: { $0.key == key }) {
      let known = runs.remove(at: index)
      runs.insert(known, at: 0)
      return known.run
    }
    runs.removeAll { $0.run.subject.folder.id == folder.id && $0.run.subject.checkpoint == request.checkpoint }
    if runs.count >= Self.kept { runs.removeLast() }
    let run = try ExplainedRun(try laboratory.subject(folder.id, checkpoint: request.checkpoint))
    runs.insert((key, run), at: 0)
    clean = nil
    return run
  }

  private func clean(_ request: ExplainRequest, _ run: ExplainedRun) throws -> CleanImage {
    let slice = try run.image(request.utterance, slice: request.slice)
    let cam = try GradCAM(run.network, node: request.node)
    var filled = request
    (filled.run, filled.slice, filled.node) = (run.subject.folder.id, slice.index, cam.node)
    (filled.attack, filled.adversarialSet) = (nil, nil)
    filled.target = request.target ?? slice.truth
    if let clean, clean.request == filled { return clean }
    clean = nil
    Colormap.jet.expand(slice.levels, into: pixels.base)
    let map = try map(cam, filled, pixels.base)
    let image = ExplainedImage(levels: slice.levels, distances: [], logits: map.logits, attention: map.values)
    let made = CleanImage(request: filled, slice: slice, image: image, profile: run.bands.profile(map.values))
    clean = made
    return made
  }

  private func map(
    _ cam: GradCAM, _ request: ExplainRequest, _ image: UnsafePointer<Float>
  ) throws -> ActivationMap {
    try cam.maps(targets: [request.target], methods: [request.method]) {
      $0.update(from: image, count: 3 * Geometry.pixels)
    }[0][0]
  }

  // MARK: the attack

  private func perform(
    _ point: AttackPoint, on clean: CleanImage, _ run: ExplainedRun, _ control: RunControl?,
    _ tell: ((Int, Int) -> Void)?
  ) throws -> Effort {
    let attacker = try Attacker(try Attacks.named(point.attack), point.settings, run.network, batch: 1)
    guard
      let efforts = try attacker.perturb(
        pixels.base, labels: [clean.slice.truth], ids: [clean.slice.number], into: adversarial.base, control: control,
        tell: tell)
    else { throw PipelineError.stopped }
    return efforts[0]
  }

  /// The adversarial image beside the clean one.
  ///
  /// - Parameter effort: of making it.
  private func compare(
    _ clean: CleanImage, _ run: ExplainedRun, effort: Effort, _ explanation: inout Explanation
  ) throws {
    let cam = try GradCAM(run.network, node: clean.request.node)
    let map = try map(cam, clean.request, adversarial.base)
    let (levels, distances) = Colormap.jet.nearest(adversarial.base)
    explanation.attacked = ExplainedImage(
      levels: levels, distances: distances, logits: map.logits, attention: map.values)
    explanation.perturbation = Perturbation(
      pixels.base, adversarial.base, count: 3 * Geometry.pixels, effort: effort)
    explanation.drift = AttentionDrift(from: clean.profile, to: run.bands.profile(map.values))
  }
}

extension Perturbation {
  fileprivate init(_ clean: UnsafePointer<Float>, _ attacked: UnsafePointer<Float>, count: Int, effort: Effort) {
    var largest: Float = 0, squares = 0.0, power = 0.0
    for index in 0..<count {
      let change = attacked[index] - clean[index]
      largest = max(largest, abs(change))
      squares += Double(change) * Double(change)
      power += Double(clean[index]) * Double(clean[index])
    }
    self.init(
      linf: Double(largest), l2: squares.squareRoot(), signalToNoise: squares > 0 ? 10 * log10(power / squares) : nil,
      gradientEvaluations: effort.gradientEvaluations, queries: effort.queries)
  }
}
