import Attacks
import Core
import NN
import Pipeline

/// Where attacked images come from: an attack that is made now, or the set that an earlier one left.
package enum AttackSource: Sendable {
  case attack(AttackChoice)
  case set(AdversarialSet)

  /// "PGD (ε 32/255, …)".
  package var title: String {
    switch self {
    case .attack(let choice): "\(choice.attack.title) (\(choice.summary))"
    case .set(let set):
      "\((try? Attacks.named(set.record.attack))?.title ?? set.record.attack) (\(set.record.summary))"
    }
  }
}

/// Attacked images of a loaded run, a batch at a time, from any source.
@Engine final class AttackedImages {
  private let source: AttackSource
  private let attacker: Attacker?

  init(_ source: AttackSource, _ network: Network, batch: Int) throws {
    self.source = source
    if case .attack(let choice) = source {
      attacker = try Attacker(choice.attack, choice.settings, network, batch: batch)
    } else {
      attacker = nil
    }
  }

  /// - Parameters:
  ///   - clean: [n, 3, 224, 224].
  ///   - attacked: receives the same.
  /// - Throws: `PipelineError.stopped`, `EvaluationError.noSuchImage`, `AttackError`.
  func fill(
    _ attacked: UnsafeMutablePointer<Float>, clean: UnsafePointer<Float>, slices: [Int], labels: [Int],
    control: RunControl?
  ) throws {
    switch source {
    case .attack:
      let done = try attacker?.perturb(clean, labels: labels, ids: slices, into: attacked, control: control)
      if done == nil { throw PipelineError.stopped }
    case .set(let set):
      for (index, slice) in slices.enumerated() { try set.copy(slice, into: attacked + index * 3 * Geometry.pixels) }
    }
  }
}

extension SliceSelection {
  /// Only those slices of which every set holds an image.
  ///
  /// - Throws: `EvaluationError.emptyList` where none is left.
  func restricted(to sources: [AttackSource]) throws -> SliceSelection {
    let sets = sources.compactMap { source -> AdversarialSet? in
      if case .set(let set) = source { set } else { nil }
    }
    guard !sets.isEmpty else { return self }
    let kept = slices.indices.filter { index in sets.allSatisfy { $0.holds(slices[index]) } }
    guard !kept.isEmpty else {
      throw EvaluationError.emptyList(what: "slices that the adversarial set holds images of")
    }
    return SliceSelection(
      part: part, available: available, slices: kept.map { slices[$0] }, isValid: kept.map { isValid[$0] })
  }
}
