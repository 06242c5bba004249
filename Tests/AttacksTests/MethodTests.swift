import AllocationCounter
import Attacks
import Core
import Foundation
import NN
import Testing

/// What single attacks are known to do.
@Suite(.serialized) struct MethodTests {
  /// On logits linear in the image and two classes, no image of the ε ball has a higher loss than FGSM's.
  @Test func fgsmIsOptimalOnALinearNetwork() async throws {
    try await Engine.run {
      let bench = try AttackBench(Networks.linear, count: 6, classes: 2)
      // Away from 0 and 1, so that the ball is not cut.
      for i in bench.images.indices { bench.images[i] = 0.3 + 0.4 * bench.images[i] }
      let epsilon = 16.0 / 255, settings = AttackSettings { $0.epsilon = epsilon }
      let result = try bench.attack(Attacks.named("fgsm"), settings, batch: 4)
      let weights = try #require(bench.network.parameter("fc.weight")).values
      let bias = try #require(bench.network.parameter("fc.bias")).values
      for (n, outcome) in result.outcomes.enumerated() {
        // The margin falls by ε times the L1 length of the difference of the two rows of weights.
        var margin = Double(bias[outcome.label] - bias[1 - outcome.label])
        for i in 0..<bench.elements {
          let w = Double(
            weights[outcome.label * bench.elements + i] - weights[(1 - outcome.label) * bench.elements + i])
          margin += w * Double(bench.images[n * bench.elements + i]) - epsilon * abs(w)
        }
        let found = Double(outcome.logits[outcome.label] - outcome.logits[1 - outcome.label])
        #expect(abs(found - margin) < 1e-4, "\(found) instead of \(margin)")
      }
      for attack in Attacks.whiteBox where attack.name != "fgsm" {
        var other = AttackTests.settings(attack)
        (other.epsilon, other.transforms) = (epsilon, [])
        for (own, best) in zip(try bench.attack(attack, other, batch: 4).outcomes, result.outcomes) {
          #expect(loss(own.logits, own.label) <= loss(best.logits, best.label) + 1e-4, "\(attack.name)")
        }
      }
    }
  }

  @Test func bimIsPGDWithoutARandomStart() async throws {
    try await Engine.run {
      let bench = try AttackBench(Networks.small, count: 5)
      let pgd = try Attacks.named("pgd")
      let settings = AttackPreset.table2a.settings(for: pgd)
      #expect(!settings.randomStart && AttackPreset.eq3.settings(for: pgd).randomStart)
      let bim = try bench.attack(Attacks.named("bim"), settings, batch: 5)
      #expect(try bench.attack(pgd, settings, batch: 5).images == bim.images)
      #expect(try bench.attack(pgd, pgd.defaults, batch: 5).images != bim.images)
    }
  }

  /// With no momentum kept, the direction's sign is the gradient's.
  @Test func momentumOfNothingIsBIM() async throws {
    try await Engine.run {
      let bench = try AttackBench(Networks.small, count: 5)
      var settings = AttackSettings { $0.steps = 4 }
      settings.decay = 0
      let plain = try bench.attack(Attacks.named("bim"), settings, batch: 5)
      #expect(try bench.attack(Attacks.named("mi-fgsm"), settings, batch: 5).images == plain.images)
      settings.decay = 1
      #expect(try bench.attack(Attacks.named("mi-fgsm"), settings, batch: 5).images != plain.images)
    }
  }

  @Test func eotWithoutRandomnessIsPGDAndSaysSo() async throws {
    try await Engine.run {
      let eot = try Attacks.named("eot-pgd"), pgd = try Attacks.named("pgd")
      let bench = try AttackBench(Networks.smooth, count: 5)
      let result = try bench.attack(eot, eot.defaults, batch: 5)
      #expect(try bench.attack(pgd, pgd.defaults, batch: 5).images == result.images)
      // The same gradient is not taken twice.
      #expect(result.outcomes.allSatisfy { $0.effort.gradientEvaluations == eot.defaults.steps })
      let summary = AttackSummary(eot, eot.defaults, result.outcomes, remark: result.remark)
      #expect(Doubt.about(summary).contains { $0.contains("EOT+PGD is PGD") })

      let random = try AttackBench(Networks.small, count: 5)
      let drawn = try random.attack(eot, eot.defaults, batch: 5)
      #expect(drawn.remark == nil && drawn.drift == nil)
      #expect(try random.attack(pgd, pgd.defaults, batch: 5).images != drawn.images)
      #expect(drawn.outcomes.allSatisfy { $0.effort.gradientEvaluations == 4 })
    }
  }

  /// Masks go through the layers behind them alone, where one value leads to these; else each draw is a pass of its own.
  @Test func masksAloneAreDrawnAsWithWholePasses() async throws {
    try await Engine.run {
      let bench = try AttackBench(Networks.small, count: 5), wholly = try AttackBench(Networks.bypassed, count: 5)
      let eot = try Attacks.named("eot-pgd")
      var settings = eot.defaults
      settings.eotIterations = 3
      #expect(wholly.images == bench.images)
      let forks = PlanOptions(forks: true)
      #expect(try bench.network.plan(batch: 5, demand: .inputGradient, options: forks).canForwardAgain)
      #expect(try !wholly.network.plan(batch: 5, demand: .inputGradient, options: forks).canForwardAgain)
      wholly.labels = bench.labels
      let short = try bench.attack(eot, settings, batch: 5), whole = try wholly.attack(eot, settings, batch: 5)
      let far = zip(short.images, whole.images).count { abs($0 - $1) > 1e-6 }
      #expect(far * 1000 <= short.images.count, "\(far) of \(short.images.count) pixels differ")
      #expect(short.outcomes.map(\.effort) == whole.outcomes.map(\.effort))
      let plain = try bench.attack(Attacks.named("pgd"), settings, batch: 5)
      #expect(plain.images != short.images)
    }
  }

  /// On logits linear in the image the gradient is the same everywhere, and one draw's is its transpose: rolled back,
  /// without the masked columns, or scaled.
  @Test(arguments: InputTransform.allCases)
  func transformsAreMappedBack(transform: InputTransform) async throws {
    try await Engine.run {
      let bench = try AttackBench(Networks.wide, count: 20, classes: 2)
      for i in bench.images.indices { bench.images[i] = 0.3 + 0.4 * bench.images[i] }
      var settings = AttackSettings()
      (settings.transforms, settings.dropout, settings.eotIterations) = ([transform], false, 1)
      (settings.epsilon, settings.alpha, settings.steps) = (0.05, 0.05, 1)
      let eot = try bench.attack(Attacks.named("eot-pgd"), settings, batch: 8)
      let bim = try bench.attack(Attacks.named("bim"), settings, batch: 8)
      let (rows, columns) = (2 * 5, 31), clean = bench.images
      var draws: Set<[Int]> = []
      for n in 0..<20 {
        // −1, 0 or 1 for every value, by columns.
        func moves(_ images: [Float]) -> [[Int]] {
          (0..<columns).map { c in
            (0..<rows).map { row in
              let i = (n * rows + row) * columns + c
              return images[i] > clean[i] ? 1 : images[i] < clean[i] ? -1 : 0
            }
          }
        }
        let ours = moves(eot.images), plain = moves(bim.images)
        switch transform {
        case .gain: #expect(ours == plain)
        case .mask:
          let masked = ours.indices.filter { ours[$0] != plain[$0] }
          for c in masked { #expect(ours[c] == Array(repeating: 0, count: rows)) }
          #expect(masked.count <= 3 && (masked.last ?? 0) - (masked.first ?? 0) == max(0, masked.count - 1))
          draws.insert(masked)
        case .shift:
          let shifts = (-3...3).filter { shift in
            ours == (0..<columns).map { plain[($0 + shift + columns) % columns] }
          }
          #expect(shifts.count == 1, "image \(n)")
          draws.insert(shifts)
        }
      }
      #expect(draws.count >= 4 || transform == .gain, "\(draws)")
    }
  }

  @Test func apgdClimbsHigherThanPGD() async throws {
    try await Engine.run {
      for entry in [Networks.small, Networks.smooth, Networks.flat] {
        let bench = try AttackBench(entry, count: 24)
        var settings = AttackSettings { $0.epsilon = 24.0 / 255 }
        (settings.steps, settings.alpha, settings.randomStart) = (40, 24.0 / 255 / 10, true)
        let pgd = try bench.attack(Attacks.named("pgd"), settings, batch: 24).outcomes
        let apgd = try bench.attack(Attacks.named("apgd-ce"), settings, batch: 24).outcomes
        let climbed = apgd.reduce(0) { $0 + loss($1.logits, $1.label) }
        #expect(climbed >= 0.999 * pgd.reduce(0) { $0 + loss($1.logits, $1.label) }, "\(entry.name)")
        #expect(apgd.count(where: \.isCorrect) <= pgd.count(where: \.isCorrect), "\(entry.name)")
      }
    }
  }

  /// A gain of restarts is kept: more of them never save an image.
  @Test(arguments: ["apgd-ce", "square", "pixle"])
  func restartsNeverHelpTheNetwork(name: String) async throws {
    try await Engine.run {
      let bench = try AttackBench(Networks.small, count: 24), attack = try Attacks.named(name)
      var settings = AttackTests.settings(attack)
      settings.epsilon = 6.0 / 255
      settings.restarts = 1
      let once = try bench.attack(attack, settings, batch: 24).outcomes
      settings.restarts = 4
      let often = try bench.attack(attack, settings, batch: 24).outcomes
      for (a, b) in zip(once, often) where !a.isCorrect { #expect(!b.isCorrect) }
    }
  }

  /// An image that withstands is the closest of all restarts, wherever that one came.
  @Test(arguments: Norm.allCases) func squareReturnsItsClosestTry(norm: Norm) async throws {
    try await Engine.run {
      let bench = try AttackBench(Networks.small, count: 24), attack = try Attacks.named("square")
      @Engine func outcomes(restarts: Int) throws -> [AttackOutcome] {
        var settings = AttackTests.settings(attack)
        (settings.norm, settings.epsilon, settings.restarts) = (norm, norm == .l2 ? 0.1 : 1.0 / 255, restarts)
        return try bench.attack(attack, settings, batch: 24).outcomes
      }
      func margin(_ outcome: AttackOutcome) -> Float {
        let others = outcome.logits.indices.filter { $0 != outcome.label }.map { outcome.logits[$0] }
        return outcome.logits[outcome.label] - (others.max() ?? 0)
      }
      let often = try outcomes(restarts: 4)
      #expect(often.count(where: \.isCorrect) >= 8)
      for restarts in 1...3 {
        for (a, b) in zip(try outcomes(restarts: restarts), often) where b.isCorrect {
          #expect(margin(b) <= margin(a) + 1e-5)
        }
      }
    }
  }

  /// Groups are parts of one work: what is told rises to its most, which counts no draw that is skipped.
  @Test(arguments: ["bim", "eot-pgd", "square"]) func progressRisesOverGroups(name: String) async throws {
    try await Engine.run {
      let bench = try AttackBench(Networks.smooth, count: 10), attack = try Attacks.named(name)
      var settings = attack.defaults
      (settings.steps, settings.queries, settings.epsilon) = (3, 12, 0)
      let attacker = try Attacker(attack, settings, bench.network, batch: 3)
      let adversarial = try Arena(count: bench.images.count)
      var told: [(done: Int, most: Int)] = []
      _ = try withExtendedLifetime(adversarial) {
        try attacker.perturb(
          bench.images, labels: bench.labels, ids: Array(bench.labels.indices), into: adversarial.base
        ) { told.append(($0, $1)) }
      }
      #expect(zip(told, told.dropFirst()).allSatisfy { $0.done <= $1.done })
      let last = try #require(told.last)
      #expect(name == "square" ? last.done >= settings.queries : last.done == 3 && last.most == 3)
      #expect(last.done <= last.most)
    }
  }

  /// Pixle moves pixels: every value of its images is one of the clean image's, of the same channel, and whole pixels move.
  @Test func pixleOnlyCopiesPixels() async throws {
    try await Engine.run {
      let bench = try AttackBench(Networks.small, count: 6), attack = try Attacks.named("pixle")
      let result = try bench.attack(attack, AttackTests.settings(attack), batch: 4)
      let plane = 12 * 12
      for n in 0..<6 {
        func pixel(_ images: [Float], _ i: Int) -> [Float] { (0..<3).map { images[(n * 3 + $0) * plane + i] } }
        let known = Set((0..<plane).map { pixel(bench.images, $0) })
        for i in 0..<plane { #expect(known.contains(pixel(result.images, i))) }
        // The last row and column stay as they are.
        for i in 0..<plane where i >= 11 * 12 || i % 12 == 11 {
          #expect(pixel(result.images, i) == pixel(bench.images, i))
        }
      }
    }
  }

  /// With the paper's one restart of one iteration an image is scrambled whether that helps or not.
  @Test func pixleWithOneTryKeepsIt() async throws {
    try await Engine.run {
      let bench = try AttackBench(Networks.small, count: 12), attack = try Attacks.named("pixle")
      var settings = AttackTests.settings(attack)
      (settings.restarts, settings.iterations) = (1, 1)
      let result = try bench.attack(attack, settings, batch: 5)
      #expect(result.outcomes.allSatisfy { $0.effort.queries == 1 && $0.l2 > 0 })
    }
  }

  /// An image that the network gets wrong is not asked about twice.
  @Test func squareLeavesErrorsAlone() async throws {
    try await Engine.run {
      let bench = try AttackBench(Networks.small, count: 6), attack = try Attacks.named("square")
      bench.labels = bench.labels.map { ($0 + 1) % 4 }
      let result = try bench.attack(attack, AttackTests.settings(attack), batch: 4)
      #expect(result.images == bench.images && result.outcomes.allSatisfy { $0.effort.queries == 0 })
    }
  }

  /// Square's margin at its best image is never above that of its start.
  @Test(arguments: Norm.allCases)
  func squareLowersTheMargin(norm: Norm) async throws {
    try await Engine.run {
      let bench = try AttackBench(Networks.small, count: 16), attack = try Attacks.named("square")
      var settings = AttackTests.settings(attack, norm)
      settings.restarts = 1
      settings.epsilon /= 4
      let start = try Self.margins(bench, settings, 1), end = try Self.margins(bench, settings, 60)
      for (a, b) in zip(start, end) { #expect(b <= a + 1e-5 || b < 0) }
      #expect(end.reduce(0, +) < start.reduce(0, +))
    }
  }

  @Engine private static func margins(
    _ bench: AttackBench, _ settings: AttackSettings, _ queries: Int
  ) throws -> [Float] {
    var settings = settings
    settings.queries = queries
    return try bench.attack(Attacks.named("square"), settings, batch: 16).outcomes.map { outcome in
      let others = outcome.logits.indices.filter { $0 != outcome.label }.map { outcome.logits[$0] }
      return outcome.logits[outcome.label] - (others.max() ?? 0)
    }
  }

  /// After its first batch an attack allocates nothing a step.
  @Test(arguments: Attacks.all.map(\.name))
  func stepsAllocateNothing(name: String) async throws {
    try await Engine.run {
      let bench = try AttackBench(Networks.small, count: 4), attack = try Attacks.named(name)
      let few = try Self.allocations(bench, attack, 3), many = try Self.allocations(bench, attack, 60)
      // Pixle may stop early where a patch misleads; it never makes more.
      #expect(many <= few, "\(many - few) allocations in 57 steps more")
    }
  }

  /// Allocations of ours in an attacker's second batch.
  @Engine private static func allocations(_ bench: AttackBench, _ attack: any Attack, _ steps: Int) throws -> Int {
    var settings = AttackTests.settings(attack)
    // Nothing misleads, so that every search runs to its end.
    settings.epsilon = 0
    (settings.steps, settings.queries, settings.iterations) = (steps, steps, steps)
    let attacker = try Attacker(attack, settings, bench.network, batch: 4), labels = bench.labels
    let clean = try Arena(count: bench.images.count), adversarial = try Arena(count: bench.images.count)
    clean.base.update(from: bench.images, count: bench.images.count)
    var count = quaver_allocations()
    try withExtendedLifetime((clean, adversarial)) {
      for _ in 0..<2 {
        quaver_count_allocations_begin()
        _ = try attacker.perturb(clean.base, labels: labels, ids: [0, 1, 2, 3], into: adversarial.base)
        count = quaver_count_allocations_end()
      }
    }
    return count.ours
  }
}
