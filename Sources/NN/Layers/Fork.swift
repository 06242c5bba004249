import Core
import Kernels

/// Where a plan parts into what is computed once and what is computed again with other masks (`PlanOptions.forks`). The value
/// stays in memory while the layers behind it run again and again; their gradients add up here, and go on as one. The graph
/// puts it in; models never name it.
struct Fork: Layer {
  let kind = "fork"

  func output(of inputs: [Shape]) -> Shape { inputs[0] }

  @Engine func operation(at site: Site) throws -> any Operation { try ForkOperation(site) }
}

@Engine final class ForkOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let sum: Buffer?

  init(_ site: Site) throws {
    x = try site.input(as: .plain)
    y = site.output(reusing: x)
    site.keep(y)
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    sum = dy.map { site.kept($0.count) }
    dx = site.gradient(of: x)
  }

  func forward(_ mode: Mode) { copy(x.pointer, y.pointer) }

  /// Takes in the gradient that the layers behind have left; the first of a step begins the sum.
  func gather(isFirst: Bool) {
    guard let dy, let sum else { return }
    guard !isFirst else { return copy(dy.pointer, sum.pointer) }
    let from = dy.pointer, to = sum.pointer
    Library.stretches(dy.count) { quaver_add(from + $0, to + $0, $1) }
  }

  /// Hands on what was gathered.
  func backward(_ mode: Mode) {
    guard let sum, let dx else { return }
    copy(sum.pointer, dx.pointer)
  }

  private func copy(_ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>) {
    guard from != UnsafePointer(to) else { return }
    Library.stretches(y.buffer.count) { (to + $0).update(from: from + $0, count: $1) }
  }
}
