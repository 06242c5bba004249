import Core
import NN

extension Attacks {
  static let miFGSM = MIFGSM()
}

/// BIM along a direction that remembers (Dong et al. 2018; the paper's equation 4).
struct MIFGSM: Attack {
  let name = "mi-fgsm"
  let title = "MI-FGSM"
  let knobs: [AttackKnob] = [.epsilon, .alpha, .steps, .decay]
  let help = [
    "Steps of α along the sign of g ← g/mean|g| + μ·g, which keeps a share μ of the last direction. As torchattacks' MIFGSM.",
    "Departs from torchattacks where an image's gradient is all zero: there it divides 0 by 0 and returns NaN, here it adds nothing to the direction.",
  ]

  func cost(_ settings: AttackSettings) -> AttackCost { AttackCost(gradientEvaluations: settings.steps) }

  @Engine func engine(_ settings: AttackSettings, _ network: Network, batch: Int) throws -> any AttackEngine {
    let floats = batch * network.entry.input.count
    return try GradientAscent(
      settings, network, batch: batch, evaluations: settings.steps,
      rule: SignRule(
        size: settings.alpha, epsilon: settings.epsilon, momentum: (floats: floats, decay: settings.decay)))
  }
}
