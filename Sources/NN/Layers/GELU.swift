import Core
import Kernels

/// x·Φ(x), Φ the normal distribution's (torch.nn.GELU, exact; Hendrycks and Gimpel 2016). Backward reads the input.
package struct GELU: Layer {
  package let kind = "gelu"
  package init() {}

  package func output(of inputs: [Shape]) -> Shape { inputs[0] }
  package func flops(for inputs: [Shape]) -> Int { 20 * inputs[0].count }

  @Engine package func operation(at site: Site) throws -> any Operation { try GELUOperation(site) }
}

@Engine private final class GELUOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?

  init(_ site: Site) throws {
    x = try site.input()
    y = site.output(x.layout, reusing: x)
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    dx = site.gradient(of: x, reusing: dy)
    if dx != nil { site.keep(x) }
  }

  func forward(_ mode: Mode) {
    let x = x.pointer, y = y.pointer
    Library.stretches(self.y.buffer.count) { quaver_gelu(x + $0, y + $0, $1) }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let dx = dx?.pointer else { return }
    let x = x.pointer
    Library.stretches(y.buffer.count) { quaver_gelu_gradient(dy + $0, x + $0, dx + $0, $1) }
  }
}
