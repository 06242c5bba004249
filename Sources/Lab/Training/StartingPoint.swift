import Core
import Foundation
import NN

extension Job {
  /// The job's network with its fixed first layer, if it has one, in float32.
  ///
  /// - Throws: `NNError.unknownNetwork`, `LabError.unknownChoice`.
  package func entry() throws -> NetworkEntry {
    try Networks.named(model).normalised(named: options?.normalisation)
  }
}

extension NetworkEntry {
  /// - Parameter name: of the statistics of its fixed first layer; nil for none.
  /// - Throws: `LabError.unknownChoice`.
  func normalised(named name: String?) throws -> NetworkEntry {
    guard let name else { return self }
    guard name == ImageStatistics.imageNet.name else {
      throw LabError.unknownChoice(what: "normalisation", value: name, choices: [ImageStatistics.imageNet.name])
    }
    return normalised(by: .imageNet)
  }
}

extension Job {
  /// What its training computes in; everything else that is done with the run computes in float32.
  ///
  /// - Throws: `LabError.unknownChoice`.
  func precision() throws -> Precision {
    guard let name = options?.precision else { return .float32 }
    guard let precision = Precision(rawValue: name) else {
      throw LabError.unknownChoice(what: "--precision", value: name, choices: Precision.allCases.map(\.rawValue))
    }
    return precision
  }
}

/// What a run's weights are before its first step.
struct StartingPoint: Sendable {
  /// nil: random ones.
  let weights: StoredWeights?
  /// What the run says about them.
  let note: String

  /// What a new job starts from.
  ///
  /// - Parameters: hash of the job's parts, and its corpus's emotions; nil where its note is not asked for.
  /// - Throws: `LabError.unknownWeights`, `.weightsOfAnother`, `.weightsReplaced`.
  init(_ job: Job, _ store: WeightStore, parts: String? = nil, emotions: [String]? = nil) throws {
    switch job.weights ?? .none {
    case .none: (weights, note) = (nil, "trained from scratch, from random weights")
    case .automatic:
      weights = store.latest(for: job.model)
      note =
        weights.map { Self.note($0, job, parts, emotions) }
        ?? "trained from scratch: no weights are imported for \(job.model)"
    case let named:
      let found = try store.named(named.name)
      guard found.origin.network == job.model else {
        throw LabError.weightsOfAnother(named.name, network: found.origin.network, wanted: job.model)
      }
      if let recorded = named.sha256, try found.identity() != recorded { throw LabError.weightsReplaced(named.name) }
      (weights, note) = (found, Self.note(found, job, parts, emotions))
    }
  }

  private static func note(_ weights: StoredWeights, _ job: Job, _ parts: String?, _ emotions: [String]?) -> String {
    let origin = weights.origin
    let file = origin.source.split(separator: "/").last.map(String.init) ?? origin.source
    return
      "fine-tuned from weights “\(weights.name)” (\(file), SHA-256 \(origin.sha256.prefix(12))…, \(origin.names) names)"
      + images(origin, job.options?.normalisation) + others(weights, emotions)
      + leak(origin.trainedOn ?? [], job, parts)
  }

  /// What of them is not taken, since it knows other emotions.
  private static func others(_ weights: StoredWeights, _ emotions: [String]?) -> String {
    guard weights.hasOtherEmotions(than: emotions) else { return "" }
    return
      "; their last layer, of \((weights.origin.emotions ?? []).joined(separator: ", ")), is not taken: it starts from "
      + "random values"
  }

  /// What they have seen of the slices that will validate.
  private static func leak(_ trainings: [TrainedOn], _ job: Job, _ parts: String?) -> String {
    let corpus = TrainedOn(job).corpus
    guard let earlier = trainings.first(where: { $0.corpus == corpus && !$0.hasParts(of: job, parts) }) else {
      return ""
    }
    return
      "; they were trained on this corpus under another split (\(earlier.split), seed \(earlier.seed)): what validates "
      + "here may be among what they saw"
  }

  /// What speaks against the images that the weights meet here.
  private static func images(_ origin: StoredWeights.Origin, _ normalisation: String?) -> String {
    if let wanted = origin.normalisation, wanted != normalisation {
      return "; they were trained on images normalised by \(wanted), which these are not (--imagenet-norm)"
    }
    // Their own last layer is not there: the published network of 1000 classes.
    guard normalisation == nil, !origin.fresh.isEmpty else { return "" }
    return "; images stay in [0, 1], where networks of ImageNet mostly saw normalised ones (--imagenet-norm)"
  }

  /// As the job records it.
  ///
  /// - Throws: `CoreError.cannotRead`.
  func recorded() throws -> StartingWeights {
    guard let weights else { return .none }
    return StartingWeights(weights.name, sha256: try weights.identity())
  }

  /// Insists that a run without a checkpoint starts from the weights that it began with.
  ///
  /// - Throws: `LabError.weightsChanged`.
  static func check(_ job: Job, _ store: WeightStore, run: String) throws {
    guard let recorded = job.weights, recorded != .none, recorded != .automatic else { return }
    guard let weights = try? store.named(recorded.name), try weights.identity() == recorded.sha256 else {
      throw LabError.weightsChanged(recorded.name, run: run)
    }
  }

  /// Random values from the job's seed, and the job's weights over them.
  ///
  /// - Returns: what to say about layers that the weights leave at their random values.
  /// - Throws: `LabError`, `CoreError`.
  @Engine static func fill(
    _ network: Network, _ job: Job, emotions: [String], _ store: WeightStore, run: String
  ) throws -> String? {
    network.initialise(seed: job.seed)
    guard let recorded = job.weights, recorded != .none, recorded != .automatic else { return nil }
    try check(job, store, run: run)
    let kept = try store.named(recorded.name).load(into: network, emotions: emotions)
    guard !kept.isEmpty else { return nil }
    let more = kept.count > 4 ? " and \(kept.count - 4) more" : ""
    return "starting from random values: \(kept.prefix(4).joined(separator: ", "))\(more)"
  }
}
