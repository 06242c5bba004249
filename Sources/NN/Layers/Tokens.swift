import Core
import Kernels

/// A feature map's pixels as tokens: [c, h, w] → [h·w, c].
package struct Tokens: Layer {
  package let kind = "tokens"
  package init() {}

  package func output(of inputs: [Shape]) -> Shape {
    let (c, h, w) = inputs[0].map
    return [h * w, c]
  }

  @Engine package func operation(at site: Site) throws -> any Operation { try TokensOperation(site) }
}

@Engine private final class TokensOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let slabs: Slabs

  init(_ site: Site) throws {
    x = try site.input()
    y = site.output()
    dx = site.gradient(of: x)
    dy = dx == nil ? nil : site.outputGradient(of: y)
    slabs = Slabs(x.shape, x.layout, batch: site.batch)
  }

  func forward(_ mode: Mode) {
    let x = x.pointer, y = y.pointer, slabs = slabs, channels = self.y.shape.width
    Parallel.forEach(slabs.batch) { range in
      for n in range {
        quaver_tokens(
          x + n * slabs.blocks * slabs.floats, slabs.pixels, channels, slabs.lanes, y + n * slabs.pixels * channels)
      }
    }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let dx = dx?.pointer else { return }
    let slabs = slabs, channels = y.shape.width
    Parallel.forEach(slabs.batch) { range in
      for n in range {
        quaver_untokens(
          dy + n * slabs.pixels * channels, slabs.pixels, channels, slabs.lanes,
          dx + n * slabs.blocks * slabs.floats)
      }
    }
  }
}

/// Tokens as the pixels of a feature map, row by row: [h·w, c] → [c, h, w].
package struct FeatureMap: Layer {
  package let kind = "featureMap"
  let height: Int

  package init(height: Int) {
    precondition(height > 0, "a map needs at least 1 row")
    self.height = height
  }

  package func output(of inputs: [Shape]) -> Shape {
    precondition(
      inputs[0].rank == 2 && inputs[0][0] % height == 0, "\(inputs[0]) are not the pixels of a map of \(height) rows")
    return [inputs[0][1], height, inputs[0][0] / height]
  }

  @Engine package func operation(at site: Site) throws -> any Operation { try FeatureMapOperation(site) }
}

@Engine private final class FeatureMapOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let batch: Int

  init(_ site: Site) throws {
    x = try site.input(as: .plain)
    y = site.output()
    dx = site.gradient(of: x)
    dy = dx == nil ? nil : site.outputGradient(of: y)
    batch = site.batch
  }

  func forward(_ mode: Mode) {
    let x = x.pointer, y = y.pointer, tokens = self.x.shape[0], channels = self.x.shape[1]
    Parallel.forEach(batch) { range in
      for n in range {
        quaver_untokens(x + n * tokens * channels, tokens, channels, 1, y + n * tokens * channels)
      }
    }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let dx = dx?.pointer else { return }
    let tokens = x.shape[0], channels = x.shape[1]
    Parallel.forEach(batch) { range in
      for n in range {
        quaver_tokens(dy + n * tokens * channels, tokens, channels, 1, dx + n * tokens * channels)
      }
    }
  }
}
