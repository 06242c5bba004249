import Core
import Kernels
import NN

extension Attacks {
  static let apgd = APGD()
}

/// Auto-PGD on the cross-entropy (Croce and Hein 2020): its steps halve where they no longer help.
struct APGD: Attack {
  let name = "apgd-ce"
  let title = "APGD-CE"
  let knobs: [AttackKnob] = [.epsilon, .steps, .restarts, .seed]
  let help = [
    "AutoAttack's first attack, a stronger referee than the paper's: PGD with momentum from a random point, whose step "
      + "starts at 2ε and is halved, back at the best point, where less than three quarters of the steps since the last "
      + "checkpoint raised the loss or the best loss stood still. 100 steps unless told otherwise.",
    "torchattacks' APGD compares the first step with a loss of 0 rather than with the start's; here it is the start's. "
      + "It returns the image itself where it fails; here the point of the highest loss.",
  ]

  var defaults: AttackSettings {
    AttackSettings {
      $0.steps = 100
      $0.randomStart = true
    }
  }

  func cost(_ settings: AttackSettings) -> AttackCost {
    AttackCost(gradientEvaluations: settings.restarts * (settings.steps + 1))
  }

  @Engine func engine(_ settings: AttackSettings, _ network: Network, batch: Int) throws -> any AttackEngine {
    try GradientAscent(
      settings, network, batch: batch, evaluations: settings.steps + 1, restarts: settings.restarts,
      startsAtRandom: true,
      rule: AdaptiveRule(
        steps: settings.steps, epsilon: settings.epsilon, batch: batch, elements: network.entry.input.count))
  }
}

/// APGD's rule. It sees steps + 1 gradients; the last only judges where the last step led.
@Engine private final class AdaptiveRule: AscentRule {
  /// Where one image stands in a restart.
  private struct Climb {
    var size: Float = 0
    var loss: Float = 0, best: Float = 0, bestAtCheckpoint: Float = 0
    /// Steps since the last checkpoint that raised the loss.
    var rises = 0
    var halvedLast = true
  }

  /// What is returned: an image that errs before one that does not, then the higher loss; over all restarts.
  private struct Result {
    var errs = false
    var loss: Float = 0
  }

  private let steps: Int, elements: Int
  private let epsilon: Float
  private let memory: Arena
  private let before, best, bestGradient, result: UnsafeMutablePointer<Float>
  private var climbs: [Climb]
  private var results: [Result]
  private var restart = 0
  /// Steps between checkpoints, and steps since the last.
  private var period = 0, sinceCheckpoint = 0

  init(steps: Int, epsilon: Double, batch: Int, elements: Int) throws {
    (self.steps, self.epsilon, self.elements) = (steps, Float(epsilon), elements)
    let stretch = Arena.rounded(batch * elements)
    memory = try Arena(count: 4 * stretch)
    (before, best) = (memory.base, memory.base + stretch)
    (bestGradient, result) = (memory.base + 2 * stretch, memory.base + 3 * stretch)
    climbs = Array(repeating: Climb(), count: batch)
    results = Array(repeating: Result(), count: batch)
  }

  func begin(_ ascent: Ascent, restart: Int) {
    self.restart = restart
    (period, sinceCheckpoint) = (share(0.22), 0)
  }

  private func share(_ share: Double) -> Int { max(1, Int(share * Double(steps))) }

  func step(_ step: Int, _ ascent: Ascent) {
    sinceCheckpoint += step > 0 ? 1 : 0
    let isCheckpoint = sinceCheckpoint == period
    climbs.withUnsafeMutableBufferPointer { climbs in
      results.withUnsafeMutableBufferPointer { results in
        guard let climbs = climbs.baseAddress, let results = results.baseAddress else { return }
        Parallel.forEach(ascent.count) { range in
          for n in range { move(n, step, ascent, &climbs[n], &results[n], isCheckpoint) }
        }
      }
    }
    guard isCheckpoint else { return }
    (period, sinceCheckpoint) = (max(period - share(0.03), share(0.06)), 0)
  }

  private func move(
    _ n: Int, _ step: Int, _ ascent: Ascent, _ climb: inout Climb, _ result: inout Result, _ isCheckpoint: Bool
  ) {
    let at = n * elements, x = ascent.images + at, loss = ascent.losses[n]
    ascent.countZeros(n)
    if step == 0 {
      climb = Climb(size: 2 * epsilon, loss: loss, best: loss, bestAtCheckpoint: loss)
      (before + at).update(from: x, count: elements)
    }
    if loss > climb.loss { climb.rises += 1 }
    climb.loss = loss
    if step == 0 || loss > climb.best {
      climb.best = loss
      (best + at).update(from: x, count: elements)
      (bestGradient + at).update(from: ascent.gradient[n], count: elements)
    }
    remember(n, step, ascent, &result)
    var gradient = UnsafePointer(ascent.gradient[n])
    if isCheckpoint {
      let rarelyRose = 4 * climb.rises <= 3 * period
      let stoodStill = !climb.halvedLast && climb.bestAtCheckpoint >= climb.best
      climb.halvedLast = rarelyRose || stoodStill
      climb.bestAtCheckpoint = climb.best
      climb.rises = 0
      if climb.halvedLast {
        climb.size /= 2
        x.update(from: best + at, count: elements)
        gradient = UnsafePointer(bestGradient + at)
      }
    }
    if step < steps {
      quaver_apgd_step(
        ascent.clean + at, gradient, x, before + at, elements, climb.size, epsilon, step == 0 ? 1 : 0.75)
    } else {
      x.update(from: self.result + at, count: elements)
    }
  }

  private func remember(_ n: Int, _ step: Int, _ ascent: Ascent, _ result: inout Result) {
    let row = ascent.logits + n * ascent.classes
    let errs = Prediction.of(row, ascent.classes) != ascent.labels[n], loss = ascent.losses[n]
    let isFirst = step == 0 && restart == 0
    let isBetter = errs == result.errs ? loss > result.loss : errs
    guard isFirst || isBetter else { return }
    result = Result(errs: errs, loss: loss)
    (self.result + n * elements).update(from: ascent.images + n * elements, count: elements)
  }
}
