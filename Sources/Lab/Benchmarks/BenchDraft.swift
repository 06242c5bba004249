import Core
import Foundation

/// What a benchmark has found so far, kept beside its output until that is whole: the same command takes up a stopped one.
package final class BenchDraft {
  /// What rows must have in common to stand in one table.
  private struct Conditions: Codable, Equatable {
    let processor: String, isa: [String], library: String
    let rounds: Int, seconds: Double, fused: Bool
  }

  private struct Kept: Codable {
    let conditions: Conditions
    var report: BenchReport
  }

  private let url: URL
  private var kept: Kept

  /// Takes up what this program has found on this machine under the same conditions; anything else is begun anew.
  ///
  /// - Parameters:
  ///   - output: where the whole benchmark will be written.
  ///   - since: when the program was built; what is older was found by another one.
  package init(output: URL, _ machine: BenchMachine, _ runner: BenchRunner, since: Date) {
    url = output.appendingPathExtension("partial")
    let conditions = Conditions(
      processor: machine.processor, isa: machine.isa, library: machine.library, rounds: runner.rounds,
      seconds: runner.seconds, fused: runner.fused)
    let found = (try? Data(contentsOf: url)).flatMap { try? JSON.decoder().decode(Kept.self, from: $0) }
    if let found, found.conditions == conditions, found.report.machine.date >= since {
      kept = found
    } else {
      kept = Kept(conditions: conditions, report: BenchReport(machine: machine))
    }
  }

  /// The draft of an output; nil for a device or a pipe, beside which nothing can be kept.
  package static func beside(
    _ output: URL, _ machine: BenchMachine, _ runner: BenchRunner, since: Date
  ) -> BenchDraft? {
    AtomicFile.isStream(output) ? nil : BenchDraft(output: output, machine, runner, since: since)
  }

  /// When the first row was begun, and what the peers said of themselves.
  var machine: BenchMachine { kept.report.machine }

  func row(_ place: BenchRow.Place) -> BenchRow? { kept.report.rows.first { $0.place == place } }

  /// - Throws: `LabError.peerChanged`, where rows beside another version of the peer are kept.
  func add(_ row: BenchRow, _ about: PeerAbout?) throws {
    if let peer = row.peer, let about {
      let before = kept.report.machine.peers[peer.title]
      guard before == nil || before == about else { throw LabError.peerChanged(peer.title, kept: url.path) }
      kept.report.machine.peers[peer.title] = about
    }
    kept.report.rows.append(row)
    try save()
  }

  /// The whole output is written: what it holds need not be kept, rows of other tasks still are.
  package func settle(_ report: BenchReport) throws {
    let written = Set(report.rows.map(\.place))
    kept.report.rows.removeAll { written.contains($0.place) }
    try save()
  }

  private func save() throws {
    if kept.report.rows.isEmpty {
      try? FileManager.default.removeItem(at: url)
    } else {
      try AtomicFile.write(url, Data(try JSON.line(kept).utf8))
    }
  }
}

extension BenchRow {
  /// Which of all rows it is.
  struct Place: Hashable {
    let subject: String, demand: String, peer: BenchPeer?, batch: Int, threads: Int
  }

  var place: Place { Place(subject: subject, demand: demand, peer: peer, batch: batch, threads: threads) }
}

/// How far a list of tasks is, by the operations that each of them takes.
package struct BenchProgress {
  private let costs: [Double]
  private var done = 0
  private var spent = (seconds: 0.0, cost: 0.0)

  package init(costs: [Double]) { self.costs = costs }

  /// - Parameter seconds: what the next task took; nil where it was taken over.
  package mutating func advance(seconds: Double?) {
    if let seconds { spent = (spent.seconds + seconds, spent.cost + costs[done]) }
    done += 1
  }

  /// Seconds to the end; nil while nothing was timed.
  package var secondsLeft: Double? { spent.cost > 0 ? spent.seconds / spent.cost * costs[done...].reduce(0, +) : nil }

  /// "3 of 41", and how long the rest may take.
  package var text: String {
    let left = secondsLeft.map { ", about \(DurationText.of($0)) left" } ?? ""
    return "\(done) of \(costs.count)" + (done < costs.count ? left : "")
  }
}
