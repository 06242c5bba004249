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
      }
      return true
    },
    fraction(
      "ε", "--eps", "how far a value may move, of 1", ["8/255", "16/255", "32/255", "64/255"], .epsilon, \.epsilon),
    fraction("α", "--alpha", "size of a step", ["1/255", "2/255", "4/255", "8/255"], .alpha, \.alpha),
    whole("steps", "--steps", "of the iterative attacks", 1...10_000, .steps, \.steps),
    whole("EOT", "--eot", "gradients that make one step", 1...10_000, .eotIterations, \.eotIterations),
    whole("queries", "--queries", "of one image, at most", 1...10_000_000, step: 50, .queries, \.queries),
    whole("restarts", "--restarts", "the worst of them counts", 1...10_000, .restarts, \.restarts),
  ]

  private static func reads(_ knob: AttackKnob) -> @Sendable (AttackWish) -> Bool {
    { (try? Attacks.named($0.point.attack))?.knobs.contains(knob) ?? false }
  }

  private static func fraction(
    _ name: String, _ option: String, _ help: String, _ steps: [String], _ knob: AttackKnob,
    _ path: WritableKeyPath<AttackSettings, Double> & Sendable
  ) -> AttackField {
    var field = AttackField(
      name, option, help, .choice(steps, allowsOther: true), read: { Fraction.text($0.point.settings[keyPath: path]) }
    ) {
      guard let value = try? Fraction.levels($1, what: option), (0...1).contains(value) else { return false }
      $0.point.settings[keyPath: path] = value
      return true
    }
    field.isRead = reads(knob)
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
