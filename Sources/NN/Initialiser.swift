import Core
import Glibc
import Kernels

/// How a parameter starts.
package enum Initialiser: Sendable, Equatable {
  case constant(Float)
  /// U(−bound, bound).
  case uniform(bound: Float)
  /// N(0, deviation²), cut off at ±cut (infinite: not at all) as torch.nn.init.trunc_normal_ cuts.
  case normal(deviation: Float, cut: Float = .infinity)

  /// U(−1/√fan-in, 1/√fan-in).
  static func fanIn(_ count: Int) -> Initialiser { .uniform(bound: 1 / Float(count).squareRoot()) }

  /// Element i of a parameter depends on the seed, the parameter's name and i alone.
  @Engine func fill(_ values: UnsafeMutablePointer<Float>, count: Int, name: String, seed: UInt64) {
    let key = RandomStream(seed: seed, purpose: "init.\(name)").key
    switch self {
    case .constant(let value): values.update(repeating: value, count: count)
    case .uniform(let bound):
      Library.stretches(count) { quaver_fill_uniform(values + $0, $0, $1, key, bound) }
    case .normal(let deviation, let cut):
      let reach = erf(cut / deviation / Float(2).squareRoot())
      Library.stretches(count) { quaver_fill_normal(values + $0, $0, $1, key, deviation, reach) }
    }
  }
}

/// How a layer with weights and biases starts.
package struct Start: Sendable {
  /// From the fan-in and the fan-out: what one output reads, and what one input feeds.
  let weight: @Sendable (_ fanIn: Int, _ fanOut: Int) -> Initialiser
  let bias: @Sendable (_ fanIn: Int) -> Initialiser

  private init(
    bias: @escaping @Sendable (_ fanIn: Int) -> Initialiser = { _ in .constant(0) },
    _ weight: @escaping @Sendable (_ fanIn: Int, _ fanOut: Int) -> Initialiser
  ) {
    (self.weight, self.bias) = (weight, bias)
  }

  /// torch's own: kaiming_uniform_(a = √5) for weights and its rule for biases both come to U(±1/√fan-in).
  package static let torch = Start(bias: { .fanIn($0) }) { fanIn, _ in .fanIn(fanIn) }
  /// kaiming_normal_(mode = fan_out, nonlinearity = relu) (He and others 2015), biases zero.
  package static let kaimingNormal = Start { _, fanOut in .normal(deviation: (2 / Float(fanOut)).squareRoot()) }
  /// N(0, deviation²), biases zero.
  package static func normal(_ deviation: Float) -> Start { Start { _, _ in .normal(deviation: deviation) } }
  /// N(0, deviation²) cut off at ±2 (in units of the weights, as timm calls it), biases zero.
  package static func truncatedNormal(_ deviation: Float) -> Start {
    Start { _, _ in .normal(deviation: deviation, cut: 2) }
  }
  /// N(0, 1/fan-in) cut off at ±2, biases zero.
  package static let truncatedFanIn = Start { fanIn, _ in
    .normal(deviation: 1 / Float(fanIn).squareRoot(), cut: 2)
  }
  /// xavier_uniform_ (Glorot and Bengio 2010), biases N(0, deviation²).
  package static func xavierUniform(biases deviation: Float = 0) -> Start {
    Start(bias: { _ in deviation == 0 ? .constant(0) : .normal(deviation: deviation) }) { fanIn, fanOut in
      .uniform(bound: (6 / Float(fanIn + fanOut)).squareRoot())
    }
  }
  /// Weights as torch's own, biases zero.
  package static let torchWithoutBias = Start { fanIn, _ in .fanIn(fanIn) }
  /// All zero.
  package static let zero = Start { _, _ in .constant(0) }
}
