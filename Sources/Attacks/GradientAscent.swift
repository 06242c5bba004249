import Core
import Kernels
import NN

/// Climbs the cross-entropy of a batch of images: the one loop of all gradient attacks. Each step takes the gradient at
/// the images and hands it to the attack's rule.
///
/// The objective is the sum of the images' losses, so that an image's gradient does not depend on its batch. torchattacks takes the
/// mean; no rule here depends on the scale.
@Engine final class GradientAscent: AttackEngine {
  let mode = Mode.evaluation
  private let network: Network
  private let settings: AttackSettings
  private let evaluations: Int
  private let restarts: Int
  private let startsAtRandom: Bool
  private let draws: Draws?
  private let rule: any AscentRule
  private let losses: Arena

  /// - Parameters:
  ///   - evaluations: gradients to take in one restart, each followed by the rule.
  ///   - draws: what is drawn for each gradient; nil takes the network as it is in evaluation.
  init(
    _ settings: AttackSettings, _ network: Network, batch: Int, evaluations: Int, restarts: Int = 1,
    startsAtRandom: Bool = false, draws: Draws? = nil, rule: any AscentRule
  ) throws {
    (self.settings, self.network, self.evaluations, self.rule) = (settings, network, evaluations, rule)
    (self.restarts, self.startsAtRandom, self.draws) = (restarts, startsAtRandom, draws)
    losses = try Arena(count: batch)
  }

  var remark: String? {
    guard let draws, !draws.isRandom else { return nil }
    return "nothing is random here (no dropout, no transforms), so EOT+PGD is PGD"
  }

  func evaluationPlan(_ batch: Int) throws -> Plan? { draws?.isRandom == true ? nil : try plan(batch) }

  private func plan(_ batch: Int) throws -> Plan {
    try network.plan(batch: batch, demand: .inputGradient, options: PlanOptions(forks: draws?.areMasksAlone ?? false))
  }

  func perturb(_ work: AttackWork, _ control: RunControl?) throws -> Bool {
    let plan = try plan(work.count), isForked = plan.canForwardAgain
    let ascent = Ascent(
      count: work.count, elements: work.elements, clean: work.images, images: work.adversarial,
      gradient: try isForked ? plan.inputGradient : draws?.sum() ?? plan.inputGradient, losses: losses.base,
      logits: plan.logits, classes: plan.outputs, labels: work.labels, efforts: work.efforts)
    for restart in 0..<restarts {
      start(work, restart)
      rule.begin(ascent, restart: restart)
      for step in 0..<evaluations {
        if control?.waitsOrStops() == true { return false }
        if let draws {
          let first = (restart * evaluations + step) * draws.count, numbers = first..<first + draws.count
          if isForked {
            differentiateMasks(plan, draws, numbers, work)
          } else {
            differentiate(plan, draws, numbers, work)
          }
        } else {
          plan.fill(work.adversarial, work.elements)
          plan.forward(mode)
          lose(plan, work)
          plan.backward()
        }
        rule.step(step, ascent)
        work.tellProgress()
      }
    }
    return true
  }

  /// The gradient of the sum of a step's draws, a pass for each.
  private func differentiate(_ plan: Plan, _ draws: Draws, _ numbers: Range<Int>, _ work: AttackWork) {
    for number in numbers {
      draws.fill(plan, number, work)
      plan.forward(draws.mode(number, work.ids))
      lose(plan, work)
      plan.backward()
      draws.collect(plan, number, work, isFirst: number == numbers.lowerBound)
    }
  }

  /// The same, where masks alone are drawn: the layers before them run once.
  private func differentiateMasks(_ plan: Plan, _ draws: Draws, _ numbers: Range<Int>, _ work: AttackWork) {
    plan.fill(work.adversarial, work.elements)
    for number in numbers {
      let mode = draws.mode(number, work.ids)
      if number == numbers.lowerBound { plan.forward(mode) } else { plan.forwardAgain(mode) }
      lose(plan, work)
      plan.backwardToFork()
    }
    plan.backwardFromFork()
  }

  private func lose(_ plan: Plan, _ work: AttackWork) {
    plan.losses(labels: work.labels, into: losses.base)
    for n in 0..<work.count { work.efforts[n].gradientEvaluations += 1 }
  }

  /// The images themselves, or random points of their ε balls.
  private func start(_ work: AttackWork, _ restart: Int) {
    let stream = RandomStream(seed: settings.seed, purpose: "attack.start", restart)
    let epsilon = Float(settings.epsilon), random = startsAtRandom
    Parallel.forEach(work.count) { range in
      for n in range {
        let from = work.images + n * work.elements, to = work.adversarial + n * work.elements
        if random {
          quaver_random_start(from, to, work.elements, stream.child(work.ids[n]).key, epsilon)
        } else {
          to.update(from: from, count: work.elements)
        }
      }
    }
  }
}

/// What a rule works on: a batch of images on their way up, and the gradient at them.
struct Ascent {
  let count: Int
  /// Values of one image.
  let elements: Int
  let clean: UnsafePointer<Float>
  let images: UnsafeMutablePointer<Float>
  let gradient: ImageGradients
  /// Cross-entropy of each image.
  let losses: UnsafePointer<Float>
  let logits: UnsafePointer<Float>
  let classes: Int
  let labels: [Int]
  let efforts: UnsafeMutablePointer<Effort>

  /// Looks for values of an image's gradient that are exactly zero; every rule calls it once a step.
  func countZeros(_ n: Int) {
    efforts[n].zeroGradients += quaver_zeros(gradient[n], elements)
    efforts[n].gradientValues += elements
  }
}

/// How an attack moves images once it has their gradient.
@Engine protocol AscentRule: AnyObject {
  /// Before the first gradient of a restart.
  func begin(_ ascent: Ascent, restart: Int)
  /// Moves `images`, keeping them in the ε ball and in [0, 1]. A gradient of exactly zero adds nothing to the
  /// direction.
  func step(_ step: Int, _ ascent: Ascent)
}

/// x ← clip(x + α·sgn(g)): FGSM, BIM, PGD and EOT+PGD, and with momentum MI-FGSM.
@Engine final class SignRule: AscentRule {
  private let size: Float, epsilon: Float, decay: Float
  private let momentum: Arena?

  /// - Parameter momentum: floats of a batch of directions with the share that stays, for MI-FGSM: g ← g/mean|g| + μ·g (equation 4,
  ///   whose norm torchattacks takes as a mean).
  init(size: Double, epsilon: Double, momentum: (floats: Int, decay: Double)? = nil) throws {
    (self.size, self.epsilon, decay) = (Float(size), Float(epsilon), Float(momentum?.decay ?? 0))
    self.momentum = try momentum.map { try Arena(count: $0.floats) }
  }

  func begin(_ ascent: Ascent, restart: Int) {
    momentum?.base.update(repeating: 0, count: ascent.count * ascent.elements)
  }

  func step(_ step: Int, _ ascent: Ascent) {
    let (size, epsilon, decay, momentum) = (size, epsilon, decay, momentum?.base)
    Parallel.forEach(ascent.count) { range in
      for n in range {
        let at = n * ascent.elements, gradient = UnsafePointer(ascent.gradient[n])
        var direction = gradient
        if let momentum {
          quaver_momentum(gradient, momentum + at, ascent.elements, decay)
          direction = UnsafePointer(momentum + at)
        }
        ascent.countZeros(n)
        quaver_sign_step(ascent.clean + at, direction, ascent.images + at, ascent.elements, size, epsilon)
      }
    }
  }
}
