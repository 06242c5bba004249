import Core

/// Some layers of a plan, for some samples of its batch: a lane, what follows the lanes, or all.
@Engine final class Section {
  let samples: Range<Int>
  private let result: Planner.Result
  private let poisons: Bool
  private let fork: ForkOperation?
  /// Steps before and behind the plan's fork. A section that lies before the fork as a whole has none behind it.
  private let before: Range<Int>, behind: Range<Int>
  /// Nanoseconds of each step, collected while `profiling`.
  private var times: [(forward: UInt64, backward: UInt64)]
  var profiling = false

  enum Part { case all, beforeFork, behindFork }

  /// - Parameters:
  ///   - isBehindFork: whether the fork, if there is one, lies in a section before this one.
  ///   - guest: memory that is in use between the two passes alone, and may lie within this section's.
  init(
    _ graph: Graph, parameters: [String: Parameter], planner: Planner, isBehindFork: Bool, guest: Buffer? = nil
  ) throws {
    (samples, poisons) = (planner.samples, planner.options.poisons)
    if let guest { planner.host(guest) }
    result = try planner.plan(graph, parameters: parameters)
    let place = result.steps.indices.lazy.compactMap { [result] index in
      (result.steps[index].operation as? ForkOperation).map { (index, $0) }
    }.first
    fork = place?.1
    let cut = place.map { $0.0 + 1 } ?? (isBehindFork ? 0 : result.steps.count)
    (before, behind) = (0..<cut, cut..<result.steps.count)
    times = Array(repeating: (0, 0), count: result.steps.count)
  }

  var input: Value { result.input }
  var output: Value { result.output }
  var pinned: Value? { result.pinned }
  var hasFork: Bool { fork != nil }
  /// Floats of its memory, the ends aside where they lie outside.
  var floats: Int { result.memory.floats }

  func bind(at base: UnsafeMutablePointer<Float>) { result.memory.bind(at: base) }

  func poisonUnused() { if poisons { result.memory.poison(unusedAt: Planner.start) } }

  private func steps(_ part: Part) -> Range<Int> {
    switch part {
    case .all: result.steps.indices
    case .beforeFork: before
    case .behindFork: behind
    }
  }

  func forward(_ mode: Mode, _ part: Part) {
    for index in steps(part) {
      let start = profiling ? Stopwatch.now() : 0, step = result.steps[index]
      step.operation.forward(step.isFrozen ? mode.frozen : mode)
      if profiling { times[index].forward += Stopwatch.now() - start }
      if poisons { result.memory.poison(after: step.time) }
    }
  }

  func backward(_ mode: Mode, _ part: Part) {
    for index in steps(part).reversed() {
      let step = result.steps[index]
      guard step.runsBackward else { continue }
      let start = profiling ? Stopwatch.now() : 0
      step.operation.backward(step.isFrozen ? mode.frozen : mode)
      for share in step.shares { share.settle() }
      if profiling { times[index].backward += Stopwatch.now() - start }
      if poisons { result.memory.poison(after: Planner.mirrored(step.time)) }
    }
  }

  /// Adds the gradient at the fork, if it lies here, to those before it.
  func gather(isFirst: Bool) { fork?.gather(isFirst: isFirst) }

  func resetProfile() {
    times = Array(repeating: (0, 0), count: result.steps.count)
    profiling = true
  }

  /// - Parameter countsParameters: whether parameters are among the bytes.
  func profile(countsParameters: Bool) -> [StepProfile] {
    func bytes(_ own: Int, _ parameters: Int) -> Int { 4 * (own + (countsParameters ? parameters : 0)) }
    return zip(result.steps, times).map { step, time in
      StepProfile(
        name: step.name, kind: step.kind, kernels: step.operation.kernels,
        forward: .init(
          flops: step.flops.forward * samples.count,
          bytes: bytes(step.traffic.forward, step.parameterTraffic.forward), nanoseconds: time.forward),
        backward: .init(
          flops: step.flops.backward * samples.count,
          bytes: bytes(step.traffic.backward, step.parameterTraffic.backward), nanoseconds: time.backward))
    }
  }
}
