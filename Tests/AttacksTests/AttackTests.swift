import Attacks
import Core
import Foundation
import NN
import Testing

/// Properties that every attack of the registry has.
@Suite(.serialized) struct AttackTests {
  static let names = Attacks.all.map(\.name)

  @Test func everyFileHasItsLine() throws {
    let methods = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources/Attacks/Methods")
    let files = try FileManager.default.contentsOfDirectory(atPath: methods.path)
    #expect(files.count == Attacks.all.count)
    #expect(Set(Self.names).count == Attacks.all.count)
    for attack in Attacks.all { #expect(!attack.help.isEmpty && !attack.knobs.isEmpty, "\(attack.name)") }
  }

  /// Every attack, in every norm that it knows.
  static let variants: [(String, Norm)] = Attacks.all.flatMap { attack in attack.norms.map { (attack.name, $0) } }

  static func settings(_ attack: any Attack, _ norm: Norm = .linf) -> AttackSettings {
    var settings = attack.defaults
    settings.norm = norm
    settings.epsilon = norm == .linf ? 16.0 / 255 : 0.8
    settings.alpha = 4.0 / 255
    settings.steps = 5
    settings.queries = 30
    settings.restarts = 2
    settings.iterations = 3
    (settings.patchWidth, settings.patchHeight) = (2...4, 1...5)
    settings.transforms = [.shift, .mask, .gain]
    settings.seed = 3
    return settings
  }

  @Test(arguments: variants)
  func imagesStayInTheBallAndInRange(name: String, norm: Norm) async throws {
    try await Engine.run {
      let attack = try Attacks.named(name), settings = Self.settings(attack, norm)
      for entry in [Networks.small, Networks.flat, Networks.wide] {
        let bench = try AttackBench(entry, count: 11)
        let result = try bench.attack(attack, settings, batch: 4)
        #expect(result.images.allSatisfy { (0...1).contains($0) })
        for outcome in result.outcomes where attack.knobs.contains(.epsilon) {
          #expect((norm == .linf ? outcome.linf : outcome.l2) <= settings.epsilon * (1 + 1e-5) + 1e-6)
        }
        #expect(result.outcomes.contains { $0.linf > 0 }, "\(entry.name) was not attacked")
      }
    }
  }

  @Test(arguments: variants)
  func anImagesFateDoesNotDependOnItsBatch(name: String, norm: Norm) async throws {
    try await Engine.run {
      let attack = try Attacks.named(name), settings = Self.settings(attack, norm)
      let bench = try AttackBench(Networks.small, count: 13)
      let whole = try bench.attack(attack, settings, batch: 13)
      for batch in [1, 4] {
        let parts = try bench.attack(attack, settings, batch: batch)
        // The library's rounding may differ between batch sizes and turn the sign of a value near zero.
        let moved = zip(whole.images, parts.images).count { abs($0 - $1) > 1e-6 }
        #expect(moved * 200 <= whole.images.count, "\(moved) of \(whole.images.count) values, batch \(batch)")
        #expect(whole.outcomes.map(\.effort.queries) == parts.outcomes.map(\.effort.queries))
      }
      let again = try bench.attack(attack, settings, batch: 13)
      #expect(whole.images == again.images && whole.outcomes == again.outcomes)
      let reversed = try bench.attack(attack, settings, batch: 13, order: Array((0..<13).reversed()))
      let moved = zip(whole.images, reversed.images).count { abs($0 - $1) > 1e-6 }
      #expect(moved * 200 <= whole.images.count, "\(moved) of \(whole.images.count) values, in reverse")
    }
  }

  @Test(arguments: Attacks.all.filter { $0.knobs.contains(.seed) }.map(\.name))
  func anotherSeedOrIdGivesOtherImages(name: String) async throws {
    try await Engine.run {
      let attack = try Attacks.named(name)
      var settings = Self.settings(attack)
      let bench = try AttackBench(Networks.small, count: 5)
      let first = try bench.attack(attack, settings, batch: 5)
      settings.seed += 1
      #expect(try bench.attack(attack, settings, batch: 5).images != first.images)
      settings.seed -= 1
      #expect(try bench.attack(attack, settings, batch: 5, firstID: 100).images != first.images)
    }
  }

  @Test(arguments: Attacks.whiteBox.map(\.name))
  func theLossDoesNotFallOnASmoothNetwork(name: String) async throws {
    try await Engine.run {
      let attack = try Attacks.named(name)
      var settings = Self.settings(attack)
      (settings.epsilon, settings.alpha) = (2.0 / 255, 1.0 / 255)
      (settings.randomStart, settings.transforms, settings.dropout) = (false, [], false)
      let bench = try AttackBench(Networks.smooth, count: 9)
      let result = try bench.attack(attack, settings, batch: 4)
      for outcome in result.outcomes {
        #expect(loss(outcome.logits, outcome.label) > loss(outcome.cleanLogits, outcome.label))
      }
    }
  }

  /// Where the gradient is exactly zero an attack that follows it does not move: sgn(0) = 0.
  @Test(arguments: Attacks.whiteBox.map(\.name))
  func aZeroGradientMovesNothing(name: String) async throws {
    try await Engine.run {
      let attack = try Attacks.named(name)
      var settings = Self.settings(attack)
      settings.randomStart = false
      let bench = try AttackBench(Networks.dead, count: 3)
      let result = try bench.attack(attack, settings, batch: 3)
      if attack.name != "apgd-ce" { #expect(result.images == bench.images) }
      #expect(result.outcomes.allSatisfy { $0.zeroGradientShare == 1 })
      let summary = AttackSummary(attack, settings, result.outcomes)
      #expect(summary.imagesWithoutGradient == 3)
      #expect(Doubt.about(summary).contains { $0.contains("exactly zero on 3 of 3 images") })
    }
  }

  @Test(arguments: variants)
  func effortsAreCountedAndBounded(name: String, norm: Norm) async throws {
    try await Engine.run {
      let attack = try Attacks.named(name), settings = Self.settings(attack, norm)
      let bench = try AttackBench(Networks.small, count: 9), cost = attack.cost(settings)
      let result = try bench.attack(attack, settings, batch: 4)
      for outcome in result.outcomes {
        #expect(outcome.effort.gradientEvaluations == cost.gradientEvaluations)
        #expect(outcome.effort.queries <= cost.queries)
        #expect((outcome.zeroGradientShare == nil) == !attack.isWhiteBox)
      }
      #expect((cost.gradientEvaluations > 0) == attack.isWhiteBox)
      #expect((cost.queries > 0) == !attack.isWhiteBox)
      if !attack.isWhiteBox { #expect(result.outcomes.contains { $0.effort.queries > 0 }) }
    }
  }

  @Test(arguments: variants)
  func aStopIsObeyed(name: String, norm: Norm) async throws {
    try await Engine.run {
      let attack = try Attacks.named(name), bench = try AttackBench(Networks.small, count: 4)
      let attacker = try Attacker(attack, Self.settings(attack, norm), bench.network, batch: 2)
      let control = RunControl()
      control.wish = .stopNow
      let clean = try Arena(count: bench.images.count), adversarial = try Arena(count: bench.images.count)
      let efforts = try withExtendedLifetime((clean, adversarial)) {
        try attacker.perturb(
          clean.base, labels: bench.labels, ids: [0, 1, 2, 3], into: adversarial.base, control: control)
      }
      #expect(efforts == nil)
    }
  }

  @Test(arguments: names)
  func imagesThatAreNoneAreRefused(name: String) async throws {
    try await Engine.run {
      let attack = try Attacks.named(name)
      for bad in [Float.nan, .infinity, -0.01, 1.01] {
        let bench = try AttackBench(Networks.small, count: 3)
        bench.images[2 * bench.elements + 5] = bad
        #expect(throws: AttackError.badImage(id: 2)) { try bench.attack(attack, Self.settings(attack), batch: 3) }
      }
    }
  }

  /// A network that computes no numbers at all comes back as a doubt, not as a crash or an endless loop.
  @Test(arguments: variants)
  func aNetworkOfNaNsIsSurvived(name: String, norm: Norm) async throws {
    try await Engine.run {
      let attack = try Attacks.named(name), settings = Self.settings(attack, norm)
      let bench = try AttackBench(Networks.small, count: 3)
      for parameter in bench.network.trainableParameters { parameter.values[0] = .nan }
      bench.network.parametersChanged()
      let result = try bench.attack(attack, settings, batch: 3)
      #expect(result.images.allSatisfy { (0...1).contains($0) })
      let doubts = Doubt.about(AttackSummary(attack, settings, result.outcomes))
      #expect(doubts.contains { $0.contains("not finite") }, "\(doubts)")
    }
  }
}
