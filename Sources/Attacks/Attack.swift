import Core
import NN

/// A way to change images so that a network errs.
package protocol Attack: Sendable {
  /// As on the command line ("mi-fgsm").
  var name: String { get }
  /// As in a heading ("MI-FGSM").
  var title: String { get }
  /// Sees gradients; a black-box attack sees logits only.
  var isWhiteBox: Bool { get }
  /// The settings that it reads.
  var knobs: [AttackKnob] { get }
  /// The first is the default.
  var norms: [Norm] { get }
  var defaults: AttackSettings { get }
  /// A paragraph each: what it does, and where it follows or departs from torchattacks.
  var help: [String] { get }
  /// The most that one image can cost.
  func cost(_ settings: AttackSettings) -> AttackCost
  /// What computes the attack on batches of up to `batch` images.
  @Engine func engine(_ settings: AttackSettings, _ network: Network, batch: Int) throws -> any AttackEngine
}

extension Attack {
  package var isWhiteBox: Bool { true }
  package var norms: [Norm] { [.linf] }
  package var defaults: AttackSettings { AttackSettings() }

  /// Refuses settings that this attack cannot work with on images of a shape.
  ///
  /// - Throws: `AttackError`.
  package func check(_ settings: AttackSettings, input: Shape = [3, 224, 224]) throws {
    try settings.check()
    guard norms.contains(settings.norm) || !knobs.contains(.epsilon) else {
      throw AttackError.wrongNorm(attack: title, norm: settings.norm.title, known: norms.map(\.title))
    }
    guard knobs.contains(.patch), input.rank == 3 else { return }
    for (patch, side) in [(settings.patchWidth.upperBound, input[2]), (settings.patchHeight.upperBound, input[1])]
    where patch > side { throw AttackError.patchTooLarge(patch: patch, side: side) }
  }
}

/// A part of `AttackSettings`, for forms and reports.
package enum AttackKnob: String, CaseIterable, Codable, Sendable {
  case epsilon, alpha, steps, decay, eotIterations, dropout, transforms, randomStart, norm, queries, restarts, patch,
    iterations
  case squareShare, seed
}

package struct AttackCost: Equatable, Sendable {
  package let gradientEvaluations: Int
  package let queries: Int

  package init(gradientEvaluations: Int = 0, queries: Int = 0) {
    (self.gradientEvaluations, self.queries) = (gradientEvaluations, queries)
  }
}

/// The attacks that Quaver has. One more is one file in Methods/ and one line here.
package enum Attacks {
  package static let all: [any Attack] = [
    fgsm, miFGSM, bim, pgd, eotPGD, pixle, square, apgd,
  ]

  package static let whiteBox = all.filter(\.isWhiteBox)

  /// - Throws: `AttackError.unknownAttack`.
  package static func named(_ name: String) throws -> any Attack {
    guard let attack = all.first(where: { $0.name == name }) else {
      throw AttackError.unknownAttack(name: name, known: all.map(\.name))
    }
    return attack
  }
}
