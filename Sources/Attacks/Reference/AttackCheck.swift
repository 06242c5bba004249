import Core
import Foundation
import NN

/// Compares attacks with reference vectors of kind `attack`: the adversarial image and its logits.
package struct AttackCheck: ReferenceCheck {
  package let kind = "attack"
  package init() {}

  package func verdict(on file: SafeTensors, emodb: URL?) async throws -> Verdict {
    let model = file.metadata["model"] ?? "", method = file.metadata["attack"] ?? ""
    guard let entry = Networks.all.first(where: { $0.name == model }) else {
      return Verdict(.skipped, "no network is called “\(model.printable())” yet")
    }
    guard let attack = Attacks.all.first(where: { $0.name == method }) else {
      return Verdict(.skipped, "no attack is called “\(method.printable())” yet")
    }
    return try await Engine.run { try AttackComparison(file, entry, attack).verdict() }
  }
}

@Engine private final class AttackComparison {
  private let attack: any Attack
  private let settings: AttackSettings
  private let network: Network
  private let labels: [Int]
  /// (adversarial − clean)·255·64.
  private let delta: [Int16]
  private let logits: [Float]
  private let tag: String
  private let seed: UInt64

  init(_ file: SafeTensors, _ entry: NetworkEntry, _ attack: any Attack) throws {
    self.attack = attack
    var settings = AttackSettings()
    settings.epsilon = try Self.fact(file, "eps")
    settings.alpha = try Self.fact(file, "alpha")
    settings.steps = try Self.fact(file, "steps")
    settings.decay = try Self.fact(file, "decay")
    settings.eotIterations = try Self.fact(file, "eot_iter")
    settings.randomStart = try Self.fact(file, "random_start")
    // torchattacks' network is in eval mode, without dropout.
    settings.dropout = false
    self.settings = settings
    (tag, seed) = (try Self.fact(file, "input"), try Self.fact(file, "seed"))
    labels = try file.array("label", as: Int64.self).map(Int.init)
    delta = try file.array("delta255")
    logits = try file.array("logits")
    network = try Network(entry)
    guard !labels.isEmpty, delta.count == labels.count * entry.input.count,
      logits.count == labels.count * network.classes, labels.allSatisfy({ (0..<network.classes).contains($0) })
    else { throw CoreError.malformedTensors(path: file.path, reason: "the tensors do not fit together") }
  }

  private static func fact<T: LosslessStringConvertible>(_ file: SafeTensors, _ key: String) throws -> T {
    guard let value = file.metadata[key].flatMap({ T($0) }) else {
      throw CoreError.malformedTensors(path: file.path, reason: "metadata “\(key)” is missing or unreadable")
    }
    return value
  }

  func verdict() throws -> Verdict {
    let memory = try Arena(count: 2 * delta.count)
    return try withExtendedLifetime(memory) {
      try verdict(clean: memory.base, adversarial: memory.base + delta.count)
    }
  }

  private func verdict(
    clean: UnsafeMutablePointer<Float>, adversarial: UnsafeMutablePointer<Float>
  ) throws -> Verdict {
    let hashed = HashedTensors(seed: seed), count = delta.count
    hashed.fill(network)
    hashed.fillImages(clean, tag: tag, count: labels.count)
    let attacker = try Attacker(attack, settings, network, batch: labels.count)
    guard
      let outcomes = try attacker.outcomes(
        clean, labels: labels, ids: Array(labels.indices), into: adversarial)
    else { preconditionFailure("an attack without a control was stopped") }
    var near = 0
    for i in 0..<count {
      let ours = (Double(adversarial[i]) - Double(clean[i])) * 255 * 64
      // The vector's own rounding to a whole number of 1/64 is half of one.
      if abs(ours - Double(delta[i])) <= 1 { near += 1 }
    }
    let share = Double(near) / Double(count)
    var difference = 0.0, size = 0.0
    for (ours, theirs) in zip(outcomes.flatMap(\.logits), logits) {
      difference += Double(ours - theirs) * Double(ours - theirs)
      size += Double(theirs) * Double(theirs)
    }
    let error = (difference / size).squareRoot()
    return Verdict(checks: [
      (
        String(
          format: "%.3f %% of pixels within 1/64 of a grey level ≥ %g %%", floor(1e5 * share) / 1e3, 100 * limits.share),
        share >= limits.share
      ),
      (String(format: "logits %.1e ≤ %.0e", error, limits.logits), error <= limits.logits),
    ])
  }

  /// Those of reference/README.md, but looser after ten steps, which go through near ties of max-pools, where float32 parts
  /// from float64 by the order in which a kernel adds up: of the pixels of `alexnet-mi-fgsm-10` PyTorch 2.9 itself has 100 %
  /// (plain), 59.1 % (channels-last) and 80.0 % (without oneDNN) with AVX-512's kernels, 59.1, 59.1 and 80.0 % with AVX2's,
  /// and 100 % in float64.
  private var limits: (share: Double, logits: Double) { settings.steps < 10 ? (0.995, 1e-2) : (0.5, 3e-2) }
}
