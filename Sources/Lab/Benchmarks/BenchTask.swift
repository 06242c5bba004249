import Attacks
import Core
import Foundation
import NN
import Pipeline

/// One thing that can be timed.
package enum BenchTask: Sendable {
  case transform(any SpectralTransform)
  case network(NetworkEntry, EngineWork)
  case attack(NetworkEntry, any Attack)

  /// A network's or a transform's name.
  package var subject: String {
    switch self {
    case .transform(let transform): transform.name
    case .network(let entry, _), .attack(let entry, _): entry.name
    }
  }

  package var demand: String {
    switch self {
    case .transform: "transform"
    case .network(let entry, let work): Self.name(work, entry.precision)
    case .attack(_, let attack): "attack \(attack.name)"
    }
  }

  /// "train", "train bf16".
  static func name(_ work: EngineWork, _ precision: Precision) -> String {
    precision == .float32 ? work.rawValue : "\(work.rawValue) \(precision.rawValue)"
  }

  /// What the processor's products are compared with.
  fileprivate var precision: Precision {
    if case .network(let entry, _) = self { entry.precision } else { .float32 }
  }

  private static var transforms: [Self] { Transforms.all.map(Self.transform) }
  private static var networks: [Self] {
    Networks.all.flatMap { entry in
      Precision.allCases.filter(\.isAvailable).flatMap { precision in
        EngineWork.allCases.map { .network(entry.computing(in: precision), $0) }
      }
    }
  }
  private static var attacks: [Self] {
    Networks.all.flatMap { entry in Attacks.all.map { .attack(entry, $0) } }
  }

  /// What is timed where nobody is compared with: the transforms and the networks, or the attacks.
  package static func all(attacks: Bool) -> [Self] { attacks ? Self.attacks : transforms + networks }

  /// What the thresholds compare with a peer.
  package static func compared(with peer: BenchPeer, _ thresholds: BenchThresholds) -> [Self] {
    let known =
      switch peer {
      case .torch: networks
      case .torchattacks: attacks
      case .librosa: transforms
      }
    return known.filter { thresholds.ratio(peer, $0.subject, $0.demand) != nil }
  }

  /// The peer's script, and for each of its variants the arguments.
  fileprivate func peer(batch: Int, threads: Int, fused: Bool) -> (script: String, variants: [(String, [String])]) {
    if case .transform(let transform) = self {
      let plain = ["--transform", transform.name]
      return ("peer_librosa.py", [("plain", plain), ("heap kept", plain + ["--keep-heap"])])
    }
    let asked = if case .network(_, let work) = self { work.rawValue } else { demand }
    var plain = ["--model", subject, "--demand", asked, "--batch", "\(batch)", "--threads", "\(threads)"]
    if precision == .bf16 { plain.append("--bf16") }
    var variants = [("plain", plain), ("channels-last", plain + ["--channels-last"])]
    if fused, case .network(_, .train) = self {
      variants += variants.map { ("\($0.0), fused Adam", $0.1 + ["--fused"]) }
    }
    return ("peer_torch.py", variants)
  }

  /// Floating-point operations of one image, more or less: what progress is measured by.
  @Engine fileprivate var flopsAnImage: Double {
    get throws {
      let (entry, passes): (NetworkEntry, Int)
      switch self {
      case .transform: return 0
      case .network(let network, let work):
        (entry, passes) = (network, work == .train ? 3 : work == .gradient ? 2 : 1)
      case .attack(let network, let attack):
        let cost = attack.cost(AttackBenchmark.settings(attack))
        (entry, passes) = (network, 2 * cost.gradientEvaluations + cost.queries + 1)
      }
      return Double(passes * (try Network(entry).layers.reduce(0) { $0 + $1.flops }))
    }
  }
}

/// Our side of a task, made ready and warm.
@Engine private final class OurSide {
  private enum Work {
    case transform(any SpectralTransform)
    case network(EngineBenchmark)
    case attack(AttackBenchmark)
  }

  private let work: Work

  init(_ task: BenchTask, batch: Int) throws {
    work =
      switch task {
      case .transform(let transform): .transform(transform)
      case .network(let entry, let work): .network(try EngineBenchmark(entry, work, batch: batch))
      case .attack(let entry, let attack): .attack(try AttackBenchmark(entry, attack, batch: batch))
      }
  }

  /// Images or slices a second.
  func rate(seconds: Double) throws -> Double {
    switch work {
    case .transform(let transform): 1000 / (try PipelineBenchmark.millisecondsPerSlice(transform: transform))
    case .network(let benchmark): benchmark.rate(seconds: seconds)
    case .attack(let benchmark): try benchmark.rate(seconds: seconds)
    }
  }

  /// Kernels, and operations of one image; nil for what is no plain pass through a network.
  var cost: (kernels: [String: Int], flops: Double)? {
    guard case .network(let benchmark) = work else { return nil }
    return (benchmark.kernels, benchmark.flopsAnImage)
  }
}

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
  package func sizes(_ task: BenchTask, _ ratio: BenchThresholds.Ratio?) -> (batch: Int, threads: Int) {
    if case .transform = task { (1, 1) } else { (min(batch, ratio?.batch ?? batch), threads) }
  }

  /// What tasks take, in floating-point operations: those of their steps, or of the seconds that each is given.
  package func costs(of pairs: [(BenchTask, BenchPeer?)], _ thresholds: BenchThresholds?) async throws -> [Double] {
    let work = pairs.map { task, peer in (task, sizes(task, thresholds?.ratio(peer, task)).batch) }
    let (rounds, given) = (Double(rounds), seconds * (peaks[.float32] ?? 0))
    return try await Engine.run {
      try work.map { task, batch in
        let step = try task.flopsAnImage * Double(batch)
        return step + rounds * max(step, given)
      }
    }
  }

  /// - Throws: `NNError`, `CoreError.outOfMemory`, `LabError.noPeers`, `LabError.peerFailed`.
  package func row(
    _ task: BenchTask, against peer: BenchPeer? = nil, folders: PeerFolders? = nil, thresholds: BenchThresholds? = nil
  ) async throws -> (row: BenchRow, about: PeerAbout?) {
    let ratio = thresholds?.ratio(peer, task)
    let (batch, threads) = sizes(task, ratio)
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
    (row.goal, row.held) = (ratio?.goal, ratio?.held)
    return (row, peers.first?.process.about)
  }
}
