import Core
import Explain
import Foundation
import NN
import Pipeline

/// Whose features are laid out, and how.
package struct EmbeddingOrder: Sendable {
  /// Attacked images in the same plane as the clean ones.
  package var attacks: [AttackSource]
  package var part = EvaluationPart.valid
  package var limit: Int?
  package var seed: UInt64 = 0
  /// nil for the input of the last linear layer.
  package var node: String?
  package var settings = TSNE.Settings()
  package var batch = 32

  package init(_ attacks: [AttackSource]) { self.attacks = attacks }
}

extension Laboratory {
  /// A node's features of clean and attacked images in one plane, by t-SNE.
  ///
  /// - Parameter watch: sees the points on their way, a few times a second at most.
  /// - Throws: `PipelineError.stopped` when `control` wishes so; `LabError.outOfRange` where the features do not fit in
  ///   memory; `EvaluationError`, `NNError`, `AttackError`, `TSNEError`.
  package func embed(
    _ subject: RunSubject, _ order: EmbeddingOrder, control: RunControl,
    watch: (@Sendable (RunEmbedding) -> Void)? = nil, report: @escaping @Sendable (RunProgress) -> Void
  ) async throws -> RunEmbedding {
    let selection = try subject.select(
      order.part, limit: order.limit, seed: order.seed, attackedBy: order.attacks)
    let features = try await Engine.run { [paths] in
      let run = try LoadedRun(subject, cache: paths.images, control: control, report: report)
      return try FeatureSession(run, order, selection).run(control: control, report: report)
    }
    @Sendable func layout(_ places: [SIMD2<Float>], divergence: Double, iterations: Int) -> RunEmbedding {
      var points = features.points
      for (index, place) in places.enumerated() { (points[index].x, points[index].y) = (place.x, place.y) }
      return RunEmbedding(
        run: subject.folder.id, part: order.part, node: features.node, dimensions: features.dimensions,
        emotions: subject.emotions, attacks: AttackSource.titles(order.attacks), points: points, divergence: divergence,
        perplexity: order.settings.perplexity(of: features.points.count), iterations: iterations,
        notes: subject.notes(selection))
    }
    let embedding: TSNE.Embedding
    do {
      embedding = try await TSNE.embed(
        features.values, count: features.points.count, dimensions: features.dimensions, settings: order.settings,
        control: control
      ) { progress in
        report(RunProgress(progress))
        guard let watch, let divergence = progress.divergence else { return }
        watch(layout(progress.points, divergence: divergence, iterations: progress.done))
      }
    } catch is CancellationError { throw PipelineError.stopped }
    var result = layout(embedding.points, divergence: embedding.divergence, iterations: embedding.iterations)
    (result.perplexity, result.loweredFrom) = (embedding.perplexity, embedding.loweredFrom)
    result.trustworthinessNeighbours = TSNE.trustedNeighbours
    result.trustworthiness = try await TSNE.trustworthiness(
      of: embedding.points, features: features.values, dimensions: features.dimensions)
    return result
  }
}

extension RunProgress {
  package init(_ progress: TSNE.Progress) {
    self.init(
      phase: progress.stage.rawValue, epoch: 0, done: progress.done, total: progress.total, rate: progress.rate,
      secondsLeft: progress.secondsLeft, loss: progress.divergence)
  }
}

/// Features of every image of a selection.
private struct Features: Sendable {
  var values: [Float]
  let dimensions: Int
  let node: String
  /// Still without their places in the plane.
  var points: [EmbeddedPoint]
}

/// Each batch of features is a file of its own, so that an order that was stopped goes on where it was.
@Engine private final class FeatureSession {
  private let run: LoadedRun
  private let order: EmbeddingOrder
  private let selection: SliceSelection
  private let node: String
  private let dimensions: Int
  private let attacked: [AttackedImages]
  private let pixels: Arena
  private let adversarial: Arena
  private var features: Features
  private let place: ExplanationPlace

  /// Floats that all features together may take: 4 GiB.
  private static let limit = 1 << 30

  init(_ run: LoadedRun, _ order: EmbeddingOrder, _ selection: SliceSelection) throws {
    (self.run, self.order, self.selection) = (run, order, selection)
    let name = order.node ?? run.network.featureNode, nodes = run.network.graph.nodes
    guard let found = nodes.first(where: { $0.name == name }) else {
      throw NNError.unknownNode(name, network: run.network.entry.name, known: nodes.map(\.name))
    }
    (node, dimensions) = (name, found.output.shape.count)
    let floats = selection.slices.count * (order.attacks.count + 1) * dimensions
    guard floats <= Self.limit else {
      throw LabError.outOfRange(
        what: "images times features of “\(name)”", value: "\(floats)",
        range: "at most \(Self.limit); take fewer images with --limit, or another node")
    }
    place = ExplanationPlace(
      "features", run.subject, order.attacks, selection, [name, "batch \(order.batch)", run.images.key])
    attacked = try order.attacks.map { try AttackedImages($0, run.network, batch: order.batch) }
    pixels = try Arena(count: order.batch * 3 * Geometry.pixels)
    adversarial = try Arena(count: order.attacks.isEmpty ? 1 : order.batch * 3 * Geometry.pixels)
    features = Features(values: [], dimensions: dimensions, node: name, points: [])
    features.values.reserveCapacity(floats)
  }

  func run(control: RunControl, report: @escaping @Sendable (RunProgress) -> Void) throws -> Features {
    let states: [Int?] = [nil] + attacked.indices.map { $0 }
    var meter = WorkMeter(phase: "features", total: selection.slices.count * states.count, report: report)
    var done = 0
    for state in states {
      for range in selection.slices.indices.batches(of: order.batch) {
        try control.obey()
        let name = "\(state.map { "attack-\($0)" } ?? "clean")-\(range.lowerBound).safetensors"
        try collect(Array(selection.slices[range]), state, name: name, control)
        done += range.count
        meter.tell(done)
      }
    }
    return features
  }

  private func collect(_ slices: [Int], _ attack: Int?, name: String, _ control: RunControl) throws {
    let labels = slices.map(run.label), classes = run.subject.emotions.count
    var values: [Float] = [], logits: [Float] = []
    if let file = place.kept(name), let own = try? file.array("features", as: Float.self),
      let answers = try? file.array("logits", as: Float.self), own.count == slices.count * dimensions,
      answers.count == slices.count * classes
    {
      (values, logits) = (own, answers)
    } else {
      (values, logits) = try compute(slices, labels, attack, control)
      try place.write(name, [("features", values), ("logits", logits)])
    }
    features.values += values
    for (index, slice) in slices.enumerated() {
      let place = run.subject.locate(slice)
      features.points.append(
        EmbeddedPoint(
          utterance: place.utterance, slice: place.slice, sliceNumber: slice, emotion: labels[index],
          prediction: Logits.largest(logits[index * classes..<(index + 1) * classes]), attack: attack, x: 0, y: 0))
    }
  }

  private func compute(
    _ slices: [Int], _ labels: [Int], _ attack: Int?, _ control: RunControl
  ) throws -> (features: [Float], logits: [Float]) {
    run.images.fill(pixels.base, slices: slices)
    var images = pixels.base
    if let attack {
      images = adversarial.base
      try attacked[attack].fill(images, clean: pixels.base, slices: slices, labels: labels, control: control)
    }
    let plan = try run.network.plan(batch: slices.count, demand: .inference, options: PlanOptions(pin: node))
    plan.input.update(from: images, count: plan.inputCount)
    plan.forward(.evaluation)
    return (
      Array(UnsafeBufferPointer(start: plan.pinned, count: slices.count * dimensions)),
      Array(UnsafeBufferPointer(start: plan.logits, count: slices.count * plan.outputs))
    )
  }
}
