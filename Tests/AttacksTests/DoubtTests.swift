import Attacks
import Core
import NN
import Testing

@Suite(.serialized) struct DoubtTests {
  private static func summary(
    _ name: String, _ accuracy: Double, epsilon: Double = 8.0 / 255, steps: Int = 10
  ) throws -> AttackSummary {
    let attack = try Attacks.named(name)
    var settings = attack.defaults
    (settings.epsilon, settings.steps) = (epsilon, steps)
    return AttackSummary(attack, settings, images: 500, cleanAccuracy: 0.9, accuracy: accuracy)
  }

  private static func outcome(
    _ clean: [Float], _ logits: [Float], label: Int = 0, zeros: Int = 0, of values: Int = 100
  ) -> AttackOutcome {
    var effort = Effort()
    (effort.gradientValues, effort.zeroGradients) = (values, zeros)
    return AttackOutcome(id: 0, label: label, cleanLogits: clean, logits: logits, effort: effort, linf: 0, l2: 0)
  }

  @Test func aSoundResultIsNotDoubted() throws {
    let all = [
      try Self.summary("fgsm", 0.2), try Self.summary("bim", 0.05), try Self.summary("pgd", 0.04),
      try Self.summary("square", 0.3), try Self.summary("pixle", 0.85), try Self.summary("apgd-ce", 0),
    ]
    for summary in all {
      #expect(Doubt.about(summary) == [])
      #expect(Doubt.about(summary, among: all) == [])
    }
    let sweep = [0.3, 0.05, 0, 0].enumerated().map { ($0.offset, $0.element) }
    #expect(Doubt.about(sweep: try sweep.map { try Self.summary("pgd", $1, epsilon: 0.2 * Double($0 + 1)) }) == [])
    #expect(Doubt.about(sweep: []) == [])
  }

  @Test func stepsThatDoNotReachTheEdge() throws {
    let short = try Self.summary("bim", 0.1, epsilon: 32.0 / 255, steps: 2)
    #expect(Doubt.about(short).contains { $0.contains("reach 8/255 of ε = 32/255") })
    // The random start reaches it.
    #expect(Doubt.about(try Self.summary("pgd", 0.1, epsilon: 32.0 / 255, steps: 2)) == [])
    #expect(Doubt.about(try Self.summary("fgsm", 0.1, epsilon: 32.0 / 255, steps: 2)) == [])
    #expect(Doubt.about(try Self.summary("bim", 0.1, epsilon: 8.0 / 255, steps: 2)) == [])
  }

  @Test func attacksThatDoNotMove() throws {
    for attack in Attacks.all where attack.knobs.contains(.epsilon) {
      let still = Doubt.about(try Self.summary(attack.name, 0.9, epsilon: 0))
      #expect(still.contains { $0.contains("change nothing") }, "\(attack.name)")
    }
    for attack in Attacks.all where attack.knobs.contains(.alpha) {
      var settings = attack.defaults
      settings.alpha = 0
      let doubts = Doubt.about(AttackSummary(attack, settings, images: 500, cleanAccuracy: 0.9, accuracy: 0.9))
      let starts = attack.knobs.contains(.randomStart) && settings.randomStart
      #expect(doubts.count == 1 && doubts[0].contains(starts ? "random start alone" : "reach 0"), "\(attack.name)")
    }
  }

  @Test func anIterativeAttackWeakerThanFGSM() throws {
    let fgsm = try Self.summary("fgsm", 0.1), bim = try Self.summary("bim", 0.15)
    #expect(Doubt.about(bim, among: [fgsm, bim]).contains { $0.contains("BIM leaves 15.0 % correct, FGSM") })
    #expect(Doubt.about(fgsm, among: [fgsm, bim]) == [])
    // Another ε proves nothing.
    #expect(Doubt.about(try Self.summary("bim", 0.15, epsilon: 4.0 / 255), among: [fgsm]) == [])
  }

  @Test func aBlackBoxStrongerThanAWhiteBox() throws {
    let pgd = try Self.summary("pgd", 0.6), square = try Self.summary("square", 0.2)
    #expect(
      Doubt.about(square, among: [pgd, square]).contains { $0.contains("strongest white-box attack (PGD) 60.0 %") })
    // A white-box attack with less room may well be weaker.
    let confined = try Self.summary("pgd", 0.6, epsilon: 1.0 / 255)
    #expect(Doubt.about(square, among: [confined]) == [])
    // Pixle has no ε to compare: no ball holds what it does.
    #expect(Doubt.about(try Self.summary("pixle", 0.2), among: [confined, pgd]) == [])
  }

  @Test func anAccuracyThatDoesNotFallToZero() throws {
    let flat = try [0.1, 0.3, 0.7].map { try Self.summary("pgd", 0.4, epsilon: $0) }
    #expect(Doubt.about(sweep: flat.reversed()).contains { $0.contains("instead of falling to 0 %") })
    // An L2 ball of that size does not hold the grey image.
    let square = try Attacks.named("square")
    let round = flat.map { summary in
      AttackSummary(
        square, AttackSettings { ($0.epsilon, $0.norm) = (summary.settings.epsilon, .l2) }, images: 500,
        cleanAccuracy: 0.9, accuracy: 0.4)
    }
    #expect(Doubt.about(sweep: round) == [])
    // Grey is taken for one class, and its images stay right.
    let pgd = try Attacks.named("pgd")
    let frequent = [0.2, 0.45].map { share in
      [0.1, 0.7].map { epsilon in
        AttackSummary(
          pgd, AttackSettings { $0.epsilon = epsilon }, images: 500, cleanAccuracy: 0.9, accuracy: 0.4,
          largestClass: share)
      }
    }
    #expect(Doubt.about(sweep: frequent[0]).contains { $0.contains("more than the 20.0 %") })
    #expect(Doubt.about(sweep: frequent[1]) == [])
    // Two seeds at one ε are no two balls.
    let seeds = try [(0.1, 0.2), (0.1, 0.3), (0.3, 0.1)].map { try Self.summary("pgd", $1, epsilon: $0) }
    #expect(Doubt.about(sweep: seeds) == [])
    let rising = try [(0.1, 0.2), (0.2, 0.4), (0.3, 0.1)].map { try Self.summary("pgd", $1, epsilon: $0) }
    let doubts = Doubt.about(sweep: rising)
    #expect(doubts.count == 1 && doubts[0].contains("leaves more correct"))
  }

  @Test func gradientsThatAreZeroAndLogitsThatAreNone() throws {
    let bim = try Attacks.named("bim"), settings = AttackSettings { $0.epsilon = 8.0 / 255 }
    func doubts(_ outcomes: [AttackOutcome], drift: Double? = nil) -> [String] {
      Doubt.about(AttackSummary(bim, settings, outcomes, logitDrift: drift))
    }
    let sound = Self.outcome([1, -2], [-1, 3], zeros: 20)
    let same = (0..<8).map { Self.outcome([1, -2], [-1, 3], label: $0 % 2, zeros: 20) }
    #expect(doubts(same)[0].contains("all 8 clean images the same answer"))
    #expect(doubts([sound], drift: 1e-5) == [])
    #expect(doubts([Self.outcome([1, -2], [1, -2], zeros: 100), sound])[0].contains("zero on 1 of 2 images"))
    #expect(doubts([Self.outcome([1, -2], [1, -2], zeros: 70)])[0].contains("70.0 % of the gradient's values"))
    #expect(doubts([Self.outcome([0.25, 0.75], [0.5, 0.5])])[0].contains("look like probabilities"))
    #expect(doubts([Self.outcome([0.25, 0.75], [0.5, 0.5]), sound]) == [])
    #expect(doubts([Self.outcome([.nan, 0.75], [0.5, 0.5])])[0].contains("1 of 1 images are not finite"))
    #expect(doubts([sound], drift: 0.2)[0].contains("another network"))
    #expect(doubts([sound], drift: .nan)[0].contains("another network"))
  }

  /// The attack's plan and the evaluation's agree to the last bits.
  @Test func theLogitsOfBothPlansAgree() async throws {
    try await Engine.run {
      for attack in Attacks.whiteBox {
        var settings = AttackTests.settings(attack)
        (settings.transforms, settings.dropout) = ([], false)
        let drift = try AttackBench(Networks.small, count: 5).attack(attack, settings, batch: 4).drift
        #expect(try #require(drift) < 1e-5, "\(attack.name)")
      }
    }
  }

  /// The paper's table 2a. Its rows agree on a validation part of 18.5 % of the images (80/20 by utterance); with that
  /// share these four are impossible, and no others (`fourOfThePapersRowsAreDoubted`).
  @Test func averagesThatImplyMoreThanEverything() {
    let rows: [(String, average: Double, validation: Double, isPossible: Bool)] = [
      ("VGG16, MI-FGSM", 0.9724, 0.5961, false), ("VGG16, PGD", 0.9759, 0.4825, false),
      ("CvT, BIM, clean", 0.9804, 0.8804, false), ("VGG16, EOT+PGD, clean", 0.9778, 0.8720, false),
      ("VGG16, BIM", 0.9040, 0.5037, true), ("VGG16, FGSM", 0.9077, 0.7133, true), ("AlexNet", 0.9705, 0.8435, true),
      ("AlexNet, BIM", 0.8761, 0.3308, true), ("AlexNet, EOT+PGD", 0.8749, 0.3247, true),
      ("CNN-LSTM, FGSM", 0.1904, 0.2507, true), ("nothing", 0, 0, true), ("all", 1, 1, true),
    ]
    for row in rows {
      let doubt = Doubt.about(average: row.average, validation: row.validation, share: 0.185, what: row.0)
      #expect((doubt == nil) == row.isPossible, "\(doubt ?? row.0)")
      if let doubt { #expect(doubt.contains("impossible") && doubt.hasPrefix(row.0)) }
    }
    #expect(Doubt.about(average: 0.1, validation: 0.9, share: 0.2, what: "x") != nil)
  }
}
