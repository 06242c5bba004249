import AllocationCounter
import Core
import NN
import Testing

/// Plans whose threads take images of their own through the layers, against plans that share every layer.
@Suite(.serialized) struct LaneTests {
  /// Three threads and fourteen images: lanes of four, five and five, whatever machine this is.
  private static let threads = 3
  private static let batch = 14

  /// The library's Winograd, which it has with AVX-512 alone, keeps a network's images together.
  @Engine private static func lanes(of name: String, _ plan: Plan) -> Int {
    let kernels = plan.profile.flatMap(\.kernels), joint = kernels.contains { $0.hasPrefix("jit_wino") }
    return joint && ["alexnet", "vgg16"].contains(name) ? 1 : threads
  }

  /// Masks by sample and by row.
  private static let passes: [(Demand, Mode)] = [
    (
      .inference,
      Mode(batchStatistics: false, dropout: DropoutKey(seed: 1, step: 2, samples: (0..<batch).map { 90 - 3 * $0 }))
    ),
    (.inputGradient, Mode(batchStatistics: false, dropout: DropoutKey(seed: 1, step: 2))),
  ]

  @Test(arguments: Networks.all.map(\.name))
  func imagesOfTheirOwnComeToTheSame(name: String) async throws {
    try await Engine.run {
      let entry = try Networks.named(name), network = try Network.random(entry), twin = try Network.random(entry)
      try Parallel.with(threads: Self.threads) {
        for (demand, mode) in Self.passes {
          let apart = try network.plan(batch: Self.batch, demand: demand, options: PlanOptions(poisons: true))
          let joint = try twin.plan(batch: Self.batch, demand: demand, options: PlanOptions(lanes: false))
          #expect(apart.laneCount == Self.lanes(of: name, apart) && joint.laneCount == 1)
          let ours = apart.computed(mode), theirs = joint.computed(mode)
          #expect(relativeError(ours.logits, theirs.logits) < 1e-5, "\(demand)")
          #expect(relativeError(ours.inputGradient, theirs.inputGradient) < 3e-2, "\(demand)")
          Self.expectMostEqual(ours.inputGradient, theirs.inputGradient, of: name)
          network.releasePlans()
          twin.releasePlans()
        }
      }
    }
  }

  /// Rounding decides a near tie in a max-pool, and then a gradient moves whole: few pixels may differ (5 % of VGG16's on AVX2), most
  /// not.
  private static func expectMostEqual(_ ours: [Float], _ theirs: [Float], of name: String) {
    let typical = theirs.map(abs).reduce(0, +) / Float(max(1, theirs.count))
    let moved = zip(ours, theirs).count { abs($0 - $1) > 1e-2 * typical }
    #expect(moved * (name == "vgg16" ? 10 : 50) <= theirs.count, "\(moved) of \(theirs.count)")
  }

  /// Weights that change between two passes reach every lane, and a pass repeats to the bit.
  @Test(arguments: ["alexnet", "levit"])
  func changedWeightsReachEveryLane(name: String) async throws {
    try await Engine.run {
      let network = try Network.random(try Networks.named(name))
      try Parallel.with(threads: Self.threads) {
        let plan = try network.plan(batch: 12, demand: .inputGradient)
        plan.fillInput()
        let size = plan.inputCount / 12
        #expect(plan.laneCount == Self.lanes(of: name, plan))
        for lane in 1..<3 { (plan.input + 4 * lane * size).update(from: plan.input, count: 4 * size) }
        var passes: [Pass] = []
        for seed in [1, 2, 1] as [UInt64] {
          network.initialise(seed: seed)
          passes.append(Pass(network, plan, .evaluation))
          let rows = plan.logitValues, lane = rows.count / 3
          #expect(Array(rows[..<lane]) == Array(rows[lane..<2 * lane]))
          #expect(Array(rows[..<lane]) == Array(rows[(2 * lane)...]))
          // The images' labels differ; what is asked of them is made equal. The joint classifier may round its rows apart.
          plan.forward()
          for i in 0..<rows.count { plan.outputGradient[i] = Float(i % lane % 5) - 2 }
          plan.backward()
          let gradients = plan.inputGradientValues, images = gradients.count / 3
          for other in 1..<3 {
            let theirs = Array(gradients[other * images..<(other + 1) * images])
            #expect(relativeError(Array(gradients[..<images]), theirs) < 1e-5)
          }
        }
        // Not within the expectation, which would list how thousands of bits differ.
        let repeats = passes[0] == passes[2], changes = passes[0] != passes[1]
        #expect(repeats && changes)
      }
    }
  }

  @Test(arguments: ["cnn-lstm", "alexnet", "vgg16"])
  func gradientsOfSeveralMasksAddUpInEveryLane(name: String) async throws {
    try await Engine.run {
      let network = try Network.random(try Networks.named(name))
      func mode(_ step: Int) -> Mode {
        Mode(batchStatistics: false, dropout: DropoutKey(seed: 3, step: step, samples: Array(0..<Self.batch)))
      }
      try Parallel.with(threads: Self.threads) {
        let found = try [true, false].map { lanes in
          let options = PlanOptions(poisons: lanes, forks: true, lanes: lanes)
          let plan = try network.plan(batch: Self.batch, demand: .inputGradient, options: options)
          #expect(plan.canForwardAgain && plan.laneCount == (lanes ? Self.lanes(of: name, plan) : 1))
          plan.fillInput()
          for step in 0..<3 {
            if step == 0 { plan.forward(mode(step)) } else { plan.forwardAgain(mode(step)) }
            _ = plan.loss(labels: plan.labels)
            plan.backwardToFork()
          }
          plan.backwardFromFork()
          return plan.inputGradientValues
        }
        #expect(relativeError(found[0], found[1]) < 3e-2)
        Self.expectMostEqual(found[0], found[1], of: name)
      }
    }
  }

  /// Counted from the plans' own sizes: nothing is run.
  @Test(arguments: Networks.all.map(\.name))
  func lanesTakeNoMoreMemory(name: String) async throws {
    try await Engine.run {
      let network = try Network(Networks.named(name))
      try Parallel.with(threads: Self.threads) {
        for demand in [Demand.inference, .inputGradient] {
          for batch in [32, 64] {
            let apart = try network.plan(batch: batch, demand: demand)
            let joint = try network.plan(batch: batch, demand: demand, options: PlanOptions(lanes: false)).bytes
            // A lane makes the sums of a linear layer's weights for itself: 7 % of what a network and its plan take, at most.
            #expect(apart.laneCount == Self.lanes(of: name, apart))
            let most = joint + (apart.laneCount - 1) * (joint + network.memory.parameters) * 7 / 100
            #expect(apart.bytes <= most, "\(demand), batch \(batch): \(apart.bytes) against \(joint)")
          }
        }
      }
    }
  }

  @Test(arguments: Networks.all.map(\.name))
  func aPassAllocatesNothing(name: String) async throws {
    try await Engine.run {
      let network = try Network.random(Networks.named(name))
      try Parallel.with(threads: Self.threads) {
        let plan = try network.plan(batch: 12, demand: .inputGradient), labels = plan.labels
        #expect(plan.laneCount == Self.lanes(of: name, plan))
        plan.fillInput()
        for step in 0..<4 {
          network.parametersChanged()
          quaver_count_allocations_begin()
          plan.forward()
          _ = plan.loss(labels: labels)
          plan.backward()
          let count = quaver_count_allocations_end()
          if step > 1 { #expect(count.ours == 0, "step \(step)") }
        }
      }
    }
  }

  @Test func fewImagesAndGradientsOfParametersShareEveryLayer() async throws {
    try await Engine.run {
      let network = try Network(Networks.named("cnn-lstm"))
      try Parallel.with(threads: Self.threads) {
        @Engine func lanes(_ batch: Int, _ demand: Demand, pin: String? = nil) throws -> Int {
          try network.plan(batch: batch, demand: demand, options: PlanOptions(pin: pin)).laneCount
        }
        let found = [
          try lanes(11, .inference), try lanes(12, .inference), try lanes(12, .parameterGradients),
          try lanes(12, .both), try lanes(12, .inputGradient, pin: "lstm"),
        ]
        #expect(found == [1, 3, 1, 1, 1])
      }
    }
  }

  /// A network that is all head, and one without parameters: nothing is cut off.
  @Test func whatHasNoTrunkIsOneSection() async throws {
    try await Engine.run {
      let wide = NetworkEntry(name: "a", title: "a", input: [3, 200, 200]) { net, classes in
        net("head", Linear(classes), net("flat", Flatten(), net.input))
      }
      let none = NetworkEntry(name: "b", title: "b", input: [7]) { net, _ in net("flat", Flatten(), net.input) }
      try Parallel.with(threads: Self.threads) {
        for (entry, lanes) in [(wide, 3), (none, 1)] {
          let network = try Network.random(entry, classes: 10)
          let plans = try [true, false].map { lanes in
            try network.plan(batch: Self.batch, demand: .inputGradient, options: PlanOptions(lanes: lanes))
          }
          #expect(plans[0].laneCount == lanes)
          let ours = plans[0].computed(), theirs = plans[1].computed()
          #expect(relativeError(ours.logits, theirs.logits) < 1e-5)
          #expect(relativeError(ours.inputGradient, theirs.inputGradient) < 1e-5)
        }
      }
    }
  }
}
