import Core
import Kernels

/// Every `stride`-th row and column of tokens that are the pixels of a square map: [n², c] → [⌈n/stride⌉², c].
package struct Subsample: Layer {
  package let kind = "subsample"
  let stride: Int

  package init(stride: Int) {
    precondition(stride > 0, "a stride of \(stride) samples nothing")
    self.stride = stride
  }

  /// Rows and columns before and after.
  fileprivate func sides(_ tokens: Int) -> (before: Int, after: Int) {
    let side = Int(Double(tokens).squareRoot().rounded())
    precondition(side * side == tokens, "\(tokens) tokens are not the pixels of a square map")
    return (side, (side + stride - 1) / stride)
  }

  package func output(of inputs: [Shape]) -> Shape {
    precondition(inputs[0].rank == 2, "only tokens can be sampled, not \(inputs[0])")
    let after = sides(inputs[0][0]).after
    return [after * after, inputs[0][1]]
  }

  @Engine package func operation(at site: Site) throws -> any Operation { try SubsampleOperation(self, site) }
}

@Engine private final class SubsampleOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let batch: Int, width: Int, before: Int, after: Int, stride: Int

  init(_ layer: Subsample, _ site: Site) throws {
    x = try site.input(as: .plain)
    y = site.output()
    dx = site.gradient(of: x, adds: true)
    dy = dx == nil ? nil : site.outputGradient(of: y)
    (batch, width, stride) = (site.batch, x.shape.width, layer.stride)
    (before, after) = layer.sides(x.shape[0])
  }

  func forward(_ mode: Mode) {
    let x = x.pointer, y = y.pointer
    for n in 0..<batch {
      for row in 0..<after {
        for column in 0..<after {
          let from = x + ((n * before + row * stride) * before + column * stride) * width
          (y + ((n * after + row) * after + column) * width).update(from: from, count: width)
        }
      }
    }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let dx, let to = self.dx?.pointer else { return }
    if !dx.accumulates { to.update(repeating: 0, count: x.buffer.count) }
    for n in 0..<batch {
      for row in 0..<after {
        for column in 0..<after {
          let at = to + ((n * before + row * stride) * before + column * stride) * width
          quaver_add(dy + ((n * after + row) * after + column) * width, at, width)
        }
      }
    }
  }
}

/// The mean over a sample's tokens: [t, c] → [c].
package struct TokenMean: Layer {
  package let kind = "tokenMean"
  package init() {}

  package func output(of inputs: [Shape]) -> Shape {
    precondition(inputs[0].rank == 2, "only tokens have a mean, not \(inputs[0])")
    return [inputs[0][1]]
  }

  package func flops(for inputs: [Shape]) -> Int { inputs[0].count }

  @Engine package func operation(at site: Site) throws -> any Operation { try TokenMeanOperation(site) }
}

@Engine private final class TokenMeanOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let batch: Int, tokens: Int, width: Int

  init(_ site: Site) throws {
    x = try site.input(as: .plain)
    y = site.output()
    dx = site.gradient(of: x)
    dy = dx == nil ? nil : site.outputGradient(of: y)
    (batch, tokens, width) = (site.batch, x.shape[0], x.shape[1])
  }

  func forward(_ mode: Mode) {
    let x = x.pointer, y = y.pointer, (tokens, width) = (tokens, width), share = 1 / Float(tokens)
    for n in 0..<batch {
      quaver_column_sums(x + n * tokens * width, tokens, width, 0, width, y + n * width)
    }
    quaver_scale(y, share, y, batch * width)
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let dx = dx?.pointer else { return }
    let share = 1 / Float(tokens)
    for n in 0..<batch {
      for token in 0..<tokens { quaver_scale(dy + n * width, share, dx + (n * tokens + token) * width, width) }
    }
  }
}
