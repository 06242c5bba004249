import Attacks
import Core
import Foundation
import NN
import Testing

@Suite struct SettingsTests {
  @Test func thePapersDefaults() throws {
    for attack in Attacks.all {
      let settings = attack.defaults
      try attack.check(settings)
      #expect(settings.epsilon == 32.0 / 255 && settings.alpha == 4.0 / 255)
      #expect(settings.randomStart == ["pgd", "eot-pgd", "apgd-ce"].contains(attack.name))
      #expect(settings.patchWidth == 20...50 && settings.patchHeight == 20...50)
      #expect((settings.restarts, settings.iterations, settings.queries) == (1, 1, 200))
      let decoded = try JSONDecoder().decode(AttackSettings.self, from: JSONEncoder().encode(settings))
      #expect(decoded == settings)
    }
  }

  @Test(arguments: [
    ("32/255", 32.0 / 255), ("0.03", 0.03), ("1e-3", 1e-3), (" 8 / 255 ", 8.0 / 255), ("0", 0), ("8/-255", -8.0 / 255),
  ])
  func fractionsAreRead(text: String, value: Double) throws {
    #expect(try Fraction.parse(text, what: "--eps") == value)
  }

  /// Each text with its value in grey levels.
  @Test(arguments: [("8", 8.0), (" 1 ", 1.0), ("0", 0.0), ("1.0", 255.0), ("0.5", 127.5), ("8/255", 8.0)])
  func wholeNumbersAreGreyLevels(text: String, levels: Double) throws {
    #expect(abs(try Fraction.levels(text, what: "--eps") * 255 - levels) < 1e-9)
  }

  @Test(arguments: ["", "/", "8/", "/255", "8/0", "a", "8/255/2", "0,03", "8 255", "–1"])
  func otherTextIsRefused(text: String) {
    #expect(throws: AttackError.unreadableFraction(what: "--eps", text: text)) {
      try Fraction.parse(text, what: "--eps")
    }
  }

  @Test func fractionsAreWritten() {
    #expect(Fraction.text(32.0 / 255) == "32/255")
    #expect(Fraction.text(0.5) == "127.5/255")
    #expect(Fraction.text(0.03) == "0.03")
    #expect(Fraction.text(0) == "0/255")
    #expect(Fraction.text(.nan) == "nan")
  }

  /// In L2 ε is a length: nothing is a grey level, and 5 is a usual one.
  @Test func epsilonDependsOnItsNorm() throws {
    var settings = AttackSettings { $0.norm = .l2 }
    try settings.readEpsilon("5", what: "--eps")
    #expect(settings.epsilon == 5 && settings.epsilonText == "5")
    try Attacks.named("square").check(settings)
    settings.norm = .linf
    #expect(throws: AttackError.self) { try settings.check() }
    try settings.readEpsilon("5", what: "--eps")
    #expect(settings.epsilon == 5.0 / 255 && settings.epsilonText == "5/255")
  }

  /// Each wrong value with a part of its sentence.
  @Test func valuesOutOfRangeAreRefused() {
    let changes: [(String, @Sendable (inout AttackSettings) -> Void)] = [
      ("ε is -0.1", { $0.epsilon = -0.1 }), ("ε is 1.01", { $0.epsilon = 1.01 }), ("ε is nan", { $0.epsilon = .nan }),
      ("ε is inf", { $0.epsilon = .infinity }), ("α is -1", { $0.alpha = -1 }), ("α is nan", { $0.alpha = .nan }),
      ("steps is 0", { $0.steps = 0 }), ("steps is -3", { $0.steps = -3 }),
      ("EOT iterations is 0", { $0.eotIterations = 0 }), ("decay is nan", { $0.decay = .nan }),
      ("decay is -0.5", { $0.decay = -0.5 }), ("queries is 0", { $0.queries = 0 }),
      ("restarts is 0", { $0.restarts = 0 }), ("iterations is 0", { $0.iterations = 0 }),
      ("patch is 0", { $0.patchWidth = 0...4 }), ("square is 1.5", { $0.squareShare = 1.5 }),
    ]
    for (part, change) in changes {
      for attack in Attacks.all {
        do {
          try attack.check(AttackSettings(change))
          Issue.record("\(part) was accepted")
        } catch {
          #expect("\(error)".contains(part), "\(error)")
          #expect(!"\(error)".contains("\n"))
        }
      }
    }
  }

  @Test func whatDoesNotFitTheAttackIsRefused() async throws {
    for attack in Attacks.all where attack.knobs.contains(.epsilon) && attack.norms == [.linf] {
      #expect(throws: AttackError.self) { try attack.check(AttackSettings { $0.norm = .l2 }) }
    }
    let pixle = try Attacks.named("pixle")
    #expect(throws: AttackError.patchTooLarge(patch: 50, side: 31)) {
      try pixle.check(pixle.defaults, input: [2, 60, 31])
    }
    #expect(throws: AttackError.self) { try Attacks.named("deepfool") }
    #expect(throws: AttackError.self) { try AttackPreset.named("table3") }
    try await Engine.run {
      let network = try Network(Networks.small)
      #expect(throws: NNError.self) { try Attacker(pixle, AttackTests.settings(pixle), network, batch: 0) }
      #expect(throws: AttackError.self) { try Attacker(pixle, pixle.defaults, network, batch: 1) }
    }
  }
}
