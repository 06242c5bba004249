import Core
import Kernels

/// The sum of two values of one shape (a residual connection).
package struct Sum: Layer {
  package let kind = "sum"
  package init() {}

  package func output(of inputs: [Shape]) -> Shape {
    precondition(
      inputs.count == 2 && inputs[0] == inputs[1], "only two values of one shape can be added, not \(inputs)")
    return inputs[0]
  }

  package func flops(for inputs: [Shape]) -> Int { inputs[0].count }

  @Engine package func operation(at site: Site) throws -> any Operation { try SumOperation(site) }
}

@Engine private final class SumOperation: Operation {
  private let a: Value, b: Value, y: Value
  private let dy: Buffer?
  private let gradients: [InputGradient]

  init(_ site: Site) throws {
    a = try site.input(0)
    b = try site.input(1, as: a.layout)
    y = site.output(a.layout, reusing: a)
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    let apart = a.root !== b.root
    gradients = [
      site.gradient(of: a, adds: true), site.gradient(of: b, adds: true, reusing: apart ? dy : nil),
    ].compactMap(\.self)
  }

  func forward(_ mode: Mode) {
    let a = a.pointer, b = b.pointer, y = y.pointer
    Library.stretches(self.y.buffer.count) { quaver_sum(a + $0, b + $0, y + $0, $1) }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer else { return }
    for gradient in gradients {
      let dx = gradient.pointer, accumulates = gradient.accumulates
      guard dx != dy else { continue }
      Library.stretches(y.buffer.count) { start, count in
        if accumulates {
          quaver_add(dy + start, dx + start, count)
        } else {
          (dx + start).update(from: dy + start, count: count)
        }
      }
    }
  }
}
