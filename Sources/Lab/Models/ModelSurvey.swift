import Core
import Foundation
import NN

/// Looks at networks of the registry.
package enum ModelSurvey {
  /// What the model file says; nothing is computed.
  ///
  /// - Parameter freeze: name patterns of parameters that a training would leave as they are.
  /// - Throws: `NNError` for a pattern that fits nothing, or everything.
  package static func info(
    _ entry: NetworkEntry, classes: Int = 7, freeze: [String] = [], weights: [String] = []
  ) throws -> ModelInfo {
    let frozen = try Freezing.names(freeze, of: entry, classes: classes)
    let layers = entry.graph(classes: classes).nodes.map { node in
      let trainable = node.parameters.filter { $0.role == .trainable }
      func count(_ specs: [ParameterSpec]) -> Int { specs.reduce(0) { $0 + $1.shape.reduce(1, *) } }
      return LayerInfo(
        name: node.name, kind: node.layer.kind, output: node.output.shape.dims, parameters: count(trainable),
        frozen: count(trainable.filter { frozen.contains(node.fullName($0)) }), flops: node.flops)
    }
    return ModelInfo(
      name: entry.name, title: entry.title, input: entry.input.dims, classes: classes,
      parameters: layers.reduce(0) { $0 + $1.parameters }, frozen: layers.reduce(0) { $0 + $1.frozen },
      flops: layers.reduce(0) { $0 + $1.flops }, layers: layers, weights: weights)
  }

  /// All networks, with what is imported for each.
  package static func all(_ store: WeightStore) throws -> [ModelInfo] {
    let weights = store.all().weights.sorted { ($0.origin.imported, $0.name) > ($1.origin.imported, $1.name) }
    return try Networks.all.map { entry in
      try info(entry, weights: weights.filter { $0.origin.network == entry.name }.map(\.name))
    }
  }

  /// Plans the network for every demand, and times steps of a training where asked.
  ///
  /// - Throws: `NNError`, `CoreError.outOfMemory`.
  @Engine package static func measure(
    _ entry: NetworkEntry, batch: Int, freeze: [String] = [], times: Bool
  ) throws -> ModelMeasures {
    let network = try Network(entry)
    try network.freeze(freeze)
    var planBytes: [String: Int] = [:]
    for demand in Demand.allCases { planBytes[demand.rawValue] = try network.plan(batch: batch, demand: demand).bytes }
    let memory = network.memory, optimiser = try Adam(network)
    return ModelMeasures(
      batch: batch, threads: Parallel.threads, planBytes: planBytes, parameterBytes: memory.parameters,
      trainerBytes: memory.gradients + optimiser.bytes, times: times ? try time(network, optimiser, batch) : nil)
  }

  /// One step that warms up, then at least three, over about a second: milliseconds a step.
  @Engine private static func time(_ network: Network, _ optimiser: Adam, _ batch: Int) throws -> [LayerTime] {
    network.initialise(seed: 1)
    let plan = try network.plan(batch: batch, demand: .parameterGradients)
    let noise = RandomStream(seed: 1, purpose: "survey"), labels = (0..<batch).map { $0 % plan.outputs }
    for i in 0..<plan.inputCount { plan.input[i] = noise.uniform(i) }
    var (steps, adam, began) = (-1, 0.0, 0.0)
    while steps < 3 || RateMeter.now() - began < 1 {
      if steps == 0 {
        plan.resetProfile()
        (adam, began) = (0, RateMeter.now())
      }
      plan.forward(.training(seed: 1, step: steps + 1))
      _ = plan.loss(labels: labels)
      plan.backward()
      let start = RateMeter.now()
      optimiser.step(learningRate: 1e-4, weightDecay: 1e-3)
      adam += RateMeter.now() - start
      steps += 1
    }
    let count = Double(steps)
    var order: [String] = []
    var sums: [String: (UInt64, UInt64)] = [:]
    for step in plan.profile {
      let sum = sums[step.name] ?? (0, 0)
      if sums[step.name] == nil { order.append(step.name) }
      sums[step.name] = (sum.0 + step.forwardNanoseconds, sum.1 + step.backwardNanoseconds)
    }
    return order.map { name in
      let sum = sums[name] ?? (0, 0)
      return LayerTime(name: name, forward: Double(sum.0) / count / 1e6, backward: Double(sum.1) / count / 1e6)
    } + [LayerTime(name: "adam", forward: 0, backward: adam / count * 1e3)]
  }
}
