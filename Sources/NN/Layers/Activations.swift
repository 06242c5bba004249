import Core
import Kernels

/// max(0, x). Backward needs only where x was positive: the output's sign where it stays in memory for the next layer's
/// weight gradient anyway, one bit an element otherwise.
package struct ReLU: Layer {
  package let kind = "relu"
  package init() {}

  package func output(of inputs: [Shape]) -> Shape { inputs[0] }
  package func flops(for inputs: [Shape]) -> Int { inputs[0].count }

  @Engine package func operation(at site: Site) throws -> any Operation { try ReLUOperation(site) }
}

@Engine private final class ReLUOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?, mask: Buffer?

  init(_ site: Site) throws {
    x = try site.input()
    y = site.output(x.layout, reusing: x)
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    dx = site.gradient(of: x, reusing: dy)
    if dx != nil, !site.demand.parameters {
      mask = site.kept((Arena.rounded(y.buffer.count) + 31) / 32)
    } else {
      if dx != nil { site.keep(y) }
      mask = nil
    }
  }

  func forward(_ mode: Mode) {
    let x = x.pointer, y = y.pointer, mask = mask?.bytes
    Library.stretches(self.y.buffer.count) { start, count in
      if let mask {
        let whole = count / 8 * 8
        quaver_relu_masked(x + start, y + start, mask + start / 8, whole)
        if whole < count { reluTail(x + start + whole, y + start + whole, mask + (start + whole) / 8, count - whole) }
      } else {
        quaver_relu(x + start, y + start, count)
      }
    }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let dx = dx?.pointer else { return }
    let y = y.pointer, mask = mask?.bytes
    Library.stretches(self.y.buffer.count) { start, count in
      if let mask {
        let whole = count / 8 * 8
        quaver_relu_masked_gradient(dy + start, mask + start / 8, dx + start, whole)
        for i in whole..<count {
          let on = mask[(start + i) / 8] >> UInt8((start + i) % 8) & 1
          dx[start + i] = on == 1 ? dy[start + i] : 0
        }
      } else {
        quaver_relu_gradient(dy + start, y + start, dx + start, count)
      }
    }
  }
}

/// The last 1 … 7 elements, whose mask is one byte.
private func reluTail(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ mask: UnsafeMutablePointer<UInt8>, _ count: Int
) {
  mask.pointee = 0
  for i in 0..<count {
    if x[i] > 0 { mask.pointee |= 1 << UInt8(i) }
    y[i] = x[i] <= 0 ? 0 : x[i]
  }
}

/// x where positive, else exp(x) − 1 (Clevert, Unterthiner, Hochreiter 2016, α = 1). Backward reads the output.
package struct ELU: Layer {
  package let kind = "elu"
  package init() {}

  package func output(of inputs: [Shape]) -> Shape { inputs[0] }
  package func flops(for inputs: [Shape]) -> Int { inputs[0].count }

  @Engine package func operation(at site: Site) throws -> any Operation {
    try ElementwiseOperation(site, quaver_elu, gradient: quaver_elu_gradient, keeping: .output)
  }
}

/// x·min(max(x + 3, 0), 6)/6 (torch.nn.Hardswish; Howard and others 2019). Backward reads the input.
package struct HardSwish: Layer {
  package let kind = "hardSwish"
  package init() {}

  package func output(of inputs: [Shape]) -> Shape { inputs[0] }
  package func flops(for inputs: [Shape]) -> Int { 4 * inputs[0].count }

  @Engine package func operation(at site: Site) throws -> any Operation {
    try ElementwiseOperation(site, quaver_hard_swish, gradient: quaver_hard_swish_gradient, keeping: .input)
  }
}

/// x·Φ(x), Φ the normal distribution's (torch.nn.GELU, exact; Hendrycks and Gimpel 2016). Backward reads the input.
package struct GELU: Layer {
  package let kind = "gelu"
  package init() {}

  package func output(of inputs: [Shape]) -> Shape { inputs[0] }
  package func flops(for inputs: [Shape]) -> Int { 20 * inputs[0].count }

  @Engine package func operation(at site: Site) throws -> any Operation {
    try ElementwiseOperation(site, quaver_gelu, gradient: quaver_gelu_gradient, keeping: .input)
  }
}
