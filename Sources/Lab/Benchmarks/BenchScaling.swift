import Core
import Foundation
import NN

/// How a network's speed changes with the batch and with the threads, measured by turns. Speeds are those of the fastest
/// round: what else runs on a machine only ever slows a round, and threads that wait for each other more than one alone.
package struct ScalingRow: Codable, Sendable, Equatable {
  package let subject: String
  package let demand: String
  /// Images a second on all threads by batch, the smallest batch first.
  package let batches: [Int]
  package let rates: [Double]
  /// The batch that is timed on one thread too.
  package let batch: Int
  package let threads: Int
  /// Images a second on one thread.
  package let single: Double
  /// How many times faster all threads are at our matrix product (2048³), in the same rounds.
  package let matrixScaling: Double

  /// Most that the time an image takes grows from any batch to a larger one, as a share.
  package var rise: Double {
    var (least, worst) = (Double.infinity, 0.0)
    for rate in rates {
      worst = max(worst, 1 / rate / least - 1)
      least = min(least, 1 / rate)
    }
    return worst
  }

  /// How many times faster all threads are than one.
  package var scaling: Double { (batches.firstIndex(of: batch).map { rates[$0] } ?? 0) / single }
  /// The same, as a share of what a matrix product gains.
  package var share: Double { scaling / matrixScaling }
}

/// Rows of one run of the program.
package struct ScalingReport: Codable, Sendable, Equatable {
  package let machine: BenchMachine
  package let rounds: Int
  package var rows: [ScalingRow] = []

  package init(machine: BenchMachine, rounds: Int) { (self.machine, self.rounds) = (machine, rounds) }

  package var table: ResultTable {
    let batches = rows.first?.batches ?? [], threads = machine.threads
    var columns = ["", "demand"] + batches.map { "ms, batch \($0)" } + ["most rise %"]
    columns += ["\(threads) threads ×", "matrix product ×", "share %"]
    var table = ResultTable(title: machine.title, columns: columns.map { .init($0) })
    for row in rows {
      var cells: [ResultTable.Cell] = [.text(row.subject), .text(row.demand)]
      cells += row.rates.map { .number(1000 / $0, decimals: 2) } + [.number(100 * row.rise, decimals: 1)]
      cells += [row.scaling, row.matrixScaling].map { .number($0, decimals: 2) }
      table.rows.append(cells + [.number(100 * row.share, decimals: 0)])
    }
    table.notes = [
      "milliseconds an image, the fastest of \(rounds) round\(rounds == 1 ? "" : "s") in which all took turns; the rise is from "
        + "any batch to a larger one",
      "against one thread, at batch \(rows.first?.batch ?? 0); the share is of what a matrix product gains in the same rounds",
    ]
    return table
  }
}

/// What a round found, things a second.
package struct ScalingRound: Sendable {
  /// Images by batch, and those on one thread.
  let rates: [Double], single: Double
  /// Operations of a matrix product on all threads and on one.
  let product: Double, singleProduct: Double

  package init(rates: [Double], single: Double, product: Double, singleProduct: Double) {
    (self.rates, self.single, self.product, self.singleProduct) = (rates, single, product, singleProduct)
  }
}

extension ScalingRow {
  package init(
    _ subject: String, _ demand: String, batches: [Int], batch: Int, threads: Int, fastestOf rounds: [ScalingRound]
  ) {
    func fastest(_ speed: (ScalingRound) -> Double) -> Double { rounds.map(speed).max() ?? 0 }
    (self.subject, self.demand, self.batches, self.batch, self.threads) = (subject, demand, batches, batch, threads)
    rates = batches.indices.map { index in fastest { $0.rates[index] } }
    single = fastest(\.single)
    matrixScaling = fastest(\.product) / fastest(\.singleProduct)
  }
}

/// A network at several batches on all threads, and at one batch on one thread.
@Engine private final class ScalingBench {
  private let threads: Int
  private let batches: [EngineBenchmark]
  private let single: EngineBenchmark

  /// Plans keep the number of threads that they were made with, so one thread needs a network of its own.
  ///
  /// - Parameter threads: those of the calling thread's pool.
  init(_ entry: NetworkEntry, _ work: EngineWork, batches: [Int], batch: Int, threads: Int) throws {
    self.threads = threads
    let network = try Network(entry), optimiser = work == .train ? try Adam(network) : nil
    // The largest first: the others' plans then lie in its memory.
    self.batches = try batches.reversed().map {
      try EngineBenchmark(network, work, batch: $0, optimiser: optimiser)
    }.reversed()
    single = try Parallel.with(threads: 1) { try EngineBenchmark(entry, work, batch: batch) }
  }

  /// What is compared between one thread and all is timed last, close together.
  func round(seconds: Double) throws -> ScalingRound {
    var rates: [Int: Double] = [:]
    for bench in batches.filter({ $0.batch != single.batch }) + batches.filter({ $0.batch == single.batch }) {
      rates[bench.batch] = bench.rate(seconds: seconds)
    }
    let all = try EngineBenchmark.matrixRate(seconds: seconds)
    return try Parallel.with(threads: 1) {
      ScalingRound(
        rates: batches.compactMap { rates[$0.batch] }, single: single.rate(seconds: seconds), product: all,
        singleProduct: try EngineBenchmark.matrixRate(seconds: seconds))
    }
  }
}

package enum BenchScaling {
  package static let batches = [4, 8, 16, 32, 64]

  /// - Parameters:
  ///   - batches: from the smallest to the largest.
  ///   - batch: one of `batches`, timed on one thread too.
  ///   - seconds: about how many to spend on each batch in a round.
  /// - Throws: `NNError`, `CoreError.outOfMemory`.
  package static func row(
    _ entry: NetworkEntry, _ work: EngineWork, batches: [Int] = batches, batch: Int, seconds: Double, rounds: Int
  ) async throws -> ScalingRow {
    try await Engine.run {
      let threads = Parallel.threads
      let bench = try ScalingBench(entry, work, batches: batches, batch: batch, threads: threads)
      let found = try (0..<max(1, rounds)).map { _ in try bench.round(seconds: seconds) }
      return ScalingRow(
        entry.name, BenchTask.name(work, entry.precision), batches: batches, batch: batch, threads: threads,
        fastestOf: found)
    }
  }
}
