import Core
import Foundation

/// What a benchmark has found so far, kept beside its output until that is whole: the same command takes up a stopped one.
package struct BenchDraft {
  private let url: URL

  /// - Parameter output: where the whole benchmark will be written.
  package init(output: URL) { url = output.appendingPathExtension("partial") }

  package func save(_ report: BenchReport) throws { try AtomicFile.write(url, Data(try JSON.line(report).utf8)) }

  package func remove() { try? FileManager.default.removeItem(at: url) }

  /// What this program has found on this machine in so many rounds; nil where nothing is kept, or something else.
  ///
  /// - Parameter since: when the program was built; what is older was found by another one.
  package func load(_ machine: BenchMachine, rounds: Int, since: Date) -> BenchReport? {
    guard let data = try? Data(contentsOf: url),
      let kept = try? JSON.decoder().decode(BenchReport.self, from: data),
      kept.machine.conditions == machine.conditions, kept.machine.date >= since,
      kept.rows.allSatisfy({ $0.rounds == rounds })
    else { return nil }
    return kept
  }
}

extension BenchReport {
  /// The row of a task beside a peer.
  package func row(_ task: BenchTask, against peer: BenchPeer?, batch: Int) -> BenchRow? {
    rows.first { $0.subject == task.subject && $0.demand == task.demand && $0.peer == peer && $0.batch == batch }
  }
}

extension BenchMachine {
  /// What the rows of one table have in common.
  fileprivate var conditions: [String] { [processor, "\(threads)", library] + isa }
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
  package var secondsLeft: Double? {
    spent.cost > 0 ? spent.seconds / spent.cost * costs[done...].reduce(0, +) : nil
  }

  /// "3 of 41", and how long the rest may take.
  package var text: String {
    let left = secondsLeft.map { ", about \(DurationText.of($0)) left" } ?? ""
    return "\(done) of \(costs.count)" + (done < costs.count ? left : "")
  }
}
