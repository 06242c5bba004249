import Core
import Pipeline

/// Which slices of a run's corpus are evaluated or attacked.
package enum EvaluationPart: String, Codable, Sendable, CaseIterable {
  /// The split's test part, which training never saw.
  case valid
  case train
  /// Both, whose accuracy is the paper's "average accuracy".
  case merged

  /// As an adjective: "validation".
  package var words: String {
    switch self {
    case .valid: "validation"
    case .train: "training"
    case .merged: "validation and training"
    }
  }
}

/// The slices of a part, or a stratified sample of them.
package struct SliceSelection: Sendable, Equatable {
  package let part: EvaluationPart
  /// How many there are without the limit.
  package let available: Int
  /// Ascending numbers of the corpus's slice table.
  package let slices: [Int]
  /// One a slice: whether it belongs to the validation part.
  package let isValid: [Bool]
  /// How many there were before those went that an adversarial set lacks; nil where no set was asked.
  package let beforeSets: Int?

  /// - Parameters:
  ///   - limit: at most so many, each class (and, when merged, each part) in proportion, chosen by the seed.
  /// - Throws: `LabError.outOfRange`.
  init(_ part: EvaluationPart, limit: Int?, seed: UInt64, plan: TrainingPlan) throws {
    if let limit, limit < 1 {
      throw LabError.outOfRange(what: "--limit", value: "\(limit)", range: "at least 1")
    }
    let valid = Set(part == .train ? [] : plan.valid)
    let all = (part == .valid ? [] : plan.train) + (part == .train ? [] : plan.valid)
    // A class within a part is a stratum of its own.
    var strata = [Int](repeating: 0, count: plan.labels.count)
    for slice in all { strata[slice] = 2 * plan.labels[slice] + (valid.contains(slice) ? 1 : 0) }
    let chosen = TrainingPlan.limited(all, to: limit, labels: strata, seed: seed).sorted()
    (self.part, available, slices) = (part, all.count, chosen)
    isValid = chosen.map { valid.contains($0) }
    beforeSets = nil
  }

  init(part: EvaluationPart, available: Int, slices: [Int], isValid: [Bool], beforeSets: Int) {
    (self.part, self.available, self.slices, self.isValid) = (part, available, slices, isValid)
    self.beforeSets = beforeSets
  }

  package var isSample: Bool { slices.count < available }

  /// "all 423 slices of the validation part", "a stratified sample of 100 of the 423 slices …", "the 100 of the 423
  /// slices … that the adversarial sets hold".
  package var sentence: String {
    let name =
      switch part {
      case .valid: "the validation part"
      case .train: "the training part"
      case .merged: "both parts (\(isValid.count { $0 }) of them validation)"
      }
    let asked = beforeSets ?? slices.count
    let sample = "a stratified sample of \(asked) of the \(available) slices of \(name)"
    // What the sets lack is missing for no reason of the sample's.
    if slices.count < asked {
      return asked < available
        ? "the \(slices.count) slices that the adversarial sets hold of \(sample)"
        : "the \(slices.count) of the \(available) slices of \(name) that the adversarial sets hold"
    }
    return isSample ? "\(sample); utterances vote by these alone" : "all \(slices.count) slices of \(name)"
  }
}
