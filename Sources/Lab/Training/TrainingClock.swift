/// What the phases of an epoch take, and what is left of a training by that.
package struct TrainingClock: Sendable {
  package static let training = "training", validation = "validation", attackedValidation = "attacked validation"

  private var phase: String?
  /// Training images a second, as last measured.
  private var trainRate: Double?
  /// Of whole phases, the last time.
  private var seconds: [String: Double] = [:]

  package init() {}

  /// - Returns: whether another phase was under way.
  package mutating func enter(_ phase: String) -> Bool {
    defer { self.phase = phase }
    return self.phase != phase
  }

  /// - Parameter seconds: of a whole phase, pauses left out.
  package mutating func note(_ phase: String, seconds: Double) { self.seconds[phase] = seconds }

  /// Seconds to the end of the last epoch; nil while nothing was measured that they could be told by.
  ///
  /// - Parameters:
  ///   - phase: the one under way, of which `done` of `total` images are done.
  ///   - rate: its images a second; 0 while it is not known.
  ///   - epochsAfter: whole epochs after the one under way.
  ///   - train: images of an epoch, `valid` those of a validation.
  package mutating func secondsLeft(
    _ phase: String, done: Int, of total: Int, rate: Double, epochsAfter: Int, train: Int, valid: Int, isDefended: Bool
  ) -> Double? {
    if phase == Self.training, rate > 0 { trainRate = rate }
    let phases = [Self.training, Self.validation] + (isDefended ? [Self.attackedValidation] : [])
    let current = phases.firstIndex(of: phase) ?? phases.count
    // What follows the last epoch is told by its own rate.
    guard current < phases.count else { return rate > 0 ? Double(total - done) / rate : nil }
    guard let trainRate else { return nil }
    let share = Double(done) / Double(max(1, total))
    // At the end both parts are measured, the training part once more.
    let average = length(Self.validation, trainRate, train: train, valid: valid) * Double(train) / Double(max(1, valid))
    return phases.enumerated().reduce(average) { sum, entry in
      let (index, name) = entry
      let inThisEpoch = index > current ? 1 : index == current ? 1 - share : 0
      return sum + (Double(epochsAfter) + inThisEpoch) * length(name, trainRate, train: train, valid: valid)
    }
  }

  /// Seconds of a whole phase. Before the first one inference is taken for three times as fast as training, and an attack for as slow.
  private func length(_ phase: String, _ trainRate: Double, train: Int, valid: Int) -> Double {
    switch phase {
    case Self.training: Double(train) / trainRate
    case Self.validation: seconds[phase] ?? Double(valid) / (3 * trainRate)
    default: seconds[phase] ?? Double(valid) / trainRate
    }
  }
}
