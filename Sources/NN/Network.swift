import Core

/// A network's parameters, and the plans that compute it.
@Engine package final class Network {
  package let entry: NetworkEntry
  package let classes: Int
  package let graph: Graph
  /// In the order of the layers, buffers included.
  package let parameters: [Parameter]
  let parametersByName: [String: Parameter]
  private let forkedGraph: Graph?
  /// Grows with every change of the parameters; whoever writes through `Parameter.values` calls `parametersChanged`.
  package private(set) var version = 0

  /// Trainable parameters lie side by side at the front, each on its own cache lines, so that the optimiser sees one range.
  let trainableFloats: Int
  /// The parts of that range that are not frozen.
  private(set) var trainedRanges: [Range<Int>]
  private let storage: Arena
  private var gradients: Arena?
  private var plans: [Key: Plan] = [:]
  private var workspaces: [Demand: Arena] = [:]
  private var tenants: [ObjectIdentifier: Plan] = [:]

  /// More than any memory holds; libraries take 32-bit sizes.
  package nonisolated static let largestBatch = 65_536
  /// What plans compute in that do not ask for another.
  package var precision: Precision

  private struct Key: Hashable {
    let batch: Int
    let demand: Demand
    let options: PlanOptions
  }

  /// Parameters are zero until `initialise` or a checkpoint fills them.
  ///
  /// - Throws: `NNError.badClasses`, `NNError.noBF16`, `CoreError.outOfMemory`.
  package init(_ entry: NetworkEntry, classes: Int = 7) throws {
    guard classes >= 2 else { throw NNError.badClasses(classes) }
    guard entry.precision.isAvailable else { throw NNError.noBF16 }
    (self.entry, self.classes, graph) = (entry, classes, entry.graph(classes: classes))
    (precision, forkedGraph) = (entry.precision, graph.forked)
    let specs = graph.nodes.flatMap { node in node.parameters.map { (name: node.fullName($0), spec: $0) } }
    func floats(_ spec: ParameterSpec) -> Int { Arena.rounded(max(2, spec.shape.reduce(1, *))) }
    let trainable = specs.filter { $0.spec.role == .trainable }, others = specs.filter { $0.spec.role != .trainable }
    trainableFloats = trainable.reduce(0) { $0 + floats($1.spec) }
    trainedRanges = [0..<trainableFloats]
    storage = try Arena(count: trainableFloats + others.reduce(0) { $0 + floats($1.spec) })
    var byName: [String: Parameter] = [:]
    var next = storage.base
    for (name, spec) in trainable + others {
      byName[name] = Parameter(name: name, spec: spec, values: next)
      next += floats(spec)
    }
    parametersByName = byName
    parameters = specs.compactMap { byName[$0.name] }
  }

  package func parameter(_ name: String) -> Parameter? { parametersByName[name] }

  package var trainableParameters: [Parameter] { parameters.filter { $0.role == .trainable } }

  /// Sets every parameter as torch and torchvision do, from streams that depend on the seed and the parameter's name.
  package func initialise(seed: UInt64) {
    for parameter in parameters {
      guard parameter.role != .counter else {
        parameter.counter = 0
        continue
      }
      parameter.initialiser.fill(parameter.values, count: parameter.count, name: parameter.name, seed: seed)
    }
    parametersChanged()
  }

  package func parametersChanged() { version += 1 }

  /// Keeps the parameters whose names fit one of `patterns` as they are, and the statistics of layers that are frozen whole.
  /// Plans made before are dropped. An empty list thaws everything.
  ///
  /// - Throws: `NNError.nothingToFreeze`, `NNError.allFrozen`; nothing is changed then.
  package func freeze(_ patterns: [String]) throws {
    let names = try Freezing.names(patterns, in: entry, trainableParameters.map(\.name))
    for parameter in trainableParameters { parameter.isFrozen = names.contains(parameter.name) }
    trainedRanges = names.isEmpty ? [0..<trainableFloats] : Freezing.trained(trainableParameters) { offset(of: $0) }
    releasePlans()
  }

  /// The plan for a batch size and a demand, made on first use and kept.
  ///
  /// A plan with a pinned node or a fork has no parameters' gradients.
  ///
  /// - Throws: `NNError.badBatch`, `NNError.noBF16`, `NNError.unknownNode`, `NNError.unsupported`, `CoreError.outOfMemory`.
  package func plan(batch: Int, demand: Demand, options: PlanOptions = PlanOptions()) throws -> Plan {
    guard (1...Self.largestBatch).contains(batch) else { throw NNError.badBatch(batch) }
    precondition(
      options.pin == nil && !options.forks || !demand.parameters,
      "a plan with a pinned node or a fork has no parameters' gradients")
    precondition(options.pin == nil || !options.forks, "a plan has a pinned node or a fork, not both")
    var options = options
    options.precision = options.precision ?? precision
    // A graph that cannot fork has one plan, not two that are the same.
    options.forks = options.forks && forkedGraph != nil
    guard options.precision?.isAvailable ?? true else { throw NNError.noBF16 }
    let key = Key(batch: batch, demand: demand, options: options)
    if let plan = plans[key] { return plan }
    if demand.parameters { try reserveGradients() }
    let graph = try options.pin.map(pinnedGraph) ?? (options.forks ? forkedGraph ?? graph : graph)
    let plan = try Plan(
      network: self, graph: options.fuses ? Fusion.apply(to: graph) : graph, batch: batch, demand: demand,
      options: options)
    plans[key] = plan
    return plan
  }

  private func pinnedGraph(_ node: String) throws -> Graph {
    guard let graph = graph.pinned(node) else {
      throw NNError.unknownNode(node, network: entry.name, known: graph.nodes.map(\.name))
    }
    return graph
  }

  /// The node whose output the last linear layer reads: the features that a picture of all images shows by default.
  package var featureNode: String {
    let last = graph.nodes.last { $0.layer.kind == "linear" }
    return graph.nodes.first { $0.output == last?.inputs.first }?.name ?? graph.nodes[0].name
  }

  /// Drops all plans and their memory.
  package func releasePlans() {
    plans = [:]
    workspaces = [:]
    tenants = [:]
  }

  private func reserveGradients() throws {
    guard gradients == nil else { return }
    let arena = try Arena(count: trainableFloats)
    for parameter in trainableParameters { parameter.gradient = arena.base + (parameter.values - storage.base) }
    gradients = arena
  }

  /// The trainable parameters and their gradients as flat ranges of `trainableFloats`; gaps between parameters are zero.
  var flat: (values: UnsafeMutablePointer<Float>, gradients: UnsafeMutablePointer<Float>?) {
    (storage.base, gradients?.base)
  }

  /// Whether every trainable parameter is a number.
  package var isFinite: Bool {
    let bits = UnsafeRawPointer(storage.base).assumingMemoryBound(to: UInt32.self), exponent: UInt32 = 0x7F80_0000
    var found: UInt32 = 0
    for index in 0..<trainableFloats { found |= bits[index] & exponent == exponent ? 1 : 0 }
    return found == 0
  }

  /// Place of a trainable parameter within the flat ranges.
  func offset(of parameter: Parameter) -> Int { parameter.values - storage.base }

  /// What each layer costs, as the model file lists them.
  package var layers: [LayerSummary] {
    graph.nodes.map { node in
      LayerSummary(
        name: node.name, kind: node.layer.kind, output: node.output.shape,
        parameters: node.parameters.filter { $0.role == .trainable }.reduce(0) { $0 + $1.shape.reduce(1, *) },
        flops: node.flops)
    }
  }

  // MARK: Memory of plans

  /// Plans of one demand run one after the other, so the largest one's memory serves all of them.
  func workspace(for demand: Demand, floats: Int) throws -> Arena {
    if let arena = workspaces[demand], arena.count >= floats { return arena }
    let arena = try Arena(count: floats)
    workspaces[demand] = arena
    return arena
  }

  func enter(_ arena: Arena, plan: Plan) {
    let key = ObjectIdentifier(arena)
    if let tenant = tenants[key], tenant !== plan { tenant.evict() }
    tenants[key] = plan
  }

  func isTenant(_ plan: Plan, of arena: Arena) -> Bool { tenants[ObjectIdentifier(arena)] === plan }

  /// Bytes that the network holds.
  package var memory: MemoryReport {
    var arenas: [ObjectIdentifier: Int] = [:]
    for plan in plans.values { arenas[ObjectIdentifier(plan.arena)] = plan.arena.count * 4 }
    return MemoryReport(
      parameters: storage.count * 4, gradients: (gradients?.count ?? 0) * 4, plans: arenas.values.reduce(0, +))
  }
}

/// One layer of a network, for reports.
package struct LayerSummary: Sendable {
  package let name: String
  package let kind: String
  package let output: Shape
  /// Trainable ones.
  package let parameters: Int
  /// Floating-point operations of one image's forward pass.
  package let flops: Int
}

/// Bytes by purpose. The optimiser's moments are its own (`Adam.bytes`).
package struct MemoryReport: Sendable {
  package let parameters: Int
  package let gradients: Int
  package let plans: Int
}
