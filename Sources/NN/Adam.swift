import Core
import Glibc
import Kernels

/// Adam with L2-coupled weight decay, exactly as torch.optim.Adam (Kingma and Ba 2015): β 0.9 and 0.999, ε 1e-8.
@Engine package final class Adam {
  package static let beta1: Float = 0.9
  package static let beta2: Float = 0.999
  package static let epsilon: Float = 1e-8

  package let network: Network
  /// Steps taken.
  package internal(set) var steps = 0
  private let first: Arena
  private let second: Arena

  /// - Throws: `CoreError.outOfMemory`.
  package init(_ network: Network) throws {
    self.network = network
    first = try Arena(count: network.trainableFloats)
    second = try Arena(count: network.trainableFloats)
  }

  /// Updates every trainable parameter that is not frozen from its gradient, in one pass over memory on all threads.
  ///
  /// - Parameter weightDecay: λ of an L2 penalty: λ·p is added to p's gradient.
  package func step(learningRate: Double, weightDecay: Double = 0) {
    guard let gradients = network.flat.gradients else {
      preconditionFailure("an optimiser's step before any plan with parameter gradients")
    }
    steps += 1
    let t = Double(steps)
    let correction1 = 1 - pow(Double(Self.beta1), t), correction2 = 1 - pow(Double(Self.beta2), t)
    let constants = quaver_adam_step(
      beta1: Self.beta1, beta2: Self.beta2, epsilon: Self.epsilon, step_size: Float(learningRate / correction1),
      inverse_root: Float(1 / correction2.squareRoot()), weight_decay: Float(weightDecay))
    for range in network.trainedRanges {
      let at = range.lowerBound
      let p = network.flat.values + at, g = gradients + at, m = first.base + at, v = second.base + at
      Library.stretches(range.count) { start, count in
        var constants = constants
        quaver_adam(p + start, g + start, m + start, v + start, count, &constants)
      }
    }
    network.parametersChanged()
  }

  /// The moments of a trainable parameter, in the parameter's shape.
  package func moments(
    of parameter: Parameter
  ) -> (first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>) {
    let offset = network.offset(of: parameter)
    return (first.base + offset, second.base + offset)
  }

  package var bytes: Int { (first.count + second.count) * 4 }
}
