import Core

/// What can be timed of a network.
package enum EngineWork: String, CaseIterable, Codable, Sendable {
  /// Forward, loss, backward and Adam.
  case train
  /// Forward, loss and backward to the images, parameters fixed (one step of an attack).
  case gradient
  case inference

  package var demand: Demand {
    switch self {
    case .train: .parameterGradients
    case .gradient: .inputGradient
    case .inference: .inference
    }
  }
}

/// A network with a batch of noise, ready to be timed; warm. Run with nothing else running.
@Engine package final class EngineBenchmark {
  package nonisolated let batch: Int
  private let network: Network
  private let plan: Plan
  private let work: EngineWork
  private let optimiser: Adam?
  private let labels: [Int]
  private var steps = 0
  private var optimiserTime: UInt64 = 0

  /// - Parameter optimiser: one to share with other batches of the network.
  /// - Throws: `NNError`, `CoreError.outOfMemory`.
  package init(
    _ network: Network, _ work: EngineWork, batch: Int, options: PlanOptions = PlanOptions(), optimiser: Adam? = nil
  ) throws {
    (self.network, self.work, self.batch) = (network, work, batch)
    network.initialise(seed: 1)
    plan = try network.plan(batch: batch, demand: work.demand, options: options)
    self.optimiser = work == .train ? try optimiser ?? Adam(network) : nil
    labels = (0..<batch).map { $0 % 7 }
    let noise = RandomStream(seed: 1, purpose: "benchmark")
    for i in 0..<plan.inputCount { plan.input[i] = noise.uniform(i) }
    step()
  }

  package convenience init(_ entry: NetworkEntry, _ work: EngineWork, batch: Int) throws {
    try self.init(Network(entry), work, batch: batch)
  }

  package var planBytes: Int { plan.bytes }

  /// The library kernels that the plan's layers run, each with how many of them do.
  package var kernels: [String: Int] {
    plan.profile.flatMap(\.kernels).reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }

  /// Floating-point operations of one image, both passes.
  package var flopsAnImage: Double {
    Double(plan.profile.reduce(0) { $0 + $1.forward.flops + $1.backward.flops }) / Double(batch)
  }

  /// Images a second by the median step; takes steps for `seconds`, at least `least`.
  package func rate(seconds: Double, least: Int = 1) -> Double { rate(seconds: seconds, least: least) {} }

  private func rate(seconds: Double, least: Int, obey: () throws -> Void) rethrows -> Double {
    let times = try Stopwatch.times(seconds: seconds, least: least) {
      try obey()
      step()
    }
    return Double(batch) / Double(times[times.count / 2]) * 1e9
  }

  /// Layer by layer, of at least three steps and about `seconds`.
  package func profile(seconds: Double) -> EngineProfile { profile(seconds: seconds) {} }

  /// - Parameter obey: asked before each step; what it throws ends the measurement.
  package func profile(seconds: Double, obey: () throws -> Void) rethrows -> EngineProfile {
    plan.resetProfile()
    (optimiserTime, steps) = (0, 0)
    let rate = try rate(seconds: seconds, least: 3, obey: obey)
    return EngineProfile(
      network: network.entry.name, precision: network.entry.precision, work: work, batch: batch,
      threads: Parallel.threads, lanes: plan.laneCount, imagesPerSecond: rate,
      steps: steps, layers: plan.profile, optimiserNanoseconds: optimiserTime,
      trainedParameters: optimiser == nil ? 0 : network.trainableFloats)
  }

  /// One step.
  package func step() {
    plan.forward(work == .train ? .training(seed: 1, step: steps) : .evaluation)
    steps += 1
    guard work != .inference else { return }
    _ = plan.loss(labels: labels)
    plan.backward()
    guard let optimiser else { return }
    let start = Stopwatch.now()
    optimiser.step(learningRate: 1e-4, weightDecay: 1e-3)
    optimiserTime += Stopwatch.now() - start
  }

  /// Floating-point operations a second of the engine's matrix product on all threads (2048³), the best of six: the peak that
  /// layers are compared with.
  ///
  /// - Throws: `NNError.noBF16`, `CoreError.outOfMemory`.
  package static func matrixPeak(_ precision: Precision = .float32) throws -> Double {
    let (times, flops) = try matrixTimes(precision, seconds: 0, least: 6)
    return flops / Double(times[0]) * 1e9
  }

  /// The same by the median product of `seconds`, to be compared with `rate`: what other programs take from the processor
  /// lowers both.
  ///
  /// - Throws: `CoreError.outOfMemory`.
  package static func matrixRate(seconds: Double) throws -> Double {
    let (times, flops) = try matrixTimes(.float32, seconds: seconds, least: 3)
    return flops / Double(times[times.count / 2]) * 1e9
  }

  /// Nanoseconds of products, the shortest first, and the operations of one.
  private static func matrixTimes(
    _ precision: Precision, seconds: Double, least: Int
  ) throws -> (times: [UInt64], flops: Double) {
    guard precision.isAvailable else { throw NNError.noBF16 }
    let n = 2048
    let product = try Product(.init(rows: n, columns: n, depth: n, packs: true, rounds: precision == .bf16))
    let arena = try Arena(count: 3 * n * n + product.scratchFloats)
    return withExtendedLifetime(arena) {
      arena.base.update(repeating: 0.5, count: 2 * n * n)
      let times = Stopwatch.times(seconds: seconds, least: least) {
        product.run(arena.base, arena.base + n * n, into: arena.base + 2 * n * n, scratch: arena.base + 3 * n * n)
      }
      return (times, 2 * Double(n * n * n))
    }
  }
}

/// What a network's layers cost.
package struct EngineProfile: Sendable {
  package let network: String
  package let precision: Precision
  package let work: EngineWork
  package let batch: Int
  package let threads: Int
  /// Threads that compute images of their own; 1 where all share every layer.
  package let lanes: Int
  /// From the median step.
  package let imagesPerSecond: Double
  package let steps: Int
  /// Times are of all steps together.
  package let layers: [StepProfile]
  package let optimiserNanoseconds: UInt64
  /// Floats that the optimiser goes through a step.
  package let trainedParameters: Int
}
