import Core

/// How a plan is made; a part of its key in the cache.
package struct PlanOptions: Hashable, Sendable {
  package enum Convolution: String, CaseIterable, Sendable {
    /// Winograd for 3×3 kernels where it pays and holds the tolerances, else direct.
    case automatic
    case direct
    /// Winograd wherever the library has it.
    case winograd
  }

  package var convolution = Convolution.automatic
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

  package init(
    convolution: Convolution = .automatic, fuses: Bool = true, reusesMemory: Bool = true, poisons: Bool = false,
    pin: String? = nil, forks: Bool = false, precision: Precision? = nil
  ) {
    (self.convolution, self.fuses, self.reusesMemory, self.poisons) = (convolution, fuses, reusesMemory, poisons)
    (self.pin, self.forks, self.precision) = (pin, forks, precision)
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

  private unowned let network: Network
  private let result: Planner.Result
  let arena: Arena
  private let tenancy: Tenancy
  private let fork: (index: Int, operation: ForkOperation)?
  private var lastMode: Mode?
  /// Gradients that add up at the fork since `forward`; nil where its memory no longer holds.
  private var gathered: Int?
  /// Nanoseconds of each step, collected while `profiling`.
  private var times: [(forward: UInt64, backward: UInt64)]
  package var profiling = false

  init(network: Network, graph: Graph, batch: Int, demand: Demand, options: PlanOptions) throws {
    (self.network, self.batch, self.demand, self.options) = (network, batch, demand, options)
    tenancy = Tenancy()
    let planner = Planner(batch: batch, demand: demand, options: options, tenancy: tenancy)
    result = try planner.plan(graph, parameters: network.parametersByName)
    outputs = result.output.shape.count
    fork =
      result.steps.indices.lazy.compactMap { [result] index in
        (result.steps[index].operation as? ForkOperation).map { (index, $0) }
      }.first
    arena = try network.workspace(for: demand, floats: result.memory.floats)
    result.memory.bind(to: arena)
    times = Array(repeating: (0, 0), count: result.steps.count)
  }

  /// The batch of images [batch, 3, 224, 224], for the caller to fill.
  package var input: UnsafeMutablePointer<Float> { result.input.pointer }
  package var inputCount: Int { batch * result.input.shape.count }

  /// [batch, classes], after `forward`.
  package var logits: UnsafeMutablePointer<Float> { result.output.pointer }

  /// Gradient of the objective with respect to the logits [batch, classes]: written by `loss`, or by the caller for an
  /// objective of its own; read by `backward`.
  package var outputGradient: UnsafeMutablePointer<Float> {
    precondition(differentiates, "nothing in this plan has a gradient (\(demand.rawValue))")
    return result.output.gradient.pointer
  }

  /// Gradient of the objective with respect to the images [batch, 3, 224, 224], after `backward`.
  package var inputGradient: UnsafeMutablePointer<Float> {
    precondition(demand.input, "this plan was made without an input gradient (\(demand.rawValue))")
    precondition(result.pinned == nil, "the backward pass of this plan stops at “\(options.pin ?? "")”")
    return result.input.gradient.pointer
  }

  private var pinnedValue: Value {
    guard let value = result.pinned else { preconditionFailure("this plan was made without a pinned node") }
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

  /// Bytes of the plan's memory.
  package var bytes: Int { result.memory.floats * 4 }

  package func forward(_ mode: Mode = .evaluation) {
    network.enter(arena, plan: self)
    tenancy.parameters = network.version
    lastMode = mode
    gathered = fork == nil ? nil : 0
    if options.poisons { result.memory.poison(unusedAt: Planner.start) }
    forward(mode, result.steps.indices)
  }

  private func forward(_ mode: Mode, _ steps: Range<Int>) {
    for index in steps {
      let start = profiling ? Stopwatch.now() : 0, step = result.steps[index]
      step.operation.forward(step.isFrozen ? mode.frozen : mode)
      if profiling { times[index].forward += Stopwatch.now() - start }
      if options.poisons { result.memory.poison(after: step.time) }
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
      gradient: differentiates ? result.output.gradient.pointer : nil)
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
  private var differentiates: Bool { result.output.needsGradient }

  /// Gradients that the plan's demand names, for `outputGradient` as it stands.
  package func backward() {
    if canForwardAgain {
      backwardToFork()
      backwardFromFork()
    } else {
      backward(result.steps.indices)
    }
  }

  private func backward(_ steps: Range<Int>) {
    precondition(demand != .inference, "a plan for inference has no backward pass")
    guard let mode = lastMode else { preconditionFailure("backward before forward") }
    precondition(network.isTenant(self, of: arena), "another plan ran between this plan's forward and backward")
    for index in steps.reversed() {
      let step = result.steps[index]
      guard step.runsBackward else { continue }
      let start = profiling ? Stopwatch.now() : 0
      step.operation.backward(step.isFrozen ? mode.frozen : mode)
      for share in step.shares { share.settle() }
      if profiling { times[index].backward += Stopwatch.now() - start }
      if options.poisons { result.memory.poison(after: Planner.mirrored(step.time)) }
    }
  }

  // MARK: a fork

  /// Whether this plan has a fork (`PlanOptions.forks`), so that these can be called: `forward`, a loss and
  /// `backwardToFork`; then `forwardAgain` with other masks, a loss and `backwardToFork`, as often as wanted; at last
  /// `backwardFromFork`, which gives the gradient of the losses' sum.
  package var canForwardAgain: Bool { fork != nil }

  /// Runs the layers behind the fork again.
  package func forwardAgain(_ mode: Mode) {
    precondition(network.isTenant(self, of: arena), "another plan ran between this plan's two forward passes")
    precondition(tenancy.parameters == network.version, "the parameters changed between two forward passes")
    precondition(gathered ?? 0 > 0, "forwardAgain without a gradient at the fork")
    lastMode = mode
    forward(mode, behindFork)
  }

  /// Backward down to the fork, where the gradients of several passes add up.
  package func backwardToFork() {
    guard let before = gathered else { preconditionFailure("backwardToFork without forward") }
    backward(behindFork)
    fork?.operation.gather(isFirst: before == 0)
    gathered = before + 1
  }

  package func backwardFromFork() {
    precondition(gathered ?? 0 > 0, "no gradient at the fork")
    backward(0..<behindFork.lowerBound)
    gathered = nil
  }

  private var behindFork: Range<Int> {
    guard let fork else { preconditionFailure("this plan was made without a fork") }
    return fork.index + 1..<result.steps.count
  }

  /// Another plan has used the memory: what was kept in it is lost.
  func evict() {
    tenancy.memory += 1
    (lastMode, gathered) = (nil, nil)
  }
}

/// What one step of a plan cost since the last `resetProfile`.
package struct StepProfile: Sendable {
  package let name: String
  package let kind: String
  package let kernels: [String]
  package let forward: Pass
  package let backward: Pass

  /// One pass of the batch: floating-point operations, the bytes that must be moved at least (inputs, outputs, what is kept,
  /// parameters and gradients, each once), and the time.
  package struct Pass: Sendable {
    package let flops: Int
    package let bytes: Int
    package let nanoseconds: UInt64
  }
}

extension Plan {
  package func resetProfile() {
    times = Array(repeating: (0, 0), count: result.steps.count)
    profiling = true
  }

  package var profile: [StepProfile] {
    zip(result.steps, times).map { step, time in
      StepProfile(
        name: step.name, kind: step.kind, kernels: step.operation.kernels,
        forward: .init(flops: step.flops.forward * batch, bytes: 4 * step.traffic.forward, nanoseconds: time.forward),
        backward: .init(
          flops: step.flops.backward * batch, bytes: 4 * step.traffic.backward, nanoseconds: time.backward))
    }
  }
}
