import Core
import Kernels

/// Multi-head scaled dot-product attention (Vaswani et al. 2017): softmax(scale·Q·Kᵀ + bias)·V a head; queries
/// [T, heads·keys], keys [S, heads·keys], values [S, heads·values] → [T, heads·values].
///
/// The scores [T, S] are never stored: backward makes them again from Q and K.
package struct Attention: Layer {
  package let kind = "attention"
  let heads: Int, keyWidth: Int, valueWidth: Int
  let packing: Packing
  let bias: Bias?

  /// How queries, keys and values come.
  package enum Packing: Sendable {
    /// Three inputs.
    case separate
    /// One input: all heads' queries, then all keys, then all values.
    case together
    /// One input: head by head its query, key and value.
    case togetherByHead
    /// The queries; then head by head key and value.
    case keysWithValuesByHead
  }

  /// A learned bias of each query and key, shared by the pairs with the same index: `attention_biases` [heads, count].
  package struct Bias: Sendable {
    let count: Int
    /// [T·S], each in 0..<count.
    let table: [Int32]

    package init(count: Int, table: [Int32]) {
      precondition(table.allSatisfy { 0 <= $0 && Int($0) < count }, "an index of an attention bias is out of range")
      (self.count, self.table) = (count, table)
    }
  }

  /// Scores are divided by √scaleWidth, the width of a head's keys when nil.
  let scaleWidth: Int

  package init(
    heads: Int, keys: Int, values: Int? = nil, packing: Packing = .separate, bias: Bias? = nil, scaleWidth: Int? = nil
  ) {
    precondition(heads > 0 && keys > 0 && values ?? keys > 0, "attention needs at least one head of width 1")
    (self.heads, keyWidth, valueWidth) = (heads, keys, values ?? keys)
    (self.packing, self.bias, self.scaleWidth) = (packing, bias, scaleWidth ?? keys)
  }

  /// Where a head's queries, keys or values lie: in which input, from which column on, how far from head to head.
  fileprivate struct Place {
    let input: Int, start: Int, step: Int
  }

  fileprivate var places: (query: Place, key: Place, value: Place) {
    let (k, v) = (keyWidth, valueWidth)
    return switch packing {
    case .separate:
      (Place(input: 0, start: 0, step: k), Place(input: 1, start: 0, step: k), Place(input: 2, start: 0, step: v))
    case .together:
      (
        Place(input: 0, start: 0, step: k), Place(input: 0, start: heads * k, step: k),
        Place(input: 0, start: 2 * heads * k, step: v)
      )
    case .togetherByHead:
      (
        Place(input: 0, start: 0, step: 2 * k + v), Place(input: 0, start: k, step: 2 * k + v),
        Place(input: 0, start: 2 * k, step: 2 * k + v)
      )
    case .keysWithValuesByHead:
      (
        Place(input: 0, start: 0, step: k), Place(input: 1, start: 0, step: k + v),
        Place(input: 1, start: k, step: k + v)
      )
    }
  }

  private var widths: [Int] {
    let (k, v) = (heads * keyWidth, heads * valueWidth)
    return switch packing {
    case .separate: [k, k, v]
    case .together, .togetherByHead: [2 * k + v]
    case .keysWithValuesByHead: [k, k + v]
    }
  }

  package func output(of inputs: [Shape]) -> Shape {
    precondition(
      inputs.map(\.width) == widths && inputs.allSatisfy { $0.rank == 2 },
      "attention of \(heads) heads reads tokens of widths \(widths), not \(inputs)")
    let (queries, keys) = (inputs[places.query.input][0], inputs[places.key.input][0])
    precondition(inputs[places.value.input][0] == keys, "\(keys) keys need as many values, not \(inputs)")
    precondition(
      bias.map { $0.table.count == queries * keys } ?? true, "an attention bias needs \(queries)×\(keys) indices")
    return [queries, heads * valueWidth]
  }

  package func parameters(for inputs: [Shape]) -> [ParameterSpec] {
    bias.map { [ParameterSpec("attention_biases", [heads, $0.count], .constant(0))] } ?? []
  }

  private func pairs(_ inputs: [Shape]) -> Int { inputs[places.query.input][0] * inputs[places.key.input][0] }

  package func flops(for inputs: [Shape]) -> Int { 2 * heads * (keyWidth + valueWidth) * pairs(inputs) }

  /// The scores again, and the gradients of queries and keys; those of weights and values.
  package func backwardFlops(for inputs: [Shape], input: Bool, parameters: Bool) -> Int {
    input || parameters ? 2 * heads * (3 * keyWidth + 2 * valueWidth) * pairs(inputs) : 0
  }

  @Engine package func operation(at site: Site) throws -> any Operation { try AttentionOperation(self, site) }
}

/// Each thread computes whole heads of whole samples, one after the other.
@Engine private final class AttentionOperation: Operation {
  private let layer: Attention
  private let inputs: [Value], y: Value
  private let dy: Buffer?
  private let gradients: [InputGradient?]
  private let shape: quaver_attention
  private let batch: Int, threads: Int
  /// Each row's maximum and inverse sum [batch, heads, T, 2].
  private let softmax: Buffer?
  private let scratch: Buffer, backScratch: Buffer?
  private let bias: BiasMemory?

  init(_ layer: Attention, _ site: Site) throws {
    self.layer = layer
    inputs = try site.inputShapes.indices.map { try site.input($0, as: .plain) }
    y = site.output()
    let threads = Parallel.threads
    (batch, self.threads) = (site.batch, threads)
    let (query, key, value) = layer.places
    var shape = quaver_attention(
      queries: inputs[query.input].shape[0], keys: inputs[key.input].shape[0], key_width: layer.keyWidth,
      value_width: layer.valueWidth, scale: 1 / Float(layer.scaleWidth).squareRoot(),
      q_stride: inputs[query.input].shape.width, k_stride: inputs[key.input].shape.width,
      v_stride: inputs[value.input].shape.width, out_stride: y.shape.width)
    scratch = site.scratch(threads * Arena.rounded(quaver_attention_forward_scratch(&shape)), .forward)
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    gradients = inputs.map { site.gradient(of: $0) }
    softmax = dy == nil ? nil : site.kept(batch * layer.heads * shape.queries * 2)
    backScratch =
      dy == nil ? nil : site.scratch(threads * Arena.rounded(quaver_attention_backward_scratch(&shape)), .backward)
    if dy != nil { inputs.forEach(site.keep) }
    bias = layer.bias.map { BiasMemory($0, heads: layer.heads, shape, threads, site) }
    self.shape = shape
  }

  /// Head and sample of a piece of work: heads outermost where their biases and those gradients are to stay in the cache.
  private nonisolated static func item(_ index: Int, heads: Int, batch: Int, byHead: Bool) -> (head: Int, sample: Int) {
    byHead ? (index / batch, index % batch) : (index % heads, index / heads)
  }

  func forward(_ mode: Mode) {
    var shape = shape
    let (query, key, value) = layer.places
    let (heads, batch, byHead) = (layer.heads, batch, bias != nil)
    let q = inputs[query.input].pointer, k = inputs[key.input].pointer, v = inputs[value.input].pointer
    let y = y.pointer, softmax = softmax?.pointer, scratch = scratch.pointer
    let own = Arena.rounded(quaver_attention_forward_scratch(&shape))
    let biases = bias?.spread(.forward), rows = shape.queries * quaver_attention_padded_keys(&shape)
    let (geometry, valueWidth) = (shape, layer.valueWidth)
    Parallel.run { thread, threads in
      var a = geometry
      for index in heads * batch * thread / threads..<heads * batch * (thread + 1) / threads {
        let (head, n) = Self.item(index, heads: heads, batch: batch, byHead: byHead)
        quaver_attention_forward(
          &a, q + n * a.queries * a.q_stride + query.start + head * query.step,
          k + n * a.keys * a.k_stride + key.start + head * key.step,
          v + n * a.keys * a.v_stride + value.start + head * value.step, biases.map { $0 + head * rows },
          y + n * a.queries * a.out_stride + head * valueWidth,
          softmax.map { $0 + (n * heads + head) * a.queries * 2 }, scratch + thread * own)
      }
    }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let softmax = softmax?.pointer, let scratch = backScratch?.pointer else { return }
    var shape = shape
    let (query, key, value) = layer.places
    let (heads, batch, byHead) = (layer.heads, batch, bias != nil)
    let q = inputs[query.input].pointer, k = inputs[key.input].pointer, v = inputs[value.input].pointer
    let dq = gradients[query.input]?.pointer, dk = gradients[key.input]?.pointer
    let dv = gradients[value.input]?.pointer
    let own = Arena.rounded(quaver_attention_backward_scratch(&shape))
    let biases = bias?.spread(.backward), rows = shape.queries * quaver_attention_padded_keys(&shape)
    let (geometry, valueWidth) = (shape, layer.valueWidth)
    let sums = bias?.clearGradients()
    Parallel.run { thread, threads in
      var a = geometry
      let range = heads * batch * thread / threads..<heads * batch * (thread + 1) / threads
      for index in range {
        let (head, n) = Self.item(index, heads: heads, batch: batch, byHead: byHead)
        let qAt = n * a.queries * a.q_stride + query.start + head * query.step
        let kAt = n * a.keys * a.k_stride + key.start + head * key.step
        let vAt = n * a.keys * a.v_stride + value.start + head * value.step
        quaver_attention_backward(
          &a, q + qAt, k + kAt, v + vAt, biases.map { $0 + head * rows },
          softmax + (n * heads + head) * a.queries * 2, dy + n * a.queries * a.out_stride + head * valueWidth,
          dq.map { $0 + qAt }, dk.map { $0 + kAt }, dv.map { $0 + vAt }, sums.map { $0.scores + thread * rows },
          scratch + thread * own)
        if let sums, index + 1 == range.upperBound || (index + 1) % batch == 0 {
          sums.collect(head: head, thread: thread)
        }
      }
    }
    bias?.addUp()
  }
}

/// The biases of all pairs, made anew in each pass, and their gradients.
@Engine private final class BiasMemory {
  private let bias: Attention.Bias
  private let parameter: Parameter
  private let gradient: UnsafeMutablePointer<Float>?
  private let heads: Int, queries: Int, keys: Int, rows: Int, threads: Int
  private let forward: Buffer, backward: Buffer
  /// A thread's sum of score gradients over the samples of one head [T, S], and its gradients [heads, count].
  private let scores: Buffer?, partial: Buffer?

  init(_ bias: Attention.Bias, heads: Int, _ shape: quaver_attention, _ threads: Int, _ site: Site) {
    var shape = shape
    (self.bias, self.heads, self.threads) = (bias, heads, threads)
    (queries, keys) = (shape.queries, shape.keys)
    rows = queries * quaver_attention_padded_keys(&shape)
    parameter = site.parameter("attention_biases")
    gradient = site.gradient(of: parameter)
    (forward, backward) = (site.scratch(heads * rows, .forward), site.scratch(heads * rows, .backward))
    scores = gradient == nil ? nil : site.scratch(threads * rows, .backward)
    partial = gradient == nil ? nil : site.scratch(threads * heads * bias.count, .backward)
  }

  /// [heads, T, padded S].
  func spread(_ phase: Site.Phase) -> UnsafeMutablePointer<Float> {
    let out = (phase == .forward ? forward : backward).pointer, values = parameter.values
    let (count, rows, queries, keys) = (bias.count, rows, queries, keys)
    bias.table.withUnsafeBufferPointer { table in
      let table = table.baseAddress
      Parallel.forEach(heads) { range in
        for h in range { quaver_attention_bias(values + h * count, table, queries, keys, out + h * rows) }
      }
    }
    return out
  }

  /// What threads add their gradients to.
  struct Sums {
    let scores: UnsafeMutablePointer<Float>, partial: UnsafeMutablePointer<Float>
    let bias: Attention.Bias
    let heads: Int, queries: Int, keys: Int, rows: Int

    /// A thread is done with its samples of a head.
    func collect(head: Int, thread: Int) {
      let own = scores + thread * rows
      bias.table.withUnsafeBufferPointer { table in
        quaver_attention_bias_gradient(
          own, table.baseAddress, queries, keys, partial + (thread * heads + head) * bias.count)
      }
      own.update(repeating: 0, count: rows)
    }
  }

  func clearGradients() -> Sums? {
    guard let scores, let partial else { return nil }
    scores.pointer.update(repeating: 0, count: scores.count)
    partial.pointer.update(repeating: 0, count: partial.count)
    return Sums(
      scores: scores.pointer, partial: partial.pointer, bias: bias, heads: heads, queries: queries, keys: keys,
      rows: rows)
  }

  func addUp() {
    guard let gradient, let partial = partial?.pointer else { return }
    let count = heads * bias.count
    gradient.update(from: partial, count: count)
    for thread in 1..<max(1, threads) where thread < threads { quaver_add(partial + thread * count, gradient, count) }
  }
}
