import Foundation

/// What an attack came to on one set of images: all that is needed to doubt it.
package struct AttackSummary: Codable, Equatable, Sendable {
  /// The attack's name.
  package let attack: String
  package let settings: AttackSettings
  package let images: Int
  /// Shares of the images that are classified correctly.
  package let cleanAccuracy: Double
  package let accuracy: Double
  /// Share of all gradient values that were exactly zero; nil for attacks that see no gradient.
  package let zeroGradientShare: Double?
  /// Images whose gradient was zero everywhere, at every step.
  package let imagesWithoutGradient: Int
  /// Whether every row of clean logits is non-negative and sums to 1.
  package let looksLikeProbabilities: Bool
  package let imagesWithoutNumbers: Int
  /// Whether images of several classes all got the same clean answer; nil in results of earlier versions.
  package let answersOneClass: Bool?
  /// Share of the images that are of the most frequent class; nil where nobody told.
  package let largestClass: Double?
  /// `Attacker.logitDrift` and `Attacker.remark`.
  package let logitDrift: Double?
  package let remark: String?

  package init(
    _ attack: any Attack, _ settings: AttackSettings, _ outcomes: [AttackOutcome], logitDrift: Double? = nil,
    remark: String? = nil
  ) {
    (self.attack, self.settings, images) = (attack.name, settings, outcomes.count)
    (self.logitDrift, self.remark) = (logitDrift, remark)
    let count = Double(max(1, outcomes.count))
    cleanAccuracy = Double(outcomes.count(where: \.wasCorrect)) / count
    accuracy = Double(outcomes.count(where: \.isCorrect)) / count
    let values = outcomes.reduce(0) { $0 + $1.effort.gradientValues }
    zeroGradientShare =
      values > 0 ? Double(outcomes.reduce(0) { $0 + $1.effort.zeroGradients }) / Double(values) : nil
    imagesWithoutGradient = outcomes.count {
      $0.effort.gradientValues > 0 && $0.effort.zeroGradients == $0.effort.gradientValues
    }
    looksLikeProbabilities =
      !outcomes.isEmpty
      && outcomes.allSatisfy { outcome in
        outcome.cleanLogits.allSatisfy { $0 >= 0 } && abs(outcome.cleanLogits.reduce(0, +) - 1) < 1e-3
      }
    let answers = Set(outcomes.map(\.cleanPrediction)), labels = Set(outcomes.map(\.label))
    answersOneClass = outcomes.count >= 8 && labels.count > 1 && answers.count == 1
    largestClass = labels.map { label in Double(outcomes.count { $0.label == label }) / count }.max()
    imagesWithoutNumbers = outcomes.count { !($0.cleanLogits + $0.logits).allSatisfy(\.isFinite) }
  }

  /// Accuracies as measured elsewhere, for instance in a table.
  package init(
    _ attack: any Attack, _ settings: AttackSettings, images: Int, cleanAccuracy: Double, accuracy: Double,
    largestClass: Double? = nil
  ) {
    (self.attack, self.settings, self.images) = (attack.name, settings, images)
    (self.cleanAccuracy, self.accuracy, self.largestClass) = (cleanAccuracy, accuracy, largestClass)
    (zeroGradientShare, imagesWithoutGradient, looksLikeProbabilities) = (nil, 0, false)
    (imagesWithoutNumbers, logitDrift, remark, answersOneClass) = (0, nil, nil, nil)
  }
}

/// Reasons not to believe a result, a sentence each, to stand beside the number. After the checks of AutoAttack and
/// of Carlini et al. 2019, “On Evaluating Adversarial Robustness”.
package enum Doubt {
  /// Differences of accuracy up to this are taken for noise: one point.
  private static let noise = 0.01

  /// What one result says against itself.
  package static func about(_ summary: AttackSummary) -> [String] {
    [
      remark(summary), constant(summary), gradients(summary), logits(summary), numbers(summary), drift(summary),
      idleness(summary), reach(summary),
    ].compactMap { $0 }
  }

  private static func remark(_ summary: AttackSummary) -> String? {
    summary.remark.map { sentence($0) }
  }

  /// Zero gradients: an attack that follows them stands still, and its failure says nothing about the network.
  private static func gradients(_ summary: AttackSummary) -> String? {
    if summary.imagesWithoutGradient > 0 {
      return "The gradient is exactly zero on \(summary.imagesWithoutGradient) of \(summary.images) images: "
        + "\(title(summary)) cannot move them, which proves no robustness."
    }
    guard let share = summary.zeroGradientShare, share > 0.5 else { return nil }
    return "\(percent(share)) of the gradient's values are exactly zero: the gradient may be masked, and "
      + "\(title(summary)) weaker than it looks."
  }

  /// What knows one answer only cannot be led astray, and a success of 0 is no strength.
  private static func constant(_ summary: AttackSummary) -> String? {
    guard summary.answersOneClass == true else { return nil }
    return
      "The network gives all \(summary.images) clean images the same answer: whatever \(title(summary)) makes of that "
      + "says nothing about robustness."
  }

  private static func logits(_ summary: AttackSummary) -> String? {
    guard summary.looksLikeProbabilities else { return nil }
    return "The network's outputs look like probabilities (none negative, each row sums to 1): a softmax at its end, "
      + "followed by that of the loss, flattens the gradient; attack the logits before it."
  }

  private static func numbers(_ summary: AttackSummary) -> String? {
    guard summary.imagesWithoutNumbers > 0 else { return nil }
    return "The logits of \(summary.imagesWithoutNumbers) of \(summary.images) images are not finite numbers."
  }

  private static func drift(_ summary: AttackSummary) -> String? {
    guard let drift = summary.logitDrift, !(drift <= 1e-3) else { return nil }
    return "The logits that \(title(summary)) climbs differ from those of the evaluation by "
      + "\(percent(drift)): it attacks another network than the one that is judged."
  }

  /// What cannot move, or moves by its random start alone, is no attack.
  private static func idleness(_ summary: AttackSummary) -> String? {
    let settings = summary.settings
    guard let attack = Attacks.all.first(where: { $0.name == summary.attack }) else { return nil }
    if attack.knobs.contains(.epsilon), settings.epsilon == 0 {
      return "ε = 0 lets \(attack.title) change nothing: this is the accuracy without an attack."
    }
    guard attack.knobs.contains(.alpha), settings.alpha == 0, attack.reach(settings) == nil else { return nil }
    return "α = 0 lets \(attack.title) take no step: this is what its random start alone does."
  }

  /// Steps that cannot reach the edge of the ball make ε mean little.
  private static func reach(_ summary: AttackSummary) -> String? {
    let settings = summary.settings
    guard let attack = Attacks.all.first(where: { $0.name == summary.attack }), let reach = attack.reach(settings)
    else {
      return nil
    }
    let times = settings.steps == 1 ? "1 step" : "\(settings.steps) steps"
    return "\(times) of α = \(Fraction.text(settings.alpha)) reach \(Fraction.text(reach)) of "
      + "ε = \(settings.epsilonText) at most, so \(attack.title) hardly depends on ε."
  }

  /// What several attacks on the same images at the same ε say against one of them.
  package static func about(_ summary: AttackSummary, among all: [AttackSummary]) -> [String] {
    let peers = all.filter { $0.images == summary.images && $0 != summary }
    return [weakness(summary, peers), inversion(summary, peers)].compactMap { $0 }
  }

  /// An attack of many steps can do whatever FGSM's one step does, and more.
  private static func weakness(_ summary: AttackSummary, _ peers: [AttackSummary]) -> String? {
    guard let attack = Attacks.all.first(where: { $0.name == summary.attack }), attack.isWhiteBox,
      attack.name != Attacks.fgsm.name,
      let single = peers.first(where: {
        $0.attack == Attacks.fgsm.name && $0.settings.epsilon == summary.settings.epsilon
      }), summary.accuracy > single.accuracy + noise
    else { return nil }
    return "\(attack.title) leaves \(percent(summary.accuracy)) correct, FGSM with its one step of the same ε "
      + "\(percent(single.accuracy)): an iterative attack should be the stronger; give it more or larger steps."
  }

  /// Whoever sees the gradient knows more than whoever does not.
  private static func inversion(_ summary: AttackSummary, _ peers: [AttackSummary]) -> String? {
    guard let attack = Attacks.all.first(where: { $0.name == summary.attack }), !attack.isWhiteBox else { return nil }
    let whiteBox = peers.filter { peer in
      let isWhiteBox = Attacks.all.first { $0.name == peer.attack }?.isWhiteBox ?? false
      // Pixle may change a pixel as far as it likes, which no ball holds.
      let isNoWider = attack.knobs.contains(.epsilon) && peer.settings.epsilon >= summary.settings.epsilon
      return isWhiteBox && isNoWider && peer.settings.norm == summary.settings.norm
    }
    guard let strongest = whiteBox.min(by: { $0.accuracy < $1.accuracy }),
      summary.accuracy < strongest.accuracy - noise
    else { return nil }
    return "\(attack.title) sees no gradient and leaves \(percent(summary.accuracy)) correct, the strongest white-box "
      + "attack (\(title(strongest))) \(percent(strongest.accuracy)): its gradients may be masked or its steps too few."
  }

  /// What a sweep over ε says: accuracies of one attack on the same images.
  package static func about(sweep: [AttackSummary]) -> [String] {
    let points = sweep.sorted { $0.settings.epsilon < $1.settings.epsilon }
    guard let last = points.last else { return [] }
    var doubts: [String] = []
    for (smaller, larger) in zip(points, points.dropFirst())
    where larger.settings.epsilon > smaller.settings.epsilon && larger.accuracy > smaller.accuracy + noise {
      doubts.append(
        "\(title(larger)) leaves more correct at ε = \(larger.settings.epsilonText) "
          + "(\(percent(larger.accuracy))) than at \(smaller.settings.epsilonText) "
          + "(\(percent(smaller.accuracy))): a wider ball holds every image of a narrower one.")
    }
    // Grey is still taken for some class, whose images stay right.
    let most = last.largestClass ?? 0
    if last.settings.norm == .linf, last.settings.epsilon >= 0.5, last.accuracy > most + noise {
      doubts.append(
        "At ε = \(last.settings.epsilonText) every image can be turned into the same grey, yet \(title(last)) leaves "
          + "\(percent(last.accuracy)) correct"
          + (most > 0 ? ", more than the \(percent(most)) of the most frequent class" : " instead of falling to 0 %")
          + ": the attack is broken or stops short.")
    }
    return doubts
  }

  /// An average over both parts that no accuracy of the other part can explain.
  ///
  /// - Parameters:
  ///   - average: accuracy of training and validation merged.
  ///   - validation: accuracy of the validation part.
  ///   - share: the validation part's share of all images (by the paper's own rows, 0.185 there).
  ///   - what: what the sentence is about ("VGG16 under PGD").
  package static func about(average: Double, validation: Double, share: Double, what: String) -> String? {
    guard share > 0, share < 1 else { return nil }
    let training = (average - share * validation) / (1 - share)
    // Printed percentages are rounded to two digits.
    let rounding = 1e-4 / (1 - share)
    guard training > 1 + rounding || training < -rounding else { return nil }
    return "\(what): an average of \(percent(average)) with \(percent(validation)) on validation implies "
      + "\(percent(training)) on the training part, which is impossible."
  }

  private static func title(_ summary: AttackSummary) -> String {
    Attacks.all.first { $0.name == summary.attack }?.title ?? summary.attack
  }

  private static func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }

  private static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() + "." }
}

extension Attack {
  /// How far from the image its steps lead at most, where that is less than ε: α·steps, without a random start.
  package func reach(_ settings: AttackSettings) -> Double? {
    let reach = settings.alpha * Double(settings.steps)
    guard knobs.contains(.alpha), reach < settings.epsilon * (1 - 1e-6),
      !(knobs.contains(.randomStart) && settings.randomStart)
    else { return nil }
    return reach
  }
}
