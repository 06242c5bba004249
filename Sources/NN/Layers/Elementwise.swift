import Core
import Kernels

/// y = f(x), element by element in x's layout and, where the planner allows it, in x's memory.
@Engine final class ElementwiseOperation: Operation {
  /// Writes y from x.
  typealias Forward = @convention(c) (UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int) -> Void
  /// Writes dx from dy and what is kept.
  typealias Backward =
    @convention(c) (
      UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int
    ) -> Void

  /// What backward reads beside the output's gradient.
  enum Kept { case input, output }

  private let x: Value, y: Value, kept: Value
  private let dy: Buffer?, dx: InputGradient?
  private let function: Forward, gradient: Backward

  init(_ site: Site, _ function: @escaping Forward, gradient: @escaping Backward, keeping what: Kept) throws {
    (self.function, self.gradient) = (function, gradient)
    x = try site.input()
    y = site.output(x.layout, reusing: x)
    kept = what == .input ? x : y
    dy = y.needsGradient ? site.outputGradient(of: y) : nil
    dx = site.gradient(of: x, reusing: dy)
    if dx != nil { site.keep(kept) }
  }

  func forward(_ mode: Mode) {
    let x = x.pointer, y = y.pointer, function = function
    Library.stretches(self.y.buffer.count) { function(x + $0, y + $0, $1) }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let dx = dx?.pointer else { return }
    let kept = kept.pointer, gradient = gradient
    Library.stretches(y.buffer.count) { gradient(dy + $0, kept + $0, dx + $0, $1) }
  }
}
