import Core
import Foundation
import Lab
import Testing

@Suite struct ComparisonTests {
  private func measured(
    _ run: String, seed: UInt64 = 0, predicted: [Int], slices: [Int]? = nil, isValid: [Bool]? = nil,
    emotions: [String] = ["a", "b"], status: RunStatus = .finished,
    split: String = "utterance", fingerprint: String? = nil
  ) -> (evaluation: RunEvaluation, predictions: Predictions) {
    let labels = [0, 0, 0, 0, 1, 1, 1, 1]
    let predictions = Predictions(
      slices: slices ?? Array(0..<8), utterances: [0, 0, 1, 1, 2, 2, 3, 3], labels: labels,
      isValid: isValid ?? Array(repeating: true, count: 8), classes: emotions.count,
      logits: predicted.flatMap { label in emotions.indices.map { $0 == label ? 1 : 0 } })
    var job = Job(corpus: "c")
    (job.seed, job.split) = (seed, split)
    let none = Confusion(classes: emotions.count)
    let evaluation = RunEvaluation(
      run: run, job: job, checkpoint: .last, part: .valid, emotions: emotions,
      slices: (predictions.confusion(.valid) ?? none).scores,
      utterances: (predictions.utteranceConfusion(.valid) ?? none).scores, averageAccuracy: nil, notes: [],
      status: status, fingerprint: fingerprint)
    return (evaluation, predictions)
  }

  @Test func pairedByEveryUnit() throws {
    let a = measured("a", predicted: [0, 0, 0, 0, 1, 1, 1, 0]), b = measured("b", predicted: [0, 1, 0, 1, 1, 1, 0, 0])
    let comparison = try RunComparison(a, b)
    #expect(comparison.tests.map(\.pairs) == [8, 4, 2] && comparison.caveat == nil)
    #expect(comparison.tests.map(\.meanDifference) == [0.375, 0.375, 0.375])
    // By utterance the differences are ½, ½, 0, ½: three equal ones above zero.
    #expect(comparison.tests[1].wP == 0.25 && comparison.tests[1].isExact == true)
    #expect(comparison.confusionDifference == [[0.5, -0.5], [-0.25, 0.25]])
    #expect(comparison.table.rendered(.text).contains("utterance"))
  }

  @Test func otherSlicesLeaveRecallsAlone() throws {
    let a = measured("a", predicted: [0, 0, 0, 0, 1, 1, 1, 1])
    let b = measured("b", predicted: [0, 0, 0, 0, 1, 1, 1, 0], slices: Array(8..<16))
    let comparison = try RunComparison(a, b)
    #expect(comparison.tests.map(\.unit) == [.classRecall] && comparison.caveat != nil)
  }

  @Test func otherPartsAreSaid() throws {
    let right = [0, 0, 0, 0, 1, 1, 1, 1]
    let a = measured("a", predicted: right)
    let b = measured("b", predicted: right, isValid: [false] + Array(repeating: true, count: 7))
    #expect(try RunComparison(a, b).caveat?.contains("trained on other parts") == true)
  }

  @Test func otherClassesAreRefused() {
    let a = measured("a", predicted: Array(repeating: 0, count: 8))
    let b = measured("b", predicted: Array(repeating: 0, count: 8), emotions: ["a", "b", "c"])
    #expect(throws: EvaluationError.differentClasses("a", "b")) { _ = try RunComparison(a, b) }
  }

  @Test func seedsAreSummedUpWhereNothingElseDiffers() throws {
    let runs = (0..<3).map {
      measured("r\($0)", seed: UInt64($0), predicted: [0, 0, 0, 0, 1, 1, 1, $0 % 2]).evaluation
    }
    let groups = SeedGroup.groups(runs)
    let group = try #require(groups.first)
    #expect(groups.count == 1 && group.runs == ["r0", "r1", "r2"])
    #expect(abs(group.accuracy.mean - (0.875 + 1 + 0.875) / 3) < 1e-12 && group.accuracy.interval != nil)
    #expect(SeedGroup.groups([runs[0]]).isEmpty)
    let table = SeedGroup.table(groups)
    #expect(table.rows.count == 1 && table.notes.count == 1)
    #expect(table.notes[0].contains("seeds 0, 1, 2 (r0, r1, r2); each seed draws a split of its own"))
  }

  @Test func meansOfSharesAreShares() throws {
    let predictions = [[0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0]]
    let runs = predictions.enumerated().map { measured("r\($0)", seed: UInt64($0), predicted: $1).evaluation }
    let group = try #require(SeedGroup.groups(runs).first)
    #expect(SeedGroup.table([group]).rows[0][2] == .share(0.75, Interval(low: 0, high: 1, level: 0.95)))
    #expect(SharedNotes.of([("a", ["x", "y"]), ("b", ["y"]), ("c", ["y", "x"])]) == ["y", "a, c: x"])
  }

  /// A seed counts once, and a training that was stopped is none of the recipe's; both are said.
  @Test func aSeedCountsOnceAndUnfinishedRunsNot() throws {
    let right = [0, 0, 0, 0, 1, 1, 1, 1], wrong = Array(repeating: 0, count: 8)
    let stopped = measured("d", seed: 2, predicted: wrong, status: .stopped).evaluation
    let runs = [
      measured("a", seed: 0, predicted: right).evaluation, measured("b", seed: 0, predicted: wrong).evaluation,
      measured("c", seed: 1, predicted: right).evaluation, stopped,
    ]
    let groups = SeedGroup.groups(runs), group = try #require(groups.first)
    #expect(groups.count == 1 && group.runs == ["a", "c"] && group.seeds == [0, 1] && group.accuracy.mean == 1)
    #expect(
      SeedGroup.table(groups).notes.dropFirst() == [
        "b is left out: a has the same seed (0)", "d is left out: its training is not finished (stopped)",
      ])
    #expect(SeedGroup.groups([runs[0], runs[1]]).isEmpty && SeedGroup.groups([runs[0], stopped]).isEmpty)
  }

  /// A file of parts may be edited between two trainings; where each seed draws its own, all differ.
  @Test func seedsOnOtherPartsOfAFileAreNotAveraged() throws {
    func runs(_ split: String) -> [RunEvaluation] {
      [("a", "f"), ("b", "f"), ("c", "g")].enumerated().map { seed, run in
        measured(
          run.0, seed: UInt64(seed), predicted: [0, 0, 0, 0, 1, 1, 1, 1], split: split, fingerprint: run.1
        ).evaluation
      }
    }
    let groups = SeedGroup.groups(runs("/folds/1.csv")), group = try #require(groups.first)
    #expect(groups.count == 1 && group.runs == ["a", "b"])
    let why = "the files of the corpus, or their parts in the split's CSV, were edited between them"
    #expect(group.omitted == ["c is left out: \(why)"] && SeedGroup.notes(runs("/folds/1.csv")).isEmpty)
    let two = Array(runs("/folds/1.csv").suffix(2))
    #expect(SeedGroup.groups(two).isEmpty)
    #expect(SeedGroup.notes(two) == ["no means of b, c, whose settings are the same: \(why)"])
    #expect(SeedGroup.groups(runs("utterance")).map(\.runs) == [["a", "b", "c"]])
  }
}
