import Core
import Foundation
import NN
import Pipeline
import Synchronization

/// What a job will cost, from its number of slices and a few timed steps of its network on this machine.
final class Estimator: Sendable {
  /// A few steps of training on random images.
  private struct Trial: Codable {
    var imagesPerSecond: Double
    var batch: Int
    var planBytes: Int
    var parameters: Int
  }

  /// A trial's batch: small, so that the largest network answers within seconds.
  private static let trialBatch = 8
  /// Inference costs about a third of a training step.
  private static let validationShare = 1.0 / 3

  private let folder: URL
  private let known = Mutex<[String: Trial]>([:])

  init(folder: URL) { self.folder = folder.appendingPathComponent("estimates") }

  /// - Parameter mayTry: false while the engine's thread is busy: then only what is known already counts.
  func estimate(_ job: Job, corpus: CorpusInfo?, mayTry: Bool) async -> Estimate {
    guard let (slices, train, valid) = Self.parts(job, corpus) else {
      return Estimate(basis: "nothing is known of this corpus yet")
    }
    guard let trial = await trial(job, mayTry: mayTry) else {
      return Estimate(basis: mayTry ? "this network could not be tried" : "not tried yet: a run is being trained")
    }
    let cost = job.defend?.cost ?? 1
    let epoch = (Double(train) * cost + Double(valid) * Self.validationShare) / trial.imagesPerSecond
    // Weights, gradients and Adam's two moments.
    let weights = 4 * 4 * trial.parameters
    let plans = Int(Double(trial.planBytes / trial.batch * job.batch) * (1 + (job.defend?.ratio ?? 0)))
    return Estimate(
      secondsAnEpoch: epoch, seconds: epoch * Double(job.epochs), bytes: weights + plans + slices * Geometry.pixels,
      basis: "from \(trial.batch) images a step on this machine; making the images comes on top, once")
  }

  /// Slices of the corpus and of the two parts, as far as lengths tell: those that a CSV names, or the share of a split
  /// that is drawn.
  private static func parts(_ job: Job, _ corpus: CorpusInfo?) -> (slices: Int, train: Int, valid: Int)? {
    guard let corpus, let slicer = try? Slicer(strideMilliseconds: job.strideMilliseconds) else { return nil }
    let counts = corpus.utterances.map { slicer.count(seconds: $0.duration) }
    let slices = counts.reduce(0, +), limit = job.limit ?? .max
    var valid = Int(Double(slices) * Split.testShare)
    if case .file(let url) = SplitKind(job.split),
      let parts = try? Split.parts(from: url, files: corpus.utterances.map(\.file))
    {
      valid = zip(parts, counts).reduce(0) { $0 + ($1.0 == .test ? $1.1 : 0) }
    }
    return (slices, min(limit, slices - valid), min(limit, valid))
  }

  /// An attack on a run: gradients cost what a training step costs, queries what an inference costs.
  func estimate(_ wish: AttackWish, of job: Job, corpus: CorpusInfo?, mayTry: Bool) async -> Estimate {
    guard let (_, train, valid) = Self.parts(job, corpus), let choice = try? wish.choice(),
      let entry = try? job.entry()
    else {
      return Estimate(basis: "nothing is known of this corpus yet")
    }
    guard let trial = await trial(job, mayTry: mayTry) else {
      return Estimate(basis: mayTry ? "this network could not be tried" : "not tried yet: the engine is busy")
    }
    let images = min(wish.limit ?? .max, (wish.part == .valid ? 0 : train) + (wish.part == .train ? 0 : valid))
    let cost = choice.attack.cost(choice.settings.read(by: entry))
    // Two evaluations come on top: of the clean images and of the adversarial ones.
    let steps = Double(cost.gradientEvaluations) + Double(cost.queries + 2) * Self.validationShare
    let kept = wish.keepsImages ? ", \(SizeText.bytes(images * 3 * Geometry.pixels * 4)) of images on the disk" : ""
    return Estimate(
      seconds: Double(images) * steps / trial.imagesPerSecond,
      bytes: 4 * trial.parameters + trial.planBytes / trial.batch * wish.batch + 8 * wish.batch * 12 * Geometry.pixels,
      basis: "at most, for \(images) slices, from \(trial.batch) images a step on this machine\(kept)")
  }

  private func trial(_ job: Job, mayTry: Bool) async -> Trial? {
    let batch = min(job.batch, Self.trialBatch)
    let key = "\(ContentHash("\(Machine.current)|\(job.model)|\(batch)"))"
    let file = folder.appendingPathComponent("\(key).json")
    if let trial = known.withLock({ $0[key] }) { return trial }
    var trial = try? JSON.decoder().decode(Trial.self, from: Data(contentsOf: file))
    if trial == nil, mayTry, let entry = try? Networks.named(job.model),
      let result = try? await Engine.run({
        let benchmark = try EngineBenchmark(entry, .train, batch: batch)
        return (rate: benchmark.rate(seconds: 0, least: 3), bytes: benchmark.planBytes)
      })
    {
      trial = Trial(
        imagesPerSecond: result.rate, batch: batch, planBytes: result.bytes, parameters: entry.parameterCount())
      try? RunStore.makeFolder(folder)
      // Without it the next session tries again.
      try? AtomicFile.write(file, (try? JSON.encoder().encode(trial)) ?? Data())
    }
    if let trial { known.withLock { $0[key] = trial } }
    return trial
  }
}
