import Core
import Kernels

/// Batch normalisation of a feature map's channels [c, h, w] (torch.nn.BatchNorm2d), or of the last axis of tokens [t, c]
/// or values [c] (torch.nn.BatchNorm1d on all of a batch's rows): ε 1e-5; the batch's biased variance normalises, its
/// unbiased one goes into the running variance with momentum 0.1.
///
/// With an activation (`Fusion`) it is the two in one pass; only the norm's input is kept.
package struct BatchNorm: Layer {
  package let kind = "batchNorm"
  package static let epsilon = 1e-5
  package static let momentum = 0.1

  package enum Activation: Sendable {
    case none, hardSwish

    var library: quaver_activation { self == .none ? QUAVER_IDENTITY : QUAVER_HARD_SWISH }
  }

  /// What its weights start from.
  let weight: Float
  let activation: Activation

  package init(weight: Float = 1, activation: Activation = .none) {
    (self.weight, self.activation) = (weight, activation)
  }

  package func output(of inputs: [Shape]) -> Shape { inputs[0] }

  package func parameters(for inputs: [Shape]) -> [ParameterSpec] {
    let channels = inputs[0].channels
    return [
      ParameterSpec("weight", [channels], .constant(weight)),
      ParameterSpec("bias", [channels], .constant(0)),
      ParameterSpec("running_mean", [channels], .constant(0), role: .statistic),
      ParameterSpec("running_var", [channels], .constant(1), role: .statistic),
      ParameterSpec("num_batches_tracked", [], .constant(0), role: .counter),
    ]
  }

  package func flops(for inputs: [Shape]) -> Int { 2 * inputs[0].count }

  @Engine package func operation(at site: Site) throws -> any Operation { try BatchNormOperation(self, site) }
}

extension Shape {
  /// A map's channels, or what one token holds.
  fileprivate var channels: Int { rank == 3 ? dims[0] : width }
}

extension Graph {
  /// Whether a batch norm sees one value of an image's in each channel: over a single image it has no variance to normalise
  /// by, nor to keep.
  ///
  /// - Parameter frozen: parameters that stay as they are; a norm that does goes by its running statistics.
  package func trainsOnSeveralImages(frozen: Set<String> = []) -> Bool {
    nodes.contains { node in
      node.layer is BatchNorm && node.inputs[0].shape.count == node.inputs[0].shape.channels
        && node.parameters.contains { $0.role == .trainable && !frozen.contains(node.fullName($0)) }
    }
  }
}

extension Slabs {
  /// The matrices that a norm works on: a map's slabs, or each sample's tokens.
  fileprivate init(normalising value: Value, batch: Int) {
    if value.shape.rank == 3 {
      self.init(value.shape, value.layout, batch: batch)
    } else {
      self.init(batch: batch, blocks: 1, pixels: value.shape.count / value.shape.width, lanes: value.shape.width)
    }
  }
}

@Engine private final class BatchNormOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let channels: ChannelStatistics
  private let activation: quaver_activation

  init(_ layer: BatchNorm, _ site: Site) throws {
    x = try site.input()
    y = site.output(x.layout, reusing: site.demand == .inference ? x : nil)
    channels = ChannelStatistics(site, Slabs(normalising: x, batch: site.batch))
    activation = layer.activation.library
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    dx = site.gradient(of: x, reusing: dy)
    if dy != nil { site.keep(x) }
  }

  func forward(_ mode: Mode) {
    let slabs = channels.slabs
    let x = x.pointer, y = y.pointer, shift = channels.shift, sums = channels.forwardSums.doubles
    if mode.batchStatistics {
      channels.setShift(from: x)
      Parallel.forEach(slabs.count) { range in
        for s in range {
          let c = s % slabs.blocks * slabs.lanes
          quaver_norm_moments(x + s * slabs.floats, slabs.pixels, slabs.lanes, shift + c, sums + 2 * s * slabs.lanes)
        }
      }
      channels.useBatch()
    } else {
      channels.useRunning()
    }
    let norm = channels.norm(activation)
    Parallel.forEach(slabs.count) { range in
      for s in range {
        var block = norm.block(s % slabs.blocks * slabs.lanes)
        let at = s * slabs.floats
        quaver_norm_apply(x + at, y + at, slabs.pixels, slabs.lanes, &block)
      }
    }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer else { return }
    let slabs = channels.slabs, norm = channels.norm(activation)
    let x = x.pointer, sums = channels.backwardSums.doubles
    if channels.needsSums(mode) {
      Parallel.forEach(slabs.count) { range in
        for s in range {
          var block = norm.block(s % slabs.blocks * slabs.lanes)
          let at = s * slabs.floats
          quaver_norm_gradient_sums(dy + at, x + at, slabs.pixels, slabs.lanes, &block, sums + 2 * s * slabs.lanes)
        }
      }
    }
    channels.differentiate(mode)
    guard let dx = dx?.pointer else { return }
    Parallel.forEach(slabs.count) { range in
      for s in range {
        var block = norm.block(s % slabs.blocks * slabs.lanes)
        let at = s * slabs.floats
        quaver_norm_gradient(dy + at, x + at, dx + at, slabs.pixels, slabs.lanes, &block)
      }
    }
  }
}

extension quaver_norm {
  /// The channels from `first` on.
  func block(_ first: Int) -> quaver_norm {
    quaver_norm(
      scale: scale + first, offset: offset + first, mean: mean + first, by_x: by_x + first, constant: constant + first,
      activation: activation)
  }
}

/// What a normalisation knows of its channels: the arithmetic between the passes over the map, in double. Arrays are
/// padded to whole channel blocks with zeros, so that padding lanes come out as zeros.
@Engine final class ChannelStatistics {
  let slabs: Slabs
  /// Per slab Σ and Σ², as the kernels leave them.
  let forwardSums: Buffer, backwardSums: Buffer
  private let table: Buffer
  private let weight: Parameter, bias: Parameter, runningMean: Parameter, runningVariance: Parameter
  private let batches: Parameter
  private let weightGradient: UnsafeMutablePointer<Float>?, biasGradient: UnsafeMutablePointer<Float>?
  private let count: Int

  /// - Parameter prefix: of the names that `BatchNorm` gives its parameters.
  init(_ site: Site, _ slabs: Slabs, prefix: String = "") {
    self.slabs = slabs
    func parameter(_ name: String) -> Parameter { site.parameter(prefix + name) }
    (weight, bias) = (parameter("weight"), parameter("bias"))
    (runningMean, runningVariance) = (parameter("running_mean"), parameter("running_var"))
    batches = parameter("num_batches_tracked")
    (weightGradient, biasGradient) = (site.gradient(of: weight), site.gradient(of: bias))
    count = site.inputShapes[0].channels
    let doubles = slabs.count * 2 * slabs.lanes
    forwardSums = site.scratch(2 * doubles, .forward)
    backwardSums = site.scratch(2 * doubles, .backward)
    table = site.kept(7 * slabs.channels)
  }

  private func row(_ index: Int) -> UnsafeMutablePointer<Float> { table.pointer + index * slabs.channels }
  /// y = scale·x + offset.
  var scale: UnsafeMutablePointer<Float> { row(0) }
  var offset: UnsafeMutablePointer<Float> { row(1) }
  var mean: UnsafeMutablePointer<Float> { row(2) }
  /// dx = scale·dy + byX·x + constant.
  var byX: UnsafeMutablePointer<Float> { row(3) }
  var constant: UnsafeMutablePointer<Float> { row(4) }
  /// Something near each channel's values, which keeps the sums of squares from cancelling.
  var shift: UnsafeMutablePointer<Float> { row(5) }
  private var inverseDeviation: UnsafeMutablePointer<Float> { row(6) }

  /// What kernels read; `byX` and `constant` are those of the last `differentiate`.
  func norm(_ activation: quaver_activation) -> quaver_norm {
    quaver_norm(scale: scale, offset: offset, mean: mean, by_x: byX, constant: constant, activation: activation)
  }

  private var samples: Double { Double(slabs.batch * slabs.pixels) }

  /// Takes each channel's first value.
  func setShift(from x: UnsafePointer<Float>) {
    for c in 0..<slabs.channels { shift[c] = x[c / slabs.lanes * slabs.floats + c % slabs.lanes] }
  }

  /// +1 or −1: whether the channel's scale will be negative. In a row that backward fills anew.
  func setSigns() -> UnsafeMutablePointer<Float> {
    for c in 0..<slabs.channels { byX[c] = c < count && weight.values[c] < 0 ? -1 : 1 }
    return byX
  }

  private func total(_ sums: Buffer, _ channel: Int) -> (Double, Double) {
    let block = channel / slabs.lanes, lane = channel % slabs.lanes
    var first = 0.0, second = 0.0
    for n in 0..<slabs.batch {
      let slab = sums.doubles + (n * slabs.blocks + block) * 2 * slabs.lanes
      first += slab[lane]
      second += slab[slabs.lanes + lane]
    }
    return (first, second)
  }

  /// Statistics of the batch, from `forwardSums` of x − shift; the running ones move towards them.
  func useBatch() {
    clearPadding()
    for c in 0..<count {
      let (sum, squares) = total(forwardSums, c)
      let centred = sum / samples
      let variance = max(0, squares / samples - centred * centred)
      // max would turn NaN into 0.
      let biased = centred.isNaN ? .nan : variance
      let average = Double(shift[c]) + centred
      set(c, mean: average, variance: biased)
      let unbiased = biased * samples / max(1, samples - 1)
      move(&runningMean.values[c], towards: average)
      move(&runningVariance.values[c], towards: unbiased)
    }
    batches.counter += 1
  }

  private func move(_ running: inout Float, towards value: Double) {
    running = Float((1 - BatchNorm.momentum) * Double(running) + BatchNorm.momentum * value)
  }

  func useRunning() {
    clearPadding()
    for c in 0..<count { set(c, mean: Double(runningMean.values[c]), variance: Double(runningVariance.values[c])) }
  }

  private func clearPadding() {
    for r in 0..<7 where r != 5 {
      for c in count..<slabs.channels { row(r)[c] = 0 }
    }
  }

  private func set(_ c: Int, mean average: Double, variance: Double) {
    let inverse = 1 / (variance + BatchNorm.epsilon).squareRoot()
    let factor = Double(weight.values[c]) * inverse
    inverseDeviation[c] = Float(inverse)
    mean[c] = Float(average)
    scale[c] = Float(factor)
    offset[c] = Float(Double(bias.values[c]) - average * factor)
  }

  /// Whether `differentiate` reads `backwardSums`: not for an input gradient with frozen statistics.
  func needsSums(_ mode: Mode) -> Bool { mode.batchStatistics || weightGradient != nil }

  /// Gradients of weight and bias, and the coefficients of dx, from Σdy and Σdy·(x − mean).
  func differentiate(_ mode: Mode) {
    let needed = needsSums(mode)
    for c in 0..<slabs.channels {
      guard c < count, needed else {
        (byX[c], constant[c]) = (0, 0)
        continue
      }
      let (sum, products) = total(backwardSums, c)
      let inverse = Double(inverseDeviation[c])
      weightGradient?[c] = Float(products * inverse)
      biasGradient?[c] = Float(sum)
      guard mode.batchStatistics else {
        (byX[c], constant[c]) = (0, 0)
        continue
      }
      let factor = -Double(scale[c]) * inverse * inverse * products / samples
      byX[c] = Float(factor)
      constant[c] = Float(-Double(scale[c]) * sum / samples - factor * Double(mean[c]))
    }
  }
}
