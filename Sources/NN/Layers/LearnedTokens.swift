import Core
import Kernels

/// A learned token before all others (the class token): [t, c] → [1 + t, c], parameter [1, 1, c] with the node's own name.
package struct Prepended: Layer {
  package let kind = "prepended"
  let start: Initialiser

  package init(start: Initialiser = .constant(0)) { self.start = start }

  package func output(of inputs: [Shape]) -> Shape {
    precondition(inputs[0].rank == 2, "only tokens have a token before them, not \(inputs[0])")
    return [1 + inputs[0][0], inputs[0][1]]
  }

  package func parameters(for inputs: [Shape]) -> [ParameterSpec] {
    [ParameterSpec("", [1, 1, inputs[0].width], start)]
  }

  @Engine package func operation(at site: Site) throws -> any Operation { try PrependedOperation(site) }
}

@Engine private final class PrependedOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let token: Parameter
  private let gradient: UnsafeMutablePointer<Float>?
  private let batch: Int

  init(_ site: Site) throws {
    x = try site.input(as: .plain)
    y = site.output()
    token = site.parameter("")
    gradient = site.gradient(of: token)
    dx = site.gradient(of: x)
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    batch = site.batch
  }

  func forward(_ mode: Mode) {
    let x = x.pointer, y = y.pointer, token = token.values, width = self.x.shape.width, count = self.x.shape.count
    Parallel.forEach(batch) { range in
      for n in range {
        let to = y + n * (width + count)
        to.update(from: token, count: width)
        (to + width).update(from: x + n * count, count: count)
      }
    }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer else { return }
    let width = x.shape.width, count = x.shape.count
    if let gradient { quaver_column_sums(dy, batch, width + count, 0, width, gradient) }
    guard let dx = dx?.pointer else { return }
    Parallel.forEach(batch) { range in
      for n in range { (dx + n * count).update(from: dy + n * (width + count) + width, count: count) }
    }
  }
}

/// Adds one learned number to each element of a sample (position embeddings): parameter [1, …] in the input's shape.
package struct Offset: Layer {
  package let kind = "offset"
  let name: String
  let start: Initialiser

  package init(_ name: String, _ start: Initialiser) { (self.name, self.start) = (name, start) }

  package func output(of inputs: [Shape]) -> Shape { inputs[0] }

  package func parameters(for inputs: [Shape]) -> [ParameterSpec] {
    [ParameterSpec(name, [1] + inputs[0].dims, start)]
  }

  package func flops(for inputs: [Shape]) -> Int { inputs[0].count }

  @Engine package func operation(at site: Site) throws -> any Operation { try OffsetOperation(self, site) }
}

@Engine private final class OffsetOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let offset: Parameter
  private let gradient: UnsafeMutablePointer<Float>?
  private let batch: Int

  init(_ layer: Offset, _ site: Site) throws {
    x = try site.input(as: .plain)
    y = site.output(reusing: x)
    offset = site.parameter(layer.name)
    gradient = site.gradient(of: offset)
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    dx = site.gradient(of: x, reusing: dy)
    batch = site.batch
  }

  func forward(_ mode: Mode) {
    let x = x.pointer, y = y.pointer, offset = offset.values, count = self.x.shape.count
    Parallel.forEach(batch) { range in
      for n in range { quaver_sum(x + n * count, offset, y + n * count, count) }
    }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer else { return }
    if let gradient { Library.columnSums(dy, rows: batch, columns: x.shape.count, into: gradient) }
    guard let dx = dx?.pointer, dx != dy else { return }
    Library.stretches(x.buffer.count) { (dx + $0).update(from: dy + $0, count: $1) }
  }
}

/// One token of each sample: [t, c] → [c].
package struct Token: Layer {
  package let kind = "token"
  let index: Int

  package init(_ index: Int) {
    precondition(index >= 0, "tokens count from 0")
    self.index = index
  }

  package func output(of inputs: [Shape]) -> Shape {
    precondition(inputs[0].rank == 2 && index < inputs[0][0], "\(inputs[0]) has no token \(index)")
    return [inputs[0][1]]
  }

  @Engine package func operation(at site: Site) throws -> any Operation { try TokenOperation(index, site) }
}

@Engine private final class TokenOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let index: Int, batch: Int

  init(_ index: Int, _ site: Site) throws {
    x = try site.input(as: .plain)
    y = site.output()
    dx = site.gradient(of: x, adds: true)
    dy = dx == nil ? nil : site.outputGradient(of: y)
    (self.index, batch) = (index, site.batch)
  }

  func forward(_ mode: Mode) {
    let count = x.shape.count, width = x.shape.width
    for n in 0..<batch { (y.pointer + n * width).update(from: x.pointer + n * count + index * width, count: width) }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let dx else { return }
    let to = dx.pointer, count = x.shape.count, width = x.shape.width
    if !dx.accumulates { Library.stretches(x.buffer.count) { (to + $0).update(repeating: 0, count: $1) } }
    for n in 0..<batch { quaver_add(dy + n * width, to + n * count + index * width, width) }
  }
}
