import Foundation
import NN

extension TrainerOptions {
  static let schedules = ["constant", "cosine", "linear"]

  /// Refuses what cannot be done, before anything is written.
  ///
  /// - Throws: `LabError`, `NNError`.
  package func check(_ job: Job) throws {
    if let schedule, !Self.schedules.contains(schedule) {
      throw LabError.unknownChoice(what: "schedule", value: schedule, choices: Self.schedules)
    }
    if let warmup {
      try number("--warmup", warmup, "a number of epochs from 0 to \(job.epochs)", 0...Double(job.epochs))
    }
    if let clip, !(clip.isFinite && clip > 0) {
      throw LabError.outOfRange(what: "--clip", value: "\(clip)", range: "a positive number")
    }
    if let earlyStop { try number("--early-stop", Double(earlyStop), "1 to 100000", 1...100_000) }
    if let accumulate { try number("--accumulate", Double(accumulate), "1 to 4096", 1...4096) }
    if let classWeights, classWeights != "balanced" { _ = try Self.listed(classWeights) }
    if let freeze { _ = try Freezing.names(freeze, of: job.entry()) }
  }

  private func number(_ what: String, _ value: Double, _ range: String, _ allowed: ClosedRange<Double>) throws {
    guard allowed.contains(value) else {
      throw LabError.outOfRange(what: what, value: String(format: "%g", value), range: range)
    }
  }

  /// "1,2.5,1" as numbers.
  private static func listed(_ text: String) throws -> [Double] {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Double($0.trimmingCharacters(in: .whitespaces)) }
    guard numbers.count == parts.count, numbers.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw LabError.outOfRange(
        what: "--class-weights", value: text, range: "“balanced”, or positive numbers separated by commas")
    }
    return numbers
  }

  /// Weights of the classes in the loss; nil for none.
  ///
  /// - Parameter labels: of the training slices; balanced weights are n / (classes · n of the class), as scikit-learn's.
  /// - Throws: `LabError.outOfRange` when there are not as many as classes.
  func lossWeights(_ labels: [Int], classes: Int) throws -> [Double]? {
    guard let classWeights else { return nil }
    guard classWeights == "balanced" else {
      let numbers = try Self.listed(classWeights)
      guard numbers.count == classes else {
        throw LabError.outOfRange(
          what: "--class-weights", value: classWeights, range: "\(classes) numbers, one an emotion of the corpus")
      }
      return numbers
    }
    var counts = [Int](repeating: 0, count: classes)
    for label in labels { counts[label] += 1 }
    // A class without a training slice is never learnt; 1 keeps its validation loss finite.
    return counts.map { $0 == 0 ? 1 : Double(labels.count) / Double(classes * $0) }
  }

  /// The learning rate of an optimiser step.
  ///
  /// A linear rise over the first w steps, base·(t + 1)/w; then the schedule over the T − w that are left: constant, half a
  /// cosine (Loshchilov and Hutter 2017, without restarts) or a straight line, both to 0 at T.
  ///
  /// - Parameters:
  ///   - step: t, from 0.
  ///   - stepsPerEpoch: steps of one epoch; T is `epochs` times that.
  func learningRate(_ base: Double, step: Int, stepsPerEpoch: Int, epochs: Int) -> Double {
    let rise = ((warmup ?? 0) * Double(stepsPerEpoch)).rounded(), t = Double(step)
    if t < rise { return base * (t + 1) / rise }
    let share = min(1, (t - rise) / max(1, Double(stepsPerEpoch * epochs) - rise))
    switch schedule {
    case "cosine": return base * 0.5 * (1 + cos(.pi * share))
    case "linear": return base * (1 - share)
    default: return base
    }
  }
}
