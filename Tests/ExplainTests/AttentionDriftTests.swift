import Explain
import Foundation
import Testing

/// Maps with the numbers that SciPy and NumPy give for them (Goldens/make-drift.py).
private struct Golden: Decodable {
  struct Shares: Decodable {
    let frequency: [Double]
    let time: [Double]
  }
  struct Case: Decodable {
    let name: String
    let before: [Float]
    let after: [Float]
    let rankCorrelation: Double?
    let overlap: Double?
    let beforeShares: Shares
    let afterShares: Shares
  }
  let columns: Int
  let bands: [[Int]]
  let intervals: [[Int]]
  let cases: [Case]

  static func read() throws -> Golden {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens/drift.json")
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
  }

  func drift(_ one: Case) -> AttentionDrift {
    let profiles = [one.before, one.after].map { map in
      AttentionProfile(
        map, columns: columns, bands: bands.map { $0[0]..<$0[1] }, intervals: intervals.map { $0[0]..<$0[1] })
    }
    return AttentionDrift(from: profiles[0], to: profiles[1])
  }
}

@Suite struct AttentionDriftTests {
  private func equal(_ a: Double?, _ b: Double?) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return abs(a - b) < 1e-9
  }

  @Test func driftEqualsSciPys() throws {
    let golden = try Golden.read()
    #expect(golden.cases.count >= 10)
    for one in golden.cases {
      let drift = golden.drift(one)
      #expect(equal(drift.rankCorrelation, one.rankCorrelation), "\(one.name)")
      #expect(equal(drift.overlap, one.overlap), "\(one.name)")
      for (ours, theirs) in [(drift.before, one.beforeShares), (drift.after, one.afterShares)] {
        #expect(zip(ours.frequency, theirs.frequency).allSatisfy { equal($0, $1) }, "\(one.name)")
        #expect(zip(ours.time, theirs.time).allSatisfy { equal($0, $1) }, "\(one.name)")
      }
    }
  }

  @Test func degenerateMapsAreDefined() throws {
    let golden = try Golden.read()
    let drifts = Dictionary(uniqueKeysWithValues: golden.cases.map { ($0.name, golden.drift($0)) })
    let both = try #require(drifts["both blank"])
    #expect(both.rankCorrelation == nil && both.overlap == nil)
    #expect(both.frequencyShift == nil && both.before.time.allSatisfy { $0 == 0 })
    let one = try #require(drifts["blank after"])
    // A 0 would lower the mean of the overlaps, though there is no second top to overlap with.
    #expect(one.rankCorrelation == nil && one.overlap == nil)
    #expect(one.frequencyShift == nil && one.timeShift == nil)
    let same = try #require(drifts["equal"])
    #expect(same.rankCorrelation == 1 && same.overlap == 1 && same.timeShift == 0)
  }
}

@Suite struct MapScalingTests {
  @Test func aConstantMapBecomesBlank() {
    #expect(MapScaling.unit([3, 3, 3]) == [0, 0, 0])
    #expect(MapScaling.unit([]) == [])
  }

  @Test func resizingKeepsCornersAndMeans() {
    let map: [Float] = [0, 1, 2, 3]
    let large = MapScaling.resized(map, rows: 2, columns: 2, toRows: 8, columns: 8)
    #expect(large[0] == 0 && large[7] == 1 && large[56] == 2 && large[63] == 3)
    #expect(abs(large.reduce(0, +) / 64 - 1.5) < 1e-5)
    #expect(MapScaling.resized(map, rows: 2, columns: 2, toRows: 2, columns: 2) == map)
  }
}
