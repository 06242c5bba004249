import AllocationCounter
import Core
import NN
import Testing

@Suite(.serialized, .enabled(if: Precision.bf16.isAvailable, "this processor has no bf16 instructions"))
struct PrecisionTests {
  /// To nearest, ties to even, as bfloat16.
  private static func rounded(_ value: Float) -> Float {
    let bits = value.bitPattern
    return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
  }

  private static let entry = NetworkEntry(name: "a", title: "a", input: [32, 12, 12]) { net, classes in
    let x = net("conv", Convolution(64, kernel: 3, padding: 1), net.input)
    let tokens = net("tokens", Tokens(), x)
    return net("head", Linear(classes), net("token", Token(0), net("fc", Linear(96), tokens)))
  }

  private static let recurrent = NetworkEntry(name: "b", title: "b", input: [32, 12, 12]) { net, classes in
    let x = net("lstm", LSTM(64), net("sequence", Flatten(from: 1), net.input))
    return net("head", Linear(classes), net("flat", Flatten(), x))
  }

  /// Input and weights that bf16 holds exactly give float32's results: only the factors are rounded, sums are not.
  @Test func factorsThatFitLoseNothing() async throws {
    try await Engine.run {
      let network = try Network.random(Self.entry)
      for parameter in network.parameters {
        for i in 0..<parameter.count { parameter.values[i] = Self.rounded(parameter.values[i]) }
      }
      network.parametersChanged()
      var pinned: [[Float]] = []
      for precision in Precision.allCases {
        let plan = try network.plan(
          batch: 4, demand: .inference, options: PlanOptions(algorithm: .direct, pin: "conv", precision: precision))
        plan.fillInput()
        for i in 0..<plan.inputCount { plan.input[i] = Self.rounded(plan.input[i]) }
        plan.forward()
        pinned.append(values(plan.pinned, plan.batch * plan.pinnedShape.count))
        let kernels = plan.profile.flatMap(\.kernels)
        #expect(kernels.contains { $0.contains("bf16") } == (precision == .bf16), "\(kernels)")
      }
      #expect(relativeError(pinned[1], pinned[0]) < 1e-5)
    }
  }

  /// A convolution and a linear layer, and an LSTM, with all their gradients, from numbers that have to be rounded.
  @Test(arguments: [entry, recurrent]) func gradientsAreFloat32sToARounding(entry: NetworkEntry) async throws {
    try await Engine.run {
      let network = try Network.random(entry)
      var logits: [[Float]] = [], gradients: [[Float]] = [], parameters: [[String: [Float]]] = []
      for precision in Precision.allCases {
        let plan = try network.plan(
          batch: 4, demand: .both, options: PlanOptions(algorithm: .direct, precision: precision))
        plan.fillInput()
        plan.forward(.training(seed: 1, step: 0))
        _ = plan.loss(labels: plan.labels)
        plan.backward()
        logits.append(plan.logitValues)
        gradients.append(plan.inputGradientValues)
        parameters.append(
          network.trainableParameters.reduce(into: [:]) { all, parameter in
            all[parameter.name] = parameter.gradient.map { values($0, parameter.count) }
          })
      }
      // A rounding is 2⁻⁹ of a factor at most; three layers are behind each other.
      for (ours, theirs) in [(logits[1], logits[0]), (gradients[1], gradients[0])] {
        #expect(relativeError(ours, theirs) < 3e-2)
        #expect(ours != theirs)
      }
      for (name, gradient) in parameters[0] {
        #expect(relativeError(parameters[1][name] ?? [], gradient) < 3e-2, "\(name)")
      }
    }
  }

  /// Training, an attack's step and inference of the layers that compute in it, once their memory is made.
  @Test(arguments: [entry, recurrent]) func aStepAllocatesNothing(entry: NetworkEntry) async throws {
    try await Engine.run {
      for work in EngineWork.allCases {
        let benchmark = try EngineBenchmark(entry.computing(in: .bf16), work, batch: 4)
        benchmark.step()
        quaver_count_allocations_begin()
        benchmark.step()
        let count = quaver_count_allocations_end()
        #expect(count.ours == 0, "\(work): the libraries allocated \(count.libraries) times")
      }
    }
  }

  /// Threads that take images of their own, and share what is packed.
  @Test func lanesComeToTheSame() async throws {
    try await Engine.run {
      let network = try Network.random(Self.entry)
      try Parallel.with(threads: 3) {
        let found = try [true, false].map { lanes in
          let plan = try network.plan(
            batch: 14, demand: .inputGradient,
            options: PlanOptions(algorithm: .direct, lanes: lanes, precision: .bf16))
          #expect(plan.laneCount == (lanes ? 3 : 1))
          return plan.computed()
        }
        #expect(relativeError(found[0].logits, found[1].logits) < 1e-3)
        #expect(relativeError(found[0].inputGradient, found[1].inputGradient) < 3e-2)
      }
    }
  }

  @Test(arguments: Networks.all.map(\.name))
  func everyNetworkTrainsInIt(name: String) async throws {
    try await Engine.run {
      let entry = try Networks.named(name)
      let plain = try Network.random(entry), network = try Network.random(entry.computing(in: .bf16))
      let reference = try plain.plan(batch: 2, demand: .parameterGradients)
      let plan = try network.plan(batch: 2, demand: .parameterGradients, options: PlanOptions(poisons: true))
      for plan in [reference, plan] {
        plan.fillInput()
        plan.forward()
      }
      #expect(plan.profile.flatMap(\.kernels).contains { $0.contains("bf16") })
      #expect(relativeError(plan.logitValues, reference.logitValues) < 0.15)
      let optimiser = try Adam(network)
      var losses: [Float] = []
      for step in 0..<8 {
        plan.forward(.training(seed: 1, step: step))
        losses.append(plan.loss(labels: plan.labels))
        plan.backward()
        optimiser.step(learningRate: 1e-4, weightDecay: 0)
      }
      #expect(losses.allSatisfy(\.isFinite) && (losses.min() ?? 0) < losses[0], "\(losses)")
      // The same network tells float32's logits where that is asked for.
      let exact = try network.plan(batch: 2, demand: .inference, options: PlanOptions(precision: .float32))
      exact.fillInput()
      exact.forward()
      #expect(!exact.profile.flatMap(\.kernels).contains { $0.contains("bf16") })
    }
  }
}
