import Core
import Foundation
import NN
import Pipeline

/// A trained network with what it needs to be asked: from a run's checkpoint, or from imported weights that are whole.
package struct Predictor: Sendable {
  package let name: String
  package let entry: NetworkEntry
  package let classes: Int
  /// Empty where nobody has told.
  package let emotions: [String]
  /// How sound becomes the network's image; nil for imported weights, which were trained on something else.
  private let sound: Sound?
  private let source: Source

  private struct Sound: Sendable {
    let transform: any SpectralTransform
    let slicer: Slicer
    let scaling: Scaling
  }

  private enum Source: Sendable {
    case checkpoint(URL)
    case weights(StoredWeights)
  }

  /// One slice's probabilities.
  package struct Slice: Encodable, Sendable {
    /// Seconds from the utterance's start.
    package let start: Double
    package let probabilities: [Double]
  }

  package struct Utterance: Encodable, Sendable {
    package let file: String
    package let emotions: [String]
    package let slices: [Slice]
    /// Of the slices' probabilities.
    package let mean: [Double]
    /// By the vote of the slices, as in evaluations.
    package let emotion: String
    /// How many slices voted for it.
    package let votes: Int

    /// - Parameters:
    ///   - starts: seconds, one a slice; at least one.
    ///   - logits: one row a slice.
    package init(file: String, emotions: [String], starts: [Double], logits: [[Float]]) {
      (self.file, self.emotions) = (file, emotions)
      let slices = zip(starts, logits).map { Slice(start: $0, probabilities: Logits.softmax($1)) }
      self.slices = slices
      mean = emotions.indices.map { c in slices.reduce(0) { $0 + $1.probabilities[c] } / Double(max(1, slices.count)) }
      let winner = Vote.winner(logits.map { $0[...] })
      (emotion, votes) = (emotions[winner], logits.count { Logits.largest($0) == winner })
    }
  }

  private static let batch = 32

  /// - Throws: `LabError`, `CoreError`, `PipelineError`.
  init(run: RunFolder, _ choice: CheckpointChoice) throws {
    let url = run.checkpoint(choice)
    guard FileManager.default.fileExists(atPath: url.path) else { throw LabError.runHasNoCheckpoint(run.id) }
    let record = try run.record()
    guard let scaling = CheckpointFacts(try SafeTensors(contentsOf: url).metadata).scaling else {
      throw LabError.runUnreadable(run.id, reason: "its checkpoint tells no levels")
    }
    (name, entry, emotions, source) = (run.id, try record.job.entry(), record.emotions, .checkpoint(url))
    classes = record.emotions.count
    sound = Sound(
      transform: try Transforms.named(record.job.transform),
      slicer: try Slicer(strideMilliseconds: record.job.strideMilliseconds), scaling: scaling)
  }

  /// - Throws: `LabError.weightsNotWhole`, `NNError`.
  init(weights: StoredWeights) throws {
    if let first = weights.origin.fresh.first { throw LabError.weightsNotWhole(weights.name, missing: first) }
    let origin = weights.origin
    entry = try Networks.named(origin.network).normalised(named: origin.normalisation)
    (name, emotions) = (weights.name, [])
    (classes, sound, source) = (weights.origin.classes, nil, .weights(weights))
  }

  @Engine package func network() throws -> Network {
    let network = try Network(entry, classes: classes)
    switch source {
    case .checkpoint(let url): try Checkpoint.load(url, into: network)
    case .weights(let weights): _ = try weights.load(into: network)
    }
    return network
  }

  /// Logits of images as they are.
  ///
  /// - Parameter images: tensor `name` of shape [n, 3, 224, 224], float32.
  /// - Returns: n rows of as many numbers as there are classes.
  /// - Throws: `CoreError`, `NNError`.
  @Engine package func logits(_ images: SafeTensors, tensor: String) throws -> [[Float]] {
    let entry = try images.entry(tensor), size = self.entry.input.count
    guard entry.type == .f32, Array(entry.shape.dropFirst()) == self.entry.input.dims else {
      throw CoreError.malformedTensors(
        path: images.path,
        reason: "tensor “\(tensor)” is \(entry.type.rawValue) of shape \(entry.shape), not F32 of [n, 3, 224, 224]")
    }
    let network = try network(), count = entry.shape[0]
    return try withExtendedLifetime(network) {
      try images.withBytes(tensor) { bytes in
        try (0..<count).batches(of: Self.batch).flatMap { slices in
          let plan = try network.plan(batch: slices.count, demand: .inference)
          let part = UnsafeRawBufferPointer(
            rebasing: bytes[(slices.lowerBound * size * 4)..<(slices.upperBound * size * 4)])
          UnsafeMutableRawBufferPointer(start: plan.input, count: part.count).copyMemory(from: part)
          return Self.rows(plan)
        }
      }
    }
  }

  /// Probabilities of every slice of every file.
  ///
  /// - Parameter skip: hears which file cannot be read, and why; the others are asked all the same.
  /// - Throws: `LabError.weightsHearNothing`, `CoreError`.
  @Engine package func utterances(
    _ files: [URL], _ tell: (Utterance) -> Void, skip: (PipelineError) -> Void
  ) throws {
    guard let sound else { throw LabError.weightsHearNothing(name) }
    let network = try network()
    try withExtendedLifetime(network) {
      for file in files {
        let images: UtteranceImages
        do {
          images = try UtteranceImages(
            contentsOf: file, slicer: sound.slicer, transform: sound.transform, scaling: sound.scaling)
        } catch let error as PipelineError {
          skip(error)
          continue
        }
        var logits: [[Float]] = []
        for batch in (0..<images.count).batches(of: Self.batch) {
          let plan = try network.plan(batch: batch.count, demand: .inference)
          images.fill(plan.input, slices: batch)
          logits += Self.rows(plan)
        }
        tell(Utterance(file: file.path, emotions: emotions, starts: images.starts, logits: logits))
      }
    }
  }

  /// Runs a filled plan.
  @Engine private static func rows(_ plan: Plan) -> [[Float]] {
    plan.forward(.evaluation)
    return (0..<plan.batch).map {
      Array(UnsafeBufferPointer(start: plan.logits + $0 * plan.outputs, count: plan.outputs))
    }
  }
}

extension Laboratory {
  /// - Parameter name: a run, the beginning of its name, or imported weights.
  /// - Throws: `LabError`, `CoreError`.
  package func predictor(_ name: String, checkpoint: CheckpointChoice = .last) throws -> Predictor {
    switch try trained(name) {
    case .run(let run): try Predictor(run: run, checkpoint)
    case .weights(let weights): try Predictor(weights: weights)
    }
  }

  /// Something that can be asked.
  enum Trained {
    case run(RunFolder)
    case weights(StoredWeights)
  }

  /// A run by its name, imported weights by theirs, or the only run whose name begins so.
  ///
  /// - Throws: `LabError`, `CoreError` for weights that are there and cannot be read.
  func trained(_ name: String) throws -> Trained {
    if store.ids().contains(name) { return .run(try store.open(name)) }
    if weights.has(name) { return .weights(try weights.named(name)) }
    do { return .run(try store.open(name)) } catch LabError.unknownRun {
      throw LabError.neitherRunNorWeights(name, known: store.ids() + weights.all().weights.map(\.name))
    }
  }
}
