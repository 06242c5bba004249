import Foundation
import NN

/// What a benchmark found, as JSON and as tables.
package struct BenchReport: Codable, Sendable, Equatable {
  package var machine: BenchMachine
  package var rows: [BenchRow]

  package init(machine: BenchMachine, rows: [BenchRow] = []) { (self.machine, self.rows) = (machine, rows) }
}

/// Where it was measured.
package struct BenchMachine: Codable, Sendable, Equatable {
  package var processor: String
  /// The processor's instruction sets that matter here.
  package var isa: [String]
  package var threads: Int
  package var library: String
  /// Floating-point operations a second of our matrix product (2048³) on these threads, by precision.
  package var matrixPeaks: [String: Double]
  package var date: Date
  /// What each peer says of itself.
  package var peers: [String: PeerAbout] = [:]

  package init(matrixPeaks: [Precision: Double], library: String, threads: Int) {
    (processor, isa) = (Machine.processorName, Self.instructionSets)
    (self.threads, self.library, date) = (threads, library, Date())
    self.matrixPeaks = Dictionary(uniqueKeysWithValues: matrixPeaks.map { ($0.key.rawValue, $0.value) })
  }

  /// Over tables: what it is and how fast a matrix product runs on it.
  var title: String {
    "\(processor), \(isa.joined(separator: " ")), \(threads) threads, \(library), matrix product "
      + matrixPeaks.sorted { $0.key > $1.key }
      .map { String(format: "%.0f GFLOP/s in %@", $0.value / 1e9, $0.key) }.joined(separator: ", ")
  }

  package static var instructionSets: [String] {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let flags = text.split(separator: "\n").first { $0.hasPrefix("flags") }?.split(separator: " ").map(String.init)
    let known = ["avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16"]
    return known.filter { flags?.contains($0) ?? false }
  }
}

/// A program's or library's versions and kernels.
package struct PeerAbout: Codable, Sendable, Equatable {
  package let versions: [String: String]
  package let kernels: [String]

  package init(versions: [String: String], kernels: [String]) { (self.versions, self.kernels) = (versions, kernels) }
}

/// One side's speed.
package struct BenchSide: Codable, Sendable, Equatable {
  /// "plain", "channels-last"; empty for ours.
  package let variant: String
  /// Images (or slices) a second, the median of the rounds.
  package let rate: Double
  /// Round by round.
  package let rates: [Double]
  /// Most resident memory that the process held meanwhile; nil where nobody asked.
  package let peakBytes: Int?

  package init(variant: String = "", rates: [Double], peakBytes: Int?) {
    precondition(!rates.isEmpty, "a side without a round has no speed")
    let sorted = rates.sorted(), middle = sorted.count / 2
    rate = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    (self.variant, self.rates, self.peakBytes) = (variant, rates, peakBytes)
  }
}

/// One thing that was timed, ours and the peer's.
package struct BenchRow: Codable, Sendable, Equatable {
  /// A network's or a transform's name.
  package let subject: String
  /// "train", "gradient", "inference", "attack pgd", "transform".
  package let demand: String
  package let batch: Int
  package let threads: Int
  package let rounds: Int
  package let ours: BenchSide
  package let peer: BenchPeer?
  package let theirs: [BenchSide]
  /// What our layers run, each with how many of them do.
  package var kernels: [String: Int] = [:]
  /// Floating-point operations a second of the whole step, as a share of the matrix product's: of the faster of those before
  /// the first row and after this one, since whatever else runs for a moment slows a product down.
  package var peakShare: Double?
  package var goal: Double?
  package var held: Double?

  package init(
    subject: String, demand: String, batch: Int, threads: Int, rounds: Int, ours: BenchSide, peer: BenchPeer? = nil,
    theirs: [BenchSide] = []
  ) {
    (self.subject, self.demand, self.batch, self.threads) = (subject, demand, batch, threads)
    (self.rounds, self.ours, self.peer, self.theirs) = (rounds, ours, peer, theirs)
  }

  /// The peer's faster variant.
  package var best: BenchSide? { theirs.max { $0.rate < $1.rate } }
  package var ratio: Double? { best.map { ours.rate / $0.rate } }
}

extension BenchReport {
  /// One table for all rows.
  package var table: ResultTable {
    let compares = rows.contains { $0.peer != nil }
    var columns = ["", "demand", "batch", "threads", "ours /s"].map { ResultTable.Column($0) }
    if compares { columns += ["peer's /s", "its format", "ratio", "goal"].map { .init($0) } }
    columns += ["% of peak", "our MB"].map { .init($0) } + (compares ? [.init("its MB")] : [])
    var table = ResultTable(title: machine.title, columns: columns)
    for row in rows {
      let best = row.best
      var cells: [ResultTable.Cell] = [
        .text(row.subject), .text(row.demand), .integer(row.batch), .integer(row.threads),
        .number(row.ours.rate, decimals: 1),
      ]
      if compares {
        cells += [number(best?.rate, 1), .text(best?.variant ?? ""), number(row.ratio, 2), number(row.goal, 1)]
      }
      cells += [number(row.peakShare.map { $0 * 100 }, 0), megabytes(row.ours.peakBytes)]
      table.rows.append(cells + (compares ? [megabytes(best?.peakBytes)] : []))
    }
    table.notes = notes
    return table
  }

  private func number(_ value: Double?, _ decimals: Int) -> ResultTable.Cell {
    value.map { .number($0, decimals: decimals) } ?? .none
  }

  private func megabytes(_ bytes: Int?) -> ResultTable.Cell { bytes.map { .integer($0 / 1_000_000) } ?? .none }

  private var notes: [String] {
    let peers = machine.peers.sorted { $0.key < $1.key }.map { name, about in
      let versions = about.versions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      return "\(name): \((versions + about.kernels).joined(separator: ", "))"
    }
    return peers + [
      "images or slices a second, \(Self.medians(of: rows.map(\.rounds).max() ?? 1)); the peer's fastest format"
    ] + kernelNotes
  }

  /// What a number of several rounds is.
  private static func medians(of rounds: Int) -> String {
    "medians of \(rounds) round\(rounds == 1 ? "" : "s") in which all took turns"
  }

  /// Which kernels ran, a line a network and demand.
  private var kernelNotes: [String] {
    rows.filter { !$0.kernels.isEmpty }.map { row in
      let names = row.kernels.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value)× \($0.key)" }
      return "\(row.subject) \(row.demand): \(names.joined(separator: ", "))"
    }
  }
}
