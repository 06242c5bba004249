import Core
import NN
import Testing

extension Network {
  /// A network of the registry or of an example, with random parameters: weights that start as zero, and would hide
  /// everything before them, too.
  static func random(_ entry: NetworkEntry, classes: Int = 7, seed: UInt64 = 1) throws -> Network {
    let network = try Network(entry, classes: classes)
    network.initialise(seed: seed)
    for parameter in network.trainableParameters where parameter.name.hasSuffix("weight") {
      guard UnsafeBufferPointer(start: parameter.values, count: parameter.count).allSatisfy({ $0 == 0 }) else {
        continue
      }
      let stream = RandomStream(seed: seed, purpose: "test.\(parameter.name)")
      for i in 0..<parameter.count { parameter.values[i] = 0.1 * (2 * stream.uniform(i) - 1) }
    }
    network.parametersChanged()
    return network
  }
}

extension Plan {
  /// Numbers in [low, low + 1), the first images of a plan the same whatever its batch.
  func fillInput(seed: UInt64 = 7, from low: Float = 0) {
    let stream = RandomStream(seed: seed, purpose: "test.input")
    for i in 0..<inputCount { input[i] = low + stream.uniform(i) }
  }

  var logitValues: [Float] { values(logits, batch * outputs) }
  var inputGradientValues: [Float] { (0..<batch).flatMap { values(inputGradient[$0], inputCount / batch) } }
  var labels: [Int] { (0..<batch).map { $0 % outputs } }

  /// Logits of a filled input, and the images' gradients where the plan has them.
  func computed(_ mode: Mode = .evaluation) -> (logits: [Float], inputGradient: [Float]) {
    fillInput()
    forward(mode)
    _ = loss(labels: labels)
    if demand.input { backward() }
    return (logitValues, demand.input ? inputGradientValues : [])
  }
}

func values(_ pointer: UnsafePointer<Float>, _ count: Int) -> [Float] {
  Array(UnsafeBufferPointer(start: pointer, count: count))
}

/// A hash of bits, four bytes at a time.
func fingerprint(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for word in bytes.bindMemory(to: UInt32.self) { hash = (hash ^ UInt64(word)) &* 0x100_0000_01B3 }
  return hash
}

/// Euclidean length of a − b over that of b.
func relativeError(_ a: [Float], _ b: [Float]) -> Double {
  precondition(a.count == b.count, "\(a.count) values against \(b.count)")
  var difference = 0.0, size = 0.0
  for (x, y) in zip(a, b) {
    difference += (Double(x) - Double(y)) * (Double(x) - Double(y))
    size += Double(y) * Double(y)
  }
  return size == 0 ? difference.squareRoot() : (difference / size).squareRoot()
}

/// Everything that one pass of a plan leaves behind.
struct Pass: Equatable, Sendable {
  var loss: UInt32
  var logits: [UInt32]
  var inputGradient: [UInt32] = []
  /// A hash of each parameter's gradient.
  var gradients: [String: UInt64] = [:]
  var statistics: [String: [UInt32]] = [:]

  @Engine init(_ network: Network, _ plan: Plan, _ mode: Mode) {
    plan.forward(mode)
    loss = plan.loss(labels: plan.labels).bitPattern
    logits = plan.logitValues.map(\.bitPattern)
    if plan.demand != .inference { plan.backward() }
    if plan.demand.input { inputGradient = plan.inputGradientValues.map(\.bitPattern) }
    for parameter in network.parameters {
      switch parameter.role {
      case .trainable where plan.demand.parameters:
        gradients[parameter.name] = parameter.gradient.map {
          fingerprint(UnsafeRawBufferPointer(start: $0, count: parameter.count * 4))
        }
      case .statistic: statistics[parameter.name] = values(parameter.values, parameter.count).map(\.bitPattern)
      default: break
      }
    }
  }
}

/// Numbers that look random and are the same every time.
struct Numbers {
  private var state: UInt64 = 7

  mutating func next(_ count: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % count
  }
}

/// Logits and all gradients of a plan beside those by direct sums, of the same network.
///
/// - Returns: the kernels of both.
@Engine func compareWithDirect(
  _ entry: NetworkEntry, batch: Int, _ options: PlanOptions
) throws -> (kernels: [String], direct: [String]) {
  let network = try Network.random(entry), other = try Network.random(entry)
  let plan = try network.plan(batch: batch, demand: .both, options: options)
  let direct = try other.plan(batch: batch, demand: .both, options: PlanOptions(algorithm: .direct))
  let ours = plan.computed(.evaluation), theirs = direct.computed(.evaluation)
  #expect(relativeError(ours.logits, theirs.logits) < 1e-5)
  #expect(relativeError(ours.inputGradient, theirs.inputGradient) < 1e-5)
  for (a, b) in zip(network.parameters, other.parameters) {
    let (mine, its) = (try #require(a.gradient), try #require(b.gradient))
    #expect(relativeError(values(mine, a.count), values(its, b.count)) < 1e-5, "\(a.name)")
  }
  return (plan.profile.flatMap(\.kernels), direct.profile.flatMap(\.kernels))
}
