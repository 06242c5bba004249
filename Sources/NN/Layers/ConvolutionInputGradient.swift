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
    weights = site.packed(site.parameter("weight"), as: PrimitiveOrder(primitive, scratch: scratch))
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

/// The taps with which a block of an image's pixels reads each output of a convolution; see `BlockGradient`.
private struct BlockTaps: Equatable {
  let outputs: Int, channels: Int, kernel: Int, stride: Int, padding: Int
  /// Pixels along a block's side, and blocks along the map.
  let side: Int, rows: Int, columns: Int
  /// Outputs that a block reads before its own, and all that it reads along one axis.
  let before: Int, window: Int

  init(_ layer: Convolution, _ image: Shape) {
    let multiple = layer.stride == 1 ? 2 : 1
    (channels, outputs) = (image[0], layer.channels)
    (kernel, stride, padding) = (layer.kernel, layer.stride, layer.padding)
    side = stride * multiple
    before = (kernel - 1) / stride
    window = before + multiple
    (rows, columns) = ((image[1] - 1 + padding) / side + 1, (image[2] - 1 + padding) / side + 1)
  }

  /// The image in blocks.
  var blocks: Shape { [channels * side * side, rows, columns] }

  /// The convolution that makes `blocks` of dy.
  var convolution: Convolution {
    Convolution(channels * side * side, kernel: window, stride: side / stride, padding: before, bias: false)
  }

  var floats: Int { channels * side * side * outputs * window * window }

  func arrange(_ weights: UnsafePointer<Float>, into arranged: UnsafeMutablePointer<Float>) {
    let shape = quaver_block_weights(
      outputs: outputs, channels: channels, kernel: kernel, stride: stride, side: side, window: window, before: before)
    withUnsafePointer(to: shape) { quaver_arrange_block_weights(weights, $0, arranged) }
  }
}

@Engine private struct BlockOrder: WeightOrder {
  private let taps: BlockTaps
  /// Nil where the primitive takes taps as they are arranged.
  private let packing: (order: PrimitiveOrder, arranged: Buffer)?

  init(_ taps: BlockTaps, _ primitive: ConvolutionPrimitive, _ site: Site, scratch: Buffer) {
    self.taps = taps
    packing = PrimitiveOrder(primitive, scratch: scratch).map { ($0, site.scratch(taps.floats, .backward)) }
  }

  var floats: Int { packing?.order.floats ?? taps.floats }

  func arrange(_ weights: UnsafeMutablePointer<Float>, into ordered: UnsafeMutablePointer<Float>) {
    taps.arrange(weights, into: packing?.arranged.pointer ?? ordered)
    if let (order, arranged) = packing { order.arrange(arranged.pointer, into: ordered) }
  }

  func isSame(as other: any WeightOrder) -> Bool {
    guard let other = other as? Self, taps == other.taps else { return false }
    guard let packing, let theirs = other.packing else { return packing == nil && other.packing == nil }
    return packing.order.isSame(as: theirs.order)
  }
}

/// dx of a convolution of an image. oneDNN pads its three channels to sixteen; here a block of b×b pixels is one pixel of
/// 3·b² channels, so that few lanes stay empty, and dx is a *forward* convolution of dy.
///
/// With stride s and padding p, pixel x of dx is b·q + r − p of block q, b = m·s. Output o reads it through weight
/// x + p − s·o, so block q reads the outputs m·q − ⌊(k−1)/s⌋ … m·q + m − 1: a kernel of ⌊(k−1)/s⌋ + m, stride m.
@Engine private final class BlockGradient: InputGradientPass {
  private let taps: BlockTaps
  private let primitive: ConvolutionPrimitive
  private let dx: InputGradient
  private let batch: Int, shape: Shape
  private let weights: PackedWeights
  private let result: Buffer, scratch: Buffer
  private let output: Relayout?

  /// Nil for maps of more channels, and where the library has no fast kernel.
  init?(_ layer: Convolution, _ site: Site, _ x: Value, _ y: Value, to dx: InputGradient) {
    guard x.shape[0] <= 4, layer.groups == 1, x.layout == .plain else { return nil }
    let taps = BlockTaps(layer, x.shape), forward = taps.convolution
    let shape = forward.primitiveShape(y.shape, taps.blocks, batch: site.batch)
    guard
      let primitive = try? choose(
        site, "", forward.algorithms(y.shape, site.options), y.layout, nil,
        {
          ConvolutionPrimitive(shape, QUAVER_FORWARD, $0, bias: false, source: $1, destination: $2)
        }), !primitive.kernel.hasPrefix("ref"),
      let output = try? Optional(
        Relayout(y.shape, site, from: y.layout, to: primitive.source, floats: primitive.source))
    else { return nil }
    (self.taps, self.primitive, self.dx, self.output) = (taps, primitive, dx, output)
    (batch, self.shape) = (site.batch, x.shape)
    result = site.scratch(primitive.destination.floats(taps.blocks, batch: site.batch), .backward)
    scratch = site.scratch(primitive.scratchFloats, .backward)
    weights = site.packed(
      site.parameter("weight"), as: BlockOrder(taps, primitive, site, scratch: scratch))
  }

  var kernel: String { "\(primitive.kernel) by blocks" }

  func run(dy: Buffer) {
    output?.fill(from: dy.pointer)
    primitive.run(
      source: output?.map.pointer ?? dy.pointer, weights: weights.pointer, bias: nil, destination: result.pointer,
      scratch: scratch)
    let from = result.pointer, to = dx.pointer, (channels, height, width) = shape.map
    var map = quaver_blocks(
      channels: channels, height: height, width: width, side: taps.side, offset: taps.padding, rows: taps.rows,
      columns: taps.columns, lanes: primitive.destination.lanes)
    let image = primitive.destination.floats(taps.blocks, batch: 1)
    withUnsafePointer(to: &map) { map in
      Parallel.forEach(batch) { range in
        for n in range { quaver_unblock(from + n * image, map, to + n * channels * height * width) }
      }
    }
  }
}
