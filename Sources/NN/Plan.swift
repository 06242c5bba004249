import Core

/// How a plan is made; a part of its key in the cache.
package struct PlanOptions: Hashable, Sendable {
  package enum Algorithm: String, CaseIterable, Sendable {
    /// Winograd's convolution (the library's for 3×3 kernels where it has it, else ours) and Strassen's products where they pay and hold
    /// the tolerances; else direct.
    case automatic
    case direct
    /// Winograd wherever the library has it, and ours where it pays; Strassen wherever blocks can be cut.
    case fast
  }

  package var algorithm = Algorithm.automatic
  /// nil: the network's.
  package var precision: Precision?
  /// Neighbouring layers that have a joint kernel run as one.
  package var fuses = true
  /// Memory that nobody needs any more is used again; off only to check a plan against one that shares nothing.
  package var reusesMemory = true
  /// Fills memory with NaN whenever it falls free (slow; for tests).
  package var poisons = false
  /// A node of the model file whose output stays readable (`Plan.pinned`). Backward, where the demand has one, gives that
  /// output's gradient instead of the image's and stops there.
  package var pin: String?
  /// The layers behind the first dropout can run again by themselves (`Plan.forwardAgain`), where one value leads to them.
  /// Such a plan has no parameters' gradients.
  package var forks = false
  /// A plan without parameters' gradients may give each thread images of its own (`Lanes`); it has no statistics of the batch.
  package var lanes = true

  package init(
    algorithm: Algorithm = .automatic, fuses: Bool = true, reusesMemory: Bool = true, poisons: Bool = false,
    pin: String? = nil, forks: Bool = false, lanes: Bool = true, precision: Precision? = nil
  ) {
    (self.algorithm, self.fuses, self.reusesMemory, self.poisons) = (algorithm, fuses, reusesMemory, poisons)
    (self.pin, self.forks, self.lanes, self.precision) = (pin, forks, lanes, precision)
  }
}

/// A network made ready for one batch size and one demand: all memory reserved, all primitives built.
///
/// Fill `input`, call `forward`, then `loss` (or write `outputGradient`), then `backward`. Plans of one network and one
/// demand share memory: results are good until another of them runs.
@Engine package final class Plan {
  package let batch: Int
  package let demand: Demand
  package let options: PlanOptions
  /// Classes, or the output's size.
  package let outputs: Int
  private let floats: Int
  private let imageGradients: ImageGradients

  private unowned let network: Network
  /// Each computes samples of its own, on a thread of its own where there are several.
  let lanes: [Section]
  /// What follows the lanes, for the whole batch; nil when they reach the output.
  let head: Section?
  /// All of them.
  let sections: [Section]
  let packs = WeightPacks()
  /// Nanoseconds that packing took, collected while profiling.
  var packingTime: UInt64 = 0
  let arena: Arena
  private let tenancy = Tenancy()
  private var lastMode: Mode?
  /// Gradients that add up at the fork since `forward`; nil where its memory no longer holds.
  private var gathered: Int?

  init(network: Network, graph: Graph, batch: Int, demand: Demand, options: PlanOptions) throws {
    (self.network, self.batch, self.demand, self.options) = (network, batch, demand, options)
    let packs = packs
    let shared = Lanes(graph, batch: batch, threads: Parallel.threads, demand: demand, options: options)
    func section(
      _ role: Planner.Role, _ graph: Graph, _ samples: Range<Int>, isBehindFork: Bool = false, guest: Buffer? = nil
    ) throws -> Section {
      let smallest = role == .lane ? shared?.samples.map(\.count).min() : nil
      let planner = Planner(
        samples: samples, smallest: smallest ?? batch, demand: demand, options: options, packs: packs, role: role)
      return try Section(
        graph, parameters: network.parametersByName, planner: planner, isBehindFork: isBehindFork, guest: guest)
    }
    var guest: Buffer?
    if let shared {
      let trunkForks = shared.trunk.hasFork
      head = try shared.head.map { try section(.head, $0, 0..<batch, isBehindFork: trunkForks) }
      guest = head.map { Buffer(floats: $0.floats) }
      lanes = try Parallel.with(threads: 1) {
        try shared.samples.enumerated().map { try section(.lane, shared.trunk, $1, guest: $0 == 0 ? guest : nil) }
      }
    } else {
      lanes = [try section(.whole, graph, 0..<batch)]
      head = nil
    }
    sections = lanes + [head].compactMap(\.self)
    outputs = (head ?? lanes[0]).output.shape.count
    let memory = PlanMemory(lanes: lanes, head: head, guest: guest, packs: packs)
    floats = memory.floats
    arena = try network.workspace(for: demand, floats: floats)
    memory.bind(at: arena.base)
    imageGradients = ImageGradients(lanes)
  }

  /// Where the plan begins: its input is that of the whole batch.
  private var first: Section { lanes[0] }
  private var last: Section { head ?? lanes[0] }

  /// The batch of images [batch, 3, 224, 224], for the caller to fill.
  package var input: UnsafeMutablePointer<Float> { first.input.pointer }
  package var inputCount: Int { batch * first.input.shape.count }

  /// [batch, classes], after `forward`.
  package var logits: UnsafeMutablePointer<Float> { last.output.pointer }

  /// Gradient of the objective with respect to the logits [batch, classes]: written by `loss`, or by the caller for an
  /// objective of its own; read by `backward`.
  package var outputGradient: UnsafeMutablePointer<Float> {
    precondition(differentiates, "nothing in this plan has a gradient (\(demand.rawValue))")
    return last.output.gradient.pointer
  }

  /// Gradient of the objective with respect to each image [3, 224, 224], after `backward`.
  package var inputGradient: ImageGradients {
    precondition(demand.input, "this plan was made without an input gradient (\(demand.rawValue))")
    precondition(options.pin == nil, "the backward pass of this plan stops at “\(options.pin ?? "")”")
    return imageGradients
  }

  private var pinnedValue: Value {
    guard let value = first.pinned else { preconditionFailure("this plan was made without a pinned node") }
    return value
  }

  /// The pinned node's output [batch, shape …] in plain layout, from `forward` to the next one.
  package var pinned: UnsafeMutablePointer<Float> { pinnedValue.pointer }

  /// Shape of the pinned node's output for one image.
  package var pinnedShape: Shape { pinnedValue.shape }

  /// Gradient of the objective with respect to the pinned node's output [batch, shape …], after `backward`.
  package var pinnedGradient: UnsafeMutablePointer<Float> {
    precondition(demand.input, "this plan was made without an input gradient (\(demand.rawValue))")
    return pinnedValue.gradient.pointer
  }

  /// How many threads compute images of their own; 1 where all share every layer.
  package var laneCount: Int { lanes.count }

  /// Bytes of the plan's memory.
  package var bytes: Int { floats * 4 }

  /// - Parameter mode: without statistics of the batch where images may go apart (`PlanOptions.lanes`).
  package func forward(_ mode: Mode = .evaluation) {
    network.enter(arena, plan: self)
    tenancy.parameters = network.version
    gathered = canForwardAgain ? 0 : nil
    for section in sections { section.poisonUnused() }
    refreshPacks()
    forward(mode, .all)
  }

  private func refreshPacks() {
    let start = first.profiling ? Stopwatch.now() : 0
    // What lanes pack was made for one thread, and a library's scratch may grow with their number.
    let now = tenancy.stamp, threads = lanes.count > 1 ? 1 : Parallel.threads
    let packed = Parallel.with(threads: threads) { packs.refresh(now) }
    if first.profiling, packed { packingTime += Stopwatch.now() - start }
  }

  private func forward(_ mode: Mode, _ part: Section.Part) {
    precondition(
      !mode.batchStatistics || demand.parameters || !options.lanes,
      "images that may be computed apart have no statistics of their batch")
    precondition(
      mode.dropout?.samples.map { $0.count == batch } ?? true, "samples are named for another batch than \(batch)")
    lastMode = mode
    onLanes { $0.forward(mode, part) }
    head?.forward(mode, part)
  }

  /// Runs `body` for each lane, on a thread of its own.
  private func onLanes(_ body: (Section) -> Void) {
    guard lanes.count > 1 else { return body(lanes[0]) }
    let lanes = lanes
    Parallel.forEach(lanes.count) { range in
      for index in range { body(lanes[index]) }
    }
  }

  /// Mean cross-entropy of the logits; for plans with gradients also sets `outputGradient`.
  ///
  /// - Parameters:
  ///   - labels: one class index a sample.
  ///   - weights: of each class, positive; the loss is then the weighted mean (`CrossEntropy.mean`).
  package func loss(labels: [Int], weights: [Double]? = nil) -> Float {
    precondition(weights.map { $0.count == outputs } ?? true, "\(outputs) classes need as many weights")
    precondition(labels.count == batch, "\(labels.count) labels for a batch of \(batch)")
    precondition(labels.allSatisfy { 0 <= $0 && $0 < outputs }, "a label is not one of the \(outputs) classes")
    return CrossEntropy.mean(
      logits: logits, labels: labels, classes: outputs, weights: weights,
      gradient: differentiates ? last.output.gradient.pointer : nil)
  }

  /// Each sample's own cross-entropy; sets `outputGradient` to the gradient of their sum, so that what reaches an image
  /// does not depend on the batch that it is in.
  ///
  /// - Parameter losses: receives one value a sample.
  package func losses(labels: [Int], into losses: UnsafeMutablePointer<Float>) {
    precondition(labels.count == batch, "\(labels.count) labels for a batch of \(batch)")
    let gradient = outputGradient, logits = logits
    for n in 0..<batch {
      precondition(0 <= labels[n] && labels[n] < outputs, "label \(labels[n]) is not one of the \(outputs) classes")
      losses[n] = Float(
        CrossEntropy.row(
          logits + n * outputs, label: labels[n], classes: outputs, share: 1, gradient: gradient + n * outputs))
    }
  }

  /// Whether the demand reaches the output: not for inference, and not for the parameters of a graph that has none.
  private var differentiates: Bool { last.output.needsGradient }

  /// Gradients that the plan's demand names, for `outputGradient` as it stands.
  package func backward() {
    if canForwardAgain {
      backwardToFork()
      backwardFromFork()
    } else {
      backward(.all)
    }
  }

  private func backward(_ part: Section.Part) {
    precondition(demand != .inference, "a plan for inference has no backward pass")
    guard let mode = lastMode else { preconditionFailure("backward before forward") }
    precondition(network.isTenant(self, of: arena), "another plan ran between this plan's forward and backward")
    head?.backward(mode, part)
    onLanes { $0.backward(mode, part) }
  }

  // MARK: a fork

  /// Whether this plan has a fork (`PlanOptions.forks`), so that these can be called: `forward`, a loss and
  /// `backwardToFork`; then `forwardAgain` with other masks, a loss and `backwardToFork`, as often as wanted; at last
  /// `backwardFromFork`, which gives the gradient of the losses' sum.
  package var canForwardAgain: Bool { first.hasFork || head?.hasFork ?? false }

  /// Runs the layers behind the fork again.
  package func forwardAgain(_ mode: Mode) {
    precondition(network.isTenant(self, of: arena), "another plan ran between this plan's two forward passes")
    precondition(tenancy.parameters == network.version, "the parameters changed between two forward passes")
    precondition(gathered ?? 0 > 0, "forwardAgain without a gradient at the fork")
    forward(mode, .behindFork)
  }

  /// Backward down to the fork, where the gradients of several passes add up.
  package func backwardToFork() {
    guard let before = gathered else { preconditionFailure("backwardToFork without forward") }
    backward(.behindFork)
    for section in sections { section.gather(isFirst: before == 0) }
    gathered = before + 1
  }

  package func backwardFromFork() {
    precondition(gathered ?? 0 > 0, "no gradient at the fork")
    backward(.beforeFork)
    gathered = nil
  }

  /// Another plan has used the memory: what was kept in it is lost.
  func evict() {
    tenancy.memory += 1
    (lastMode, gathered) = (nil, nil)
  }
}

/// The gradient of each image of a batch; they need not lie side by side.
package struct ImageGradients {
  /// Images `first`..<`end` lie side by side from `base` on.
  private let stretches: [(base: UnsafeMutablePointer<Float>, first: Int, end: Int)]
  /// Floats of an image.
  private let size: Int

  /// Images that lie side by side.
  package init(together base: UnsafeMutablePointer<Float>, size: Int) {
    (stretches, self.size) = ([(base, 0, Int.max)], size)
  }

  @Engine fileprivate init(_ lanes: [Section]) {
    stretches = lanes.map { ($0.input.gradient.pointer, $0.samples.lowerBound, $0.samples.upperBound) }
    size = lanes[0].input.shape.count
  }

  package subscript(image: Int) -> UnsafeMutablePointer<Float> {
    for stretch in stretches where image < stretch.end { return stretch.base + (image - stretch.first) * size }
    preconditionFailure("image \(image) is not one of the batch")
  }
}

/// What lies where in a plan's arena: packed weights, the ends of sections that share them, the sections one after the other.
@Engine private struct PlanMemory {
  private(set) var floats = 0
  private var places: [(offset: Int, bind: (UnsafeMutablePointer<Float>) -> Void)] = []

  /// - Parameter guest: the head's memory, which lies within a lane's.
  init(lanes: [Section], head: Section?, guest: Buffer?, packs: WeightPacks) {
    for buffer in packs.buffers { add(buffer.count) { buffer.place(at: $0) } }
    if lanes.count > 1 {
      addEnd(lanes, \.input, \.buffer)
      for kind in [\Value.buffer, \.gradient] {
        addEnd(lanes, \.output, kind, whole: head?.input)
        if let head { addEnd([head], \.output, kind) }
      }
    }
    for lane in lanes { add(lane.floats) { lane.bind(at: $0) } }
    if let head, let guest { add(0) { _ in head.bind(at: guest.pointer) } }
  }

  private mutating func add(_ count: Int, _ bind: @escaping (UnsafeMutablePointer<Float>) -> Void) {
    places.append((floats, bind))
    floats += Arena.rounded(count)
  }

  /// An end of several sections, sample by sample, or its gradient, where there is one; `whole` reads or writes it too.
  private mutating func addEnd(
    _ sections: [Section], _ end: KeyPath<Section, Value>, _ kind: KeyPath<Value, Buffer>, whole: Value? = nil
  ) {
    let values = sections.map { $0[keyPath: end] }, size = values[0].shape.count
    guard kind == \.buffer || values[0].needsGradient else { return }
    let places = zip(sections, values).map { (offset: $0.samples.lowerBound * size, buffer: $1[keyPath: kind]) }
    add(size * (sections.last?.samples.upperBound ?? 0)) { base in
      for (offset, buffer) in places { buffer.place(at: base + offset) }
      whole?[keyPath: kind].place(at: base)
    }
  }

  func bind(at base: UnsafeMutablePointer<Float>) {
    for place in places { place.bind(base + place.offset) }
  }
}
