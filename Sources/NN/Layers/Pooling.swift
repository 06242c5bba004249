import Core
import Kernels

/// Max-pool with floor (torch.nn.MaxPool2d). Keeps one byte an output: the place of the maximum in its window.
///
/// With `rectified` it is ReLU followed by max-pool in one pass (`Fusion`): the larger of 0 and the maximum, and no
/// gradient where the maximum was not positive. The map before it then need not be kept at all.
package struct MaxPool: Layer {
  package let kind = "maxPool"
  let kernel: Int, stride: Int, padding: Int
  let rectified: Bool

  package init(kernel: Int, stride: Int? = nil, padding: Int = 0, rectified: Bool = false) {
    precondition(1...15 ~= kernel, "a window of \(kernel)×\(kernel) has places that a byte cannot name")
    precondition(padding >= 0 && padding * 2 <= kernel, "padding \(padding) is more than half of kernel \(kernel)")
    (self.kernel, self.stride, self.padding, self.rectified) = (kernel, stride ?? kernel, padding, rectified)
  }

  package func output(of inputs: [Shape]) -> Shape {
    let (c, h, w) = inputs[0].map
    precondition(h + 2 * padding >= kernel && w + 2 * padding >= kernel, "a \(kernel)×\(kernel) window on \(inputs[0])")
    return [c, (h + 2 * padding - kernel) / stride + 1, (w + 2 * padding - kernel) / stride + 1]
  }

  package func flops(for inputs: [Shape]) -> Int { output(of: inputs).count * kernel * kernel }

  @Engine package func operation(at site: Site) throws -> any Operation { try MaxPoolOperation(self, site) }
}

@Engine private final class MaxPoolOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?, which: Buffer?
  private let window: quaver_window
  private let slabs: Slabs
  private let rectified: Bool

  init(_ layer: MaxPool, _ site: Site) throws {
    x = try site.input()
    y = site.output(x.layout)
    let (_, height, width) = x.shape.map
    window = quaver_window(
      height: height, width: width, height_out: y.shape[1], width_out: y.shape[2], kernel: layer.kernel,
      stride: layer.stride, padding: layer.padding)
    slabs = Slabs(x.shape, x.layout, batch: site.batch)
    rectified = layer.rectified
    dx = site.gradient(of: x)
    dy = dx == nil ? nil : site.outputGradient(of: y)
    which = dx == nil ? nil : site.kept((y.buffer.count + 3) / 4)
  }

  func forward(_ mode: Mode) {
    let x = x.pointer, y = y.pointer, which = which?.bytes
    let slabs = slabs, rectified = rectified, window = window
    let size = slabs.floats, pooled = window.height_out * window.width_out * slabs.lanes
    Parallel.forEach(slabs.count) { range in
      var window = window
      for s in range {
        quaver_max_pool(x + s * size, y + s * pooled, which.map { $0 + s * pooled }, &window, slabs.lanes, rectified)
      }
    }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let dx = dx?.pointer, let which = which?.bytes else { return }
    let slabs = slabs, window = window
    let size = slabs.floats, pooled = window.height_out * window.width_out * slabs.lanes
    Parallel.forEach(slabs.count) { range in
      var window = window
      for s in range {
        quaver_max_pool_gradient(dy + s * pooled, which + s * pooled, dx + s * size, &window, slabs.lanes)
      }
    }
  }
}

/// A feature map cut into the pieces that kernels work on: the pixels of one image and one channel block.
struct Slabs {
  let batch: Int, blocks: Int, pixels: Int, lanes: Int
  var count: Int { batch * blocks }
  var floats: Int { pixels * lanes }
  /// Channels with the padding of the last block.
  var channels: Int { blocks * lanes }

  init(batch: Int, blocks: Int, pixels: Int, lanes: Int) {
    (self.batch, self.blocks, self.pixels, self.lanes) = (batch, blocks, pixels, lanes)
  }

  init(_ shape: Shape, _ layout: Layout, batch: Int) {
    (self.batch, lanes) = (batch, layout.lanes)
    blocks = layout.paddedChannels(shape.map.channels) / layout.lanes
    pixels = shape[1] * shape[2]
  }
}

/// Mean over windows that divide the map into `size`×`size` (torch.nn.AdaptiveAvgPool2d); where the map has that size
/// already, nothing is computed.
package struct AdaptiveAveragePool: Layer {
  package let kind = "adaptiveAveragePool"
  let size: Int

  package init(_ size: Int) {
    precondition(size > 0, "a map of \(size)×\(size) is empty")
    self.size = size
  }

  package func output(of inputs: [Shape]) -> Shape { [inputs[0].map.channels, size, size] }
  package func flops(for inputs: [Shape]) -> Int { isIdentity(inputs[0]) ? 0 : inputs[0].count }

  private func isIdentity(_ shape: Shape) -> Bool { shape[1] == size && shape[2] == size }

  @Engine package func operation(at site: Site) throws -> any Operation {
    guard isIdentity(site.inputShapes[0]) else { return try AveragePoolOperation(site) }
    _ = site.view(of: try site.input())
    return ViewOperation()
  }
}

@Engine private final class AveragePoolOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let channels: Int
  private var windows: quaver_window

  init(_ site: Site) throws {
    x = try site.input(as: .plain)
    y = site.output()
    dx = site.gradient(of: x)
    dy = dx == nil ? nil : site.outputGradient(of: y)
    channels = site.batch * x.shape[0]
    windows = quaver_window(
      height: x.shape[1], width: x.shape[2], height_out: y.shape[1], width_out: y.shape[2], kernel: 0, stride: 0,
      padding: 0)
  }

  func forward(_ mode: Mode) {
    let x = x.pointer, y = y.pointer, windows = windows
    Parallel.forEach(channels) { range in
      var windows = windows
      quaver_average_pool(x, y, range.lowerBound, range.upperBound, &windows)
    }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let dx = dx?.pointer else { return }
    let windows = windows
    Parallel.forEach(channels) { range in
      var windows = windows
      quaver_average_pool_gradient(dy, dx, range.lowerBound, range.upperBound, &windows)
    }
  }
}

/// Nothing to compute: the output is the input's memory.
@Engine final class ViewOperation: Operation {
  func forward(_ mode: Mode) {}
  func backward(_ mode: Mode) {}
}

/// Axes from `start` on joined into one (torch.flatten; axes count within a sample): [256, 6, 6] → [9216].
package struct Flatten: Layer {
  package let kind = "flatten"
  let start: Int

  package init(from start: Int = 0) { self.start = start }

  package func output(of inputs: [Shape]) -> Shape {
    let dims = inputs[0].dims
    precondition(start < dims.count, "\(inputs[0]) has no axis \(start)")
    return Shape(dims[..<start] + [dims[start...].reduce(1, *)])
  }

  @Engine package func operation(at site: Site) throws -> any Operation {
    _ = site.view(of: try site.input(as: .plain))
    return ViewOperation()
  }
}
