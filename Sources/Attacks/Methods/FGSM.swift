import Core
import NN

extension Attacks {
  static let fgsm = FGSM()
}

/// One step of size ε along the gradient's sign (Goodfellow et al. 2015; the paper's equation 2).
struct FGSM: Attack {
  let name = "fgsm"
  let title = "FGSM"
  let knobs: [AttackKnob] = [.epsilon]
  let help = ["One step of ε along the sign of the gradient. As torchattacks' FGSM."]

  func cost(_ settings: AttackSettings) -> AttackCost { AttackCost(gradientEvaluations: 1) }

  @Engine func engine(_ settings: AttackSettings, _ network: Network, batch: Int) throws -> any AttackEngine {
    try GradientAscent(
      settings, network, batch: batch, evaluations: 1,
      rule: SignRule(size: settings.epsilon, epsilon: settings.epsilon))
  }
}
