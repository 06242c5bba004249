import Core
import Foundation
import NN
import Testing

/// What a trainer does beside the paper's recipe.
@Suite struct TrainerTests {
  /// Convolution, batch norm, ELU and max-pool (one fused step), two linear layers.
  private static let small = NetworkEntry(name: "small", title: "Small", input: [3, 12, 12]) { net, classes in
    var x = net("conv", Convolution(16, kernel: 3), net.input)
    x = net("norm", BatchNorm(), x)
    x = net("elu", ELU(), x)
    x = net("pool", MaxPool(kernel: 2), x)
    x = net("flatten", Flatten(), x)
    x = net("fc1", Linear(10), x)
    return net("fc2", Linear(classes), x)
  }

  @Engine private static func take(
    _ network: Network, _ optimiser: Adam, steps: Int = 3, options: PlanOptions = PlanOptions()
  ) throws {
    let plan = try network.plan(batch: 4, demand: .parameterGradients, options: options)
    for step in 0..<steps {
      plan.fillInput(seed: UInt64(step))
      plan.forward(.training(seed: 1, step: step))
      _ = plan.loss(labels: plan.labels)
      plan.backward()
      optimiser.step(learningRate: 1e-2, weightDecay: 1e-2)
    }
  }

  @Engine private static func snapshot(_ network: Network) -> [String: [UInt32]] {
    Dictionary(
      uniqueKeysWithValues: network.parameters.map { ($0.name, values($0.values, $0.count).map(\.bitPattern)) })
  }

  @Test(arguments: [["conv.*", "norm.*"], ["fc1.*"], ["*.bias"], ["fc?.weight", "norm.*"]])
  func frozenParametersStay(_ patterns: [String]) async throws {
    try await Engine.run {
      let network = try Network.random(Self.small)
      try network.freeze(patterns)
      let frozen = try Freezing.names(patterns, of: Self.small)
      let before = Self.snapshot(network)
      try Self.take(network, try Adam(network), options: PlanOptions(poisons: true))
      let after = Self.snapshot(network)
      for parameter in network.parameters {
        let name = parameter.name,
          isFrozenNorm = name.hasPrefix("norm.") && frozen.contains("norm.weight") && frozen.contains("norm.bias")
        let stays = frozen.contains(name) || (parameter.role != .trainable && isFrozenNorm)
        #expect((before[name] == after[name]) == stays, "\(patterns): \(name)")
      }
    }
  }

  /// As CvT's projections: a convolution and its norm are one node.
  private static let projected = NetworkEntry(name: "projected", title: "Projected", input: [17, 19]) { net, classes in
    let x = net("projection", DepthwiseNorm(leading: 1), net.input)
    return net("fc", Linear(classes), net("flatten", Flatten(), x))
  }

  /// Frozen whole, the norm goes by its running statistics while the convolution learns, by the gradients that `GradientTests`
  /// holds against differences; frozen by half, it goes on with the batch's.
  @Test func aNormThatIsFrozenWithinItsNodeKeepsItsStatistics() async throws {
    try await Engine.run {
      let whole = try Network.random(Self.projected), part = try Network.random(Self.projected)
      for network in [whole, part] {
        for (name, low) in [("mean", -0.5), ("var", 0.5)] as [(String, Float)] {
          let statistic = try #require(network.parameter("projection.normalization.running_\(name)"))
          for c in 0..<statistic.count { statistic.values[c] = low + Float(c) / 19 }
        }
        network.parametersChanged()
      }
      try part.freeze(["*.normalization.*"])
      @Engine func pass(_ network: Network, _ mode: Mode) throws -> Pass {
        let plan = try network.plan(batch: 3, demand: .both, options: PlanOptions(poisons: true))
        plan.fillInput()
        return Pass(network, plan, mode)
      }
      let still = try pass(whole, .evaluation), frozen = try pass(part, .training(seed: 1, step: 0))
      #expect(still == frozen)
      let before = Self.snapshot(part)
      try Self.take(part, try Adam(part), options: PlanOptions(poisons: true))
      let after = Self.snapshot(part)
      for name in part.parameters.map(\.name) {
        #expect((before[name] == after[name]) == name.contains(".normalization."), "\(name)")
      }
      try part.freeze(["*.normalization.bias"])
      try Self.take(part, try Adam(part), steps: 1)
      let mean = "projection.normalization.running_mean"
      #expect(Self.snapshot(part)[mean] != after[mean])
    }
  }

  /// The others' gradients are those of a network that trains everything.
  @Test func freezingChangesNoOtherGradient() async throws {
    try await Engine.run {
      let whole = try Network.random(Self.small), part = try Network.random(Self.small)
      try part.freeze(["conv.*", "fc1.*"])
      let mode = Mode.evaluation
      @Engine func pass(_ network: Network) throws -> Pass {
        let plan = try network.plan(batch: 3, demand: .both, options: PlanOptions(poisons: true))
        plan.fillInput()
        return Pass(network, plan, mode)
      }
      let (a, b) = (try pass(whole), try pass(part))
      #expect(a.loss == b.loss && a.inputGradient == b.inputGradient)
      for name in ["norm.weight", "norm.bias", "fc2.weight", "fc2.bias"] {
        #expect(a.gradients[name] == b.gradients[name])
      }
      let frozen = try #require(part.parameter("conv.weight")), gradient = try #require(frozen.gradient)
      #expect(values(gradient, frozen.count).allSatisfy { $0 == 0 })
    }
  }

  /// Below the lowest trained layer nothing is kept and nothing runs backward.
  @Test func backwardStopsBelowTheLowestTrainedLayer() async throws {
    try await Engine.run {
      let whole = try Network.random(Self.small), part = try Network.random(Self.small)
      try part.freeze(["conv.*", "norm.*"])
      for network in [whole, part] {
        let plan = try network.plan(batch: 8, demand: .parameterGradients)
        plan.resetProfile()
        plan.fillInput()
        plan.forward(.training(seed: 1, step: 0))
        _ = plan.loss(labels: plan.labels)
        plan.backward()
        let ran = plan.profile.filter { $0.backward.nanoseconds > 0 }.map(\.name)
        #expect(ran.contains("fc2") && ran.contains("conv") == (network === whole))
      }
      let bytes = try [whole, part].map { try $0.plan(batch: 8, demand: .parameterGradients).bytes }
      #expect(bytes[1] < bytes[0])
    }
  }

  @Test func patternsAreChecked() async throws {
    #expect(throws: NNError.self) { try Freezing.names(["conv1.*"], of: Self.small) }
    #expect(throws: NNError.allFrozen(network: "small")) { try Freezing.names(["*"], of: Self.small) }
    #expect(try Freezing.names([], of: Self.small).isEmpty)
    try await Engine.run {
      let network = try Network.random(Self.small)
      #expect(throws: NNError.self) { try network.freeze(["*"]) }
      try network.freeze(["conv.*"])
      try network.freeze([])
      let before = Self.snapshot(network)
      try Self.take(network, try Adam(network), steps: 1)
      #expect(
        network.trainableParameters.allSatisfy { before[$0.name] != values($0.values, $0.count).map(\.bitPattern) })
    }
  }

  @Test func gradientsAreClippedByTheirCommonNorm() async throws {
    try await Engine.run {
      let network = try Network.random(Self.small)
      let plan = try network.plan(batch: 4, demand: .parameterGradients)
      plan.fillInput()
      plan.forward(.training(seed: 1, step: 0))
      _ = plan.loss(labels: plan.labels)
      plan.backward()
      var squares = 0.0
      for parameter in network.trainableParameters {
        guard let gradient = parameter.gradient else { continue }
        for i in 0..<parameter.count { squares += Double(gradient[i]) * Double(gradient[i]) }
      }
      let norm = squares.squareRoot()
      #expect(abs(network.gradientNorm / norm - 1) < 1e-12)
      #expect(network.clipGradients(to: 2 * norm) == network.gradientNorm)
      network.clipGradients(to: norm / 3)
      #expect(abs(network.gradientNorm / (norm / 3) - 1) < 1e-5)
    }
  }

  /// Two halves of a batch, added up, are the whole batch (without batch statistics).
  @Test func accumulatedGradientsAreTheWholeBatchs() async throws {
    try await Engine.run {
      let network = try Network.random(Self.small)
      let whole = try network.plan(batch: 4, demand: .parameterGradients)
      whole.fillInput()
      let images = values(whole.input, whole.inputCount), labels = [0, 3, 6, 2]
      @Engine func gradients(_ batches: [Range<Int>]) throws -> [Float] {
        let sum = try GradientSum(network)
        for batch in batches {
          let plan = try network.plan(batch: batch.count, demand: .parameterGradients),
            size = plan.inputCount / plan.batch
          images.withUnsafeBufferPointer { pixels in
            guard let base = pixels.baseAddress else { return }
            plan.input.update(from: base + batch.lowerBound * size, count: plan.inputCount)
          }
          plan.forward(.evaluation)
          _ = plan.loss(labels: Array(labels[batch]))
          plan.backward()
          sum.add(share: Double(batch.count) / 4, isFirst: batch.lowerBound == 0)
        }
        sum.settle()
        return network.trainableParameters.flatMap { parameter in
          parameter.gradient.map { values($0, parameter.count) } ?? []
        }
      }
      #expect(relativeError(try gradients([0..<1, 1..<4]), try gradients([0..<4])) < 1e-5)
    }
  }

  private static let expectedLoss: Float = 0.59912351
  private static let expectedGradient: [Float] = [
    0.14229163, -0.22859587, 0.08630424, 0.00358559, 0.00131906, -0.00490465, -0.19471834, 0.10222307, 0.09249526,
  ]

  /// torch.nn.CrossEntropyLoss(weight=w) on logits [[1, 2, 0.5], [0, -1, 3], [0.2, 0.1, 0]], labels [1, 2, 0], w [1, 2, 0.25].
  @Test func crossEntropyIsTorchsWeightedMean() {
    let logits: [Float] = [1, 2, 0.5, 0, -1, 3, 0.2, 0.1, 0]
    var gradient = [Float](repeating: 0, count: 9)
    let loss = CrossEntropy.mean(
      logits: logits, labels: [1, 2, 0], classes: 3, weights: [1, 2, 0.25], gradient: &gradient)
    #expect(abs(loss - Self.expectedLoss) < 1e-6)
    #expect(zip(gradient, Self.expectedGradient).allSatisfy { abs($0 - $1) < 1e-6 }, "\(gradient)")
    let plain = CrossEntropy.mean(logits: logits, labels: [1, 2, 0], classes: 3, gradient: nil)
    let equal = CrossEntropy.mean(logits: logits, labels: [1, 2, 0], classes: 3, weights: [3, 3, 3], gradient: nil)
    #expect(abs(plain - equal) < 1e-7)
  }

  // MARK: The fixed first layer

  @Test func aNormalisedNetworkIsTheNetworkOnNormalisedImages() async throws {
    try await Engine.run {
      let plain = try Network.random(Self.small), fixed = try Network.random(Self.small.normalised(by: .imageNet))
      #expect(plain.parameters.map(\.name) == fixed.parameters.map(\.name))
      let (a, b) = (
        try plain.plan(batch: 2, demand: .both),
        try fixed.plan(batch: 2, demand: .both, options: PlanOptions(poisons: true))
      )
      b.fillInput()
      let statistics = ImageStatistics.imageNet, pixels = 144
      for i in 0..<a.inputCount {
        let c = i / pixels % 3
        a.input[i] = (b.input[i] - statistics.mean[c]) / statistics.deviation[c]
      }
      let (first, second) = (Pass(plain, a, .evaluation), Pass(fixed, b, .evaluation))
      func floats(_ bits: [UInt32]) -> [Float] { bits.map(Float.init(bitPattern:)) }
      #expect(relativeError(floats(second.logits), floats(first.logits)) < 1e-5)
      let scaled = floats(first.inputGradient).enumerated().map { $1 / statistics.deviation[$0 / pixels % 3] }
      #expect(relativeError(floats(second.inputGradient), scaled) < 1e-5)
    }
  }

  @Test func aCheckpointTellsItsFirstLayer() async throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try await Engine.run {
      let fixed = try Network.random(Self.small.normalised(by: .imageNet))
      try Checkpoint.save(fixed, to: url)
      #expect(try Checkpoint.load(url, into: fixed)["normalisation"] == "imagenet")
      let plain = try Network.random(Self.small)
      #expect(throws: NNError.self) { try Checkpoint.load(url, into: plain) }
    }
  }
}
