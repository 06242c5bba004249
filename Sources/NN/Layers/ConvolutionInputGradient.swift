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
  if let image = ImageGradient(layer, site, x, y, to: dx) { return image }
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

/// The weights as `quaver_image_gradient_row` reads them.
@Engine private struct ImageOrder: WeightOrder {
  let form: quaver_image_convolution

  var floats: Int { form.blocks * form.lanes * 3 * form.kernel * form.kernel }

  func arrange(_ weights: UnsafeMutablePointer<Float>, into ordered: UnsafeMutablePointer<Float>) {
    withUnsafePointer(to: form) { quaver_image_weights(weights, $0, ordered) }
  }

  func isSame(as other: any WeightOrder) -> Bool { (other as? Self)?.form.lanes == form.lanes }
}

/// dx of a convolution of an image at stride 1. oneDNN pads its three channels to sixteen; here each lane sums a pixel's share of its
/// own outputs, and only then are lanes added, so that none is empty: 2.5 times as fast on CNN-LSTM's 2×2, twice on VGG16's 3×3.
@Engine private final class ImageGradient: InputGradientPass {
  private let form: quaver_image_convolution
  private let dx: InputGradient
  private let weights: PackedWeights
  private let batch: Int, image: Int, result: Int

  /// Nil for other maps, and where channels do not fill blocks.
  init?(_ layer: Convolution, _ site: Site, _ x: Value, _ y: Value, to dx: InputGradient) {
    guard x.shape[0] == 3, layer.groups == 1, layer.stride == 1, x.layout == .plain else { return nil }
    guard y.layout != .plain, y.shape[0] % y.layout.lanes == 0 else { return nil }
    form = quaver_image_convolution(
      height: x.shape[1], width: x.shape[2], rows: y.shape[1], columns: y.shape[2],
      blocks: y.shape[0] / y.layout.lanes, lanes: y.layout.lanes, kernel: layer.kernel, padding: layer.padding)
    (self.dx, batch, image, result) = (dx, site.batch, x.shape.count, y.shape.count)
    weights = site.packed(site.parameter("weight"), as: ImageOrder(form: form))
  }

  var kernel: String { "by lanes" }

  func run(dy: Buffer) {
    let dy = dy.pointer, to = dx.pointer, weights = weights.pointer, (image, result) = (image, result)
    withUnsafePointer(to: form) { form in
      let height = form.pointee.height
      Parallel.forEach(batch * height) { range in
        for row in range {
          let n = row / height
          quaver_image_gradient_row(dy + n * result, weights, form, row % height, to + n * image)
        }
      }
    }
  }
}

/// The taps with which a block of an image's pixels reads each output of a convolution; see `BlockGradient`.
private struct BlockTaps: Equatable {
  let outputs: Int, channels: Int, kernel: Int, stride: Int, padding: Int
  /// Outputs along an axis that a block reads before its own.
  let before: Int
  /// Blocks along the map.
  let rows: Int, columns: Int

  init(_ layer: Convolution, _ image: Shape) {
    (channels, outputs) = (image[0], layer.channels)
    (kernel, stride, padding) = (layer.kernel, layer.stride, layer.padding)
    before = (kernel - 1) / stride
    (rows, columns) = ((image[1] - 1 + padding) / stride + 1, (image[2] - 1 + padding) / stride + 1)
  }

  /// The image in blocks.
  var blocks: Shape { [channels * stride * stride, rows, columns] }

  /// The convolution that makes `blocks` of dy.
  var convolution: Convolution {
    Convolution(channels * stride * stride, kernel: before + 1, padding: before, bias: false)
  }

  var floats: Int { channels * stride * stride * outputs * (before + 1) * (before + 1) }

  func arrange(_ weights: UnsafePointer<Float>, into arranged: UnsafeMutablePointer<Float>) {
    let shape = quaver_block_weights(
      outputs: outputs, channels: channels, kernel: kernel, stride: stride, before: before)
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

/// dx of a convolution of an image with a stride s. oneDNN pads its three channels to sixteen; here a block of s×s pixels is one
/// pixel of 3·s² channels, so that few lanes stay empty, and dx is a *forward* convolution of dy.
///
/// With padding p, pixel x of dx is s·q + r − p of block q. Output o reads it through weight x + p − s·o, so block q reads the outputs
/// q − ⌊(k−1)/s⌋ … q: a kernel of ⌊(k−1)/s⌋ + 1.
@Engine private final class BlockGradient: InputGradientPass {
  private let taps: BlockTaps
  private let primitive: ConvolutionPrimitive
  private let dx: InputGradient
  private let batch: Int, shape: Shape
  private let weights: PackedWeights
  private let result: Buffer, scratch: Buffer
  private let output: Relayout?

  /// Nil for maps of more channels or at stride 1, and where the library has no fast kernel.
  init?(_ layer: Convolution, _ site: Site, _ x: Value, _ y: Value, to dx: InputGradient) {
    guard x.shape[0] <= 4, layer.groups == 1, layer.stride > 1, x.layout == .plain else { return nil }
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
      channels: channels, height: height, width: width, side: taps.stride, offset: taps.padding, rows: taps.rows,
      columns: taps.columns, lanes: primitive.destination.lanes)
    let image = primitive.destination.floats(taps.blocks, batch: 1)
    withUnsafePointer(to: &map) { map in
      Parallel.forEach(batch) { range in
        for n in range { quaver_unblock(from + n * image, map, to + n * channels * height * width) }
      }
    }
  }
}
