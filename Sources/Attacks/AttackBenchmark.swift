import Core
import Glibc
import NN

/// Times attacks on networks of the registry, for `quaver bench --attacks`. Call with nothing else running.
package enum AttackBenchmark {
  package struct Result: Sendable {
    package let network: String
    package let attack: String
    package let batch: Int
    package let threads: Int
    /// From the median pass.
    package let imagesPerSecond: Double
    package let planBytes: Int
  }

  /// The settings that are timed: the paper's. Square gets ε = 0, so that no image gives in and every one takes all its
  /// queries, whatever the weights.
  package static func settings(_ attack: any Attack) -> AttackSettings {
    var settings = attack.defaults
    if attack.name == Attacks.square.name { settings.epsilon = 0 }
    if attack.name == Attacks.apgd.name { settings.steps = 10 }
    return settings
  }

  /// - Parameter seconds: about how long to measure; at least two passes are taken after one that warms up.
  package static func measure(
    _ entry: NetworkEntry, _ attack: any Attack, batch: Int = 32, seconds: Double = 3
  ) async throws -> Result {
    try await Engine.run { try run(entry, attack, batch, seconds) }
  }

  @Engine private static func run(
    _ entry: NetworkEntry, _ attack: any Attack, _ batch: Int, _ seconds: Double
  ) throws -> Result {
    let network = try Network(entry)
    network.initialise(seed: 1)
    let attacker = try Attacker(attack, settings(attack), network, batch: batch)
    let count = batch * entry.input.count
    let clean = try Arena(count: count), adversarial = try Arena(count: count)
    return try withExtendedLifetime((clean, adversarial)) {
      let noise = RandomStream(seed: 1, purpose: "benchmark")
      for i in 0..<count { clean.base[i] = noise.uniform(i) }
      let labels = try attacker.evaluate(clean.base, count: batch).map { Prediction.of($0, $0.count) }
      var times: [UInt64] = []
      let begin = now()
      while times.count < 3 || Double(now() - begin) < seconds * 1e9 {
        let start = now()
        _ = try attacker.perturb(clean.base, labels: labels, ids: Array(0..<batch), into: adversarial.base)
        times.append(now() - start)
      }
      times.removeFirst()
      times.sort()
      return Result(
        network: entry.name, attack: attack.name, batch: batch, threads: Parallel.threads,
        imagesPerSecond: Double(batch) / Double(times[times.count / 2]) * 1e9, planBytes: network.memory.plans)
    }
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
