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
  private let toWeights: WeightProduct?

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
    if weightGradient != nil { site.keep(x) }
    toWeights =
      weightGradient == nil ? nil : try WeightProduct(rows: rows, width: width, outputs: outputs, site)
  }

  var kernels: [String] { [toOutput.kernel, toInput?.kernel, toWeights?.kernel].compactMap(\.self) }

  func forward(_ mode: Mode) { toOutput.run(x.pointer, weight.values, bias: bias?.values, into: y.pointer) }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer else { return }
    if let weightGradient { toWeights?.run(dy, x.pointer, into: weightGradient) }
    if let biasGradient { Library.columnSums(dy, rows: rows, columns: outputs, into: biasGradient) }
    if let dx { toInput?.run(dy, weight.values, into: dx.pointer, adding: dx.accumulates) }
  }
}

/// y = x·Wᵀ + b.
@Engine private final class OutputProduct {
  private enum Way {
    case strassen(StrassenProduct)
    case direct(PlannedProduct)
    /// yᵀ = W·xᵀ.
    case turned(PlannedProduct, result: Buffer)
  }

  private let way: Way
  private let rows: Int, outputs: Int

  init(rows: Int, width: Int, outputs: Int, _ site: Site) throws {
    (self.rows, self.outputs) = (rows, outputs)
    let form = StrassenProduct.Form(site, rows: rows, depth: width, columns: outputs, turns: true)
    if rows <= LinearOperation.fewRows {
      let product = try PlannedProduct(
        .init(rows: outputs, columns: rows, depth: width, turnsSecond: true), site, .forward)
      way = .turned(product, result: site.scratch(rows * outputs, .forward))
    } else if let product = StrassenProduct(form, site, .forward) {
      way = .strassen(product)
    } else {
      way = .direct(
        try PlannedProduct(
          .init(rows: rows, columns: outputs, depth: width, turnsSecond: true, packs: true), site, .forward))
    }
  }

  var kernel: String {
    switch way {
    case .strassen(let product): product.kernel
    case .direct(let product), .turned(let product, _): product.kernel
    }
  }

  func run(
    _ x: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    into y: UnsafeMutablePointer<Float>
  ) {
    switch way {
    case .strassen(let product): return product.run(x, weights, bias: bias, into: y, adding: false)
    case .direct(let product): product.run(x, weights, into: y)
    case .turned(let product, let result):
      product.run(weights, x, into: result.pointer)
      Library.transpose(result.pointer, rows: outputs, columns: rows, into: y)
    }
    guard let bias else { return }
    let outputs = outputs
    Parallel.forEach(rows) { quaver_add_row(y + $0.lowerBound * outputs, bias, $0.count, outputs) }
  }
}

/// dx = dy·W (+ dx).
@Engine private final class InputProduct {
  private enum Way {
    case strassen(StrassenProduct)
    case direct(PlannedProduct)
    /// dxᵀ = Wᵀ·dyᵀ, which cannot add into dx: then `adding` does.
    case turned(PlannedProduct, result: Buffer, adding: PlannedProduct)
  }

  private let way: Way
  private let rows: Int, width: Int

  init(rows: Int, width: Int, outputs: Int, _ site: Site) throws {
    (self.rows, self.width) = (rows, width)
    let form = StrassenProduct.Form(site, rows: rows, depth: outputs, columns: width)
    if rows <= LinearOperation.fewRows {
      let product = try PlannedProduct(
        .init(rows: width, columns: rows, depth: outputs, turnsFirst: true, turnsSecond: true), site, .backward)
      let adding = try PlannedProduct(
        .init(rows: rows, columns: width, depth: outputs), site, .backward, adds: true)
      way = .turned(product, result: site.scratch(rows * width, .backward), adding: adding)
    } else if let product = StrassenProduct(form, site, .backward) {
      way = .strassen(product)
    } else {
      way = .direct(
        try PlannedProduct(
          .init(rows: rows, columns: width, depth: outputs, packs: true), site, .backward, adds: true))
    }
  }

  var kernel: String {
    switch way {
    case .strassen(let product): product.kernel
    case .direct(let product), .turned(let product, _, _): product.kernel
    }
  }

  func run(
    _ dy: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>, adding: Bool
  ) {
    switch way {
    case .strassen(let product): product.run(dy, weights, bias: nil, into: dx, adding: adding)
    case .direct(let product): product.run(dy, weights, into: dx, adding: adding)
    case .turned(let product, let result, let sum):
      if adding { return sum.run(dy, weights, into: dx, adding: true) }
      product.run(weights, dy, into: result.pointer)
      Library.transpose(result.pointer, rows: width, columns: rows, into: dx)
    }
  }
}

/// dW = dyᵀ·x.
@Engine private final class WeightProduct {
  private enum Way {
    case strassen(StrassenGradient)
    case tiled(TiledGradient)
    case direct(PlannedProduct)
  }

  private let way: Way

  init(rows: Int, width: Int, outputs: Int, _ site: Site) throws {
    let form = StrassenProduct.Form(site, rows: rows, depth: width, columns: outputs)
    let isSmall = rows <= LinearOperation.fewRows
    if !isSmall, let gradient = StrassenGradient(form, site) {
      way = .strassen(gradient)
    } else if !isSmall, let gradient = TiledGradient(rows: rows, width: width, outputs: outputs, site) {
      way = .tiled(gradient)
    } else {
      way = .direct(
        try PlannedProduct(
          .init(rows: outputs, columns: width, depth: rows, turnsFirst: true, packs: isSmall), site, .backward))
    }
  }

  var kernel: String {
    switch way {
    case .strassen(let gradient): gradient.kernel
    case .tiled(let gradient): gradient.kernel
    case .direct(let product): product.kernel
    }
  }

  func run(_ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>) {
    switch way {
    case .strassen(let strassen): strassen.run(dy, x, into: gradient)
    case .tiled(let tiled): tiled.run(dy, x, into: gradient)
    case .direct(let product): product.run(dy, x, into: gradient)
    }
  }
}
