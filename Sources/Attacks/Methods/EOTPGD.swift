import Core
import NN

extension Attacks {
  static let eotPGD = EOTPGD()
}

/// PGD along the mean of several gradients of a random network (Zimmermann 2019; the paper's equation 6).
struct EOTPGD: Attack {
  let name = "eot-pgd"
  let title = "EOT+PGD"
  let knobs: [AttackKnob] = [.epsilon, .alpha, .steps, .eotIterations, .dropout, .transforms, .randomStart, .seed]
  let help = [
    "PGD whose gradient is the mean of several draws: of the network's dropout, with its batch norms frozen, and of "
      + "the transforms asked for (\(InputTransform.allCases.map(\.help).joined(separator: "; "))).",
    "torchattacks runs the network in eval mode, where nothing is random: its EOTPGD is PGD at `eot` times the cost. "
      + "Without dropout and transforms the same holds here, except that the repeated draws are skipped.",
    "Without transforms the layers before the first dropout run once for all draws of a step, where one value leads from them to "
      + "the rest.",
  ]

  var defaults: AttackSettings { AttackSettings { $0.randomStart = true } }

  func cost(_ settings: AttackSettings) -> AttackCost {
    AttackCost(gradientEvaluations: settings.steps * Draws.count(settings))
  }

  @Engine func engine(_ settings: AttackSettings, _ network: Network, batch: Int) throws -> any AttackEngine {
    try GradientAscent(
      settings, network, batch: batch, evaluations: settings.steps, startsAtRandom: settings.randomStart,
      draws: Draws(settings, network, batch: batch),
      rule: SignRule(size: settings.alpha, epsilon: settings.epsilon))
  }
}
