import Core
import Kernels
import NN

/// An attack made ready for one network: attacks any number of images, a batch at a time.
///
/// What happens to an image depends on the image, its label, its id and the settings alone: random numbers are drawn
/// from (seed, id), so neither the batch nor its order nor the number of threads changes them. (The network's own rounding may
/// differ in the last bits between batch sizes.) Plans and buffers are made at the first batch of a size; a step
/// allocates nothing.
@Engine package final class Attacker {
  package let attack: any Attack
  package let settings: AttackSettings
  package let batch: Int
  /// How far the logits that the attack sees on clean images lie from those of an evaluation, as a share of their size;
  /// measured at the first `outcomes`. nil where the attack means to see others (dropout or transforms), or sees
  /// the very same.
  package private(set) var logitDrift: Double?

  /// A sentence about this attack on this network, known before it starts; nil for most.
  package var remark: String? { engine.remark }

  private let network: Network
  private let engine: any AttackEngine
  /// Images that the attack's plans hold.
  private let group: Int
  /// Evaluations of the network that an image has at most.
  private let most: Int
  private var probed = false

  /// - Throws: `AttackError`, `NNError`, `CoreError.outOfMemory`.
  package init(_ attack: any Attack, _ settings: AttackSettings, _ network: Network, batch: Int) throws {
    guard batch >= 1 else { throw NNError.badBatch(batch) }
    try attack.check(settings, input: network.entry.input)
    (self.attack, self.settings, self.network, self.batch) = (attack, settings, network, batch)
    group = Self.group(network.entry, batch: batch)
    let cost = attack.cost(settings.read(by: network.entry))
    most = cost.gradientEvaluations + cost.queries
    engine = try attack.engine(settings, network, batch: group)
  }

  /// Images that the network sees at once: a batch falls into the fewest groups of one size that keep what each layer reads and
  /// writes within 132 MiB (5 of VGG16's, a batch of 32 of which would take 784 MiB). As images do not depend on each other,
  /// memory and speed are all that this changes.
  package nonisolated static func group(_ entry: NetworkEntry, batch: Int) -> Int {
    let most = max(1, (132 << 20) / (4 * entry.widestLayer)), groups = (batch + most - 1) / most
    return (batch + groups - 1) / groups
  }

  /// Writes adversarial images, with no pass more than the attack itself needs (for adversarial training).
  ///
  /// - Parameters:
  ///   - images: [n, 3, 224, 224] in [0, 1].
  ///   - labels: n class indices.
  ///   - ids: what each image's random numbers depend on; the same id gives the same numbers.
  ///   - adversarial: receives [n, 3, 224, 224]; may not overlap `images`.
  ///   - control: `.stopNow` ends the work after the step at hand.
  ///   - tell: hears after each step how many evaluations of the network an image had on average, and how many it has at
  ///     most.
  /// - Returns: what each image cost; nil when it was stopped, and `adversarial` is then of no use.
  /// - Throws: `AttackError.badImage`, `NNError`, `CoreError.outOfMemory`.
  package func perturb(
    _ images: UnsafePointer<Float>, labels: [Int], ids: [Int], into adversarial: UnsafeMutablePointer<Float>,
    control: RunControl? = nil, tell: ((_ done: Int, _ most: Int) -> Void)? = nil
  ) throws -> [Effort]? {
    let most = most
    precondition(labels.count == ids.count, "\(labels.count) labels and \(ids.count) ids")
    precondition(labels.allSatisfy { 0 <= $0 && $0 < network.classes }, "a label is not one of the classes")
    try check(images, ids)
    var efforts = Array(repeating: Effort(), count: ids.count)
    let elements = network.entry.input.count
    let finished = try efforts.withUnsafeMutableBufferPointer { efforts in
      for range in ids.indices.batches(of: engine.capacity(group)) {
        let start = range.lowerBound
        guard let own = efforts.baseAddress else { break }
        let work = AttackWork(
          elements: elements, images: images + start * elements, adversarial: adversarial + start * elements,
          labels: Array(labels[range]), ids: Array(ids[range]), efforts: own + start,
          tell: tell.map { tell in { tell((start * most + range.count * min($0, most)) / ids.count, most) } })
        guard try engine.perturb(work, control) else { return false }
      }
      return true
    }
    return finished ? efforts : nil
  }

  /// As `perturb`, and evaluates the network on the clean and on the adversarial images.
  package func outcomes(
    _ images: UnsafePointer<Float>, labels: [Int], ids: [Int], into adversarial: UnsafeMutablePointer<Float>,
    control: RunControl? = nil, tell: ((_ done: Int, _ most: Int) -> Void)? = nil
  ) throws -> [AttackOutcome]? {
    guard
      let efforts = try perturb(images, labels: labels, ids: ids, into: adversarial, control: control, tell: tell)
    else { return nil }
    let clean = try evaluate(images, count: ids.count), attacked = try evaluate(adversarial, count: ids.count)
    if !probed, !ids.isEmpty {
      logitDrift = try drift(images, clean)
      probed = true
    }
    let elements = network.entry.input.count
    return ids.indices.map { n in
      var largest: Float = 0
      let squares = quaver_distance(images + n * elements, adversarial + n * elements, elements, &largest)
      return AttackOutcome(
        id: ids[n], label: labels[n], cleanLogits: clean[n], logits: attacked[n], effort: efforts[n],
        linf: Double(largest), l2: squares.squareRoot())
    }
  }

  /// Logits of the network in evaluation, one row an image.
  package func evaluate(_ images: UnsafePointer<Float>, count: Int) throws -> [[Float]] {
    let elements = network.entry.input.count
    var rows: [[Float]] = []
    rows.reserveCapacity(count)
    for range in (0..<count).batches(of: group) {
      let plan = try network.plan(batch: range.count, demand: .inference)
      plan.fill(images + range.lowerBound * elements, elements)
      plan.forward(.evaluation)
      for n in 0..<plan.batch {
        rows.append(Array(UnsafeBufferPointer(start: plan.logits + n * plan.outputs, count: plan.outputs)))
      }
    }
    return rows
  }

  private func check(_ images: UnsafePointer<Float>, _ ids: [Int]) throws {
    let elements = network.entry.input.count
    for n in ids.indices where !quaver_within_unit(images + n * elements, elements) {
      throw AttackError.badImage(id: ids[n])
    }
  }

  /// The first batch's clean logits through the plan that the attack uses, beside those of an evaluation.
  private func drift(_ images: UnsafePointer<Float>, _ clean: [[Float]]) throws -> Double? {
    guard let plan = try engine.evaluationPlan(min(group, clean.count)) else { return nil }
    plan.fill(images, network.entry.input.count)
    plan.forward(engine.mode)
    var difference = 0.0, size = 0.0
    for n in 0..<plan.batch {
      for c in 0..<plan.outputs {
        let own = Double(clean[n][c]), other = Double(plan.logits[n * plan.outputs + c])
        difference += (own - other) * (own - other)
        size += own * own
      }
    }
    return size > 0 ? (difference / size).squareRoot() : difference.squareRoot()
  }
}

/// What one image cost.
package struct Effort: Codable, Equatable, Sendable {
  package var gradientEvaluations = 0
  /// Perturbed images shown to the network.
  package var queries = 0
  /// Values of the image's gradient that were looked at, over all steps, and how many were exactly zero.
  package var gradientValues = 0
  package var zeroGradients = 0

  package init() {}
}

/// What an attack did to one image.
package struct AttackOutcome: Codable, Equatable, Sendable {
  package let id: Int
  package let label: Int
  package let cleanLogits: [Float]
  package let logits: [Float]
  package let effort: Effort
  /// Largest change of a value.
  package let linf: Double
  /// Euclidean length of the change.
  package let l2: Double

  package init(
    id: Int, label: Int, cleanLogits: [Float], logits: [Float], effort: Effort, linf: Double, l2: Double
  ) {
    (self.id, self.label, self.cleanLogits, self.logits) = (id, label, cleanLogits, logits)
    (self.effort, self.linf, self.l2) = (effort, linf, l2)
  }

  /// Share of the gradient's values that were exactly zero; nil for attacks that see no gradient.
  package var zeroGradientShare: Double? {
    effort.gradientValues > 0 ? Double(effort.zeroGradients) / Double(effort.gradientValues) : nil
  }

  package var cleanPrediction: Int { Prediction.of(cleanLogits, cleanLogits.count) }
  package var prediction: Int { Prediction.of(logits, logits.count) }
  package var wasCorrect: Bool { cleanPrediction == label }
  package var isCorrect: Bool { prediction == label }
}

/// What a row of logits says.
enum Prediction {
  /// The first of the largest logits, as torch's max.
  static func of(_ row: UnsafePointer<Float>, _ classes: Int) -> Int {
    var first = 0
    for c in 1..<classes where row[c] > row[first] { first = c }
    return first
  }

  /// The label's logit less the largest of the others.
  static func margin(_ row: UnsafePointer<Float>, label: Int, _ classes: Int) -> Float {
    var other = -Float.infinity
    for c in 0..<classes where c != label && row[c] > other { other = row[c] }
    return row[label] - other
  }
}

/// The part of an attack that computes.
@Engine package protocol AttackEngine: AnyObject {
  /// What the attack runs the network in.
  var mode: Mode { get }
  /// Images that `perturb` takes at once when plans hold `batch`.
  func capacity(_ batch: Int) -> Int
  /// The plan whose logits the attack goes by, where these should be those of an evaluation; else nil.
  func evaluationPlan(_ batch: Int) throws -> Plan?
  /// A sentence about this attack on this network, known before it starts.
  var remark: String? { get }
  /// Attacks all images of `work`; false when it was stopped.
  func perturb(_ work: AttackWork, _ control: RunControl?) throws -> Bool
}

extension AttackEngine {
  package func capacity(_ batch: Int) -> Int { batch }
  package var remark: String? { nil }
}

/// The images of one call; the memory is the caller's.
package struct AttackWork {
  /// Values of one image.
  let elements: Int
  let images: UnsafePointer<Float>
  let adversarial: UnsafeMutablePointer<Float>
  let labels: [Int]
  let ids: [Int]
  let efforts: UnsafeMutablePointer<Effort>
  let tell: ((_ done: Int) -> Void)?

  var count: Int { ids.count }

  /// After each step of an attack.
  func tellProgress() {
    guard let tell else { return }
    var sum = 0
    for n in 0..<count { sum += efforts[n].gradientEvaluations + efforts[n].queries }
    tell(sum / max(1, count))
  }
}

extension Plan {
  /// Copies the plan's whole batch of images in, on all threads.
  func fill(_ images: UnsafePointer<Float>, _ elements: Int) {
    let input = input
    Parallel.forEach(batch) { range in
      (input + range.lowerBound * elements).update(
        from: images + range.lowerBound * elements, count: range.count * elements)
    }
  }
}
