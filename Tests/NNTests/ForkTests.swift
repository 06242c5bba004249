import Core
import NN
import Testing

@Suite(.serialized) struct ForkTests {
  private static func masks(_ step: Int) -> Mode {
    Mode(batchStatistics: false, dropout: DropoutKey(seed: 3, step: step, samples: [7, 8]))
  }

  /// Three masks: the layers before them once, against a whole pass for each, in memory that is poisoned wherever it is free.
  @Test(arguments: Networks.all.map(\.name))
  func gradientsOfSeveralMasksAddUp(name: String) async throws {
    try await Engine.run {
      let network = try Network.random(try Networks.named(name))
      let options = PlanOptions(poisons: true, forks: true)
      let forked = try network.plan(batch: 2, demand: .inputGradient, options: options)
      // The transformers drop whole branches from their first block on, or nothing.
      #expect(forked.canForwardAgain == ["cnn-lstm", "alexnet", "vgg16"].contains(name))
      guard forked.canForwardAgain else {
        return #expect(
          forked === (try network.plan(batch: 2, demand: .inputGradient, options: PlanOptions(poisons: true))))
      }
      var logits: [[Float]] = []
      forked.fillInput()
      for step in 0..<3 {
        if step == 0 { forked.forward(Self.masks(step)) } else { forked.forwardAgain(Self.masks(step)) }
        logits.append(forked.logitValues)
        _ = forked.loss(labels: forked.labels)
        forked.backwardToFork()
      }
      forked.backwardFromFork()
      let sum = forked.inputGradientValues

      let plain = try network.plan(batch: 2, demand: .inputGradient)
      plain.fillInput()
      var expected = Array(repeating: Float(0), count: sum.count)
      for step in 0..<3 {
        plain.forward(Self.masks(step))
        #expect(logits[step] == plain.logitValues, "mask \(step)")
        _ = plain.loss(labels: plain.labels)
        plain.backward()
        for (i, value) in plain.inputGradientValues.enumerated() { expected[i] += value }
      }
      #expect(Set(logits).count == 3)
      #expect(relativeError(sum, expected) < 1e-4)
    }
  }

  /// The usual two passes are the same on a plan with a fork.
  @Test func wholePassesIgnoreTheFork() async throws {
    try await Engine.run {
      let network = try Network.random(try Networks.named("cnn-lstm"))
      var found: [[Float]] = []
      for forks in [false, true] {
        let plan = try network.plan(batch: 2, demand: .inputGradient, options: PlanOptions(forks: forks))
        plan.fillInput()
        plan.forward(Self.masks(5))
        _ = plan.loss(labels: plan.labels)
        plan.backward()
        found.append(plan.inputGradientValues)
      }
      // Outside of the expectation, which would list the differences of long arrays for hours.
      let isSame = found[0] == found[1]
      #expect(isSame)
    }
  }
}
