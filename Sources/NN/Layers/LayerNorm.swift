import Core
import Kernels

/// Layer normalisation over the last axis (torch.nn.LayerNorm; Ba, Kiros, Hinton 2016).
package struct LayerNorm: Layer {
  package let kind = "layerNorm"
  let epsilon: Float

  package init(epsilon: Float) {
    precondition(epsilon > 0, "a layer norm needs a positive ε")
    self.epsilon = epsilon
  }

  package func output(of inputs: [Shape]) -> Shape { inputs[0] }

  package func parameters(for inputs: [Shape]) -> [ParameterSpec] {
    [
      ParameterSpec("weight", [inputs[0].width], .constant(1)),
      ParameterSpec("bias", [inputs[0].width], .constant(0)),
    ]
  }

  package func flops(for inputs: [Shape]) -> Int { 8 * inputs[0].count }

  @Engine package func operation(at site: Site) throws -> any Operation { try LayerNormOperation(self, site) }
}

@Engine private final class LayerNormOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let weight: Parameter, bias: Parameter
  private let weightGradient: UnsafeMutablePointer<Float>?, biasGradient: UnsafeMutablePointer<Float>?
  private let epsilon: Float
  private let rows: Int, width: Int, threads: Int
  /// Each row's mean and inverse deviation.
  private let facts: Buffer?
  /// Gradients of weight and bias, in double [threads, 2, width].
  private let sums: Buffer?

  init(_ layer: LayerNorm, _ site: Site) throws {
    x = try site.input(as: .plain)
    y = site.output(reusing: site.demand == .inference ? x : nil)
    (epsilon, width, threads) = (layer.epsilon, x.shape.width, Parallel.threads)
    rows = site.batch * x.shape.count / width
    (weight, bias) = (site.parameter("weight"), site.parameter("bias"))
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    dx = site.gradient(of: x, adds: true)
    (weightGradient, biasGradient) = (site.gradient(of: weight), site.gradient(of: bias))
    facts = dy == nil ? nil : site.kept(2 * rows)
    sums = weightGradient == nil ? nil : site.scratch(2 * Parallel.threads * 2 * x.shape.width, .backward)
    if dy != nil { site.keep(x) }
  }

  func forward(_ mode: Mode) {
    let x = x.pointer, y = y.pointer, facts = facts?.pointer
    let (width, weight, bias, epsilon) = (width, weight.values, bias.values, epsilon)
    Parallel.forEach(rows) { range in
      let at = range.lowerBound * width
      quaver_layer_norm(
        x + at, range.count, width, weight, bias, epsilon, y + at, facts.map { $0 + 2 * range.lowerBound })
    }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let facts = facts?.pointer else { return }
    let x = x.pointer, dx = dx?.pointer, adding = self.dx?.accumulates ?? false, sums = sums?.doubles
    let (rows, width, weight) = (rows, width, weight.values)
    sums?.update(repeating: 0, count: threads * 2 * width)
    Parallel.run { thread, threads in
      let first = rows * thread / threads, last = rows * (thread + 1) / threads, at = first * width
      quaver_layer_norm_gradient(
        dy + at, x + at, facts + 2 * first, last - first, width, weight, dx.map { $0 + at }, adding,
        sums.map { $0 + thread * 2 * width })
    }
    guard let sums, let weightGradient, let biasGradient else { return }
    for c in 0..<width {
      var (first, second) = (0.0, 0.0)
      for thread in 0..<threads {
        first += sums[thread * 2 * width + c]
        second += sums[(thread * 2 + 1) * width + c]
      }
      (weightGradient[c], biasGradient[c]) = (Float(first), Float(second))
    }
  }
}
