import Core
import Kernels
import OneDNN

/// What computes dW, and db where there is a bias, of a convolution.
@Engine protocol WeightGradientPass {
  var kernel: String { get }
  func run(x: Value, dy: Buffer)
}

/// Nil where nobody wants dW.
@Engine func weightGradientPass(
  _ layer: Convolution, _ shape: quaver_convolution_shape, _ site: Site, _ x: Value, _ y: Value,
  _ algorithms: [quaver_algorithm]
) throws -> (any WeightGradientPass)? {
  guard let weights = site.gradient(of: site.parameter("weight")) else { return nil }
  let gradient = WeightGradient(weights: weights, bias: layer.bias ? site.gradient(of: site.parameter("bias")) : nil)
  site.keep(x)
  let direct = try choose(site, "the weight gradient of a convolution of \(x.shape)", algorithms, x.layout, y.layout) {
    ConvolutionPrimitive(shape, QUAVER_BACKWARD_WEIGHTS, $0, bias: layer.bias, source: $1, destination: $2)
  }
  if let products = try ProductWeights(layer, shape, site, x, y, instead: direct, to: gradient) { return products }
  return try BackwardWeights(layer, shape, site, x, y, direct, to: gradient)
}

private struct WeightGradient {
  let weights: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>?
}

@Engine private final class BackwardWeights: WeightGradientPass {
  private let primitive: ConvolutionPrimitive
  private let gradient: WeightGradient
  private let packed: Buffer?
  private let scratch: Buffer
  private let margin: Margin?
  private let input: Relayout?, output: Relayout?

  init(
    _ layer: Convolution, _ shape: quaver_convolution_shape, _ site: Site, _ x: Value, _ y: Value,
    _ unpadded: ConvolutionPrimitive, to gradient: WeightGradient
  ) throws {
    self.gradient = gradient
    margin = Margin(layer, shape, site, instead: unpadded, y.layout, .backward)
    primitive = margin?.primitive ?? unpadded
    packed = primitive.plainWeights ? nil : site.scratch(primitive.weightFloats, .backward)
    scratch = site.scratch(primitive.scratchFloats, .backward)
    input = try Relayout(x.shape, site, from: x.layout, to: primitive.source, floats: primitive.source)
    output = try Relayout(y.shape, site, from: y.layout, to: primitive.destination, floats: primitive.destination)
  }

  var kernel: String { primitive.kernel }

  func run(x: Value, dy: Buffer) {
    input?.fill(from: x.pointer)
    output?.fill(from: dy.pointer)
    let source = input?.map.pointer ?? x.pointer
    primitive.run(
      source: margin?.filled(from: source) ?? source, weights: packed?.pointer ?? gradient.weights,
      bias: gradient.bias, destination: output?.map.pointer ?? dy.pointer, scratch: scratch)
    guard let packed else { return }
    let done = quaver_convolution_unpack(primitive.handle, packed.pointer, gradient.weights, scratch.pointer)
    precondition(done, "unpacking a weight gradient failed")
  }
}

/// dW by the library's matrix products, which take maps in plain layout, a few images at a time. Without AVX-512 the
/// library's own kernel reaches 72 to 110 GFLOP/s on 128 to 512 channels, products with all copies 114 to 138; on fewer
/// channels they are no faster.
@Engine private final class ProductWeights: WeightGradientPass {
  /// Floats that the copies of two maps may take together.
  private static let bound = 8 << 20

  private let primitive: ConvolutionPrimitive
  private let gradient: WeightGradient
  /// Floats of an image's maps as they come.
  private let image: (x: Int, y: Int)
  private let weights: Int, channels: Int
  private let batch: Int, images: Int
  private let input: Relayout, output: Relayout
  private let scratch: Buffer
  /// dW and db of the images at hand, where they are not the first.
  private let part: (weights: Buffer, bias: Buffer)?

  /// Nil where products do not pay.
  init?(
    _ layer: Convolution, _ shape: quaver_convolution_shape, _ site: Site, _ x: Value, _ y: Value,
    instead direct: ConvolutionPrimitive, to gradient: WeightGradient
  ) throws {
    guard site.options.convolution == .automatic, direct.kernel == "jit:avx2", layer.kernel == 3, layer.stride == 1,
      layer.groups == 1, x.shape[0] >= 128, layer.channels >= 256
    else { return nil }
    let batch = site.batch, floats = x.shape.count + y.shape.count
    images = (1...batch).last { batch % $0 == 0 && $0 * floats <= Self.bound } ?? 1
    image = (x.layout.floats(x.shape, batch: 1), y.layout.floats(y.shape, batch: 1))
    var shape = shape
    shape.batch = Int32(images)
    guard
      let primitive = ConvolutionPrimitive(
        shape, QUAVER_BACKWARD_WEIGHTS, QUAVER_DIRECT, bias: layer.bias, source: .plain, destination: .plain),
      primitive.kernel.contains("gemm"), primitive.plainWeights,
      let input = try Relayout(x.shape, images: images, site, from: x.layout, to: .plain, floats: .plain),
      let output = try Relayout(y.shape, images: images, site, from: y.layout, to: .plain, floats: .plain)
    else { return nil }
    (self.primitive, self.gradient, self.batch) = (primitive, gradient, batch)
    (self.input, self.output, weights, channels) = (input, output, primitive.weightFloats, layer.channels)
    scratch = site.scratch(primitive.scratchFloats, .backward)
    part = images < batch ? (site.scratch(weights, .backward), site.scratch(channels, .backward)) : nil
  }

  var kernel: String { primitive.kernel }

  func run(x: Value, dy: Buffer) {
    for first in stride(from: 0, to: batch, by: images) {
      input.fill(from: x.pointer + first * image.x)
      output.fill(from: dy.pointer + first * image.y)
      let part = first == 0 ? nil : part
      primitive.run(
        source: input.map.pointer, weights: part?.weights.pointer ?? gradient.weights,
        bias: gradient.bias.map { part?.bias.pointer ?? $0 }, destination: output.map.pointer, scratch: scratch)
      if let part { add(part.weights.pointer, part.bias.pointer) }
    }
  }

  private func add(_ partOfWeights: UnsafePointer<Float>, _ partOfBias: UnsafePointer<Float>) {
    let to = gradient.weights
    Library.stretches(weights) { quaver_add(partOfWeights + $0, to + $0, $1) }
    if let bias = gradient.bias { quaver_add(partOfBias, bias, channels) }
  }
}
