import Core
import Foundation
import Lab
import Testing

/// Golden numbers are SciPy 1.17's.
@Suite struct StatisticsTests {
  @Test(arguments: [
    (252, 423, 0.5483193426115592, 0.6414466661163468), (1, 423, 0.0004174376982279838, 0.013267874962902205),
    (0, 10, 0.0, 0.27753279986288926), (10, 10, 0.7224672001371109, 1.0),
    (7, 9, 0.4525889691069889, 0.9367748928821533),
  ])
  func wilsonAsSciPy(successes: Int, trials: Int, low: Double, high: Double) {
    let interval = Interval.wilson(successes, of: trials)
    #expect(abs(interval.low - low) < 1e-12 && abs(interval.high - high) < 1e-12)
  }

  @Test func nothingTriedSaysNothing() {
    #expect(Interval.wilson(0, of: 0) == Interval(low: 0, high: 1, level: 0.95))
  }

  @Test func meansOverSeeds() throws {
    let summary = SeedSummary([0.61, 0.58, 0.64])
    let interval = try #require(summary.interval)
    #expect(abs(summary.mean - 0.61) < 1e-12 && abs((summary.deviation ?? 0) - 0.03) < 1e-12)
    #expect(abs(interval.low - 0.53547586864749) < 1e-10 && abs(interval.high - 0.68452413135251) < 1e-10)
    #expect(SeedSummary([0.5]).interval == nil)
    // Two seeds far apart: t reaches beyond what a share can be.
    let wide = try #require(SeedSummary([1, 0.5]).interval)
    #expect(wide.low < 0 && wide.high > 1 && wide.ofShare == Interval(low: 0, high: 1, level: 0.95))
  }

  @Test func signedRanksExact() throws {
    let a = [2.041, -2.556, 0.418, -0.568, -0.453, -0.216, -2.02, -0.232, -0.865, 3.323, 0.226, -0.353]
    let b = [0.419, 0.032, -0.355, 0.309, 1.182, 0.461, 1.658, 0.5, 0.724, 2.246, 1.245, 0.195]
    let test = try #require(SignedRankTest(a, b))
    #expect(test.statistic == 20 && test.isExact && abs(test.p - 0.1513671875) < 1e-12)
  }

  /// One pair is equal and several differences tie: all 2⁹ assignments of signs counted.
  @Test func signedRanksExactWithTies() throws {
    let a: [Double] = [125, 115, 130, 140, 140, 115, 140, 125, 140, 135]
    let b: [Double] = [110, 122, 125, 120, 140, 124, 123, 137, 135, 145]
    let test = try #require(SignedRankTest(a, b))
    #expect(test.statistic == 18 && test.pairs == 9 && test.isExact && abs(test.p - 0.6328125) < 1e-12)
  }

  /// Differences of shares tie as those of the counts do, though their last bits differ.
  @Test func sharesTieAsTheirCounts() throws {
    let a: [Double] = [12, 9, 15, 10, 6, 3, 7], b: [Double] = [9, 6, 10, 5, 3, 9, 5]
    let counts = try #require(SignedRankTest(a, b))
    for whole in [3.0, 7, 15] {
      #expect(SignedRankTest(a.map { $0 / whole }, b.map { $0 / whole }) == counts)
    }
    #expect(PairedTTest([0.3, 0.4, 0.5], [0.2, 0.3, 0.4]) == nil)
  }

  @Test func signedRanksOfManyPairs() throws {
    let a = (0..<80).map { Double($0 * 37 % 11) }, b = (0..<80).map { Double($0 * 53 % 7) }
    let test = try #require(SignedRankTest(a, b))
    #expect(test.statistic == 546.5 && !test.isExact && abs(test.p / 2.6509158937895685e-05 - 1) < 1e-9)
  }

  @Test func signedRanksOfEqualsAreUndefined() {
    #expect(SignedRankTest([1, 2], [1, 2]) == nil)
    #expect(SignedRankTest([1, .nan], [1, 2]) == nil)
  }

  @Test func confusionsOnAScale() {
    let a = Confusion(counts: [[3, 1], [1, 1]]), b = Confusion(counts: [[2, 2], [0, 2]])
    #expect(a.scaled(.row) == [[0.75, 0.25], [0.5, 0.5]])
    #expect(a.scaled(.column) == [[0.75, 0.5], [0.25, 0.5]])
    #expect(a.minus(b, .counts) == [[1, -1], [1, -1]])
    #expect(a.minus(b, .row) == [[0.25, -0.25], [0.5, -0.5]])
    let none = Confusion(counts: [[2, 2], [0, 0]])
    #expect(a.minus(none, .row) == [[0.25, -0.25], [nil, nil]])
    #expect(none.minus(a, .counts)[1] == [-1, -1])
    #expect(Confusion(counts: [[4, 0], [2, 0]]).minus(a, .column).map { $0[1] } == [nil, nil])
    #expect((a + b).counts == [[5, 3], [1, 3]])
    #expect(Confusion(classes: 2).scaled(.row) == [[0, 0], [0, 0]])
  }

  @Test func slicesVote() {
    func winner(_ rows: [[Float]]) -> Int { Vote.winner(rows.map { $0[...] }) }
    #expect(winner([[1, 0, 0], [1, 0, 0], [0, 9, 0]]) == 0)
    // One vote each: the second is surer.
    #expect(winner([[1, 0, 0], [0, 3, 0]]) == 1)
    // A third class that is second everywhere has no vote and cannot win.
    #expect(winner([[5, 0, 4.9], [0, 5, 4.9]]) == 0)
    #expect(winner([[2, 1], [1, 2]]) == 0)
    #expect(Logits.largest([Float.nan, .nan]) == 0 && Logits.largest([Float.nan, 1, 1]) == 1)
  }

  @Test func predictionsByPartAndUtterance() throws {
    let predictions = Predictions(
      slices: [0, 1, 2, 3], utterances: [0, 0, 0, 1], labels: [0, 0, 0, 1], isValid: [true, true, true, false],
      classes: 2, logits: [2, 1, 2, 1, 0, 5, 3, 0])
    #expect(predictions.predicted == [0, 0, 1, 0])
    #expect(predictions.confusion(.valid)?.counts == [[2, 1], [0, 0]])
    #expect(predictions.confusion(.merged)?.counts == [[2, 1], [1, 0]])
    #expect(predictions.utteranceConfusion(.valid)?.counts == [[1, 0], [0, 0]])
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: file) }
    try predictions.write(to: file, metadata: [:])
    #expect(try Predictions(SafeTensors(contentsOf: file)) == predictions)
  }
}
