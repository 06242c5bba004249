import Core
import Foundation
import NN
import Pipeline

/// Times tasks, ours and a peer's by turns.
package struct BenchRunner: Sendable {
  package let batch: Int
  /// About how many to spend on each side in a round.
  package let seconds: Double
  package let rounds: Int
  package let threads: Int
  /// Also PyTorch's fused Adam.
  package let fused: Bool
  /// Operations a second of a matrix product before the first row.
  package let peaks: [Precision: Double]

  package init(batch: Int, seconds: Double, rounds: Int, threads: Int, fused: Bool) async throws {
    (self.batch, self.seconds, self.rounds, self.threads, self.fused) = (batch, seconds, rounds, threads, fused)
    peaks = try await Engine.run {
      try Precision.allCases.filter(\.isAvailable).reduce(into: [:]) { $0[$1] = try EngineBenchmark.matrixPeak($1) }
    }
  }

  /// Transforms run on one thread, slice by slice.
  func sizes(_ task: BenchTask, _ ratio: BenchThresholds.Ratio?) -> (batch: Int, threads: Int) {
    if case .transform = task { (1, 1) } else { (min(batch, ratio?.batch ?? batch), threads) }
  }

  /// What tasks take, in floating-point operations: those of their steps, or of the seconds that each is given.
  private func costs(of pairs: [(BenchTask, BenchPeer?)], _ thresholds: BenchThresholds?) async throws -> [Double] {
    let work = pairs.map { task, peer in
      let ratio = thresholds?.ratio(peer, task), (batch, threads) = sizes(task, ratio)
      let variants = peer == nil ? 0 : task.peer(batch: batch, threads: threads, fused: fused).variants.count
      let slowness = ratio?.held ?? ratio?.goal ?? 1
      return (task, batch, [1.0] + Array(repeating: slowness, count: variants))
    }
    let (rounds, given) = (rounds, seconds * (peaks[.float32] ?? 0))
    return try await Engine.run {
      try work.map { task, batch, sides in
        Self.cost(step: try task.flopsAnImage * Double(batch), sides: sides, rounds: rounds, given: given)
      }
    }
  }

  /// What a row takes: each side's first step, which makes it warm, and its rounds.
  ///
  /// - Parameters:
  ///   - step: of ours.
  ///   - sides: how many times as long as ours each side's step takes.
  ///   - given: what each side gets in a round, unless a step takes longer.
  package static func cost(step: Double, sides: [Double], rounds: Int, given: Double) -> Double {
    sides.reduce(0) { $0 + $1 * step + Double(rounds) * max($1 * step, given) }
  }

  /// Times one task after the other, but for those that a stopped run has left.
  ///
  /// - Parameters:
  ///   - control: read before every round.
  ///   - tell: hears each row and how far all of them are.
  /// - Throws: what `row` throws, `LabError.peerChanged`, an error of writing the draft.
  package func report(
    of pairs: [(BenchTask, BenchPeer?)], _ machine: BenchMachine, folders: PeerFolders? = nil,
    thresholds: BenchThresholds? = nil, draft: BenchDraft? = nil, control: RunControl, tell: (BenchRow, String) -> Void
  ) async throws -> BenchReport {
    var report = BenchReport(machine: draft?.machine ?? machine)
    report.machine.peers = [:]
    var progress = BenchProgress(costs: try await costs(of: pairs, thresholds))
    for (task, peer) in pairs {
      let start = Stopwatch.now(), ratio = thresholds?.ratio(peer, task)
      let (batch, threads) = sizes(task, ratio)
      let kept = draft?.row(
        BenchRow.Place(subject: task.subject, demand: task.demand, peer: peer, batch: batch, threads: threads))
      var row: BenchRow, about: PeerAbout?
      if let kept {
        (row, about) = (kept, peer.flatMap { draft?.machine.peers[$0.title] })
      } else {
        (row, about) = try await self.row(
          task, against: peer, batch: batch, threads: threads, folders: folders, control: control)
        try draft?.add(row, about)
      }
      (row.goal, row.held) = (ratio?.goal, ratio?.held)
      report.rows.append(row)
      if let peer { report.machine.peers[peer.title] = about }
      progress.advance(seconds: kept == nil ? Double(Stopwatch.now() - start) / 1e9 : nil)
      tell(row, progress.text + (kept == nil ? "" : ", timed before"))
    }
    return report
  }

  /// - Throws: `NNError`, `CoreError.outOfMemory`, `LabError.noPeers`, `LabError.peerFailed`, `PipelineError.stopped`.
  private func row(
    _ task: BenchTask, against peer: BenchPeer?, batch: Int, threads: Int, folders: PeerFolders?, control: RunControl
  ) async throws -> (row: BenchRow, about: PeerAbout?) {
    var peers: [(variant: String, process: PeerProcess)] = []
    if peer != nil, let folders {
      let (script, variants) = task.peer(batch: batch, threads: threads, fused: fused)
      for (variant, arguments) in variants {
        peers.append((variant, try folders.start(script, arguments, threads: threads)))
      }
    }
    PeakMemory.reset()
    let ours = try await Engine.run { try OurSide(task, batch: batch) }
    var rates = [[Double]](repeating: [], count: 1 + peers.count), peaks = [Int?](repeating: nil, count: peers.count)
    for _ in 0..<rounds {
      guard control.wish != .stopNow else { throw PipelineError.stopped }
      rates[0].append(try await Engine.run { [seconds] in try ours.rate(seconds: seconds) })
      for (index, peer) in peers.enumerated() {
        let round = try peer.process.round(seconds: seconds)
        rates[1 + index].append(round.rate)
        peaks[index] = round.peakBytes
      }
    }
    let theirs = peers.indices.map {
      BenchSide(variant: peers[$0].variant, rates: rates[1 + $0], peakBytes: peaks[$0])
    }
    var row = BenchRow(
      subject: task.subject, demand: task.demand, batch: batch, threads: threads, rounds: rounds,
      ours: BenchSide(rates: rates[0], peakBytes: PeakMemory.bytes), peer: peer, theirs: theirs)
    if let cost = await Engine.run({ ours.cost }) {
      row.kernels = cost.kernels
      let beside = try await Engine.run { try EngineBenchmark.matrixPeak(task.precision) }
      row.peakShare = cost.flops * row.ours.rate / max(beside, self.peaks[task.precision] ?? 0)
    }
    return (row, peers.first?.process.about)
  }
}
