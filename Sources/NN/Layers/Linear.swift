import Core
import Kernels

/// y = x·Wᵀ + b on the last axis (torch.nn.Linear), weights [outputs, inputs]; the parameters' names may have a prefix
/// ("in_proj_weight").
package struct Linear: Layer {
  package let kind = "linear"
  let outputs: Int
  let bias: Bool
  let start: Start
  let prefix: String

  package init(_ outputs: Int, bias: Bool = true, start: Start = .torch, prefix: String = "") {
    precondition(outputs > 0, "a linear layer needs at least 1 output")
    (self.outputs, self.bias, self.start, self.prefix) = (outputs, bias, start, prefix)
  }

  package func output(of inputs: [Shape]) -> Shape { Shape(inputs[0].dims.dropLast() + [outputs]) }

  package func parameters(for inputs: [Shape]) -> [ParameterSpec] {
    let width = inputs[0].width
    let weight = ParameterSpec("\(prefix)weight", [outputs, width], start.weight(width, outputs))
    return bias ? [weight, ParameterSpec("\(prefix)bias", [outputs], start.bias(width))] : [weight]
  }

  package func flops(for inputs: [Shape]) -> Int { 2 * inputs[0].count * outputs }

  @Engine package func operation(at site: Site) throws -> any Operation { try LinearOperation(self, site) }
}

extension Shape {
  /// Length of the last axis.
  var width: Int { dims.last ?? 1 }
}

@Engine private final class LinearOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let weight: Parameter, bias: Parameter?
  private let weightGradient: UnsafeMutablePointer<Float>?, biasGradient: UnsafeMutablePointer<Float>?
  private let rows: Int, width: Int, outputs: Int
  private let toOutput: OutputProduct
  private let toInput: InputProduct?
  private let toWeights: PlannedProduct?

  /// Up to this many rows the products are faster with the weights, which are then the larger factor, on the left.
  fileprivate nonisolated static let fewRows = 256

  init(_ layer: Linear, _ site: Site) throws {
    x = try site.input(as: .plain)
    y = site.output()
    (width, outputs) = (x.shape.width, layer.outputs)
    rows = site.batch * x.shape.count / width
    weight = site.parameter("\(layer.prefix)weight")
    bias = layer.bias ? site.parameter("\(layer.prefix)bias") : nil
    toOutput = try OutputProduct(rows: rows, width: width, outputs: outputs, site)
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    dx = site.gradient(of: x, adds: true)
    toInput = dx == nil ? nil : try InputProduct(rows: rows, width: width, outputs: outputs, site)
    weightGradient = site.gradient(of: weight)
    biasGradient = bias.flatMap(site.gradient(of:))
    if weightGradient != nil {
      site.keep(x)
      toWeights = try PlannedProduct(
        .init(rows: outputs, columns: width, depth: rows, turnsFirst: true, packs: rows <= Self.fewRows), site,
        .backward)
    } else {
      toWeights = nil
    }
  }

  var kernels: [String] { [toOutput.kernel, toInput?.kernel, toWeights?.kernel].compactMap(\.self) }

  func forward(_ mode: Mode) {
    let y = y.pointer
    toOutput.run(x.pointer, weight.values, into: y)
    guard let bias = bias?.values else { return }
    let outputs = outputs
    Parallel.forEach(rows) { quaver_add_row(y + $0.lowerBound * outputs, bias, $0.count, outputs) }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer else { return }
    if let weightGradient { toWeights?.run(dy, x.pointer, into: weightGradient) }
    if let biasGradient { Library.columnSums(dy, rows: rows, columns: outputs, into: biasGradient) }
    if let dx { toInput?.run(dy, weight.values, into: dx.pointer, adding: dx.accumulates) }
  }
}

/// y = x·Wᵀ.
@Engine private final class OutputProduct {
  private let product: PlannedProduct
  private let rows: Int, outputs: Int
  /// yᵀ.
  private let turned: Buffer?

  init(rows: Int, width: Int, outputs: Int, _ site: Site) throws {
    (self.rows, self.outputs) = (rows, outputs)
    let isTurned = rows <= LinearOperation.fewRows
    turned = isTurned ? site.scratch(rows * outputs, .forward) : nil
    product = try PlannedProduct(
      isTurned
        ? .init(rows: outputs, columns: rows, depth: width, turnsSecond: true)
        : .init(rows: rows, columns: outputs, depth: width, turnsSecond: true, packs: true), site, .forward)
  }

  var kernel: String { product.kernel }

  func run(_ x: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>) {
    guard let turned else { return product.run(x, weights, into: y) }
    product.run(weights, x, into: turned.pointer)
    Library.transpose(turned.pointer, rows: outputs, columns: rows, into: y)
  }
}

/// dx = dy·W (+ dx).
@Engine private final class InputProduct {
  /// The turned one cannot add into dx.
  private let product: PlannedProduct, turned: (product: PlannedProduct, dx: Buffer)?
  private let rows: Int, width: Int

  init(rows: Int, width: Int, outputs: Int, _ site: Site) throws {
    (self.rows, self.width) = (rows, width)
    let isTurned = rows <= LinearOperation.fewRows
    product = try PlannedProduct(
      .init(rows: rows, columns: width, depth: outputs, packs: !isTurned), site, .backward, adds: true)
    turned =
      isTurned
      ? (
        try PlannedProduct(
          .init(rows: width, columns: rows, depth: outputs, turnsFirst: true, turnsSecond: true), site, .backward),
        site.scratch(rows * width, .backward)
      ) : nil
  }

  var kernel: String { (turned?.product ?? product).kernel }

  func run(
    _ dy: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, adding: Bool
  ) {
    guard !adding, let turned else { return product.run(dy, weights, into: dx, adding: adding) }
    turned.product.run(weights, dy, into: turned.dx.pointer)
    Library.transpose(turned.dx.pointer, rows: width, columns: rows, into: dx)
  }
}
