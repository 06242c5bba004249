import Core
import Kernels
import OneDNN

/// A convolution whose kernel is wider than 3×3 as one of 3×3, so that Winograd computes it: the taps are cut into parts of 3×3, and
/// each part reads its own copy of the map, moved to where its taps lie. The copies are channels of one map, so that the library's
/// convolution adds the parts up. AlexNet's 5×5 (four parts, 1.44 times the products) takes two thirds of the direct kernel's time.
struct Folding: Equatable {
  let channels: Int, outputs: Int
  let kernel: Int, padding: Int

  /// Nil where it does not pay, or where channels do not fill blocks. Winograd's 3×3 runs at 2.3 times a direct kernel's speed, of which
  /// copies and transforms of so many more channels take a part: half as many products again are the most that were found to pay.
  init?(_ layer: Convolution, _ input: Shape) {
    (channels, outputs, kernel, padding) = (input[0], layer.channels, layer.kernel, layer.padding)
    guard layer.groups == 1, layer.stride == 1, (4...9).contains(kernel), padding < kernel else { return nil }
    guard 2 * 9 * parts * parts <= 3 * kernel * kernel, channels >= 32, outputs >= 32 else { return nil }
    guard channels % Self.lanes == 0, outputs % Self.lanes == 0 else { return nil }
  }

  private static let lanes = Layout.block16.lanes

  /// Along an axis.
  private var parts: Int { (kernel + 2) / 3 }

  fileprivate var taps: quaver_fold_taps {
    quaver_fold_taps(outputs: outputs, channels: channels, kernel: kernel, parts: parts)
  }

  fileprivate var weightFloats: Int { 9 * parts * parts * channels * outputs }

  /// [outputs, channels, k, k] as [outputs, parts²·channels, 3, 3].
  func fold(weights: UnsafePointer<Float>, into folded: UnsafeMutablePointer<Float>) {
    withUnsafePointer(to: taps) { quaver_fold_weights(weights, $0, folded) }
  }

  /// The folded map, of which the 3×3 without padding makes `result`.
  fileprivate func map(for result: Shape) -> Shape { [parts * parts * channels, result[1] + 2, result[2] + 2] }

  /// Nil where the library has no Winograd for it.
  @Engine func primitive(_ result: Shape, batch: Int, _ pass: quaver_pass, bias: Bool) -> ConvolutionPrimitive? {
    let shape = Convolution(outputs, kernel: 3).primitiveShape(map(for: result), result, batch: batch)
    guard
      let primitive = ConvolutionPrimitive(
        shape, pass, QUAVER_WINOGRAD, bias: bias, source: .block16, destination: .block16),
      primitive.kernel.hasPrefix("jit_wino"), primitive.source == .block16, primitive.destination == .block16,
      !primitive.plainWeights
    else { return nil }
    return primitive
  }

  private func form(_ x: Shape, _ result: Shape) -> quaver_fold_shape {
    quaver_fold_shape(
      height: x[1], width: x[2], rows: result[1] + 2, columns: result[2] + 2, lanes: Self.lanes)
  }

  /// `count` images of shape `x` as their folded maps, on all threads.
  @Engine fileprivate func fold(
    _ map: UnsafePointer<Float>, _ x: Shape, _ result: Shape, count: Int, into folded: UnsafeMutablePointer<Float>
  ) {
    let (parts, padding, blocks) = (parts, padding, channels / Self.lanes)
    let (plane, wide) = (x[1] * x[2] * Self.lanes, (result[1] + 2) * (result[2] + 2) * Self.lanes)
    withUnsafePointer(to: form(x, result)) { form in
      Parallel.forEach(count * parts * parts * blocks) { range in
        for place in range {
          let block = place % blocks, part = place / blocks % (parts * parts), n = place / blocks / (parts * parts)
          quaver_fold_map(
            map + (n * blocks + block) * plane, form, 3 * (part / parts) - padding, 3 * (part % parts) - padding,
            folded + place * wide)
        }
      }
    }
  }

  /// The gradient of `count` images from that of their folded maps.
  @Engine fileprivate func unfold(
    _ folded: UnsafePointer<Float>, _ x: Shape, _ result: Shape, count: Int, into map: UnsafeMutablePointer<Float>
  ) {
    let (parts, padding, blocks) = (parts, padding, channels / Self.lanes)
    let (plane, wide) = (x[1] * x[2] * Self.lanes, (result[1] + 2) * (result[2] + 2) * Self.lanes)
    withUnsafePointer(to: form(x, result)) { form in
      Parallel.forEach(count * blocks) { range in
        for place in range {
          let first = place / blocks * parts * parts * blocks + place % blocks
          quaver_unfold_map(folded + first * wide, blocks * wide, parts, padding, form, map + place * plane)
        }
      }
    }
  }
}

/// The forward pass of a folded convolution, or dx: a few images at a time, whose folded maps stay near the processor.
@Engine private final class FoldedPass {
  /// The primitives for chunks of images, and for those that are left over.
  struct Primitives {
    private(set) var all: [(primitive: ConvolutionPrimitive, images: Int)] = []

    /// Nil where one has no kernel.
    @Engine init?(_ folding: Folding, _ result: Shape, batch: Int, _ pass: quaver_pass, bias: Bool) {
      for images in [min(batch, FoldedPass.chunk), batch > FoldedPass.chunk ? batch % FoldedPass.chunk : 0]
      where images > 0 {
        guard let primitive = folding.primitive(result, batch: images, pass, bias: bias) else { return nil }
        all.append((primitive, images))
      }
    }
  }

  private let folding: Folding
  private let input: Shape, result: Shape, batch: Int
  private let parts: [(primitive: ConvolutionPrimitive, images: Int, weights: PackedWeights)]
  private let map: Buffer, scratch: Buffer

  private nonisolated static let chunk = 8

  init(_ folding: Folding, _ primitives: Primitives, _ weight: Parameter, _ site: Site, _ phase: Site.Phase) {
    (self.folding, input, result, batch) = (folding, site.inputShapes[0], site.outputShape, site.batch)
    let primitives = primitives.all,
      map = Layout.block16.floats(folding.map(for: result), batch: min(batch, Self.chunk))
    let scratch = site.scratch(primitives.map(\.primitive.scratchFloats).max() ?? 0, phase)
    let arranged = site.scratch(folding.weightFloats, phase)
    (self.map, self.scratch) = (site.scratch(map, phase), scratch)
    parts = primitives.map { primitive, images in
      (primitive, images, site.packed(weight, for: primitive, scratch: scratch, folding: (folding, arranged)))
    }
  }

  var kernel: String { "\(parts[0].primitive.kernel) folded" }

  /// The first image, and with what it and those after it are computed.
  private func chunks(_ body: (_ first: Int, _ images: Int, ConvolutionPrimitive, PackedWeights) -> Void) {
    for first in stride(from: 0, to: batch, by: Self.chunk) {
      let part = batch - first < parts[0].images ? parts[1] : parts[0]
      body(first, part.images, part.primitive, part.weights)
    }
  }

  func forward(_ x: Value, bias: UnsafeMutablePointer<Float>?, into y: Value) {
    chunks { first, images, primitive, weights in
      folding.fold(x.pointer + first * input.count, input, result, count: images, into: map.pointer)
      primitive.run(
        source: map.pointer, weights: weights.pointer, bias: bias, destination: y.pointer + first * result.count,
        scratch: scratch)
    }
  }

  func backward(_ dy: Buffer, into dx: UnsafeMutablePointer<Float>) {
    chunks { first, images, primitive, weights in
      primitive.run(
        source: map.pointer, weights: weights.pointer, bias: nil, destination: dy.pointer + first * result.count,
        scratch: scratch)
      folding.unfold(map.pointer, input, result, count: images, into: dx + first * input.count)
    }
  }
}

/// The weights' gradient of a folded convolution, from a fold of x, which is cheaper to make again than to keep.
@Engine private final class FoldedWeights {
  private let primitive: ConvolutionPrimitive
  private let folding: Folding
  private let gradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>?
  private let result: Shape, batch: Int
  private let map: Buffer, scratch: Buffer, packed: Buffer, arranged: Buffer

  init?(_ folding: Folding, _ primitive: ConvolutionPrimitive, _ weight: Parameter, _ bias: Parameter?, _ site: Site) {
    guard let gradient = site.gradient(of: weight) else { return nil }
    (self.folding, self.primitive, self.gradient) = (folding, primitive, gradient)
    (result, batch) = (site.outputShape, site.batch)
    biasGradient = bias.flatMap(site.gradient(of:))
    map = site.scratch(Layout.block16.floats(folding.map(for: result), batch: batch), .backward)
    scratch = site.scratch(primitive.scratchFloats, .backward)
    packed = site.scratch(primitive.weightFloats, .backward)
    arranged = site.scratch(folding.weightFloats, .backward)
  }

  var kernel: String { "\(primitive.kernel) folded" }

  func run(_ x: Value, _ dy: Buffer) {
    folding.fold(x.pointer, x.shape, result, count: batch, into: map.pointer)
    primitive.run(
      source: map.pointer, weights: packed.pointer, bias: biasGradient, destination: dy.pointer, scratch: scratch)
    let done = quaver_convolution_unpack(primitive.handle, packed.pointer, arranged.pointer, scratch.pointer)
    precondition(done, "unpacking a weight gradient failed")
    withUnsafePointer(to: folding.taps) { quaver_unfold_weights(arranged.pointer, $0, gradient) }
  }
}

@Engine final class FoldedConvolution: Operation {
  private let x: Value, y: Value
  private let bias: Parameter?
  private let toOutput: FoldedPass
  private let dy: Buffer?, dx: InputGradient?
  private let toInput: FoldedPass?, toWeights: FoldedWeights?

  /// Nil where the layer is not folded. Every pass must have its kernel, whatever the plan demands: a network's outputs are the same
  /// bits for every demand.
  init?(_ layer: Convolution, _ site: Site) throws {
    let result = site.outputShape, batch = site.batch
    guard
      let folding = layer.folding(site.inputShapes[0], site.options),
      let forward = FoldedPass.Primitives(folding, result, batch: batch, QUAVER_FORWARD, bias: layer.bias),
      let backward = FoldedPass.Primitives(folding, result, batch: batch, QUAVER_BACKWARD_DATA, bias: false),
      let toTaps = folding.primitive(result, batch: batch, QUAVER_BACKWARD_WEIGHTS, bias: layer.bias)
    else { return nil }
    x = try site.input(as: .block16)
    y = site.output(.block16)
    bias = layer.bias ? site.parameter("bias") : nil
    let weight = site.parameter("weight")
    toOutput = FoldedPass(folding, forward, weight, site, .forward)
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    toWeights = FoldedWeights(folding, toTaps, weight, bias, site)
    if toWeights != nil { site.keep(x) }
    dx = site.gradient(of: x)
    toInput = dx == nil ? nil : FoldedPass(folding, backward, weight, site, .backward)
  }

  var kernels: [String] {
    [toOutput.kernel, toInput?.kernel, toWeights?.kernel].compactMap(\.self)
  }

  func forward(_ mode: Mode) { toOutput.forward(x, bias: bias?.values, into: y) }

  func backward(_ mode: Mode) {
    guard let dy else { return }
    toWeights?.run(x, dy)
    if let dx { toInput?.backward(dy, into: dx.pointer) }
  }
}
