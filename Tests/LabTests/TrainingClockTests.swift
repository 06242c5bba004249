import Lab
import Testing

@Suite struct TrainingClockTests {
  /// A training whose batches take what they take: seconds an image by phase.
  private struct Simulation {
    let train = 1000, valid = 200, epochs = 3, batch = 50
    let seconds: [(phase: String, perImage: Double)]
    let average = "average accuracy"

    /// What was told and what was true, at each batch.
    func run() -> [(epoch: Int, phase: String, told: Double?, truth: Double)] {
      let phases = (1...epochs).flatMap { epoch in
        seconds.map {
          (
            epoch: epoch, phase: $0.phase, perImage: $0.perImage,
            images: $0.phase == TrainingClock.training ? train : valid
          )
        }
      }
      let inference = seconds.first { $0.phase == TrainingClock.validation }?.perImage ?? 0
      let all = phases + [(epoch: epochs, phase: average, perImage: inference, images: train)]
      var left = all.reduce(0) { $0 + $1.perImage * Double($1.images) }
      var clock = TrainingClock()
      var lines: [(epoch: Int, phase: String, told: Double?, truth: Double)] = []
      for part in all {
        let isNew = clock.enter(part.phase)
        #expect(isNew)
        for done in stride(from: batch, through: part.images, by: batch) {
          left -= part.perImage * Double(batch)
          let told = clock.secondsLeft(
            part.phase, done: done, of: part.images, rate: 1 / part.perImage, epochsAfter: epochs - part.epoch,
            train: train, valid: valid, isDefended: seconds.count > 2)
          lines.append((part.epoch, part.phase, told, left))
        }
        clock.note(part.phase, seconds: part.perImage * Double(part.images))
      }
      return lines
    }
  }

  @Test(arguments: [
    [(TrainingClock.training, 0.1), (TrainingClock.validation, 0.02)],
    [(TrainingClock.training, 0.3), (TrainingClock.validation, 0.1), (TrainingClock.attackedValidation, 0.5)],
  ])
  func timeLeftCountsDownThroughAllPhases(seconds: [(String, Double)]) throws {
    let lines = Simulation(seconds: seconds.map { (phase: $0.0, perImage: $0.1) }).run()
    // Before every phase was seen once it is a guess, and within a factor of two.
    for line in lines where line.truth > 1 {
      let told = try #require(line.told)
      if line.epoch > 1 {
        #expect(abs(told - line.truth) < 1e-6 * line.truth, "\(line)")
      } else {
        #expect(told > line.truth / 2 && told < line.truth * 2, "\(line)")
      }
    }
    let later = lines.filter { $0.epoch > 1 }.compactMap(\.told)
    #expect(zip(later, later.dropFirst()).allSatisfy { $0 > $1 })
  }

  @Test func nothingIsToldBeforeAnythingWasMeasured() {
    var clock = TrainingClock()
    func left(_ phase: String, rate: Double) -> Double? {
      clock.secondsLeft(phase, done: 0, of: 10, rate: rate, epochsAfter: 1, train: 10, valid: 10, isDefended: false)
    }
    // A run that is resumed within a validation has trained nothing yet.
    #expect(left(TrainingClock.validation, rate: 5) == nil)
    #expect(left(TrainingClock.training, rate: 0) == nil)
    #expect(left(TrainingClock.training, rate: 5) != nil)
    #expect(left(TrainingClock.validation, rate: 0) != nil)
  }
}
