import Core
import NN

extension Attacks {
  static let bim = BIM()
}

/// Steps of size α within the ε ball (Kurakin et al. 2017; the paper's equation 5).
struct BIM: Attack {
  let name = "bim"
  let title = "BIM"
  let knobs: [AttackKnob] = [.epsilon, .alpha, .steps]
  let help = [
    "Steps of α along the sign of the gradient, each clipped to ε around the image and to [0, 1]. As torchattacks' BIM."
  ]

  func cost(_ settings: AttackSettings) -> AttackCost { AttackCost(gradientEvaluations: settings.steps) }

  @Engine func engine(_ settings: AttackSettings, _ network: Network, batch: Int) throws -> any AttackEngine {
    try GradientAscent(
      settings, network, batch: batch, evaluations: settings.steps,
      rule: SignRule(size: settings.alpha, epsilon: settings.epsilon))
  }
}
