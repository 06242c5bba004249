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
  var precision: Precision {
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
    return known.filter { thresholds.ratio(peer, $0) != nil }
  }

  /// The peer's script, and for each of its variants the arguments.
  func peer(batch: Int, threads: Int, fused: Bool) -> (script: String, variants: [(String, [String])]) {
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
  @Engine var flopsAnImage: Double {
    get throws {
      let (entry, passes): (NetworkEntry, Int)
      switch self {
      case .transform: return 0
      case .network(let network, let work):
        (entry, passes) = (network, work == .train ? 3 : work == .gradient ? 2 : 1)
      case .attack(let network, let attack):
        let cost = attack.cost(AttackBenchmark.settings(attack).read(by: network))
        (entry, passes) = (network, 2 * cost.gradientEvaluations + cost.queries + 1)
      }
      return Double(passes * (try Network(entry).layers.reduce(0) { $0 + $1.flops }))
    }
  }
}

/// Our side of a task, made ready and warm.
@Engine final class OurSide {
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
