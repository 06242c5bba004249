import Core
import Kernels

/// 256 colours for values in [0, 1).
package struct Colormap: Sendable {
  package let name: String
  /// [256][3] in [0, 1]: red, green, blue.
  package let entries: [Float]
  /// [3][256]: all reds, all greens, all blues.
  let planes: [Float]

  /// - Parameter entries: 256 triples.
  init(name: String, entries: [Float]) {
    precondition(entries.count == 768, "\(name): \(entries.count) values; a colour map holds 256 triples")
    self.name = name
    self.entries = entries
    planes = (0..<3).flatMap { channel in (0..<256).map { entries[3 * $0 + channel] } }
  }

  /// - Parameter hexadecimal: 256 colours of six digits each; line breaks do not count.
  init(name: String, hexadecimal: String) {
    let digits = hexadecimal.compactMap(\.hexDigitValue)
    self.init(
      name: name,
      entries: stride(from: 0, to: digits.count - 1, by: 2).map { Float(16 * digits[$0] + digits[$0 + 1]) / 255 })
  }

  /// Expands `images` index images of `pixels` bytes each to [images][3][pixels] floats.
  package func expand(
    _ indices: UnsafePointer<UInt8>, images: Int = 1, pixels: Int = Geometry.pixels,
    into rgb: UnsafeMutablePointer<Float>
  ) {
    for image in 0..<images {
      quaver_colour(indices + image * pixels, pixels, planes, rgb + image * 3 * pixels)
    }
  }
}

extension Colormap {
  /// What an image that has left this map's curve looks like on it: each pixel's nearest entry, and how far off it is
  /// (Euclidean, of red, green and blue in [0, 1]). On all threads of the calling thread's pool.
  ///
  /// - Parameter rgb: [3][pixels].
  package func nearest(
    _ rgb: UnsafePointer<Float>, pixels: Int = Geometry.pixels
  ) -> (levels: [UInt8], distances: [Float]) {
    var levels = [UInt8](repeating: 0, count: pixels), distances = [Float](repeating: 0, count: pixels)
    levels.withUnsafeMutableBufferPointer { levels in
      distances.withUnsafeMutableBufferPointer { distances in
        guard let level = levels.baseAddress, let distance = distances.baseAddress else { return }
        Parallel.forEach(pixels) {
          quaver_nearest_colours(rgb, pixels, $0.lowerBound, $0.upperBound, planes, level, distance)
        }
      }
    }
    return (levels, distances)
  }
}

/// The registry of colour maps. Adding one is a file in `Colormaps` and a line here.
package enum Colormaps {
  package static let all: [Colormap] = [.jet, .viridis, .magma]

  /// - Throws: `PipelineError.unknown`.
  package static func named(_ name: String) throws -> Colormap {
    guard let map = all.first(where: { $0.name == name }) else {
      throw PipelineError.unknown(kind: "colour map", name: name, known: all.map(\.name))
    }
    return map
  }
}
