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
  /// - Parameter obey: asked before each plan and each step; what it throws ends the measurement.
  /// - Throws: `NNError`, `CoreError.outOfMemory`.
  @Engine package static func measure(
    _ entry: NetworkEntry, batch: Int, freeze: [String] = [], times: Bool, obey: () throws -> Void = {}
  ) throws -> ModelMeasures {
    let network = try Network(entry)
    try network.freeze(freeze)
    var planBytes: [String: Int] = [:]
    for demand in Demand.allCases {
      try obey()
      planBytes[demand.rawValue] = try network.plan(batch: batch, demand: demand).bytes
    }
    let memory = network.memory, moments = try Adam(network).bytes
    return ModelMeasures(
      batch: batch, threads: Parallel.threads, planBytes: planBytes, parameterBytes: memory.parameters,
      trainerBytes: memory.gradients + moments, times: times ? try time(network, batch, obey) : nil)
  }

  /// Milliseconds of a training step, over about a second.
  @Engine private static func time(
    _ network: Network, _ batch: Int, _ obey: () throws -> Void
  ) throws -> [LayerTime] {
    let profile = try EngineBenchmark(network, .train, batch: batch).profile(seconds: 1, obey: obey)
    func milliseconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / Double(profile.steps) / 1e6 }
    var order: [String] = []
    var sums: [String: (UInt64, UInt64)] = [:]
    for layer in profile.layers {
      let sum = sums[layer.name] ?? (0, 0)
      if sums[layer.name] == nil { order.append(layer.name) }
      sums[layer.name] = (sum.0 + layer.forward.nanoseconds, sum.1 + layer.backward.nanoseconds)
    }
    return order.map { name in
      let sum = sums[name] ?? (0, 0)
      return LayerTime(name: name, forward: milliseconds(sum.0), backward: milliseconds(sum.1))
    } + [LayerTime(name: "adam", forward: 0, backward: milliseconds(profile.optimiserNanoseconds))]
  }
}
