import Core
import Foundation
import Lab
import NN
import Testing

struct BenchScalingTests {
  private func row(rates: [Double], single: Double, matrix: Double) throws -> ScalingRow {
    let json = """
      {"subject": "alexnet", "demand": "train", "batches": [4, 8, 16], "rates": \(rates), "batch": 16, "threads": 2,
      "single": \(single), "matrixScaling": \(matrix)}
      """
    return try JSONDecoder().decode(ScalingRow.self, from: Data(json.utf8))
  }

  @Test func theRiseIsFromAnyBatchToALargerOne() throws {
    // 10, 5 and 6 ms an image: the first is no rise, the last a fifth above the best before it.
    #expect(abs(try row(rates: [100, 200, 1000 / 6], single: 100, matrix: 2).rise - 0.2) < 1e-9)
    #expect(try row(rates: [100, 100, 200], single: 100, matrix: 2).rise == 0)
    #expect(abs(try row(rates: [200, 180, 190], single: 100, matrix: 2).rise - (200.0 / 180 - 1)) < 1e-9)
  }

  @Test func threadsAreHeldAgainstAMatrixProduct() throws {
    let row = try row(rates: [100, 150, 180], single: 100, matrix: 1.9)
    #expect(row.scaling == 1.8 && abs(row.share - 1.8 / 1.9) < 1e-9)
  }

  @Test func theFastestRoundsCount() {
    let row = ScalingRow(
      "a", "train", batches: [1, 2], batch: 2, threads: 2,
      fastestOf: [
        ScalingRound(rates: [10, 30], single: 20, product: 36, singleProduct: 18),
        ScalingRound(rates: [15, 38], single: 17, product: 30, singleProduct: 20),
        ScalingRound(rates: [12, 20], single: 10, product: 38, singleProduct: 10),
      ])
    #expect(row.rates == [15, 38] && row.single == 20 && row.matrixScaling == 1.9)
    #expect(row.scaling == 1.9 && row.share == 1)
  }

  @Test func batchesAndThreadsAreTimed() async throws {
    let before = await Engine.run { Parallel.threads }
    let entry = try Networks.named("cnn-lstm")
    let row = try await BenchScaling.row(entry, .train, batches: [1, 2], batch: 2, seconds: 0, rounds: 2)
    #expect(row.rates.count == 2 && (row.rates + [row.single, row.matrixScaling]).allSatisfy { $0 > 0 && $0.isFinite })
    #expect(row.threads == before)
    #expect(await Engine.run { Parallel.threads } == before)
    var report = ScalingReport(machine: BenchMachine(matrixPeaks: [:], library: "test", threads: before), rounds: 2)
    report.rows = [row]
    let text = report.table.rendered(.markdown)
    #expect(text.contains("ms, batch 1") && text.contains("ms, batch 2") && text.contains("fastest of 2 rounds"))
  }
}
