import Core
import Kernels

/// One LSTM layer over a sequence (torch.nn.LSTM, one direction, zero initial state): x [steps, width] → h [steps, hidden].
/// Gates in torch's order i, f, g, o; the two biases stay two parameters.
package struct LSTM: Layer {
  package let kind = "lstm"
  let hidden: Int

  package init(_ hidden: Int) {
    precondition(hidden > 0, "an LSTM needs at least 1 hidden unit")
    self.hidden = hidden
  }

  package func output(of inputs: [Shape]) -> Shape {
    precondition(inputs[0].rank == 2, "an LSTM reads steps × width, not \(inputs[0])")
    return [inputs[0][0], hidden]
  }

  package func parameters(for inputs: [Shape]) -> [ParameterSpec] {
    let start = Initialiser.fanIn(hidden)
    return [
      ParameterSpec("weight_ih_l0", [4 * hidden, inputs[0][1]], start),
      ParameterSpec("weight_hh_l0", [4 * hidden, hidden], start),
      ParameterSpec("bias_ih_l0", [4 * hidden], start),
      ParameterSpec("bias_hh_l0", [4 * hidden], start),
    ]
  }

  package func flops(for inputs: [Shape]) -> Int { 2 * inputs[0][0] * 4 * hidden * (inputs[0][1] + hidden) }

  @Engine package func operation(at site: Site) throws -> any Operation { try LSTMOperation(hidden, site) }
}

/// Inside, everything is ordered [step][sample]: the input's projections are one product over all steps, each step adds
/// h·W_hhᵀ, and backward gets the weight gradients by one product each at the end. A thread takes its samples through
/// all steps by itself: threads that met at every step would wait for each other whenever another process runs.
@Engine private final class LSTMOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let inputWeight: Parameter, hiddenWeight: Parameter, inputBias: Parameter, hiddenBias: Parameter
  private let gradients: Gradients?
  private let batch: Int, steps: Int, width: Int, hidden: Int

  /// From one row of gates to the next: 4·hidden and a cache line. Rows of four kilobytes would fall on the same few
  /// places of the caches, where a product that reads them turned takes two and a half times as long.
  private let stride: Int
  /// x, gates [4·hidden], cells and outputs of all steps.
  private let turned: Buffer, gates: Buffer, cells: Buffer, outputs: Buffer
  /// W_hhᵀ.
  private let turnedHiddenWeight: Buffer
  private let bias: Buffer
  private let back: (dy: Buffer, dx: Buffer, hidden: Buffer, cell: Buffer)?
  private let toGates: PlannedProduct, toInput: PlannedProduct?
  private let toInputWeight: PlannedProduct?, toHiddenWeight: PlannedProduct?

  private struct Gradients {
    let inputWeight: UnsafeMutablePointer<Float>, hiddenWeight: UnsafeMutablePointer<Float>
    let inputBias: UnsafeMutablePointer<Float>, hiddenBias: UnsafeMutablePointer<Float>
  }

  init(_ hidden: Int, _ site: Site) throws {
    x = try site.input(as: .plain)
    y = site.output()
    (batch, steps, width, self.hidden) = (site.batch, x.shape[0], x.shape[1], hidden)
    let stride = 4 * hidden + 16
    self.stride = stride
    inputWeight = site.parameter("weight_ih_l0")
    hiddenWeight = site.parameter("weight_hh_l0")
    (inputBias, hiddenBias) = (site.parameter("bias_ih_l0"), site.parameter("bias_hh_l0"))
    if let a = site.gradient(of: inputWeight), let b = site.gradient(of: hiddenWeight),
      let c = site.gradient(of: inputBias), let d = site.gradient(of: hiddenBias)
    {
      gradients = Gradients(inputWeight: a, hiddenWeight: b, inputBias: c, hiddenBias: d)
    } else {
      gradients = nil
    }
    let rows = batch * steps, differentiable = y.needsGradient, trains = gradients != nil
    func memory(_ floats: Int, kept: Bool) -> Buffer { kept ? site.kept(floats) : site.scratch(floats, .forward) }
    turned = memory(rows * width, kept: gradients != nil)
    gates = memory(rows * stride, kept: differentiable)
    cells = memory(rows * hidden, kept: differentiable)
    outputs = memory(rows * hidden, kept: gradients != nil)
    turnedHiddenWeight = site.scratch(4 * hidden * hidden, .forward)
    bias = site.scratch(4 * hidden, .forward)
    dx = site.gradient(of: x)
    dy = differentiable ? site.outputGradient(of: y) : nil
    toGates = try PlannedProduct(
      .init(rows: rows, columns: 4 * hidden, depth: width, turnsSecond: true, resultStride: stride, packs: true), site,
      .forward)
    toInput =
      dx == nil
      ? nil
      : try PlannedProduct(
        .init(rows: rows, columns: width, depth: 4 * hidden, firstStride: stride, packs: true), site, .backward)
    /// gatesᵀ·(x or h) over `depth` rows.
    func weightProduct(_ columns: Int, _ depth: Int) throws -> PlannedProduct? {
      guard trains, depth > 0 else { return nil }
      return try PlannedProduct(
        .init(rows: 4 * hidden, columns: columns, depth: depth, turnsFirst: true, firstStride: stride), site, .backward)
    }
    toInputWeight = try weightProduct(width, rows)
    toHiddenWeight = try weightProduct(hidden, rows - batch)
    back =
      differentiable
      ? (
        site.scratch(rows * hidden, .backward), site.scratch(dx == nil ? 0 : rows * width, .backward),
        site.scratch(batch * hidden, .backward), site.scratch(batch * hidden, .backward)
      ) : nil
  }

  var kernels: [String] {
    [toGates, toInput, toInputWeight, toHiddenWeight].compactMap { $0?.kernel }
  }

  func forward(_ mode: Mode) {
    swapOrder(x.pointer, turned.pointer, outer: batch, inner: steps, floats: width)
    Library.transpose(hiddenWeight.values, rows: 4 * hidden, columns: hidden, into: turnedHiddenWeight.pointer)
    quaver_sum(inputBias.values, hiddenBias.values, bias.pointer, 4 * hidden)
    toGates.run(turned.pointer, inputWeight.values, into: gates.pointer)
    let (steps, size, hidden, stride, bias) = (steps, batch * hidden, hidden, stride, bias.pointer)
    let step = batch * stride
    let allGates = gates.pointer, allCells = cells.pointer, allOutputs = outputs.pointer
    let weights = turnedHiddenWeight.pointer
    Parallel.forEach(batch) { rows in
      for t in 0..<steps {
        let gates = allGates + t * step, cell = allCells + t * size, output = allOutputs + t * size
        if t > 0 {
          quaver_row_product(
            output - size + rows.lowerBound * hidden, hidden, weights, gates + rows.lowerBound * stride, stride,
            rows.count, 4 * hidden, hidden, true)
        }
        quaver_lstm_forward(
          gates, bias, t > 0 ? cell - size : nil, cell, output, hidden, stride, rows.lowerBound, rows.upperBound)
      }
    }
    swapOrder(outputs.pointer, y.pointer, outer: steps, inner: batch, floats: hidden)
  }

  func backward(_ mode: Mode) {
    guard let dy, let back else { return }
    let size = batch * hidden, hidden = hidden, stride = stride, step = batch * stride
    swapOrder(dy.pointer, back.dy.pointer, outer: batch, inner: steps, floats: hidden)
    let dc = back.cell.pointer, dh = back.hidden.pointer, steps = steps, weights = hiddenWeight.values
    let allGates = gates.pointer, allCells = cells.pointer, allAbove = back.dy.pointer
    dc.update(repeating: 0, count: size)
    Parallel.forEach(batch) { rows in
      for t in (0..<steps).reversed() {
        let gates = allGates + t * step, cell = allCells + t * size
        quaver_lstm_backward(
          gates, t > 0 ? cell - size : nil, cell, allAbove + t * size, t + 1 < steps ? dh : nil, dc, hidden,
          stride, rows.lowerBound, rows.upperBound)
        if t > 0 {
          quaver_row_product(
            gates + rows.lowerBound * stride, stride, weights, dh + rows.lowerBound * hidden, hidden,
            rows.count, hidden, 4 * hidden, false)
        }
      }
    }
    if let gradients { differentiate(gradients) }
    guard let dx else { return }
    toInput?.run(gates.pointer, inputWeight.values, into: back.dx.pointer)
    swapOrder(back.dx.pointer, dx.pointer, outer: steps, inner: batch, floats: width)
  }

  /// Weight gradients from the gradients of all gates, which lie in `gates` by now.
  private func differentiate(_ into: Gradients) {
    let rows = steps * batch
    toInputWeight?.run(gates.pointer, turned.pointer, into: into.inputWeight)
    if let toHiddenWeight {
      toHiddenWeight.run(gates.pointer + batch * stride, outputs.pointer, into: into.hiddenWeight)
    } else {
      into.hiddenWeight.update(repeating: 0, count: 4 * hidden * hidden)
    }
    Library.columnSums(gates.pointer, rows: rows, columns: 4 * hidden, stride: stride, into: into.inputBias)
    into.hiddenBias.update(from: into.inputBias, count: 4 * hidden)
  }

  /// [outer][inner][floats] → [inner][outer][floats].
  private func swapOrder(
    _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, outer: Int, inner: Int, floats: Int
  ) {
    Parallel.forEach(inner) { range in
      for i in range {
        for o in 0..<outer {
          (to + (i * outer + o) * floats).update(from: from + (o * inner + i) * floats, count: floats)
        }
      }
    }
  }
}
