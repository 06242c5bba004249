import Foundation
import NN
import Pipeline

extension Job {
  static let augmentations = ["specaugment", "none"]
  static let normalisations = ["corpus", "train"]

  /// Refuses what cannot be trained, before anything is written.
  ///
  /// - Throws: `LabError`, `NNError.unknownNetwork`, `PipelineError.unknown`.
  func check() throws {
    _ = try entry()
    try options?.check(self)
    _ = try Transforms.named(transform)
    try choice("augmentation", augment, Self.augmentations)
    try choice("normalisation", normalise, Self.normalisations)
    try range("--epochs", epochs, 1...100_000)
    try range("--batch", batch, 1...4096)
    try range("--stride", strideMilliseconds, 1...60_000)
    if let limit { try range("--limit", limit, 1...100_000_000) }
    if case .file(let url) = SplitKind(split), !FileManager.default.fileExists(atPath: url.path) {
      throw LabError.noSuchSplit(split)
    }
    guard learningRate.isFinite, learningRate >= 0 else {
      throw LabError.outOfRange(what: "--lr", value: "\(learningRate)", range: "a number of at least 0")
    }
    try defend?.check()
    guard weightDecay.isFinite, weightDecay >= 0 else {
      throw LabError.outOfRange(what: "--weight-decay", value: "\(weightDecay)", range: "a number of at least 0")
    }
  }

  private func choice(_ what: String, _ value: String, _ choices: [String]) throws {
    guard choices.contains(value) else { throw LabError.unknownChoice(what: what, value: value, choices: choices) }
  }

  private func range(_ what: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
      throw LabError.outOfRange(
        what: what, value: "\(value)", range: "\(range.lowerBound) to \(range.upperBound)")
    }
  }
}
