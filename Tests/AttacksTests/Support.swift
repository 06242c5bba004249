import Attacks
import Core
import NN
import Testing

extension Networks {
  /// Convolution, pooling and dropout on a small map.
  static let small = pooled("small", isBypassed: false)

  /// The same, but that a second value, always zero, goes past the dropout.
  static let bypassed = pooled("bypassed", isBypassed: true)

  private static func pooled(_ name: String, isBypassed: Bool) -> NetworkEntry {
    NetworkEntry(name: name, title: name, input: [3, 12, 12]) { net, classes in
      var x = net("conv", Convolution(6, kernel: 3, padding: 1), net.input)
      x = net("norm", BatchNorm(), x)
      x = net("relu", ReLU(), x)
      x = net("pool", MaxPool(kernel: 2), x)
      let past = isBypassed ? net("zero", Linear(classes), net("side", Flatten(), x)) : nil
      x = net("fc", Linear(classes), net("dropout", Dropout(0.5), net("flat", Flatten(), x)))
      return past.map { net("sum", Sum(), x, $0) } ?? x
    }
  }

  /// No feature map at all.
  static let flat = NetworkEntry(name: "flat", title: "Flat", input: [40]) { net, classes in
    net("fc2", Linear(classes), net("elu", ELU(), net("fc1", Linear(16), net.input)))
  }

  /// Not square, so that rows and columns cannot be mistaken for each other.
  static let wide = NetworkEntry(name: "wide", title: "Wide", input: [2, 5, 31]) { net, classes in
    net("fc", Linear(classes), net("flat", Flatten(), net("conv", Convolution(3, kernel: 2), net.input)))
  }

  /// Logits are linear in the image.
  static let linear = NetworkEntry(name: "linear", title: "Linear", input: [3, 6, 6]) { net, classes in
    net("fc", Linear(classes), net("flat", Flatten(), net.input))
  }

  /// No kinks: an infinitesimal step along the gradient raises the loss.
  static let smooth = NetworkEntry(name: "smooth", title: "Smooth", input: [3, 8, 8]) { net, classes in
    var x = net("elu1", ELU(), net("conv", Convolution(5, kernel: 3), net.input))
    x = net("elu2", ELU(), net("fc1", Linear(20), net("flat", Flatten(), x)))
    return net("fc2", Linear(classes), x)
  }

  /// Its last layer's weights are set to 0: no gradient reaches the image.
  static let dead = NetworkEntry(name: "dead", title: "Dead", input: [3, 6, 6]) { net, classes in
    net("fc2", Linear(classes), net("fc1", Linear(9), net("flat", Flatten(), net.input)))
  }
}

/// A small network with images whose labels are its own predictions.
@Engine final class AttackBench {
  let network: Network
  let elements: Int
  var images: [Float]
  var labels: [Int] = []

  init(_ entry: NetworkEntry, count: Int, classes: Int = 4, seed: UInt64 = 5) throws {
    network = try Network(entry, classes: classes)
    network.initialise(seed: seed)
    elements = entry.input.count
    let dead = entry.name == Networks.dead.name ? ["fc2.weight"] : ["zero.weight", "zero.bias"]
    for weights in dead.compactMap(network.parameter) { weights.values.update(repeating: 0, count: weights.count) }
    network.parametersChanged()
    let random = RandomStream(seed: seed, purpose: "test.images")
    images = (0..<count * entry.input.count).map { random.uniform($0) }
    let plan = try network.plan(batch: count, demand: .inference)
    for i in images.indices { plan.input[i] = images[i] }
    plan.forward()
    for n in 0..<count {
      let row = (0..<classes).map { plan.logits[n * classes + $0] }
      labels.append(row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 })
    }
  }

  struct Result: Sendable {
    let images: [Float]
    let outcomes: [AttackOutcome]
    let drift: Double?
    let remark: String?
  }

  /// Attacks the images in an order; results come back in theirs.
  func attack(
    _ attack: any Attack, _ settings: AttackSettings, batch: Int, firstID: Int = 0, order: [Int]? = nil
  ) throws -> Result {
    let order = order ?? Array(labels.indices)
    let attacker = try Attacker(attack, settings, network, batch: batch)
    let clean = try Arena(count: images.count), adversarial = try Arena(count: images.count)
    for (place, n) in order.enumerated() {
      for i in 0..<elements { clean.base[place * elements + i] = images[n * elements + i] }
    }
    let outcomes = try withExtendedLifetime((clean, adversarial)) {
      try attacker.outcomes(
        clean.base, labels: order.map { labels[$0] }, ids: order.map { firstID + $0 }, into: adversarial.base)
    }
    let found = try #require(outcomes)
    var result = images
    for (place, n) in order.enumerated() {
      for i in 0..<elements { result[n * elements + i] = adversarial.base[place * elements + i] }
    }
    return Result(
      images: result, outcomes: found.sorted { $0.id < $1.id }, drift: attacker.logitDrift, remark: attacker.remark)
  }
}

/// Cross-entropy of a row of logits.
func loss(_ logits: [Float], _ label: Int) -> Double { CrossEntropy.value(logits, label: label, classes: logits.count) }
