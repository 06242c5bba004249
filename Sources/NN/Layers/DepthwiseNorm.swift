import Core
import Kernels

/// Depthwise 3×3 convolution with padding 1 and batch norm of a square map that lies as tokens (the convolutional
/// projection of CvT, Wu and others 2021): [leading + side², c] → [leading + side'², c]; leading tokens pass unchanged.
///
/// Only the input is kept: backward convolves again, which costs less than reading a map from memory.
package struct DepthwiseNorm: Layer {
  package let kind = "depthwiseNorm"
  let stride: Int, leading: Int
  let start: Start

  package init(stride: Int = 1, leading: Int = 0, start: Start = .torch) {
    precondition(stride > 0 && leading >= 0, "a convolution's stride must be positive")
    (self.stride, self.leading, self.start) = (stride, leading, start)
  }

  fileprivate func side(_ tokens: Int) -> Int {
    let side = Int(Double(tokens - leading).squareRoot().rounded())
    precondition(side > 0 && side * side == tokens - leading, "\(tokens - leading) tokens are no square map")
    return side
  }

  package func output(of inputs: [Shape]) -> Shape {
    precondition(inputs[0].rank == 2, "a depthwise convolution reads tokens, not \(inputs[0])")
    let after = (side(inputs[0][0]) - 1) / stride + 1
    return [leading + after * after, inputs[0][1]]
  }

  package func parameters(for inputs: [Shape]) -> [ParameterSpec] {
    let channels = inputs[0].width
    let norm = BatchNorm().parameters(for: inputs).map {
      ParameterSpec("normalization.\($0.name)", $0.shape, $0.initialiser, role: $0.role)
    }
    return [ParameterSpec("convolution.weight", [channels, 1, 3, 3], start.weight(9, 9 * channels))] + norm
  }

  package func flops(for inputs: [Shape]) -> Int { 20 * output(of: inputs).count }

  @Engine package func operation(at site: Site) throws -> any Operation { try DepthwiseNormOperation(self, site) }
}

@Engine private final class DepthwiseNormOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let weight: Parameter
  private let weightGradient: UnsafeMutablePointer<Float>?
  private let channels: ChannelStatistics
  /// The norm keeps its statistics, also where the convolution learns.
  private let isNormFrozen: Bool
  private let shape: quaver_depthwise
  private let batch: Int, leading: Int
  /// Weights [9, c], forward and backward.
  private let turned: Buffer, turnedBack: Buffer
  /// A thread's sample before the norm, and each sample's weight gradient [9, c].
  private let sample: Buffer?, partial: Buffer?

  init(_ layer: DepthwiseNorm, _ site: Site) throws {
    x = try site.input(as: .plain)
    y = site.output()
    (batch, leading) = (site.batch, layer.leading)
    let width = x.shape.width, before = layer.side(x.shape[0]), after = layer.side(y.shape[0])
    shape = quaver_depthwise(side: before, side_out: after, stride: layer.stride, channels: width)
    weight = site.parameter("convolution.weight")
    channels = ChannelStatistics(
      site, Slabs(batch: site.batch, blocks: 1, pixels: after * after, lanes: width), prefix: "normalization.")
    isNormFrozen = site.areFrozen("normalization.")
    (turned, turnedBack) = (site.scratch(9 * width, .forward), site.scratch(9 * width, .backward))
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    dx = site.gradient(of: x, adds: true)
    weightGradient = site.gradient(of: weight)
    sample = dy == nil ? nil : site.scratch(Parallel.threads * after * after * width, .backward)
    partial = weightGradient == nil ? nil : site.scratch((batch + 1) * 9 * width, .backward)
    if dy != nil { site.keep(x) }
  }

  /// Floats of a sample before and after.
  private var sizes: (x: Int, y: Int) { (x.shape.count, y.shape.count) }

  func forward(_ mode: Mode) {
    let mode = isNormFrozen ? mode.frozen : mode
    let width = shape.channels, lead = leading * width, sizes = sizes, pixels = channels.slabs.pixels
    let x = x.pointer, y = y.pointer, w = turned.pointer, shape = shape
    quaver_transpose(weight.values, width, 9, 0, 9, w)
    let sums = channels.forwardSums.doubles, batchStatistics = mode.batchStatistics
    if batchStatistics {
      // The first pixel of the first sample will do for a shift.
      var corner = shape
      quaver_depthwise_forward(&corner, x + lead, w, nil, nil, y + lead)
      channels.setShift(from: y + lead)
    } else {
      channels.useRunning()
    }
    let shift = channels.shift, scale = channels.scale, offset = channels.offset
    Parallel.forEach(batch) { range in
      var shape = shape
      for n in range {
        let from = x + n * sizes.x, to = y + n * sizes.y
        to.update(from: from, count: lead)
        if batchStatistics {
          quaver_depthwise_forward(&shape, from + lead, w, nil, nil, to + lead)
          quaver_norm_moments(to + lead, pixels, width, shift, sums + 2 * n * width)
        } else {
          quaver_depthwise_forward(&shape, from + lead, w, scale, offset, to + lead)
        }
      }
    }
    guard batchStatistics else { return }
    channels.useBatch()
    let norm = channels.norm(QUAVER_IDENTITY)
    Parallel.forEach(batch) { range in
      var norm = norm
      for n in range {
        let to = y + n * sizes.y + lead
        quaver_norm_apply(to, to, pixels, width, &norm)
      }
    }
  }

  func backward(_ mode: Mode) {
    let mode = isNormFrozen ? mode.frozen : mode
    guard let dy = dy?.pointer, let sample = sample?.pointer else { return }
    quaver_transpose(weight.values, shape.channels, 9, 0, 9, turnedBack.pointer)
    if channels.needsSums(mode) { sum(dy, sample) }
    channels.differentiate(mode)
    let width = shape.channels, lead = leading * width, sizes = sizes, pixels = channels.slabs.pixels
    let x = x.pointer, w = turnedBack.pointer, shape = shape, norm = channels.norm(QUAVER_IDENTITY)
    let dx = dx?.pointer, adding = self.dx?.accumulates ?? false, partial = partial?.pointer
    let batchStatistics = mode.batchStatistics, batch = batch
    Parallel.run { thread, threads in
      var shape = shape, norm = norm
      let own = sample + thread * pixels * width
      for n in batch * thread / threads..<batch * (thread + 1) / threads {
        let from = x + n * sizes.x, above = dy + n * sizes.y
        // dz takes the place of z, which frozen statistics do not need.
        if batchStatistics { quaver_depthwise_forward(&shape, from + lead, w, nil, nil, own) }
        quaver_norm_gradient(above + lead, batchStatistics ? own : above + lead, own, pixels, width, &norm)
        if let partial {
          quaver_depthwise_weight_gradient(&shape, own, from + lead, partial + n * 9 * width)
        }
        guard let dx else { continue }
        let to = dx + n * sizes.x
        if adding { quaver_add(above, to, lead) } else { to.update(from: above, count: lead) }
        quaver_depthwise_input_gradient(&shape, own, w, to + lead, adding)
      }
    }
    guard let weightGradient, let partial else { return }
    let total = partial + batch * 9 * width
    Library.columnSums(partial, rows: batch, columns: 9 * width, into: total)
    quaver_transpose(total, 9, width, 0, width, weightGradient)
  }

  /// What batch norm's gradient needs of all samples.
  private func sum(_ dy: UnsafePointer<Float>, _ sample: UnsafeMutablePointer<Float>) {
    let width = shape.channels, lead = leading * width, sizes = sizes, pixels = channels.slabs.pixels
    let x = x.pointer, w = turnedBack.pointer, shape = shape, norm = channels.norm(QUAVER_IDENTITY)
    let sums = channels.backwardSums.doubles, batch = batch
    Parallel.run { thread, threads in
      var shape = shape, norm = norm
      let own = sample + thread * pixels * width
      for n in batch * thread / threads..<batch * (thread + 1) / threads {
        quaver_depthwise_forward(&shape, x + n * sizes.x + lead, w, nil, nil, own)
        quaver_norm_gradient_sums(dy + n * sizes.y + lead, own, pixels, width, &norm, sums + 2 * n * width)
      }
    }
  }
}
