import Core
import OneDNN

/// 2-D convolution with bias (torch.nn.Conv2d): x [c, h, w] → y [channels, h', w'], weights [channels, c/groups, k, k].
package struct Convolution: Layer {
  package let kind = "conv2d"
  let channels: Int, kernel: Int, stride: Int, padding: Int, groups: Int
  let bias: Bool
  let start: Start

  package init(
    _ channels: Int, kernel: Int, stride: Int = 1, padding: Int = 0, groups: Int = 1, bias: Bool = true,
    start: Start = .torch
  ) {
    precondition(channels > 0 && kernel > 0 && stride > 0 && padding >= 0, "a convolution's sizes must be positive")
    precondition(groups > 0 && channels % groups == 0, "\(channels) channels do not divide into \(groups) groups")
    (self.channels, self.kernel, self.stride, self.padding) = (channels, kernel, stride, padding)
    (self.groups, self.bias, self.start) = (groups, bias, start)
  }

  package func output(of inputs: [Shape]) -> Shape {
    let (c, h, w) = inputs[0].map
    precondition(c % groups == 0, "\(c) channels do not divide into \(groups) groups")
    precondition(h + 2 * padding >= kernel && w + 2 * padding >= kernel, "a \(kernel)×\(kernel) kernel on \(inputs[0])")
    return [channels, (h + 2 * padding - kernel) / stride + 1, (w + 2 * padding - kernel) / stride + 1]
  }

  package func parameters(for inputs: [Shape]) -> [ParameterSpec] {
    let perGroup = inputs[0][0] / groups, window = kernel * kernel, fanIn = perGroup * window
    let weight = ParameterSpec(
      "weight", [channels, perGroup, kernel, kernel], start.weight(fanIn, channels * window))
    return bias ? [weight, ParameterSpec("bias", [channels], start.bias(fanIn))] : [weight]
  }

  package func flops(for inputs: [Shape]) -> Int {
    2 * output(of: inputs).count * inputs[0][0] / groups * kernel * kernel
  }

  @Engine package func operation(at site: Site) throws -> any Operation {
    if let tiled = try TiledConvolution(self, site) { return tiled }
    return try ConvolutionOperation(self, site)
  }

  /// Whether Winograd is worth trying: 3×3, stride 1. oneDNN's F(4×4, 3×3) is exact to about 1e-5, inside every
  /// tolerance of the reference on these networks, so that no shape is vetoed for accuracy; below 32 channels it loses
  /// more in its transforms than it saves in products.
  func winogradPays(_ input: Shape) -> Bool {
    kernel == 3 && stride == 1 && groups == 1 && input[0] >= 32 && channels >= 32
  }

  /// Winograd's float32 beats bf16 on many channels and maps that its tiles of 4×4 fill (1400 against 1050 GFLOP/s on 256
  /// channels of 56×56, 1120 against 990 on 512 of 14×14), and on a Zen 4 with fewer too: 515 against 420 on 64 of 224×224.
  private func winogradBeatsRounding(_ input: Shape) -> Bool {
    min(input[1], input[2]) >= 14 && (min(input[0], channels) >= 256 || Library.halvesVectors)
  }

  /// How to compute a pass, best first.
  @Engine func algorithms(_ input: Shape, _ options: PlanOptions) -> [quaver_algorithm] {
    let precision = options.precision ?? .float32
    let direct = precision == .bf16 ? [QUAVER_BF16, QUAVER_DIRECT] : [QUAVER_DIRECT]
    let winograd =
      switch options.algorithm {
      case .direct: false
      case .fast: kernel == 3 && stride == 1
      case .automatic: winogradPays(input) && (precision == .float32 || winogradBeatsRounding(input))
      }
    return winograd ? [QUAVER_WINOGRAD] + direct : direct
  }

  /// Whether the library computes it by Winograd on this processor.
  @Engine func runsWinograd(_ input: Shape, _ options: PlanOptions) -> Bool {
    guard algorithms(input, options).first == QUAVER_WINOGRAD else { return false }
    let shape = primitiveShape(input, output(of: [input]), batch: 1)
    return ConvolutionPrimitive(
      shape, QUAVER_FORWARD, QUAVER_WINOGRAD, bias: bias, source: nil, destination: nil) != nil
  }

  func primitiveShape(_ input: Shape, _ output: Shape, batch: Int) -> quaver_convolution_shape {
    quaver_convolution_shape(
      batch: Int32(batch), groups: Int32(groups), channels_in: Int32(input[0]), height_in: Int32(input[1]),
      width_in: Int32(input[2]), channels_out: Int32(output[0]), height_out: Int32(output[1]),
      width_out: Int32(output[2]), kernel_height: Int32(kernel), kernel_width: Int32(kernel),
      stride_height: Int32(stride), stride_width: Int32(stride), padding_height: Int32(padding),
      padding_width: Int32(padding))
  }
}

/// oneDNN's primitive for one pass of one convolution.
@Engine final class ConvolutionPrimitive {
  let handle: OpaquePointer

  /// Nil where the library has none with these layouts (nil: any) and this algorithm.
  init?(
    _ shape: quaver_convolution_shape, _ pass: quaver_pass, _ algorithm: quaver_algorithm, bias: Bool,
    source: Layout?, destination: Layout?
  ) {
    var shape = shape
    guard
      let handle = quaver_convolution_create(
        &shape, pass, algorithm, bias, source?.library ?? QUAVER_LAYOUT_ANY, destination?.library ?? QUAVER_LAYOUT_ANY)
    else { return nil }
    self.handle = handle
  }

  isolated deinit { quaver_convolution_free(handle) }

  var source: Layout { Layout(quaver_convolution_source(handle)) }
  var destination: Layout { Layout(quaver_convolution_destination(handle)) }
  var weightFloats: Int { (quaver_convolution_weight_bytes(handle) + 3) / 4 }
  var plainWeights: Bool { quaver_convolution_plain_weights(handle) }
  var scratchFloats: Int { (quaver_convolution_scratch_bytes(handle) + 3) / 4 }
  var kernel: String { String(cString: quaver_convolution_kernel(handle)) }

  func run(
    source: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>?,
    destination: UnsafeMutablePointer<Float>, scratch: Buffer
  ) {
    let done = quaver_convolution_run(handle, source, weights, bias, destination, scratch.pointer)
    precondition(done, "a convolution failed")
  }
}

@Engine private final class ConvolutionOperation: Operation {
  private let x: Value, y: Value
  private let bias: Parameter?
  private let margin: Margin?
  private let forwardPass: ConvolutionPrimitive
  private let forwardWeights: PackedWeights
  private let scratch: Buffer
  private let dy: Buffer?
  private let toInput: (any InputGradientPass)?
  private let toWeights: BackwardWeights?

  init(_ layer: Convolution, _ site: Site) throws {
    let shape = layer.primitiveShape(site.inputShapes[0], site.outputShape, batch: site.batch)
    let algorithms = layer.algorithms(site.inputShapes[0], site.options)
    let unpadded = try choose(site, "a convolution of \(site.inputShapes[0])", algorithms, nil, nil) {
      ConvolutionPrimitive(shape, QUAVER_FORWARD, $0, bias: layer.bias, source: $1, destination: $2)
    }
    margin = Margin(layer, shape, site, instead: unpadded, nil, .forward)
    forwardPass = margin?.primitive ?? unpadded
    x = try site.input(as: forwardPass.source)
    y = site.output(forwardPass.destination)
    bias = layer.bias ? site.parameter("bias") : nil
    let weight = site.parameter("weight")
    scratch = site.scratch(forwardPass.scratchFloats, .forward)
    forwardWeights = site.packed(weight, as: PrimitiveOrder(forwardPass, scratch: scratch))
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    toWeights = try BackwardWeights(layer, shape, site, x, y, algorithms)
    toInput = try inputGradientPass(layer, shape, site, x, y, algorithms)
  }

  var kernels: [String] {
    [forwardPass.kernel, toInput?.kernel, toWeights?.primitive.kernel].compactMap(\.self)
  }

  func forward(_ mode: Mode) {
    forwardPass.run(
      source: margin?.filled(from: x.pointer) ?? x.pointer, weights: forwardWeights.pointer, bias: bias?.values,
      destination: y.pointer, scratch: scratch)
  }

  func backward(_ mode: Mode) {
    guard let dy else { return }
    toWeights?.run(x: x, dy: dy)
    toInput?.run(dy: dy)
  }
}

/// The first primitive that is there and is not the library's reference implementation, which is a thousand times slower:
/// algorithm by algorithm, each in the map's own layouts and then in any. With AMX "any" is a layout that the engine does
/// not have, channels innermost; bf16 is then asked for in the blocks that AVX-512's kernels read.
@Engine func choose(
  _ site: Site, _ what: String, _ algorithms: [quaver_algorithm], _ source: Layout?, _ destination: Layout?,
  _ make: (_ algorithm: quaver_algorithm, _ source: Layout?, _ destination: Layout?) -> ConvolutionPrimitive?
) throws -> ConvolutionPrimitive {
  var slow: ConvolutionPrimitive?
  for algorithm in algorithms {
    var layouts: [(Layout?, Layout?)] = source == nil ? [(nil, nil)] : [(source, destination), (nil, nil)]
    if algorithm == QUAVER_BF16 { layouts += [(.block16, .block16), (.plain, .block16)] }
    for (source, destination) in layouts {
      guard let primitive = make(algorithm, source, destination) else { continue }
      if !primitive.kernel.hasPrefix("ref") { return primitive }
      slow = primitive
    }
  }
  guard let slow else { throw NNError.unsupported(node: site.name, what: what) }
  return slow
}

@Engine private final class BackwardWeights {
  let primitive: ConvolutionPrimitive
  private let gradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>?
  private let packed: Buffer?
  private let scratch: Buffer
  private let margin: Margin?
  private let input: Relayout?, output: Relayout?

  init?(
    _ layer: Convolution, _ shape: quaver_convolution_shape, _ site: Site, _ x: Value, _ y: Value,
    _ algorithms: [quaver_algorithm]
  ) throws {
    guard let gradient = site.gradient(of: site.parameter("weight")) else { return nil }
    self.gradient = gradient
    biasGradient = layer.bias ? site.gradient(of: site.parameter("bias")) : nil
    site.keep(x)
    let what = "the weight gradient of a convolution of \(x.shape)"
    let unpadded = try choose(site, what, algorithms, x.layout, y.layout) {
      ConvolutionPrimitive(shape, QUAVER_BACKWARD_WEIGHTS, $0, bias: layer.bias, source: $1, destination: $2)
    }
    margin = Margin(layer, shape, site, instead: unpadded, y.layout, .backward)
    primitive = margin?.primitive ?? unpadded
    packed = primitive.plainWeights ? nil : site.scratch(primitive.weightFloats, .backward)
    scratch = site.scratch(primitive.scratchFloats, .backward)
    input = try Relayout(x.shape, site, from: x.layout, to: primitive.source, floats: primitive.source)
    output = try Relayout(y.shape, site, from: y.layout, to: primitive.destination, floats: primitive.destination)
  }

  func run(x: Value, dy: Buffer) {
    input?.fill(from: x.pointer)
    output?.fill(from: dy.pointer)
    let source = input?.map.pointer ?? x.pointer
    primitive.run(
      source: margin?.filled(from: source) ?? source, weights: packed?.pointer ?? gradient, bias: biasGradient,
      destination: output?.map.pointer ?? dy.pointer, scratch: scratch)
    guard let packed else { return }
    let done = quaver_convolution_unpack(primitive.handle, packed.pointer, gradient, scratch.pointer)
    precondition(done, "unpacking a weight gradient failed")
  }
}
