import Core
import Kernels

/// y = (x − mean) / deviation, one mean and deviation a channel: what torchvision's `Normalize` does to an image, as a layer
/// without parameters. Standing first in the graph it leaves the network's input in [0, 1], where attacks work.
package struct Normalise: Layer {
  package let kind = "normalise"
  let statistics: ImageStatistics

  package init(_ statistics: ImageStatistics) { self.statistics = statistics }

  package func output(of inputs: [Shape]) -> Shape {
    precondition(
      inputs[0].map.channels == statistics.mean.count, "\(statistics.mean.count) means for an image of \(inputs[0])")
    return inputs[0]
  }

  package func flops(for inputs: [Shape]) -> Int { 2 * inputs[0].count }

  @Engine package func operation(at site: Site) throws -> any Operation { try NormaliseOperation(statistics, site) }
}

/// Mean and deviation of an image's channels.
package struct ImageStatistics: Sendable, Equatable {
  /// As checkpoints and jobs call it.
  package let name: String
  package let mean: [Float]
  package let deviation: [Float]

  package init(name: String, mean: [Float], deviation: [Float]) {
    precondition(mean.count == deviation.count, "\(mean.count) means and \(deviation.count) deviations")
    precondition(deviation.allSatisfy { $0 > 0 }, "a deviation is positive")
    (self.name, self.mean, self.deviation) = (name, mean, deviation)
  }

  /// What torchvision's, timm's and Hugging Face's ImageNet weights were trained with.
  package static let imageNet = ImageStatistics(
    name: "imagenet", mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
}

@Engine private final class NormaliseOperation: Operation {
  private let x: Value, y: Value
  private let dy: Buffer?, dx: InputGradient?
  private let statistics: ImageStatistics
  private let slabs: Int, pixels: Int

  init(_ statistics: ImageStatistics, _ site: Site) throws {
    self.statistics = statistics
    x = try site.input(as: .plain)
    y = site.output()
    let (channels, height, width) = x.shape.map
    (slabs, pixels) = (site.batch * channels, height * width)
    dx = site.gradient(of: x, reusing: y.gradient)
    dy = dx == nil ? nil : site.outputGradient(of: y)
  }

  func forward(_ mode: Mode) {
    let channels = statistics.mean.count, pixels = pixels, x = x.pointer, y = y.pointer, statistics = statistics
    Parallel.forEach(slabs) { range in
      for s in range {
        let scale = 1 / statistics.deviation[s % channels]
        quaver_affine(x + s * pixels, scale, -statistics.mean[s % channels] * scale, y + s * pixels, pixels)
      }
    }
  }

  func backward(_ mode: Mode) {
    guard let dy = dy?.pointer, let dx = dx?.pointer else { return }
    let channels = statistics.mean.count, pixels = pixels, statistics = statistics
    Parallel.forEach(slabs) { range in
      for s in range {
        quaver_scale(dy + s * pixels, 1 / statistics.deviation[s % channels], dx + s * pixels, pixels)
      }
    }
  }
}
