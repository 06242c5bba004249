import Core
import Kernels

/// The mean of two values of one shape.
package struct Average: Layer {
  package let kind = "average"
  package init() {}

  package func output(of inputs: [Shape]) -> Shape {
    precondition(
      inputs.count == 2 && inputs[0] == inputs[1], "only two values of one shape have a mean, not \(inputs)")
    return inputs[0]
  }

  package func flops(for inputs: [Shape]) -> Int { 2 * inputs[0].count }

  @Engine package func operation(at site: Site) throws -> any Operation { try AverageOperation(site) }
}

@Engine private final class AverageOperation: Operation {
  private let a: Value, b: Value, y: Value
  private let dy: Buffer?
  private let gradients: [InputGradient]

  init(_ site: Site) throws {
    a = try site.input(0)
    b = try site.input(1, as: a.layout)
    y = site.output(a.layout)
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    gradients = [site.gradient(of: a), site.gradient(of: b)].compactMap(\.self)
  }

  func forward(_ mode: Mode) {
    let a = a.pointer, b = b.pointer, y = y.pointer
    Library.stretches(self.y.buffer.count) { quaver_average(a + $0, b + $0, y + $0, $1) }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer else { return }
    for gradient in gradients {
      let dx = gradient.pointer
      Library.stretches(y.buffer.count) { quaver_scale(dy + $0, 0.5, dx + $0, $1) }
    }
  }
}
