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
  /// xᵀ and yᵀ of the product for few rows.
  private let turned: (x: Buffer, y: Buffer)?

  /// Up to this many rows yᵀ = W·xᵀ is the faster product: oneDNN's sgemm runs at a fifth of its speed on few rows
  /// against a transposed B.
  private static let fewRows = 256

  init(_ layer: Linear, _ site: Site) throws {
    x = try site.input(as: .plain)
    y = site.output()
    (width, outputs) = (x.shape.width, layer.outputs)
    rows = site.batch * x.shape.count / width
    weight = site.parameter("\(layer.prefix)weight")
    bias = layer.bias ? site.parameter("\(layer.prefix)bias") : nil
    turned = rows <= Self.fewRows ? (site.scratch(rows * width, .forward), site.scratch(rows * outputs, .forward)) : nil
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    dx = site.gradient(of: x, adds: true)
    weightGradient = site.gradient(of: weight)
    biasGradient = bias.flatMap(site.gradient(of:))
    if weightGradient != nil { site.keep(x) }
  }

  func forward(_ mode: Mode) {
    let y = y.pointer
    if let turned {
      Library.transpose(x.pointer, rows: rows, columns: width, into: turned.x.pointer)
      Library.gemm(
        weight.values, turned.x.pointer, into: turned.y.pointer, rows: outputs, columns: rows, depth: width)
      Library.transpose(turned.y.pointer, rows: outputs, columns: rows, into: y)
    } else {
      Library.gemm(
        x.pointer, weight.values, transposing: .second, into: y, rows: rows, columns: outputs, depth: width)
    }
    guard let bias = bias?.values else { return }
    let outputs = outputs
    Parallel.forEach(rows) { quaver_add_row(y + $0.lowerBound * outputs, bias, $0.count, outputs) }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer else { return }
    if let weightGradient {
      Library.gemm(
        dy, x.pointer, transposing: .first, into: weightGradient, rows: outputs, columns: width, depth: rows)
    }
    if let biasGradient { Library.columnSums(dy, rows: rows, columns: outputs, into: biasGradient) }
    if let dx {
      Library.gemm(
        dy, weight.values, into: dx.pointer, rows: rows, columns: width, depth: outputs, adding: dx.accumulates)
    }
  }
}
