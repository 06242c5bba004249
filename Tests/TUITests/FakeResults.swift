import Attacks
import Foundation
import Lab

/// Attacks on the fake runs: reports with and without the paper's peers, a doubted one, and one that was stopped.
extension Fake {
  private struct Report: Encodable {
    let run: String, model = "alexnet", attack: String, title: String
    let settings: AttackSettings
    let summary: String, set: String
    let keepsImages = true
    let part = EvaluationPart.valid
    let images = 70
    let emotions = Fake.emotions
    let valid: AttackEffect
    let utterances: AttackEffect
    let largestLinf: Double, meanLinf: Double, meanL2: Double, largestL2: Double
    let gradientEvaluations: Double, queries: Double, secondsPerImage: Double
    let machine = Machine(processor: "a processor", threads: 2, libraries: [:])
    let notes: [String]
    let doubts: [String]
  }

  static func report(
    _ run: String, _ attack: String, wrong: Int, doubts: [String] = [], note: String? = nil
  ) -> AttackReport? {
    guard let entry = try? Attacks.named(attack),
      let choice = try? AttackChoice(entry, AttackPreset.eq3.settings(for: entry))
    else { return nil }
    let truth = (0..<70).map { $0 % 7 }
    let clean = truth.indices.map { $0 % 10 == 0 ? (truth[$0] + 1) % 7 : truth[$0] }
    let attacked = truth.indices.map { $0 < wrong ? (truth[$0] + 2) % 7 : clean[$0] }
    let effect = AttackEffect(truth: truth, clean: clean, attacked: attacked, classes: 7)
    let report = Report(
      run: run, attack: attack, title: entry.title, settings: choice.settings, summary: choice.summary,
      set: "\(attack)-32-valid-0123abcd", valid: effect, utterances: effect, largestLinf: 32.0 / 255,
      meanLinf: 30.0 / 255, meanL2: 18.25 + Double(wrong) / 100, largestL2: 20,
      gradientEvaluations: entry.isWhiteBox ? 2 : 0, queries: entry.isWhiteBox ? 0 : 200,
      secondsPerImage: 0.04 * Double(wrong),
      notes: [
        "weights of checkpoint-last, after 15 of 15 epochs", "measured on all 70 slices of the validation part",
      ] + [note].compactMap(\.self), doubts: doubts)
    return (try? JSONEncoder().encode(report)).flatMap { try? JSONDecoder().decode(AttackReport.self, from: $0) }
  }

  static func results(_ runs: [RunInfo]) -> [RunResults] {
    runs.suffix(3).enumerated().map { index, run in
      let reports = [
        report(run.id, "fgsm", wrong: 40 + index), report(run.id, "pgd", wrong: 66),
        report(run.id, "pixle", wrong: 12, doubts: ["0.0 % of the images changed their class, fewer than noise would"]),
        report(run.id, "square", wrong: 30),
      ].compactMap(\.self)
      return RunResults(run: run.id, reports: reports, partial: [partial(run.id)].compactMap(\.self))
    }
  }

  /// Stopped on its way.
  static func partial(_ run: String) -> PartialAttack? {
    guard let report = report(run, "apgd-ce", wrong: 1) else { return nil }
    let text = """
      {"attack": "apgd-ce", "summary": "\(report.summary)", "part": "valid", "checkpoint": "last", "key": "0123", "images": 70,
       "batch": 32, "chunk": 32, "sampleSeed": 0, "keepsImages": true, "settings":
      """
    guard let settings = try? JSONEncoder().encode(report.settings),
      let record = try? JSONDecoder().decode(AdversarialRecord.self, from: Data(text.utf8) + settings + Data("}".utf8))
    else { return nil }
    return PartialAttack(run: run, set: "apgd-ce-32-valid-0123abcd", record: record, done: 32)
  }

  static func slices(_ run: String, _ set: String) -> AttackedSlices {
    let utterances = corpus().utterances
    return AttackedSlices(
      run: run, set: set,
      slices: (0..<70).map { index in
        let truth = utterances[index].emotion
        return AttackedSlices.Slice(
          utterance: utterances[index].id, slice: index % 2, truth: truth, clean: truth,
          attacked: index % 3 == 0 ? truth : (truth + 2) % 7, cleanShare: 0.9, attackedShare: 0.75,
          linf: 32.0 / 255, l2: 18.5, queries: 0)
      })
  }

  static func attackStatus(_ wish: AttackWish) -> AttackStatus {
    var status = AttackStatus(wish: wish)
    status.progress = RunProgress(
      phase: Scrub.title(wish.point.attack), epoch: 0, done: 24, total: 70, rate: 12.3, secondsLeft: 4)
    status.estimate = 6
    return status
  }
}
