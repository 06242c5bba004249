import Attacks
import Core
import Foundation
import NN
import Pipeline

/// Adversarial training (Madry et al. 2018; the paper's section 5.2): each step also sees images that an attack has just
/// made of the step's own, from the network as it stands.
package struct Defence: Codable, Sendable, Equatable {
  /// A white-box attack of the registry.
  package var attack: String
  package var settings: AttackSettings
  /// Adversarial images for each clean one, above 0 and at most 1.
  package var ratio: Double

  package init(attack: String, settings: AttackSettings, ratio: Double = 1) {
    (self.attack, self.settings, self.ratio) = (attack, settings, ratio)
  }

  /// "pgd", or with settings "pgd:eps=8/255,alpha=2/255,steps=3,ratio=0.5"; what is not given is the paper's.
  ///
  /// - Throws: `AttackError`, `EvaluationError.malformed`, `LabError`.
  package init(parsing text: String) throws {
    let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let attack = try Attacks.named(halves[0])
    self.init(attack: attack.name, settings: AttackPreset.eq3.settings(for: attack))
    var given: Set<String> = []
    for item in halves.dropFirst().flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
      let pair = item.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard pair.count == 2 else {
        throw EvaluationError.malformed(
          what: "--defend", text: text, expected: "an attack, or one with settings such as pgd:eps=8/255,ratio=1")
      }
      guard given.insert(pair[0]).inserted else {
        throw EvaluationError.repeated(what: "--defend", value: pair[0])
      }
      try set(pair[0], to: pair[1], of: attack)
    }
    try check()
  }

  private mutating func set(_ key: String, to value: String, of attack: any Attack) throws {
    let what = "--defend \(key)"
    func whole() throws -> Int {
      guard let number = Int(value) else {
        throw EvaluationError.malformed(what: what, text: value, expected: "a whole number")
      }
      return number
    }
    var knob: AttackKnob?
    switch key {
    case "eps": (knob, settings.epsilon) = (.epsilon, try Fraction.levels(value, what: what))
    case "alpha": (knob, settings.alpha) = (.alpha, try Fraction.levels(value, what: what))
    case "steps": (knob, settings.steps) = (.steps, try whole())
    case "decay": (knob, settings.decay) = (.decay, try Fraction.parse(value, what: what))
    case "eot": (knob, settings.eotIterations) = (.eotIterations, try whole())
    case "random-start":
      guard let on = ["on": true, "off": false][value] else {
        throw EvaluationError.malformed(what: what, text: value, expected: "on or off")
      }
      (knob, settings.randomStart) = (.randomStart, on)
    case "ratio": ratio = try Fraction.parse(value, what: what)
    default:
      throw LabError.unknownChoice(
        what: "setting of --defend", value: key,
        choices: ["eps", "alpha", "steps", "decay", "eot", "random-start", "ratio"])
    }
    if let knob, !attack.knobs.contains(knob) {
      throw EvaluationError.malformed(what: "--defend", text: key, expected: "a setting that \(attack.title) reads")
    }
  }

  /// - Throws: `AttackError`, `LabError`.
  func check() throws {
    let attack = try Attacks.named(attack)
    guard attack.isWhiteBox else {
      throw LabError.unknownChoice(
        what: "defence", value: attack.name, choices: Attacks.whiteBox.map(\.name))
    }
    try attack.check(settings)
    guard ratio > 0, ratio <= 1 else {
      throw LabError.outOfRange(what: "--defend ratio", value: "\(ratio)", range: "above 0 and at most 1")
    }
  }

  /// Adversarial images beside so many clean ones; at least one.
  package func images(beside clean: Int) -> Int { min(clean, max(1, Int((Double(clean) * ratio).rounded()))) }

  /// "PGD (ε 32/255, α 4/255, 2 steps, random start)".
  package var summary: String {
    guard let attack = try? Attacks.named(attack), let choice = try? AttackChoice(attack, settings) else {
      return attack
    }
    return "\(attack.title) (\(choice.summary))"
  }
}

/// What a training loop needs of a defence. The random numbers of an adversarial image depend on the run's seed, the
/// epoch and the slice alone, so a resumed run makes the same ones.
@Engine final class AdversarialTraining {
  private let defence: Defence
  private let attacker: Attacker
  private let slices: Int
  private static let image = 3 * Geometry.pixels

  /// - Parameter slices: of the whole corpus.
  /// - Throws: `AttackError`, `NNError`, `CoreError.outOfMemory`.
  init(_ defence: Defence, network: Network, job: Job, slices: Int) throws {
    (self.defence, self.slices) = (defence, slices)
    var settings = defence.settings
    settings.seed = job.seed
    attacker = try Attacker(
      try Attacks.named(defence.attack), settings, network, batch: defence.images(beside: job.batch))
  }

  func images(beside clean: Int) -> Int { defence.images(beside: clean) }

  /// Attacks the first images of a batch and puts the results behind its last: as many gradient evaluations as the attack
  /// names and no other pass.
  ///
  /// - Parameters:
  ///   - batch: [slices + images(beside: slices), 3, 224, 224], of which the first part is filled.
  ///   - epoch: 0 outside of training.
  func extend(_ batch: UnsafeMutablePointer<Float>, slices: [Int], labels: [Int], epoch: Int) throws {
    let count = images(beside: slices.count)
    _ = try attacker.perturb(
      batch, labels: Array(labels.prefix(count)), ids: slices.prefix(count).map { epoch * self.slices + $0 },
      into: batch + slices.count * Self.image)
  }

  /// Right predictions among attacked images, in evaluation mode.
  ///
  /// - Parameters:
  ///   - images: [slices, 3, 224, 224].
  ///   - scratch: receives the attacked ones.
  func attackedCorrect(_ images: UnsafePointer<Float>, slices: [Int], labels: [Int], scratch: Arena) throws -> Int {
    _ = try attacker.perturb(images, labels: labels, ids: slices, into: scratch.base)
    let rows = try attacker.evaluate(scratch.base, count: slices.count)
    return zip(rows, labels).count { Logits.largest($0) == $1 }
  }
}

extension Defence {
  /// For help texts: the attacks that can be trained against.
  package static var choices: String { Attacks.whiteBox.map(\.name).joined(separator: ", ") }
}

extension Defence {
  /// As `init(parsing:)` reads it: the attack alone where all its settings are the usual ones.
  package var text: String {
    guard let attack = try? Attacks.named(attack) else { return attack }
    let usual = Defence(attack: attack.name, settings: AttackPreset.eq3.settings(for: attack))
    if self == usual { return attack.name }
    let words: [(AttackKnob, String)] = [
      (.epsilon, "eps=\(settings.epsilon)"), (.alpha, "alpha=\(settings.alpha)"), (.steps, "steps=\(settings.steps)"),
      (.decay, "decay=\(settings.decay)"), (.eotIterations, "eot=\(settings.eotIterations)"),
      (.randomStart, "random-start=\(settings.randomStart ? "on" : "off")"),
    ]
    let known = words.filter { attack.knobs.contains($0.0) }.map(\.1) + ["ratio=\(ratio)"]
    return "\(attack.name):" + known.joined(separator: ",")
  }

  /// What a training step costs more than one on clean images alone: a pass a gradient, at about two thirds of a step, and
  /// the adversarial images' own share of the step.
  var cost: Double {
    let knobs = (try? Attacks.named(attack))?.knobs ?? []
    let steps = Double(knobs.contains(.steps) ? settings.steps : 1)
    let draws = Double(knobs.contains(.eotIterations) ? settings.eotIterations : 1)
    return 1 + ratio * (1 + steps * draws * 2 / 3)
  }
}
