import Core
import Glibc

/// Times the engine on networks of the registry, for `quaver bench`. Call with nothing else running.
package enum EngineBenchmark {
  package enum Work: String, CaseIterable, Sendable {
    /// Forward, loss, backward and Adam.
    case training
    /// Forward, loss and backward to the images, parameters fixed (one step of an attack).
    case inputGradient
    case inference
  }

  package struct Result: Sendable {
    package let network: String
    package let work: Work
    package let batch: Int
    package let threads: Int
    /// From the median step.
    package let imagesPerSecond: Double
    package let planBytes: Int
    /// Layer by layer, summed over all timed steps.
    package let profile: [StepProfile]
    package let steps: Int
    /// Nanoseconds of the optimiser over all timed steps.
    package let optimiserNanoseconds: UInt64
  }

  /// - Parameters:
  ///   - seconds: about how long to measure; at least three steps are taken after one that warms up.
  ///   - profiles: whether to fill `profile` (costs a few microseconds a step).
  package static func measure(
    _ entry: NetworkEntry, _ work: Work, batch: Int = 32, seconds: Double = 3, options: PlanOptions = PlanOptions(),
    profiles: Bool = false
  ) async throws -> Result {
    try await Engine.run {
      let bench = try Bench(entry, work, batch, options)
      return bench.run(seconds: seconds, profiles: profiles)
    }
  }

  /// Floating-point operations a second of the engine's matrix product on all threads (2048³), the peak that layers are
  /// compared with.
  package static func matrixPeak() async throws -> Double {
    try await Engine.run {
      let n = 2048
      let product = try Product(.init(rows: n, columns: n, depth: n, packs: true))
      let arena = try Arena(count: 3 * n * n + product.scratchFloats)
      arena.base.update(repeating: 0.5, count: 2 * n * n)
      var best = UInt64.max
      for _ in 0..<6 {
        let start = now()
        product.run(
          arena.base, arena.base + n * n, into: arena.base + 2 * n * n, scratch: arena.base + 3 * n * n)
        best = min(best, now() - start)
      }
      return 2 * Double(n * n * n) / Double(best) * 1e9
    }
  }

  fileprivate static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

@Engine private final class Bench {
  private let network: Network
  private let plan: Plan
  private let work: EngineBenchmark.Work
  private let optimiser: Adam?
  private let labels: [Int]
  private var step = 0
  private var optimiserTime: UInt64 = 0

  init(_ entry: NetworkEntry, _ work: EngineBenchmark.Work, _ batch: Int, _ options: PlanOptions) throws {
    self.work = work
    network = try Network(entry)
    network.initialise(seed: 1)
    let demand: Demand =
      switch work {
      case .training: .parameterGradients
      case .inputGradient: .inputGradient
      case .inference: .inference
      }
    plan = try network.plan(batch: batch, demand: demand, options: options)
    optimiser = work == .training ? try Adam(network) : nil
    labels = (0..<batch).map { $0 % 7 }
    let noise = RandomStream(seed: 1, purpose: "benchmark")
    for i in 0..<plan.inputCount { plan.input[i] = noise.uniform(i) }
  }

  private func once() {
    plan.forward(work == .training ? .training(seed: 1, step: step) : .evaluation)
    step += 1
    guard work != .inference else { return }
    _ = plan.loss(labels: labels)
    plan.backward()
    guard let optimiser else { return }
    let start = EngineBenchmark.now()
    optimiser.step(learningRate: 1e-4, weightDecay: 1e-3)
    optimiserTime += EngineBenchmark.now() - start
  }

  func run(seconds: Double, profiles: Bool) -> EngineBenchmark.Result {
    once()
    optimiserTime = 0
    if profiles { plan.resetProfile() }
    var times: [UInt64] = []
    let begin = EngineBenchmark.now()
    while times.count < 3 || Double(EngineBenchmark.now() - begin) < seconds * 1e9 {
      let start = EngineBenchmark.now()
      once()
      times.append(EngineBenchmark.now() - start)
    }
    times.sort()
    return EngineBenchmark.Result(
      network: network.entry.name, work: work, batch: plan.batch, threads: Parallel.threads,
      imagesPerSecond: Double(plan.batch) / Double(times[times.count / 2]) * 1e9, planBytes: plan.bytes,
      profile: profiles ? plan.profile : [], steps: times.count, optimiserNanoseconds: optimiserTime)
  }
}
