import AllocationCounter
import Core
import NN
import Testing

@Suite(.serialized) struct PlanTests {
  static let modes: [(String, Mode)] = [
    ("train", .training(seed: 1, step: 2)), ("eval", .evaluation),
    ("dropout only", Mode(batchStatistics: false, dropout: DropoutKey(seed: 1, step: 2))),
  ]

  /// The planner's memory, poisoned with NaN wherever it is free, against a plan in which nothing shares memory.
  @Test(arguments: Networks.all.map(\.name))
  func reusedMemoryGivesTheSameBits(name: String) async throws {
    try await Engine.run {
      let entry = try Networks.named(name)
      let network = try Network.random(entry), twin = try Network.random(entry)
      for demand in Demand.allCases {
        let plan = try network.plan(batch: 2, demand: demand, options: PlanOptions(poisons: true, lanes: false))
        let reference = try twin.plan(
          batch: 2, demand: demand, options: PlanOptions(reusesMemory: false, lanes: false))
        #expect(plan.bytes < reference.bytes)
        plan.fillInput()
        reference.fillInput()
        for (label, mode) in Self.modes {
          let ours = Pass(network, plan, mode), theirs = Pass(twin, reference, mode)
          #expect(ours == theirs, "\(demand), \(label)")
          #expect(!Float(bitPattern: ours.loss).isNaN)
        }
        network.releasePlans()
        twin.releasePlans()
      }
    }
  }

  @Test(arguments: Networks.all.map(\.name))
  func fusedLayersEqualSeparateOnes(name: String) async throws {
    try await Engine.run {
      let entry = try Networks.named(name)
      let network = try Network.random(entry), twin = try Network.random(entry)
      let fused = try network.plan(batch: 2, demand: .both)
      let separate = try twin.plan(batch: 2, demand: .both, options: PlanOptions(fuses: false))
      fused.fillInput()
      separate.fillInput()
      for (label, mode) in Self.modes {
        for plan in [fused, separate] {
          plan.forward(mode)
          _ = plan.loss(labels: plan.labels)
          plan.backward()
        }
        #expect(relativeError(fused.logitValues, separate.logitValues) < 1e-5, "\(label)")
        // Rounding decides a near tie in a max-pool, and then a gradient moves whole: few pixels may differ, most not.
        let ours = fused.inputGradientValues, theirs = separate.inputGradientValues
        #expect(relativeError(ours, theirs) < 3e-2, "\(label)")
        let typical = theirs.map(abs).reduce(0, +) / Float(theirs.count)
        let moved = zip(ours, theirs).count { abs($0 - $1) > 1e-2 * typical }
        #expect(moved * 50 < theirs.count, "\(moved) of \(theirs.count) \(label)")
        for (a, b) in zip(network.parameters, twin.parameters) where a.role == .statistic {
          #expect(relativeError(values(a.values, a.count), values(b.values, b.count)) < 1e-5, "\(a.name) \(label)")
        }
      }
    }
  }

  @Test(arguments: Networks.all.map(\.name))
  func everyBatchSizeComputesTheSameImages(name: String) async throws {
    try await Engine.run {
      let network = try Network.random(Networks.named(name))
      var logits: [[Float]] = [], gradients: [[Float]] = []
      for batch in [1, 3, 8] {
        let plan = try network.plan(batch: batch, demand: .inputGradient)
        plan.fillInput()
        plan.forward()
        _ = plan.loss(labels: plan.labels)
        plan.backward()
        logits.append(values(plan.logits, plan.outputs))
        // The mean over the batch makes an image's gradient 1/batch of what it is alone.
        gradients.append(values(plan.inputGradient[0], plan.inputCount / batch).map { $0 * Float(batch) })
      }
      for i in 1..<3 {
        #expect(relativeError(logits[i], logits[0]) < 1e-5)
        #expect(relativeError(gradients[i], gradients[0]) < 1e-3)
      }
    }
  }

  /// Plans of one demand share memory; what one left in it must not reach another, packed weights included.
  @Test(arguments: Networks.all.map(\.name))
  func plansThatShareMemoryDoNotDisturbEachOther(name: String) async throws {
    try await Engine.run {
      let network = try Network.random(Networks.named(name))
      let large = try network.plan(batch: 3, demand: .both), small = try network.plan(batch: 2, demand: .both)
      let before = network.memory.plans
      #expect(before < large.bytes + small.bytes)
      large.fillInput()
      let first = Pass(network, large, .evaluation)
      small.fillInput(seed: 8)
      _ = Pass(network, small, .evaluation)
      large.fillInput()
      #expect(Pass(network, large, .evaluation) == first)
      #expect(try network.plan(batch: 3, demand: .both) === large)
    }
  }

  @Test(arguments: Networks.all.map(\.name))
  func inferenceKeepsNoActivations(name: String) async throws {
    try await Engine.run {
      let network = try Network.random(Networks.named(name))
      let options = PlanOptions(lanes: false)
      let sizes = try Demand.allCases.map { ($0, try network.plan(batch: 8, demand: $0, options: options).bytes) }
      let bytes = Dictionary(uniqueKeysWithValues: sizes)
      let inference = try #require(bytes[.inference]), training = try #require(bytes[.parameterGradients])
      let attack = try #require(bytes[.inputGradient]), both = try #require(bytes[.both])
      #expect(inference * 4 < training * 3)
      #expect(inference < attack && attack < both && training <= both)
      #expect(network.parameters.allSatisfy { ($0.gradient != nil) == ($0.role == .trainable) })
    }
  }

  @Test(arguments: Networks.all.map(\.name))
  func aStepAllocatesNothing(name: String) async throws {
    try await Engine.run {
      let network = try Network.random(Networks.named(name)), optimiser = try Adam(network)
      for demand in [Demand.parameterGradients, .both] {
        let plan = try network.plan(batch: 2, demand: demand), labels = plan.labels
        plan.fillInput()
        for step in 0..<4 {
          quaver_count_allocations_begin()
          plan.forward(.training(seed: 1, step: step))
          _ = plan.loss(labels: labels)
          plan.backward()
          optimiser.step(learningRate: 1e-4, weightDecay: 1e-3)
          let count = quaver_count_allocations_end()
          guard step > 1 else { continue }
          #expect(count.ours == 0, "step \(step); the libraries allocated \(count.libraries) times")
          // oneDNN's sgemm packs into memory of its own. With AVX-512 ViT's gradients at its patches and the LSTM's products of
          // rows that do not touch are by sgemm, which is the fastest for them; without, all of the library's products are.
          if Self.stepsThatPack(plan).isEmpty { #expect(count.buffers == 0, "the libraries' scratch is the plan's") }
        }
        let wide = plan.profile.flatMap(\.kernels).contains { $0.contains("avx512") }
        #expect(Self.stepsThatPack(plan).allSatisfy { ["conv_proj", "lstm"].contains($0) } || !wide)
      }
    }
  }

  @Engine private static func stepsThatPack(_ plan: Plan) -> [String] {
    plan.profile.filter { $0.kernels.contains { $0.contains("gemm") } }.map(\.name)
  }

  /// The counter itself sees what Swift allocates.
  @Test @Engine func theAllocationCounterCounts() {
    quaver_count_allocations_begin()
    let array = [Int](repeating: 1, count: 1000 + Parallel.threads)
    let count = quaver_count_allocations_end()
    #expect(count.ours >= 1)
    #expect(array.count > 1000)
  }

  @Test(arguments: Networks.all.map(\.name))
  func notANumberReachesTheLoss(name: String) async throws {
    try await Engine.run {
      let network = try Network.random(Networks.named(name))
      let plan = try network.plan(batch: 2, demand: .both)
      for (label, mode) in Self.modes {
        network.initialise(seed: 1)
        plan.fillInput()
        plan.input[3 * 224 * 224 + 224 * 100 + 100] = .nan
        plan.forward(mode)
        #expect(plan.loss(labels: plan.labels).isNaN, "\(label)")
        plan.backward()
      }
    }
  }
}
