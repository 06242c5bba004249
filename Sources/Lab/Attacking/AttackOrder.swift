import Attacks
import Core
import Foundation
import Pipeline

/// An attack with its settings.
package struct AttackChoice: Sendable {
  package let attack: any Attack
  package var settings: AttackSettings

  /// - Throws: `AttackError` for settings that the attack cannot work with.
  package init(_ attack: any Attack, _ settings: AttackSettings) throws {
    try attack.check(settings)
    (self.attack, self.settings) = (attack, settings)
  }

  /// - Throws: `AttackError`, also for an attack that is not in the registry.
  package init(_ point: AttackPoint) throws {
    try self.init(try Attacks.named(point.attack), point.settings)
  }

  /// Only what the attack reads, in words: "ε 32/255, α 4/255, 2 steps, random start".
  package var summary: String { words(epsilon: settings.epsilonText) }

  private func words(epsilon: String) -> String {
    let parts = attack.knobs.compactMap { knob -> String? in
      switch knob {
      case .epsilon: "ε \(epsilon)"
      case .alpha: "α \(Fraction.text(settings.alpha))"
      case .steps: "\(settings.steps) steps"
      case .decay: "μ \(String(format: "%g", settings.decay))"
      case .eotIterations: "\(settings.eotIterations) EOT iterations"
      case .dropout: settings.dropout ? "dropout on" : "dropout off"
      case .transforms:
        settings.transforms.isEmpty
          ? nil : "transforms " + settings.transforms.map(\.rawValue).joined(separator: "+")
      case .randomStart: settings.randomStart ? "random start" : "no random start"
      case .norm: settings.norm.title
      case .queries: "\(settings.queries) queries"
      case .restarts: "\(settings.restarts) restart\(settings.restarts == 1 ? "" : "s")"
      case .patch:
        "patches \(settings.patchWidth.lowerBound)–\(settings.patchWidth.upperBound) × "
          + "\(settings.patchHeight.lowerBound)–\(settings.patchHeight.upperBound) px"
      case .iterations: "\(settings.iterations) iteration\(settings.iterations == 1 ? "" : "s")"
      case .squareShare: "first square \(String(format: "%g", settings.squareShare * 100)) %"
      case .seed: "seed \(settings.seed)"
      }
    }
    return parts.joined(separator: ", ")
  }

  /// The exact settings that determine the images: equal text, equal images.
  package var identity: String {
    let exact = attack.knobs.compactMap { knob -> String? in
      switch knob {
      case .epsilon: "ε \(settings.epsilon)"
      case .alpha: "α \(settings.alpha)"
      case .decay: "μ \(settings.decay)"
      case .squareShare: "share \(settings.squareShare)"
      // Earlier versions returned the last restart's try.
      case .restarts where attack.name == "square" && settings.restarts > 1: "closest restart"
      default: nil
      }
    }
    // As it was always written, so that what is kept is found again.
    return ([attack.name, words(epsilon: Fraction.text(settings.epsilon))] + exact).joined(separator: "; ")
  }
}

/// What `quaver attack` is asked to do to one run.
package struct AttackOrder: Sendable {
  package var choices: [AttackChoice]
  package var part: EvaluationPart
  package var limit: Int?
  /// Of the sample that `limit` takes; the attacks' own seed is in their settings.
  package var seed: UInt64
  /// Whether the adversarial images stay on the disk.
  package var keepsImages: Bool
  package var batch: Int

  /// - Throws: `EvaluationError.emptyList`, `EvaluationError.repeated`, `LabError.outOfRange`.
  package init(
    _ choices: [AttackChoice], part: EvaluationPart = .valid, limit: Int? = nil, seed: UInt64 = 0,
    keepsImages: Bool = true, batch: Int = 32
  ) throws {
    guard !choices.isEmpty else { throw EvaluationError.emptyList(what: "attacks") }
    if let limit, limit < 1 { throw LabError.outOfRange(what: "--limit", value: "\(limit)", range: "at least 1") }
    guard (1...1024).contains(batch) else {
      throw LabError.outOfRange(what: "--batch", value: "\(batch)", range: "1 to 1024")
    }
    var seen: Set<String> = []
    for choice in choices where !seen.insert(choice.identity).inserted {
      throw EvaluationError.repeated(what: "attack", value: "\(choice.attack.name) (\(choice.summary))")
    }
    (self.choices, self.part, self.limit, self.seed) = (choices, part, limit, seed)
    (self.keepsImages, self.batch) = (keepsImages, batch)
  }

  /// The attacks of the paper's section 3.3, in its order.
  package static let paper = ["fgsm", "mi-fgsm", "bim", "pgd", "eot-pgd", "pixle", "square"]

  /// "fgsm", "fgsm,pgd", "paper" (its seven) or "all" (the whole registry), and every one with the preset's settings, changed where the user changed them.
  ///
  /// - Throws: `AttackError`, `EvaluationError`.
  package static func choices(
    _ names: String, preset: AttackPreset = .eq3,
    change: (any Attack, inout AttackSettings) throws -> Void = { _, _ in }
  ) throws -> [AttackChoice] {
    let parts = names.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    let attacks = try parts.flatMap { name -> [any Attack] in
      switch name {
      case "all": Attacks.all
      case "paper": try paper.map(Attacks.named)
      default: [try Attacks.named(name)]
      }
    }
    return try attacks.map { attack in
      var settings = preset.settings(for: attack)
      try change(attack, &settings)
      return try AttackChoice(attack, settings)
    }
  }
}

/// What an order is expected to cost, from a timed batch.
package struct AttackEstimate: Sendable, Equatable {
  package struct Row: Sendable, Equatable {
    /// "PGD ε 8/255": a sweep has several of one name.
    package let attack: String
    /// Those that are still to be attacked.
    package let images: Int
    /// Of one image, at most.
    package let gradientEvaluations: Int
    package let queries: Int
    package let seconds: Double
    /// Of adversarial images on the disk.
    package let bytes: Int
  }

  package let rows: [Row]
  package var seconds: Double { rows.reduce(0) { $0 + $1.seconds } }
  package var bytes: Int { rows.reduce(0) { $0 + $1.bytes } }
}

/// What an attack on a run tells whoever started it.
package enum AttackEvent: Sendable {
  /// What is attacked, and what must be said beside its numbers.
  case began(run: String, notes: [String])
  case estimate(AttackEstimate)
  /// Images that an interrupted attack, by its name and ε, had done already.
  case resumed(attack: String, done: Int, of: Int)
  case progress(RunProgress)
  case finished(AttackReport)
}
