import Core
import Kernels
import OneDNN

/// What computes dx of a convolution.
@Engine protocol InputGradientPass {
  var kernel: String { get }
  func run(dy: Buffer)
}

/// Nil where nobody wants dx.
@Engine func inputGradientPass(
  _ layer: Convolution, _ shape: quaver_convolution_shape, _ site: Site, _ x: Value, _ y: Value,
  _ algorithms: [quaver_algorithm]
) throws -> (any InputGradientPass)? {
  guard let dx = site.gradient(of: x) else { return nil }
  if let blocks = BlockGradient(layer, site, x, y, to: dx) { return blocks }
  return try BackwardData(shape, site, x, y, algorithms, to: dx)
}

/// A map that a backward pass wants in a layout of its own.
@Engine final class Relayout {
  private let reorder: LibraryReorder
  let map: Buffer
  private let scratch: Buffer

  init?(_ shape: Shape, _ site: Site, from: Layout, to: Layout, floats layout: Layout) throws {
    guard from != to else { return nil }
    reorder = try LibraryReorder(shape, batch: site.batch, from: from, to: to, node: site.name)
    map = site.scratch(layout.floats(shape, batch: site.batch), .backward)
    scratch = site.scratch(reorder.scratchFloats, .backward)
  }

  func fill(from other: UnsafePointer<Float>) { reorder.run(other, map.pointer, scratch: scratch) }
  func empty(into other: UnsafeMutablePointer<Float>) { reorder.run(map.pointer, other, scratch: scratch) }
}

@Engine private final class BackwardData: InputGradientPass {
  private let primitive: ConvolutionPrimitive
  private let dx: InputGradient
  private let weights: PackedWeights
  private let scratch: Buffer
  private let input: Relayout?, output: Relayout?

  init(
    _ shape: quaver_convolution_shape, _ site: Site, _ x: Value, _ y: Value, _ algorithms: [quaver_algorithm],
    to dx: InputGradient
  ) throws {
    self.dx = dx
    let what = "the input gradient of a convolution of \(x.shape)"
    primitive = try choose(site, what, algorithms, x.layout, y.layout) {
      ConvolutionPrimitive(shape, QUAVER_BACKWARD_DATA, $0, bias: false, source: $1, destination: $2)
    }
    scratch = site.scratch(primitive.scratchFloats, .backward)
    weights = site.packed(site.parameter("weight"), for: primitive, scratch: scratch)
    input = try Relayout(x.shape, site, from: primitive.source, to: x.layout, floats: primitive.source)
    output = try Relayout(y.shape, site, from: y.layout, to: primitive.destination, floats: primitive.destination)
  }

  var kernel: String { primitive.kernel }

  func run(dy: Buffer) {
    output?.fill(from: dy.pointer)
    primitive.run(
      source: input?.map.pointer ?? dx.pointer, weights: weights.pointer, bias: nil,
      destination: output?.map.pointer ?? dy.pointer, scratch: scratch)
    input?.empty(into: dx.pointer)
  }
}

/// dx of a convolution of an image. oneDNN pads its three channels to sixteen; here a block of b×b pixels is one pixel of
/// 3·b² channels, so that few lanes stay empty, and dx is a *forward* convolution of dy.
///
/// With stride s and padding p, pixel x of dx is b·q + r − p of block q, b = m·s. Output o reads it through weight
/// x + p − s·o, so block q reads the outputs m·q − ⌊(k−1)/s⌋ … m·q + m − 1: a kernel of ⌊(k−1)/s⌋ + m, stride m.
@Engine private final class BlockGradient: InputGradientPass {
  private let layer: Convolution
  private let primitive: ConvolutionPrimitive
  private let dx: InputGradient
  private let weight: Parameter
  private let batch: Int, shape: Shape, outputs: Int
  /// Pixels along a block's side, and blocks along the map.
  private let side: Int, blocks: (rows: Int, columns: Int)
  /// Outputs that a block reads before its own, and all that it reads along one axis.
  private let before: Int, window: Int
  private let arranged: Buffer, packed: Buffer?, result: Buffer, scratch: Buffer
  private let output: Relayout?
  private let tenancy: Tenancy
  private var stamp = Tenancy.Stamp()

  /// Nil for maps of more channels, and where the library has no fast kernel.
  init?(_ layer: Convolution, _ site: Site, _ x: Value, _ y: Value, to dx: InputGradient) {
    guard x.shape[0] <= 4, layer.groups == 1, x.layout == .plain else { return nil }
    let (stride, padding, multiple) = (layer.stride, layer.padding, layer.stride == 1 ? 2 : 1)
    side = stride * multiple
    before = (layer.kernel - 1) / stride
    window = before + multiple
    blocks = ((x.shape[1] - 1 + padding) / side + 1, (x.shape[2] - 1 + padding) / side + 1)
    let channels = x.shape[0] * side * side
    let forward = Convolution(channels, kernel: window, stride: multiple, padding: before, bias: false)
    let target: Shape = [channels, blocks.rows, blocks.columns]
    let shape = forward.primitiveShape(y.shape, target, batch: site.batch)
    guard
      let primitive = try? choose(
        site, "", forward.algorithms(y.shape, site.options), y.layout, nil,
        {
          ConvolutionPrimitive(shape, QUAVER_FORWARD, $0, bias: false, source: $1, destination: $2)
        }), !primitive.kernel.hasPrefix("ref"),
      let output = try? Optional(
        Relayout(y.shape, site, from: y.layout, to: primitive.source, floats: primitive.source))
    else { return nil }
    (self.layer, self.primitive, self.dx, self.output) = (layer, primitive, dx, output)
    (batch, self.shape, outputs, tenancy) = (site.batch, x.shape, y.shape[0], site.tenancy)
    weight = site.parameter("weight")
    let floats = channels * y.shape[0] * window * window
    arranged = primitive.plainWeights ? site.persistent(floats) : site.scratch(floats, .backward)
    packed = primitive.plainWeights ? nil : site.persistent(primitive.weightFloats)
    result = site.scratch(primitive.destination.floats(target, batch: site.batch), .backward)
    scratch = site.scratch(primitive.scratchFloats, .backward)
  }

  var kernel: String { "\(primitive.kernel) by blocks" }

  func run(dy: Buffer) {
    output?.fill(from: dy.pointer)
    primitive.run(
      source: output?.map.pointer ?? dy.pointer, weights: weights(), bias: nil, destination: result.pointer,
      scratch: scratch)
    let from = result.pointer, to = dx.pointer, (channels, height, width) = shape.map
    var map = quaver_blocks(
      channels: channels, height: height, width: width, side: side, offset: layer.padding, rows: blocks.rows,
      columns: blocks.columns, lanes: primitive.destination.lanes)
    let image = primitive.destination.floats([channels * side * side, blocks.rows, blocks.columns], batch: 1)
    withUnsafePointer(to: &map) { map in
      Parallel.forEach(batch) { range in
        for n in range { quaver_unblock(from + n * image, map, to + n * channels * height * width) }
      }
    }
  }

  /// The primitive's weights: for channel c and place (u, v) of the block, those with which it reads each output.
  private func weights() -> UnsafeMutablePointer<Float> {
    if stamp != tenancy.stamp {
      let shape = quaver_block_weights(
        outputs: outputs, channels: shape[0], kernel: layer.kernel, stride: layer.stride, side: side, window: window,
        before: before)
      withUnsafePointer(to: shape) { quaver_arrange_block_weights(weight.values, $0, arranged.pointer) }
      if let packed {
        let done = quaver_convolution_pack(primitive.handle, arranged.pointer, packed.pointer, scratch.pointer)
        precondition(done, "packing the weights of \(weight.name) failed")
      }
      stamp = tenancy.stamp
    }
    return packed?.pointer ?? arranged.pointer
  }
}
