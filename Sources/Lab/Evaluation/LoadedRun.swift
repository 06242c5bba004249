import Core
import Foundation
import NN
import Pipeline

/// A run's network with its weights, and its corpus's images.
@Engine package final class LoadedRun {
  package nonisolated let subject: RunSubject
  package let network: Network
  package let images: ImageSet

  /// - Parameter cache: folder of index images.
  /// - Throws: `NNError`, `CoreError`, `PipelineError` (`.stopped` when `control` wishes so), and
  ///   `EvaluationError.otherData` when the images are scaled by other levels than those of the training.
  package init(
    _ subject: RunSubject, cache: URL, control: RunControl? = nil, report: @escaping @Sendable (RunProgress) -> Void
  ) throws {
    self.subject = subject
    let meter = SharedRateMeter()
    images = try ImageCache(folder: cache).images(for: try subject.plan.request(for: subject.job), control: control) {
      phase, done, total in
      guard let rate = meter.mark(done) else { return }
      report(RunProgress(phase: phase, epoch: 0, done: done, total: total, rate: max(0, rate), secondsLeft: nil))
    }
    let (network, scaling) = try subject.loadNetwork()
    self.network = network
    if let scaling, scaling != images.scaling {
      throw EvaluationError.otherData(run: subject.folder.id, reason: images.scaling.differs(from: scaling))
    }
  }

  package nonisolated func label(_ slice: Int) -> Int { subject.plan.labels[slice] }
  package nonisolated func utterance(_ slice: Int) -> Int { subject.plan.table.locate(slice).utterance }

  /// What the network says about the selection's slices as they are.
  ///
  /// - Throws: `PipelineError.stopped`, `NNError`, `CoreError.outOfMemory`.
  package func predict(
    _ selection: SliceSelection, batch: Int = 32, control: RunControl? = nil,
    report: @escaping @Sendable (RunProgress) -> Void
  ) throws -> Predictions {
    var meter = WorkMeter(phase: "clean images", total: selection.slices.count, report: report)
    let classes = network.classes
    var logits: [Float] = []
    logits.reserveCapacity(selection.slices.count * classes)
    for range in selection.slices.indices.batches(of: batch) {
      try control?.obey()
      let slices = Array(selection.slices[range])
      let plan = try network.plan(batch: slices.count, demand: .inference)
      images.fill(plan.input, slices: slices)
      plan.forward(.evaluation)
      logits += UnsafeBufferPointer(start: plan.logits, count: slices.count * classes)
      meter.tell(range.upperBound)
    }
    return Predictions(
      slices: selection.slices, utterances: selection.slices.map(utterance), labels: selection.slices.map(label),
      isValid: selection.isValid, classes: classes, logits: logits)
  }

  /// The same from `results/`, where these very weights have been asked before; made and kept otherwise.
  package func cleanPredictions(
    _ selection: SliceSelection, control: RunControl? = nil, report: @escaping @Sendable (RunProgress) -> Void
  ) throws -> Predictions {
    let sample = selection.isSample ? "-\(ContentHash(selection.slices.map(String.init).joined(separator: " ")))" : ""
    let url = subject.results.appendingPathComponent("predictions")
      .appendingPathComponent("\(subject.checkpoint.rawValue)-\(selection.part.rawValue)\(sample).safetensors")
    if let file = try? SafeTensors(contentsOf: url), file.metadata["weights"] == subject.weights,
      file.metadata["images"] == images.key,
      let kept = try? Predictions(file), kept.slices == selection.slices, kept.classes == network.classes
    {
      return kept
    }
    let predictions = try predict(selection, control: control, report: report)
    try RunStore.makeFolder(url.deletingLastPathComponent())
    try predictions.write(
      to: url,
      metadata: [
        "weights": subject.weights, "images": images.key, "checkpoint": subject.checkpoint.rawValue,
        "part": selection.part.rawValue,
        "emotions": try JSON.line(subject.emotions),
      ])
    return predictions
  }
}

extension RunSubject {
  /// The run's network with its weights, and the levels that its images were scaled by, where its checkpoint tells.
  ///
  /// - Throws: `NNError`, `CoreError`.
  @Engine func loadNetwork() throws -> (network: Network, scaling: Scaling?) {
    guard let weightsFile else { preconditionFailure("the checkpoint of \(folder.id) was let go before it was read") }
    let network = try Network(try job.entry(), classes: emotions.count)
    return (network, CheckpointFacts(try Checkpoint.load(weightsFile, into: network)).scaling)
  }
}

/// Tells of long work: how much is done, how fast, and when it ends; at most a few times a second.
struct WorkMeter {
  private let phase: String
  private let total: Int
  private let report: @Sendable (RunProgress) -> Void
  private var meter = RateMeter()

  init(phase: String, total: Int, report: @escaping @Sendable (RunProgress) -> Void) {
    (self.phase, self.total, self.report) = (phase, total, report)
    meter.mark(0)
  }

  mutating func tell(_ done: Int) {
    meter.mark(done)
    guard meter.isDue() else { return }
    let rate = meter.rate
    report(
      RunProgress(
        phase: phase, epoch: 0, done: done, total: total, rate: rate,
        secondsLeft: rate > 0 ? Double(total - done) / rate : nil))
  }
}

extension RunControl {
  /// Waits while paused.
  ///
  /// - Throws: `PipelineError.stopped` when asked to stop.
  func obey() throws {
    var wish = wish
    while wish == .pause {
      Thread.sleep(forTimeInterval: 0.2)
      wish = self.wish
    }
    if wish == .stopNow || wish == .stopAfterEpoch { throw PipelineError.stopped }
  }
}
