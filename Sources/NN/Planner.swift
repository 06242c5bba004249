import Core
import Kernels

/// An edge's data within a plan: where it lies, in which layout, and where its gradient goes.
@Engine package final class Value {
  package nonisolated let shape: Shape
  package nonisolated let layout: Layout
  package let buffer: Buffer
  /// Gradient of the loss with respect to this value, in the same layout.
  package let gradient: Buffer
  /// Whether anybody wants its gradient.
  package let needsGradient: Bool
  /// The value whose memory this one shows under another shape.
  let origin: Value?
  var gradients: [InputGradient] = []
  var converted: [Layout: Value] = [:]

  init(shape: Shape, layout: Layout, batch: Int, needsGradient: Bool) {
    (self.shape, self.layout, self.needsGradient, origin) = (shape, layout, needsGradient, nil)
    buffer = Buffer(floats: layout.floats(shape, batch: batch))
    gradient = Buffer(floats: buffer.count)
  }

  /// A view of `value`: equal elements in equal order under another shape.
  init(of value: Value, shape: Shape) {
    precondition(shape.count == value.shape.count, "\(value.shape) cannot be read as \(shape)")
    (self.shape, layout, needsGradient) = (shape, value.layout, value.needsGradient)
    (buffer, gradient) = (value.buffer, value.gradient)
    origin = value.origin ?? value
  }

  var root: Value { origin ?? self }
  package var pointer: UnsafeMutablePointer<Float> { buffer.pointer }
}

/// One reader's share of a value's gradient.
@Engine package final class InputGradient {
  let value: Value
  let adds: Bool
  let time: Int
  /// The share must be added to `pointer` rather than written there; only true for operations that said `adds: true`.
  fileprivate(set) var accumulates = false
  /// Holds the share until the planner adds it, for operations that overwrite.
  fileprivate var temporary: Buffer?

  fileprivate init(value: Value, adds: Bool, time: Int) { (self.value, self.adds, self.time) = (value, adds, time) }

  package var pointer: UnsafeMutablePointer<Float> { (temporary ?? value.gradient).pointer }

  /// Adds the share to the sum, where it was not written there in the first place.
  func settle() {
    guard let temporary else { return }
    let from = temporary.pointer, to = value.gradient.pointer
    Parallel.forEach(temporary.count) { quaver_add(from + $0.lowerBound, to + $0.lowerBound, $0.count) }
  }
}

/// An operation at its place in a plan.
@Engine final class PlanStep {
  let name: String
  let kind: String
  let operation: any Operation
  /// Of one sample.
  let flops: (forward: Int, backward: Int)
  /// What each pass must move at least, by what the operation declared: floats of the section's samples, and those of
  /// parameters.
  let traffic: (forward: Int, backward: Int), parameterTraffic: (forward: Int, backward: Int)
  let time: Int
  let runsBackward: Bool
  /// Its own statistics stay as they are too.
  let isFrozen: Bool
  fileprivate(set) var shares: [InputGradient]

  fileprivate init(site: Site, layer: any Layer, operation: any Operation, runsBackward: Bool) {
    (name, time, shares, isFrozen) = (site.name, site.time, site.gradients, site.isFrozen)
    (kind, self.operation, self.runsBackward) = (layer.kind, operation, runsBackward)
    let shapes = site.inputShapes, needsInput = !site.gradients.isEmpty
    flops = (
      layer.flops(for: shapes),
      runsBackward ? layer.backwardFlops(for: shapes, input: needsInput, parameters: site.trains) : 0
    )
    parameterTraffic = (site.parameterFloats, runsBackward && needsInput ? site.parameterFloats : 0)
    traffic = (
      site.forwardFloats - site.parameterFloats, runsBackward ? site.backwardFloats : 0
    )
  }
}

/// Where a node asks for what it will touch; see `Layer` for the contract.
@Engine package final class Site {
  package enum Phase { case forward, backward }

  package let name: String
  package var batch: Int { planner.samples.count }
  /// Of the plan's smallest lane.
  var smallestBatch: Int { planner.smallest }
  /// Place of this section's first sample in the batch.
  var firstSample: Int { planner.samples.lowerBound }
  package var demand: Demand { planner.demand }
  package var options: PlanOptions { planner.options }
  package var precision: Precision { planner.options.precision ?? .float32 }
  package let inputShapes: [Shape]
  package let outputShape: Shape

  fileprivate let time: Int
  fileprivate let inputs: [Value]
  fileprivate private(set) var gradients: [InputGradient] = []
  fileprivate private(set) var produced: Value?
  /// Floats that were declared: read or written forward, the same backward, and of parameters.
  fileprivate private(set) var forwardFloats = 0, backwardFloats = 0, parameterFloats = 0
  private let planner: Planner
  private let parameters: [String: Parameter]

  fileprivate init(
    planner: Planner, name: String, time: Int, inputs: [Value], shapes: [Shape], output: Shape,
    parameters: [String: Parameter]
  ) {
    (self.planner, self.name, self.time, self.inputs) = (planner, name, time, inputs)
    (inputShapes, outputShape, self.parameters) = (shapes, output, parameters)
  }

  private func moment(_ phase: Phase) -> Int { phase == .forward ? time : Planner.mirrored(time) }

  /// The layout that input `index` is produced in.
  package func layout(ofInput index: Int = 0) -> Layout { inputs[index].layout }

  /// Input `index` in a layout, its own when nil; a reorder is put in where the producer's is another.
  package func input(_ index: Int = 0, as layout: Layout? = nil) throws -> Value {
    let value = try planner.convert(inputs[index], to: layout ?? inputs[index].layout, before: time, slot: index)
    value.buffer.use(at: time)
    forwardFloats += value.buffer.count
    return value
  }

  /// The node's output, with its own memory.
  package func output(_ layout: Layout = .plain, reusing old: Value? = nil) -> Value {
    let needed = inputs.contains(where: \.needsGradient) || trains
    let value = Value(shape: outputShape, layout: layout, batch: batch, needsGradient: needed)
    value.buffer.use(at: time)
    if let old { planner.reuses.append(.init(old: old.buffer, new: value.buffer, time: time)) }
    forwardFloats += value.buffer.count
    produced = value
    return value
  }

  /// An output in plain layout that lasts to the end of the pass; where the plan has a backward pass, so does its
  /// gradient, which is where that pass ends.
  func pinnedOutput(reusing old: Value) -> Value {
    let value = Value(shape: outputShape, layout: .plain, batch: batch, needsGradient: demand != .inference)
    value.buffer.use(at: time)
    value.buffer.use(at: Planner.end)
    if value.needsGradient { value.gradient.use(at: Planner.end) }
    planner.reuses.append(.init(old: old.buffer, new: value.buffer, time: time))
    planner.pinned = value
    produced = value
    return value
  }

  /// The node's output as the memory of an input under the output's shape; nothing is computed.
  package func view(of value: Value) -> Value {
    let view = Value(of: value, shape: outputShape)
    forwardFloats = 0
    produced = view
    return view
  }

  /// Whether the plan wants gradients of this node's own parameters.
  package var trains: Bool {
    demand.parameters && parameters.values.contains { $0.role == .trainable && !$0.isFrozen }
  }

  /// Whether the node has parameters and every one is frozen. Of a node that is frozen in part all gradients are computed, and
  /// the optimiser leaves some aside.
  package var isFrozen: Bool {
    let trainable = parameters.values.filter { $0.role == .trainable }
    return !trainable.isEmpty && trainable.allSatisfy(\.isFrozen)
  }

  /// The same of the parameters whose names begin with `prefix`: a node may be two layers of which one is frozen whole.
  func areFrozen(_ prefix: String) -> Bool {
    let trainable = parameters.filter { $0.key.hasPrefix(prefix) && $0.value.role == .trainable }
    return !trainable.isEmpty && trainable.values.allSatisfy(\.isFrozen)
  }

  /// Backward reads `value`.
  package func keep(_ value: Value) {
    value.buffer.use(at: moment(.backward))
    backwardFloats += value.buffer.count
  }

  /// Memory written forward and read backward.
  package func kept(_ floats: Int) -> Buffer {
    forwardFloats += floats
    backwardFloats += floats
    return buffer(floats, [.forward, .backward])
  }

  /// Memory for the duration of one call.
  package func scratch(_ floats: Int, _ phase: Phase) -> Buffer { buffer(floats, [phase]) }

  private func buffer(_ floats: Int, _ phases: [Phase]) -> Buffer {
    let buffer = Buffer(floats: floats)
    for phase in phases { buffer.use(at: moment(phase)) }
    planner.buffers.append(buffer)
    return buffer
  }

  /// The gradient that reaches the output; backward may destroy it.
  package func outputGradient(of value: Value) -> Buffer {
    value.gradient.use(at: moment(.backward))
    backwardFloats += value.gradient.count
    return value.gradient
  }

  /// Where backward writes an input's gradient; nil when nobody wants it.
  ///
  /// - Parameter reusing: memory that the gradient may take over: the output's gradient or something kept.
  package func gradient(of value: Value, adds: Bool = false, reusing old: Buffer? = nil) -> InputGradient? {
    guard value.needsGradient else { return nil }
    let gradient = InputGradient(value: value.root, adds: adds, time: moment(.backward))
    value.gradient.use(at: moment(.backward))
    if let old { planner.reuses.append(.init(old: old, new: value.gradient, time: moment(.backward))) }
    value.root.gradients.append(gradient)
    gradients.append(gradient)
    backwardFloats += value.gradient.count
    return gradient
  }

  package func parameter(_ suffix: String) -> Parameter {
    guard let parameter = parameters[suffix] else { preconditionFailure("\(name) has no parameter “\(suffix)”") }
    forwardFloats += parameter.count
    parameterFloats += parameter.count
    return parameter
  }

  /// Where the gradient of a parameter goes; nil when the plan wants none.
  package func gradient(of parameter: Parameter) -> UnsafeMutablePointer<Float>? {
    guard trains else { return nil }
    backwardFloats += parameter.count
    return parameter.gradient
  }

  /// A convolution's weights in an order (nil: as they are), packed before each pass when they have changed.
  func packed(_ weight: Parameter, as order: (any WeightOrder)?) -> PackedWeights {
    planner.packs.packed(weight, as: order)
  }
}

/// Turns a graph into steps and a memory layout.
@Engine final class Planner {
  let samples: Range<Int>
  /// Images of the smallest section of this role.
  fileprivate let smallest: Int
  let demand: Demand
  let options: PlanOptions
  let packs: WeightPacks
  fileprivate let role: Role
  fileprivate var buffers: [Buffer] = []
  fileprivate var reuses: [MemoryLayoutPlan.Reuse] = []
  private(set) var steps: [PlanStep] = []
  private var values: [Value] = []
  fileprivate var pinned: Value?

  // A node's operation runs at a multiple of 16; reorders of its inputs run in the slots before it.
  static let start = -1, loss = 1 << 30, end = 1 << 31
  static func mirrored(_ time: Int) -> Int { end - 1 - time }

  /// - Parameters:
  ///   - samples: of the batch.
  ///   - smallest: images of the smallest section of this role.
  ///   - role: says which of its ends the caller places.
  init(
    samples: Range<Int>, smallest: Int, demand: Demand, options: PlanOptions, packs: WeightPacks, role: Role
  ) {
    (self.samples, self.smallest, self.demand, self.options) = (samples, smallest, demand, options)
    (self.packs, self.role) = (packs, role)
  }

  /// What the steps are to their plan: all of it, one of its lanes, or what follows the lanes.
  enum Role { case whole, lane, head }

  struct Result {
    let input: Value
    let output: Value
    /// The output of the node that the options pin.
    let pinned: Value?
    let steps: [PlanStep]
    let memory: MemoryLayoutPlan
  }

  func plan(_ graph: Graph, parameters: [String: Parameter]) throws -> Result {
    let reachesInput = demand.input && options.pin == nil
    let input = track(
      Value(shape: graph.input.shape, layout: .plain, batch: samples.count, needsGradient: reachesInput))
    input.buffer.use(at: Self.start)
    input.buffer.use(at: Self.end)
    if reachesInput { input.gradient.use(at: Self.end) }
    var edges: [Int: Value] = [graph.input.id: input]
    for (index, node) in graph.nodes.enumerated() {
      edges[node.output.id] = try place(node, time: (index + 1) * 16, edges: edges, parameters: parameters)
    }
    guard let last = edges[graph.output.id] else { preconditionFailure("the graph's output is made by no node") }
    let output = try convert(last, to: .plain, before: (graph.nodes.count + 1) * 16, slot: 0)
    output.buffer.use(at: Self.end)
    if output.needsGradient { output.gradient.use(at: Self.loss) }
    settleGradients()
    precondition(role == .whole || output.root !== input, "a section that computes nothing")
    steps.sort { $0.time < $1.time }
    let ends = outside(input, output)
    let all = (values.flatMap { [$0.buffer, $0.gradient] } + buffers).filter { buffer in
      !ends.contains { $0 === buffer }
    }
    return Result(
      input: input, output: output, pinned: pinned, steps: steps,
      memory: MemoryLayoutPlan(all, reuses: reuses, reuse: options.reusesMemory))
  }

  /// What the caller places. A lane's input gradient lies among its own memory, most of which is free by then.
  private func outside(_ input: Value, _ output: Value) -> [Buffer] {
    switch role {
    case .whole: []
    case .lane: [input.buffer, output.buffer, output.gradient]
    case .head: [input.buffer, input.gradient, output.buffer, output.gradient]
    }
  }

  /// Makes room for memory that is in use between the forward and the backward pass.
  func host(_ guest: Buffer) {
    guest.use(at: Self.loss)
    buffers.append(guest)
  }

  private func track(_ value: Value) -> Value {
    values.append(value)
    return value
  }

  private func place(_ node: Node, time: Int, edges: [Int: Value], parameters: [String: Parameter]) throws -> Value {
    let inputs = node.inputs.map { edge in
      guard let value = edges[edge.id] else { preconditionFailure("\(node.name) reads what no node has made") }
      return value
    }
    var own: [String: Parameter] = [:]
    for spec in node.parameters { own[spec.name] = parameters[node.fullName(spec)] }
    let site = Site(
      planner: self, name: node.name, time: time, inputs: inputs, shapes: node.inputs.map(\.shape),
      output: node.output.shape, parameters: own)
    return try add(site, node.layer)
  }

  private func add(_ site: Site, _ layer: any Layer) throws -> Value {
    let operation = try layer.operation(at: site)
    guard let output = site.produced else { preconditionFailure("\(site.name) has no output") }
    if output.origin == nil { _ = track(output) }
    let backward = demand != .inference && output.needsGradient
    steps.append(PlanStep(site: site, layer: layer, operation: operation, runsBackward: backward))
    return output
  }

  /// `value` in another layout, by a reorder that all readers share.
  func convert(_ value: Value, to layout: Layout, before time: Int, slot: Int) throws -> Value {
    guard value.layout != layout else { return value }
    if let known = value.converted[layout] { return known }
    precondition(slot < 15, "a node has at most 15 inputs")
    let site = Site(
      planner: self, name: "reorder", time: time - 15 + slot, inputs: [value], shapes: [value.shape],
      output: value.shape, parameters: [:])
    let converted = try add(site, Reorder(to: layout))
    value.converted[layout] = converted
    return converted
  }

  /// The reader that runs first in backward writes, the others add, by themselves or through a temporary.
  private func settleGradients() {
    for value in values {
      let order = value.gradients.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
      for (_, share) in order.dropFirst() {
        if share.adds {
          share.accumulates = true
        } else {
          let temporary = Buffer(floats: value.gradient.count)
          temporary.use(at: share.time)
          share.temporary = temporary
          buffers.append(temporary)
        }
      }
    }
  }
}
