import Core
import Foundation

/// How far an image may move, by which measure.
package enum Norm: String, CaseIterable, Codable, Sendable {
  /// Largest change of a value.
  case linf
  /// Euclidean length of the whole change.
  case l2

  package var title: String { self == .linf ? "L∞" : "L2" }
}

/// What an attack may be told. One value serves all attacks; each reads what its `knobs` name. The values here are the
/// paper's (section 4.2) and, where the paper is silent, torchattacks'; attacks that differ say so in their `defaults`.
package struct AttackSettings: Codable, Equatable, Sendable {
  /// ε: how far the attack may go by `norm`, in units of the image, whose values lie in [0, 1].
  package var epsilon = 32.0 / 255
  /// α: size of one step.
  package var alpha = 4.0 / 255
  package var steps = 2
  /// μ: share of the last direction that stays (MI-FGSM).
  package var decay = 0.9
  /// Gradients that are averaged for one step (EOT).
  package var eotIterations = 2
  /// Whether EOT leaves the network's dropout on while it takes gradients (batch norms stay frozen).
  package var dropout = true
  /// What else EOT draws; in the order of their cases, so that equal settings are written equally.
  package var transforms: [InputTransform] = []
  /// Starts at a random point of the ε ball (the paper's equation 3) rather than at the image.
  package var randomStart = false
  package var norm = Norm.linf
  /// Most queries that a black-box attack makes for one image and restart.
  package var queries = 200
  package var restarts = 1
  /// Sides of Pixle's patches in pixels, bounds included.
  package var patchWidth = 20...50
  package var patchHeight = 20...50
  /// Pixle's tries in one restart.
  package var iterations = 1
  /// Share of the image that Square's first square covers.
  package var squareShare = 0.8
  package var seed: UInt64 = 0

  package init() {}

  /// The defaults with some of them changed.
  package init(_ change: (inout AttackSettings) -> Void) { change(&self) }

  /// Refuses values that no attack can work with, before anything is computed.
  ///
  /// - Throws: `AttackError.outOfRange`.
  package func check() throws {
    // Two images of 224 × 224 in three colours lie at most 388 apart in L2; other sizes are thinkable.
    try Self.check("ε", epsilon, 0...(norm == .l2 ? 1000 : 1))
    try Self.check("α", alpha, 0...1)
    try Self.check("the decay", decay, 0...1000)
    try Self.check("the share of the first square", squareShare, 0...1)
    try Self.check("the number of steps", steps, 1...100_000)
    try Self.check("the number of EOT iterations", eotIterations, 1...10_000)
    try Self.check("the number of queries", queries, 1...10_000_000)
    try Self.check("the number of restarts", restarts, 1...10_000)
    try Self.check("the number of iterations", iterations, 1...10_000)
    for patch in [patchWidth, patchHeight] {
      try Self.check("the side of a patch", patch.lowerBound, 1...100_000)
      try Self.check("the side of a patch", patch.upperBound, 1...100_000)
    }
  }

  /// ε as it is written: grey levels where it bounds each value, a length in L2.
  package var epsilonText: String { norm == .l2 ? String(format: "%g", epsilon) : Fraction.text(epsilon) }

  /// ε from what `epsilonText` writes and people type.
  ///
  /// - Throws: `AttackError.unreadableFraction`.
  package mutating func readEpsilon(_ text: String, what: String) throws {
    epsilon = try norm == .l2 ? Fraction.parse(text, what: what) : Fraction.levels(text, what: what)
  }

  private static func check(_ what: String, _ value: Double, _ range: ClosedRange<Double>) throws {
    guard range.contains(value) else {
      throw AttackError.outOfRange(
        what: what, value: String(format: "%g", value),
        range: String(format: "a number from %g to %g", range.lowerBound, range.upperBound))
    }
  }

  private static func check(_ what: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
      throw AttackError.outOfRange(
        what: what, value: "\(value)", range: "\(range.lowerBound) to \(range.upperBound)")
    }
  }
}

/// ε and α as people write them.
package enum Fraction {
  /// "32/255", "0.03" or "1e-3".
  ///
  /// - Parameter what: what the sentence of an error calls the value ("--eps").
  /// - Throws: `AttackError.unreadableFraction`; whether the value makes sense is `AttackSettings.check`'s to say.
  package static func parse(_ text: String, what: String) throws -> Double {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      .map { Double($0.trimmingCharacters(in: .whitespaces)) }
    switch (parts.count, parts.first ?? nil, parts.last ?? nil) {
    case (1, let value?, _): return value
    case (2, let above?, let below?) where below != 0: return above / below
    default: throw AttackError.unreadableFraction(what: what, text: text)
    }
  }

  /// ε or α: a whole number is one of grey levels ("8" is 8/255), anything else is what `parse` makes of it ("1.0" is the
  /// whole range).
  ///
  /// - Throws: `AttackError.unreadableFraction`.
  package static func levels(_ text: String, what: String) throws -> Double {
    let value = try parse(text, what: what)
    return Int(text.trimmingCharacters(in: .whitespaces)) == nil ? value : value / 255
  }

  /// "32/255" for whole grey levels and their halves, else a decimal.
  package static func text(_ value: Double) -> String {
    let levels = value * 255
    let halves = (levels * 2).rounded()
    guard value.isFinite, abs(levels * 2 - halves) < 1e-4 else { return String(format: "%g", value) }
    return halves.truncatingRemainder(dividingBy: 2) == 0
      ? String(format: "%.0f/255", levels) : String(format: "%.1f/255", levels)
  }
}

/// Named sets of settings.
package enum AttackPreset: String, CaseIterable, Codable, Sendable {
  /// Section 4.2 and equation 3: PGD and EOT+PGD start at a random point.
  case eq3
  /// PGD without its random start. Five of the six undefended networks of the paper's table 2a have equal rows for BIM and PGD, which
  /// only this explains.
  case table2a

  package var help: String {
    switch self {
    case .eq3: "the paper's section 4.2, with the random start of its equation 3 for PGD and EOT+PGD"
    case .table2a:
      "the same, with no random start for PGD, as equal rows of table 2a for BIM and PGD suggest (five of six networks)"
    }
  }

  package func settings(for attack: any Attack) -> AttackSettings {
    var settings = attack.defaults
    if self == .table2a, attack.name == Attacks.pgd.name { settings.randomStart = false }
    return settings
  }

  /// - Throws: `AttackError.unknownPreset`.
  package static func named(_ name: String) throws -> AttackPreset {
    guard let preset = AttackPreset(rawValue: name) else {
      throw AttackError.unknownPreset(name: name, known: allCases.map(\.rawValue))
    }
    return preset
  }
}
