import Core
import Kernels

/// Inverted dropout (torch.nn.Dropout). The mask is not kept but drawn again backward: it depends only on the seed, the
/// step, the layer's name and the element's place in the plain layout (in its sample's, where the key names samples). Of samples
/// it is stochastic depth (Huang and others 2016): on a residual branch, the branch is left out for some samples.
package struct Dropout: Layer {
  package let kind = "dropout"
  let rate: Float
  let unit: Unit

  /// What is dropped as a whole.
  package enum Unit: Sendable { case elements, samples }

  package init(_ rate: Float, of unit: Unit = .elements) {
    precondition(0 <= rate && rate < 1, "a dropout rate lies in [0, 1)")
    (self.rate, self.unit) = (rate, unit)
  }

  package func output(of inputs: [Shape]) -> Shape { inputs[0] }

  @Engine package func operation(at site: Site) throws -> any Operation { try DropoutOperation(self, site) }
}

@Engine private final class DropoutOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let rate: Float
  private let unit: Dropout.Unit
  private let batch: Int, firstSample: Int
  private let purpose: String
  private var stream: (seed: UInt64, stream: RandomStream)?

  init(_ layer: Dropout, _ site: Site) throws {
    (rate, unit, batch, firstSample) = (layer.rate, layer.unit, site.batch, site.firstSample)
    purpose = "dropout.\(site.name)"
    x = try site.input(as: .plain)
    y = site.output(reusing: x)
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    dx = site.gradient(of: x, reusing: dy)
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
    guard unit == .elements else { return applyToSamples(key, dropout.samples, from, to) }
    let width = y.shape.count, first = firstSample
    if let samples = dropout.samples {
      let stream = RandomStream(key: key)
      Parallel.forEach(batch) { rows in
        for n in rows {
          quaver_dropout(from + n * width, to + n * width, 0, width, stream.child(samples[first + n]).key, rate, scale)
        }
      }
      return
    }
    let before = first * width
    Library.stretches(y.buffer.count) { quaver_dropout(from + $0, to + $0, before + $0, $1, key, rate, scale) }
  }

  private func applyToSamples(
    _ key: UInt64, _ samples: [Int]?, _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>
  ) {
    let rate = rate, scale = 1 / (1 - rate), size = y.shape.count, stream = RandomStream(key: key)
    let first = firstSample
    Parallel.forEach(batch) { range in
      for n in range {
        var one: Float = 1, factor: Float = 0
        let (own, index) = samples.map { (stream.child($0[first + n]).key, 0) } ?? (key, first + n)
        quaver_dropout(&one, &factor, index, 1, own, rate, scale)
        quaver_scale(from + n * size, factor, to + n * size, size)
      }
    }
  }

  /// The stream's key; the part that depends on the seed is kept, since making it allocates.
  private func key(for dropout: DropoutKey) -> UInt64 {
    if let stream, stream.seed == dropout.seed { return stream.stream.child(dropout.step).key }
    let made = RandomStream(seed: dropout.seed, purpose: purpose)
    stream = (dropout.seed, made)
    return made.child(dropout.step).key
  }
}
