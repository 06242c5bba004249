import Core
import Kernels

/// Inverted dropout (torch.nn.Dropout). The mask is not kept but drawn again backward: it depends only on the seed, the
/// step, the layer's name and the element's place in the plain layout (in its sample's, where the key names samples).
package struct Dropout: Layer {
  package let kind = "dropout"
  let rate: Float

  package init(_ rate: Float) {
    precondition(0 <= rate && rate < 1, "a dropout rate lies in [0, 1)")
    self.rate = rate
  }

  package func output(of inputs: [Shape]) -> Shape { inputs[0] }

  @Engine package func operation(at site: Site) throws -> any Operation { try DropoutOperation(rate, site) }
}

@Engine private final class DropoutOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let rate: Float
  private let purpose: String
  private var stream: (seed: UInt64, stream: RandomStream)?

  init(_ rate: Float, _ site: Site) throws {
    self.rate = rate
    purpose = "dropout.\(site.name)"
    x = try site.input(as: .plain)
    y = site.output(reusing: x)
    dx = site.gradient(of: x)
    dy = dx == nil ? nil : site.outputGradient(of: y)
  }

  func forward(_ mode: Mode) { apply(mode, x.pointer, y.pointer) }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let dx = dx?.pointer else { return }
    apply(mode, dy, dx)
  }

  private func apply(_ mode: Mode, _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>) {
    guard let dropout = mode.dropout, rate > 0 else {
      if UnsafePointer(to) != from { to.update(from: from, count: y.buffer.count) }
      return
    }
    let key = key(for: dropout), rate = rate, scale = 1 / (1 - rate)
    if let samples = dropout.samples {
      let width = y.buffer.count / samples.count
      precondition(width == y.shape.count, "\(samples.count) samples named for another batch")
      let stream = RandomStream(key: key)
      Parallel.forEach(samples.count) { rows in
        for n in rows {
          quaver_dropout(from + n * width, to + n * width, 0, width, stream.child(samples[n]).key, rate, scale)
        }
      }
      return
    }
    Library.stretches(y.buffer.count) { quaver_dropout(from + $0, to + $0, $0, $1, key, rate, scale) }
  }

  /// The stream's key; the part that depends on the seed is kept, since making it allocates.
  private func key(for dropout: DropoutKey) -> UInt64 {
    if let stream, stream.seed == dropout.seed { return stream.stream.child(dropout.step).key }
    let made = RandomStream(seed: dropout.seed, purpose: purpose)
    stream = (dropout.seed, made)
    return made.child(dropout.step).key
  }
}
