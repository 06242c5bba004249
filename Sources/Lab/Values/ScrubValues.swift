import Attacks

/// What the attack pane steps through: the registry of attacks at their own settings, and a ladder of strengths.
package enum Scrub {
  /// Numerators of ε over 255; 0 shows the clean image. From 8 on, those of the paper's section 4.2.
  package static let strengths = [0, 1, 2, 4, 8, 16, 32, 64, 128, 196]

  package static let attacks = Attacks.all.map(\.name)

  /// Those that cost a few gradients an image.
  package static let gradientAttacks = Attacks.whiteBox.filter { $0.cost($0.defaults).gradientEvaluations <= 8 }
    .map(\.name)

  package static func title(_ attack: String) -> String {
    Attacks.all.first { $0.name == attack }?.title ?? attack
  }

  /// Whether ε means anything to it: Pixle moves pixels about instead.
  package static func hasStrength(_ attack: String) -> Bool {
    Attacks.all.first { $0.name == attack }?.knobs.contains(.epsilon) ?? true
  }

  /// "PGD ε 32/255", "Pixle".
  package static func words(_ point: AttackPoint) -> String {
    [title(point.attack), epsilon(point)].compactMap { $0 }.joined(separator: " ")
  }

  /// "its steps reach 8/255"; nil where they lead to the edge of the ball.
  package static func reach(_ point: AttackPoint) -> String? {
    Attacks.all.first { $0.name == point.attack }?.reach(point.settings).map { "its steps reach \(Fraction.text($0))" }
  }

  /// "ε 32/255"; nil where ε means nothing.
  package static func epsilon(_ point: AttackPoint) -> String? {
    hasStrength(point.attack) ? "ε \(point.settings.epsilonText)" : nil
  }

  /// - Returns: nil for strength 0 and for an attack that the registry lacks.
  package static func point(_ attack: String, strength: Int) -> AttackPoint? {
    guard strength > 0, let entry = Attacks.all.first(where: { $0.name == attack }) else { return nil }
    var settings = entry.defaults
    settings.epsilon = Double(strength) / 255
    return AttackPoint(attack: attack, settings: settings)
  }

  /// "α 4/255, 2 steps": what the attack reads besides ε.
  package static func settings(_ point: AttackPoint) -> String {
    guard let entry = Attacks.all.first(where: { $0.name == point.attack }) else { return "" }
    var words: [String] = []
    if entry.knobs.contains(.alpha) { words.append("α \(Fraction.text(point.settings.alpha))") }
    if entry.knobs.contains(.steps) { words.append("\(point.settings.steps) steps") }
    if entry.knobs.contains(.queries) { words.append("at most \(point.settings.queries) queries") }
    if point.settings.randomStart { words.append("random start") }
    return words.joined(separator: ", ")
  }
}
