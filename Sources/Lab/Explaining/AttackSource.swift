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

  /// The titles of several; kept images are told by the name of their set where another source has the same title.
  static func titles(_ sources: [AttackSource]) -> [String] {
    let titles = sources.map(\.title)
    return zip(sources, titles).map { source, title in
      guard case .set(let set) = source, titles.count(where: { $0 == title }) > 1 else { return title }
      return "\(title), set \(set.name)"
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
  fileprivate func restricted(to sources: [AttackSource]) throws -> SliceSelection {
    let sets = sources.compactMap { source -> AdversarialSet? in
      if case .set(let set) = source { set } else { nil }
    }
    guard !sets.isEmpty else { return self }
    let kept = slices.indices.filter { index in sets.allSatisfy { $0.holds(slices[index]) } }
    guard !kept.isEmpty else {
      throw EvaluationError.emptyList(what: "slices that the adversarial set holds images of")
    }
    return SliceSelection(
      part: part, available: available, slices: kept.map { slices[$0] }, isValid: kept.map { isValid[$0] },
      beforeSets: slices.count)
  }
}

extension RunSubject {
  /// The slices that an order is about: of the part, and held by every set.
  ///
  /// - Throws: `EvaluationError`.
  package func select(
    _ part: EvaluationPart, limit: Int?, seed: UInt64, attackedBy sources: [AttackSource]
  ) throws -> SliceSelection {
    for case .set(let set) in sources { try check(set) }
    return try select(part, limit: limit, seed: seed).restricted(to: sources)
  }

  /// Images of an attack on other weights would pass for an attack on these.
  ///
  /// - Throws: `EvaluationError.otherWeights`.
  package func check(_ set: AdversarialSet) throws {
    let record = set.record
    guard record.weights.map({ $0 == weights }) ?? (record.checkpoint == checkpoint) else {
      throw EvaluationError.otherWeights(
        set: set.name, madeOn: record.checkpoint.rawValue, run: folder.id, checkpoint: checkpoint.rawValue)
    }
  }
}
