import Foundation
import NN

/// `Benchmarks/thresholds.json`: what is compared with which peer, the ratio that is wanted, and the one that must hold.
package struct BenchThresholds: Codable, Sendable, Equatable {
  /// Ours over the peer's.
  package struct Ratio: Codable, Sendable, Equatable {
    /// What is wanted; nil where nobody has said.
    package var goal: Double?
    /// What was reached and must not be lost; nil until it was measured.
    package var held: Double?
    /// The same on a processor whose vectors of 512 bits go through in halves.
    package var halved: Double?
    /// The same without AVX-512, where the goal is 1; 1 until it was measured.
    package var narrow: Double?
    /// At most so many images a step, where the usual batch takes minutes.
    package var batch: Int?

    package init(goal: Double? = nil, held: Double? = nil, batch: Int? = nil) {
      (self.goal, self.held, self.batch) = (goal, held, batch)
    }

    fileprivate func held(with vectors: Vectors) -> Self {
      switch vectors {
      case .narrow: Self(goal: 1, held: narrow ?? 1, batch: batch)
      case .halved: Self(goal: goal, held: halved, batch: batch)
      case .whole: Self(goal: goal, held: held, batch: batch)
      }
    }
  }

  /// The share by which a number may fall short of what is held.
  package var tolerance: Double
  /// Memory allocations of ours in a training step.
  package var allocations: Int
  /// By peer, by network or transform, by demand ("train", "train bf16", "attack pgd", "transform").
  package var ratios: [String: [String: [String: Ratio]]]

  /// A processor's vectors: AVX2's, AVX-512's in two halves (Zen 4), or whole.
  package enum Vectors: Sendable {
    case narrow, halved, whole

    package static var own: Self {
      guard BenchMachine.instructionSets.contains("avx512f") else { return .narrow }
      return Library.halvesVectors ? .halved : .whole
    }
  }

  /// The file's goals are of processors with AVX-512. On others a network need only be as fast as its peer, and must keep what it
  /// has reached there; audio is as everywhere.
  ///
  /// - Throws: `LabError.thresholdsUnreadable`.
  package init(contentsOf url: URL, vectors: Vectors = .own) throws {
    do { self = try JSON.decoder().decode(Self.self, from: Data(contentsOf: url)) } catch {
      throw LabError.thresholdsUnreadable(url.path)
    }
    for peer in BenchPeer.allCases where peer != .librosa {
      ratios[peer.rawValue] = ratios[peer.rawValue]?.mapValues { $0.mapValues { $0.held(with: vectors) } }
    }
  }

  package func ratio(_ peer: BenchPeer?, _ task: BenchTask) -> Ratio? {
    peer.flatMap { ratios[$0.rawValue]?[task.subject]?[task.demand] }
  }

  /// A sentence for each row that falls short of what is held by more than the tolerance.
  package func broken(by rows: [BenchRow]) -> [String] {
    rows.compactMap { row in
      guard let ratio = row.ratio, let held = row.held, ratio < held * (1 - tolerance) else { return nil }
      return String(
        format: "%@, %@: %.2f× the peer's speed, more than %.0f %% below the %.2f× that hold", row.subject, row.demand,
        ratio, tolerance * 100, held)
    }
  }
}

/// Whom we are compared with.
package enum BenchPeer: String, CaseIterable, Codable, Sendable {
  case torch, torchattacks, librosa

  package var title: String {
    switch self {
    case .torch: "PyTorch"
    case .torchattacks: "torchattacks"
    case .librosa: "librosa"
    }
  }
}
