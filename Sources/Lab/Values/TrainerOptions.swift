/// Where a run's weights start.
package struct StartingWeights: Codable, Sendable, Equatable {
  /// The name of imported weights; `automatic` or `none`.
  package var name: String
  /// SHA-256 of their file, once the run has begun: a run goes on, or is repeated, from the same weights only.
  package var sha256: String?

  package init(_ name: String, sha256: String? = nil) { (self.name, self.sha256) = (name, sha256) }

  /// The weights imported last for the network; where there are none, random ones.
  package static let automatic = StartingWeights("auto")
  package static let none = StartingWeights("none")
}

/// What people expect of a trainer beside the paper's recipe; everything is off by default.
package struct TrainerOptions: Codable, Sendable, Equatable {
  /// Name patterns of parameters that stay as they are ("features.*").
  package var freeze: [String]?
  /// "constant", "cosine" or "linear".
  package var schedule: String?
  /// Epochs over which the learning rate rises from 0; a fraction is allowed.
  package var warmup: Double?
  /// Largest norm of a step's gradients.
  package var clip: Double?
  /// Epochs without a better validation accuracy after which the run ends.
  package var earlyStop: Int?
  /// "balanced", or one positive number a class in the corpus's order, separated by commas.
  package var classWeights: String?
  /// Batches whose gradients make one step.
  package var accumulate: Int?
  /// "imagenet": a fixed first layer takes away ImageNet's mean and divides by its deviation.
  package var normalisation: String?
  /// "bf16": trained with factors rounded to bfloat16.
  package var precision: String?

  package init() {}

  /// Options that are set, as they are given on the command line.
  package var words: [String] {
    [
      freeze.map { "freeze \($0.joined(separator: ", "))" }, schedule.map { "schedule \($0)" },
      warmup.map { "warm-up of \($0) epochs" }, clip.map { "gradients clipped at \($0)" },
      earlyStop.map { "stops after \($0) epochs without a better validation accuracy" },
      classWeights.map { "class weights \($0)" }, accumulate.map { "\($0) batches a step" },
      normalisation.map { "images normalised by \($0)" },
      precision.map { "computed in \($0), validated in float32" },
    ].compactMap(\.self)
  }
}
