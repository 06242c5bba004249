import Core
import NN
import Testing

@Suite(.serialized) struct PinTests {
  /// Nodes of one network to pin: its default, one inside what fusion joins, one in the middle, and the last.
  static func nodes(of name: String) throws -> [String] {
    let nodes = try Networks.named(name).graph().nodes
    let picked = [1, nodes.count / 2, nodes.count - 1].map { nodes[$0].name }
    return Array(Set(picked + [try Networks.named(name).camNode].compactMap(\.self))).sorted()
  }

  @Test(arguments: Networks.all.map(\.name))
  func everyNetworkNamesANodeForClassActivationMaps(name: String) throws {
    let entry = try Networks.named(name)
    let node = try #require(entry.camNode)
    let made = try #require(entry.graph().nodes.first { $0.name == node })
    #expect(made.output.shape.rank >= 2)
  }

  /// The pinned value and its gradient, poisoned wherever memory is free, against a plan in which nothing shares memory.
  @Test(arguments: Networks.all.map(\.name))
  func pinnedPlansReuseMemoryToTheSameBits(name: String) async throws {
    try await Engine.run {
      let network = try Network.random(Networks.named(name))
      for node in try Self.nodes(of: name) {
        for demand in [Demand.inference, .inputGradient] {
          let plan = try network.plan(batch: 1, demand: demand, options: PlanOptions(poisons: true, pin: node))
          let first = Pinned(plan)
          let reference = try network.plan(
            batch: 1, demand: demand, options: PlanOptions(reusesMemory: false, pin: node))
          #expect(first == Pinned(reference), "\(node) \(demand)")
          #expect(plan.bytes < reference.bytes)
          #expect(first.value.contains { Float(bitPattern: $0) != 0 })
          #expect(first.value.allSatisfy { Float(bitPattern: $0).isFinite })
        }
        network.releasePlans()
      }
    }
  }

  @Test(arguments: Networks.all.map(\.name))
  func theGradientAtTheLastNodeIsTheObjectives(name: String) async throws {
    try await Engine.run {
      let network = try Network.random(Networks.named(name))
      let node = try #require(network.graph.nodes.last?.name)
      let plan = try network.plan(batch: 2, demand: .inputGradient, options: PlanOptions(pin: node))
      plan.fillInput()
      plan.forward()
      #expect(values(plan.pinned, 14) == plan.logitValues)
      for i in 0..<14 { plan.outputGradient[i] = Float(i) - 3 }
      plan.backward()
      #expect(values(plan.pinnedGradient, 14) == (0..<14).map { Float($0) - 3 })
    }
  }

  /// d(logit)/d(bias of a channel) is the sum over the channel's positions of d(logit)/d(output): the gradient at a
  /// convolution or linear layer against the parameter gradient that the ordinary plan gives.
  @Test(arguments: Networks.all.map(\.name))
  func theGradientAtANodeSumsToItsBiasGradient(name: String) async throws {
    try await Engine.run {
      let network = try Network.random(Networks.named(name))
      let full = try network.plan(batch: 2, demand: .parameterGradients)
      full.fillInput()
      full.forward()
      _ = full.loss(labels: full.labels)
      full.backward()
      let kinds = ["conv2d", "linear"]
      let nodes = network.graph.nodes.filter { kinds.contains($0.layer.kind) }
      // Four of them, spread over the network, the last one among them.
      for node in (1...4).map({ nodes[nodes.count * $0 / 4 - 1] }) {
        guard let bias = network.parameter("\(node.name).bias"), let expected = bias.gradient else { continue }
        let plan = try network.plan(batch: 2, demand: .inputGradient, options: PlanOptions(pin: node.name))
        plan.fillInput()
        plan.forward()
        _ = plan.loss(labels: plan.labels)
        plan.backward()
        let gradient = values(plan.pinnedGradient, 2 * plan.pinnedShape.count)
        let sums = channelSums(gradient, plan.pinnedShape), theirs = values(expected, bias.count)
        // Sums that cancel to nothing, as those of attention's keys do, are compared with what is summed.
        let scale = max(length(theirs), 1e-3 * length(gradient))
        #expect(length(zip(sums, theirs).map { $0 - $1 }) < 2e-2 * scale, "\(node.name)")
      }
    }
  }

  private func length(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// Sums over the batch and all positions: channels lead in maps, and end rows of tokens.
  private func channelSums(_ gradient: [Float], _ shape: Shape) -> [Float] {
    let channels = shape.rank == 3 ? shape[0] : shape[shape.rank - 1]
    let positions = shape.count / channels
    var sums = [Double](repeating: 0, count: channels)
    for i in gradient.indices {
      sums[shape.rank == 3 ? i / positions % channels : i % channels] += Double(gradient[i])
    }
    return sums.map { Float($0) }
  }

  @Test(arguments: Networks.all.map(\.name))
  func aPinChangesNoLogit(name: String) async throws {
    try await Engine.run {
      let network = try Network.random(Networks.named(name))
      let plain = try network.plan(batch: 2, demand: .inference)
      plain.fillInput()
      plain.forward()
      let logits = plain.logitValues
      for node in try Self.nodes(of: name) {
        let plan = try network.plan(batch: 2, demand: .inference, options: PlanOptions(pin: node))
        #expect(plan !== plain)
        plan.fillInput()
        plan.forward()
        #expect(relativeError(plan.logitValues, logits) < 1e-5, "\(node)")
      }
      #expect(network.graph.nodes.contains { $0.name == network.featureNode })
    }
  }

  @Test func anUnknownNodeIsNamedWithThoseThereAre() async throws {
    let error = try await Engine.run { () -> NNError? in
      let network = try Network(Networks.named("alexnet"))
      do { _ = try network.plan(batch: 1, demand: .inference, options: PlanOptions(pin: "features.99")) } catch {
        return error as? NNError
      }
      return nil
    }
    #expect(error?.description.hasPrefix("alexnet has no node “features.99”; it has features.0, ") == true)
  }
}

/// Everything that one pass of a pinned plan leaves behind.
private struct Pinned: Equatable, Sendable {
  var value: [UInt32], gradient: [UInt32] = []

  @Engine init(_ plan: Plan) {
    plan.fillInput()
    plan.forward()
    if plan.demand != .inference {
      _ = plan.loss(labels: plan.labels)
      plan.backward()
      gradient = values(plan.pinnedGradient, plan.batch * plan.pinnedShape.count).map(\.bitPattern)
    }
    value = values(plan.pinned, plan.batch * plan.pinnedShape.count).map(\.bitPattern)
  }
}
