import Core
import OneDNN

/// A value in another layout. The planner puts it between layers that disagree; models never name it.
struct Reorder: Layer {
  let kind = "reorder"
  let layout: Layout

  init(to layout: Layout) { self.layout = layout }

  func output(of inputs: [Shape]) -> Shape { inputs[0] }

  @Engine func operation(at site: Site) throws -> any Operation { try ReorderOperation(layout, site) }
}

@Engine private final class ReorderOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let forth: LibraryReorder, back: LibraryReorder
  private let scratch: Buffer, backScratch: Buffer

  init(_ layout: Layout, _ site: Site) throws {
    x = try site.input()
    y = site.output(layout)
    forth = try LibraryReorder(x.shape, batch: site.batch, from: x.layout, to: layout, node: site.name)
    back = try LibraryReorder(x.shape, batch: site.batch, from: layout, to: x.layout, node: site.name)
    scratch = site.scratch(forth.scratchFloats, .forward)
    backScratch = site.scratch(back.scratchFloats, .backward)
    dx = site.gradient(of: x)
    dy = dx == nil ? nil : site.outputGradient(of: y)
  }

  func forward(_ mode: Mode) { forth.run(x.pointer, y.pointer, scratch: scratch) }

  func backward(_ mode: Mode) {
    guard let dx, let dy else { return }
    back.run(dy.pointer, dx.pointer, scratch: backScratch)
  }
}

/// oneDNN's reorder of one feature map.
@Engine final class LibraryReorder {
  private let handle: OpaquePointer
  let scratchFloats: Int

  init(_ shape: Shape, batch: Int, from: Layout, to: Layout, node: String) throws {
    let (channels, height, width) = shape.map
    guard
      let handle = quaver_reorder_create(
        Int32(batch), Int32(channels), Int32(height), Int32(width), from.library, to.library)
    else { throw NNError.unsupported(node: node, what: "a reorder of \(shape) from \(from) to \(to)") }
    self.handle = handle
    scratchFloats = (quaver_reorder_scratch_bytes(handle) + 3) / 4
  }

  isolated deinit { quaver_reorder_free(handle) }

  func run(_ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, scratch: Buffer) {
    let done = quaver_reorder_run(handle, from, to, scratch.pointer)
    precondition(done, "a reorder failed")
  }
}
