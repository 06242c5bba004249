import Core
import Kernels
import NN

/// Shows the network one perturbed image after another and keeps what helps: the one loop of all black-box attacks.
///
/// Images are asked about together, and one that is done makes room for the next, so that batches stay full. Each
/// image goes its own way: which images share its batch changes nothing. The best image so far stands in the caller's
/// memory; a candidate is made in the plan's input and, where it is kept, made again in place.
@Engine final class QuerySearch: AttackEngine {
  let mode = Mode.evaluation
  private let network: Network
  private let rule: any QueryRule
  private let sizes: [Int]
  /// The images in the batch, and those whose candidate is kept.
  private var active: [Int], kept: [Int]

  init(_ network: Network, batch: Int, rule: any QueryRule) {
    (self.network, self.rule) = (network, rule)
    // Few sizes, so that few plans are built; what is too many is filled up.
    sizes = Array(Set([16, 12, 8, 6, 4, 2, 1].map { max(1, batch * $0 / 16) })).sorted()
    active = []
    kept = []
    active.reserveCapacity(batch)
    kept.reserveCapacity(batch)
  }

  private var batch: Int { sizes.last ?? 1 }

  func capacity(_ batch: Int) -> Int { 16 * batch }

  func evaluationPlan(_ batch: Int) throws -> Plan? { nil }

  func perturb(_ work: AttackWork, _ control: RunControl?) throws -> Bool {
    Parallel.forEach(work.count) { range in
      let from = range.lowerBound * work.elements
      (work.adversarial + from).update(from: work.images + from, count: range.count * work.elements)
    }
    rule.begin(work)
    active.removeAll(keepingCapacity: true)
    var next = 0
    while true {
      while active.count < batch, next < work.count {
        active.append(next)
        next += 1
      }
      guard !active.isEmpty else { return true }
      if control?.waitsOrStops() == true { return false }
      try ask(work)
      work.tellProgress()
    }
  }

  /// One query for each active image.
  private func ask(_ work: AttackWork) throws {
    guard let size = sizes.first(where: { $0 >= active.count }) else { preconditionFailure("more images than rows") }
    let plan = try network.plan(batch: size, demand: .inference)
    let input = plan.input, elements = work.elements
    Parallel.forEach(size) { rows in
      for row in rows {
        // Rows beyond the active ones hold some image, so that nothing that is not a number slows the batch.
        rule.propose(active[min(row, active.count - 1)], into: input + row * elements, work)
      }
    }
    plan.forward(mode)
    kept.removeAll(keepingCapacity: true)
    var left = 0
    for row in active.indices {
      let n = active[row]
      let answer = rule.judge(n, plan.logits + row * plan.outputs, plan.outputs, work)
      if answer.keeps { kept.append(n) }
      active[left] = n
      if !answer.isDone { left += 1 }
    }
    Parallel.forEach(kept.count) { range in
      for n in range { rule.adopt(kept[n], into: work.adversarial + kept[n] * elements, work) }
    }
    active.removeLast(active.count - left)
  }
}

/// How a black-box attack searches. What it proposes for an image depends on the image, its id and its own answers alone.
@Engine protocol QueryRule: AnyObject {
  /// Before the first query of the images of `work`; `work.adversarial` holds the images themselves.
  func begin(_ work: AttackWork)
  /// Writes image n's next candidate; called on the pool, once or more with the same result.
  func propose(_ n: Int, into candidate: UnsafeMutablePointer<Float>, _ work: AttackWork)
  /// Takes the network's answer to the candidate.
  func judge(_ n: Int, _ logits: UnsafePointer<Float>, _ classes: Int, _ work: AttackWork) -> QueryAnswer
  /// Makes again, in place, the candidate that `judge` said to keep.
  func adopt(_ n: Int, into best: UnsafeMutablePointer<Float>, _ work: AttackWork)
}

struct QueryAnswer {
  /// Whether a candidate becomes the best image.
  var keeps: Bool
  /// Whether the image needs no more queries.
  var isDone: Bool
}
