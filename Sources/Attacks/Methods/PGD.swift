import Core
import NN

extension Attacks {
  static let pgd = PGD()
}

/// BIM from a random point of the ε ball (Madry et al. 2018; the paper's equation 3).
struct PGD: Attack {
  let name = "pgd"
  let title = "PGD"
  let knobs: [AttackKnob] = [.epsilon, .alpha, .steps, .randomStart, .seed]
  let help = [
    "BIM that starts at a random point of the ε ball. As torchattacks' PGD.",
    "Without the random start it is BIM; the paper's table 2a has equal rows for both, of five networks.",
  ]

  var defaults: AttackSettings { AttackSettings { $0.randomStart = true } }

  func cost(_ settings: AttackSettings) -> AttackCost { AttackCost(gradientEvaluations: settings.steps) }

  @Engine func engine(_ settings: AttackSettings, _ network: Network, batch: Int) throws -> any AttackEngine {
    try GradientAscent(
      settings, network, batch: batch, evaluations: settings.steps, startsAtRandom: settings.randomStart,
      rule: SignRule(size: settings.alpha, epsilon: settings.epsilon))
  }
}
