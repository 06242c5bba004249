import Core
import NN

/// An attack on a network of the registry and a batch of noise, ready to be timed. Run with nothing else running.
@Engine package final class AttackBenchmark {
  private let network: Network
  private let attacker: Attacker
  private let batch: Int
  private let clean: Arena, adversarial: Arena
  private let labels: [Int]

  /// The settings that are timed: the paper's. Square gets ε = 0, so that no image gives in and every one takes all its
  /// queries, whatever the weights.
  package nonisolated static func settings(_ attack: any Attack) -> AttackSettings {
    var settings = attack.defaults
    if attack.name == Attacks.square.name { settings.epsilon = 0 }
    if attack.name == Attacks.apgd.name { settings.steps = 10 }
    return settings
  }

  /// - Throws: `NNError`, `CoreError.outOfMemory`.
  package init(_ entry: NetworkEntry, _ attack: any Attack, batch: Int) throws {
    self.batch = batch
    network = try Network(entry)
    network.initialise(seed: 1)
    attacker = try Attacker(attack, Self.settings(attack), network, batch: batch)
    let count = batch * entry.input.count
    (clean, adversarial) = (try Arena(count: count), try Arena(count: count))
    let noise = RandomStream(seed: 1, purpose: "benchmark")
    for i in 0..<count { clean.base[i] = noise.uniform(i) }
    labels = try attacker.evaluate(clean.base, count: batch).map { Prediction.of($0, $0.count) }
    try once()
  }

  /// Images a second by the median pass; makes passes for `seconds`, at least one.
  package func rate(seconds: Double) throws -> Double {
    let times = try Stopwatch.times(seconds: seconds) { try once() }
    return Double(batch) / Double(times[times.count / 2]) * 1e9
  }

  private func once() throws {
    try withExtendedLifetime((clean, adversarial)) {
      _ = try attacker.perturb(clean.base, labels: labels, ids: Array(0..<batch), into: adversarial.base)
    }
  }
}
