import Core
import Foundation
import NN
import Weights

/// Takes the weights of a run, or imported ones, out to a file that `safetensors.torch.load_file` reads: our names are the
/// reference implementations', so that `load_state_dict` takes them.
extension Laboratory {
  package struct Export: Sendable {
    package let network: String
    package let tensors: Int
    package let url: URL
  }

  /// - Throws: `LabError`, `CoreError`, `WeightError`.
  package func export(_ name: String, checkpoint: CheckpointChoice = .last, to url: URL) throws -> Export {
    let source: URL
    var metadata = ["format": "pt"], earlier: [TrainedOn] = []
    switch try trained(name) {
    case .run(let run):
      source = run.checkpoint(checkpoint)
      guard FileManager.default.fileExists(atPath: source.path) else { throw LabError.runHasNoCheckpoint(run.id) }
      metadata["quaver.run"] = run.id
      let start = try run.record().job.weights.flatMap { try? weights.named($0.name) }
      earlier = start?.origin.trainedOn ?? []
    case .weights(let weights):
      (source, earlier) = (weights.url, weights.origin.trainedOn ?? [])
      (metadata["network"], metadata["classes"]) = (weights.origin.network, "\(weights.origin.classes)")
      metadata[CheckpointFacts.emotionsKey] = try weights.origin.emotions.map { try JSON.line($0) }
    }
    let file = try WeightFile(contentsOf: source)
    let trainedOn = CheckpointFacts(file.metadata).trainedOn + earlier
    metadata[CheckpointFacts.trainedOnKey] = trainedOn.isEmpty ? nil : try JSON.line(trainedOn)
    let keys = [
      "network", "classes", "normalisation", CheckpointFacts.emotionsKey, "quaver.scaling", StoredWeights.originKey,
    ]
    for key in keys {
      metadata[key] = file.metadata[key] ?? metadata[key]
    }
    let isWeight: (String) -> Bool = { !$0.hasPrefix("adam.") }
    try file.export(to: url, metadata: metadata, where: isWeight)
    return Export(
      network: metadata["network"] ?? "", tensors: file.tensors.keys.count(where: isWeight), url: url)
  }
}
