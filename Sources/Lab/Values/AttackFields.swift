import Attacks

package typealias AttackField = WorkField<AttackWish>

/// The registry of what can be set of an attack on a whole part.
package enum AttackFields {
  package static let all: [AttackField] =
    settings + [
      AttackField(
        "part", "--part", "valid, train, or both merged: the paper's average accuracy",
        .choice(EvaluationPart.allCases.map(\.rawValue), allowsOther: false), read: { $0.part.rawValue }
      ) {
        guard let part = EvaluationPart(rawValue: $1) else { return false }
        $0.part = part
        return true
      },
      AttackField(
        "slices", "--limit", "all, or a stratified few for a quick try",
        .series([FieldWords.everything, "64", "256", "1024"], 1...100_000_000),
        read: { $0.limit.map(String.init) ?? FieldWords.everything }
      ) {
        guard $1 == FieldWords.everything || Int($1) != nil else { return false }
        $0.limit = Int($1)
        return true
      },
      AttackField(
        "seed", "--seed", "of the attack and of the sample", .integer(0...Int.max, step: 1), read: { String($0.seed) }
      ) {
        guard let seed = UInt64($1) else { return false }
        ($0.seed, $0.point.settings.seed) = (seed, seed)
        return true
      },
      AttackField(
        "keep images", "--keep", "588 KiB a slice; other panes then show the very images",
        .choice(["yes", "no"], allowsOther: false), read: { $0.keepsImages ? "yes" : "no" }
      ) {
        guard ["yes", "no"].contains($1) else { return false }
        $0.keepsImages = $1 == "yes"
        return true
      },
    ]

  private static let settings: [AttackField] = [
    AttackField(
      "attack", "--attack", "with the paper's settings until they are changed",
      .choice(Attacks.all.map(\.name), allowsOther: false), read: { $0.point.attack }
    ) {
      guard let attack = try? Attacks.named($1) else { return false }
      // Settings are an attack's own.
      if attack.name != $0.point.attack {
        $0.point = AttackPoint(attack: attack.name, settings: AttackPreset.eq3.settings(for: attack))
        $0.point.settings.seed = $0.seed
      }
      return true
    },
    norm, epsilon, alpha,
    whole("steps", "--steps", "of the iterative attacks", 1...10_000, .steps, \.steps),
    whole("EOT", "--eot", "gradients that make one step", 1...10_000, .eotIterations, \.eotIterations),
    whole("queries", "--queries", "of one image, at most", 1...10_000_000, step: 50, .queries, \.queries),
    whole("restarts", "--restarts", "of one image", 1...10_000, .restarts, \.restarts),
  ]

  private static func reads(_ knob: AttackKnob) -> @Sendable (AttackWish) -> Bool {
    { (try? Attacks.named($0.point.attack))?.knobs.contains(knob) ?? false }
  }

  private static var norm: AttackField {
    var field = AttackField(
      "norm", "--norm", "what ε bounds: each value, or in l2 the length of the whole change",
      .choice(Norm.allCases.map(\.rawValue), allowsOther: false), read: { $0.point.settings.norm.rawValue }
    ) {
      guard let norm = Norm(rawValue: $1), let attack = try? Attacks.named($0.point.attack), attack.norms.contains(norm)
      else { return false }
      if norm != $0.point.settings.norm {
        let usual = AttackPreset.eq3.settings(for: attack)
        // The number of one norm is nonsense in another: 32/255 would be a length next to nothing.
        $0.point.settings.epsilon = norm == usual.norm ? usual.epsilon : usualLength
      }
      $0.point.settings.norm = norm
      return true
    }
    field.isRead = reads(.norm)
    return field
  }

  /// ε in L2, where attacks have no default: the one that the command line names.
  private static let usualLength = 5.0

  private static var epsilon: AttackField {
    let lengths = ["1", "2", "5", "10"], levels = EpsilonSweep.paper.map(Fraction.text)
    var field = AttackField(
      "ε", "--eps", "how far a value may move, of 1; a length in l2",
      .choice(levels + lengths, allowsOther: true),
      read: { $0.point.settings.epsilonText }
    ) {
      var settings = $0.point.settings
      do {
        try settings.readEpsilon($1, what: "--eps")
        try settings.check()
      } catch { return false }
      $0.point.settings = settings
      return true
    }
    field.isRead = reads(.epsilon)
    // The same number would be one of grey levels elsewhere.
    field.offers = { .choice($0.point.settings.norm == .l2 ? lengths : levels, allowsOther: true) }
    return field
  }

  private static var alpha: AttackField {
    var field = AttackField(
      "α", "--alpha", "size of a step", .choice(["1/255", "2/255", "4/255", "8/255"], allowsOther: true),
      read: { Fraction.text($0.point.settings.alpha) }
    ) {
      guard let value = try? Fraction.levels($1, what: "--alpha"), (0...1).contains(value) else { return false }
      $0.point.settings.alpha = value
      return true
    }
    field.isRead = reads(.alpha)
    return field
  }

  private static func whole(
    _ name: String, _ option: String, _ help: String, _ range: ClosedRange<Int>, step: Int = 1, _ knob: AttackKnob,
    _ path: WritableKeyPath<AttackSettings, Int> & Sendable
  ) -> AttackField {
    var field = AttackField(
      name, option, help, .integer(range, step: step), read: { String($0.point.settings[keyPath: path]) }
    ) {
      guard let value = Int($1) else { return false }
      $0.point.settings[keyPath: path] = value
      return true
    }
    field.isRead = reads(knob)
    return field
  }
}
