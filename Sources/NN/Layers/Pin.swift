import Core

/// The value of a node that a caller reads (`PlanOptions.pin`): a plain copy that stays in memory to the end of the pass,
/// with a gradient of its own. What lies below it has no gradient. The graph puts it in; models never name it.
struct Pin: Layer {
  let kind = "pin"

  func output(of inputs: [Shape]) -> Shape { inputs[0] }

  @Engine func operation(at site: Site) throws -> any Operation { try PinOperation(site) }
}

@Engine private final class PinOperation: Operation {
  private let x: Value, y: Value

  init(_ site: Site) throws {
    x = try site.input(as: .plain)
    y = site.pinnedOutput(reusing: x)
  }

  func forward(_ mode: Mode) {
    let from = x.pointer, to = y.pointer
    guard from != to else { return }
    Library.stretches(y.buffer.count) { (to + $0).update(from: from + $0, count: $1) }
  }

  /// The gradient stays in the pinned value's own memory.
  func backward(_ mode: Mode) {}
}
