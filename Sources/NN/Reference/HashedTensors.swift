import Core
import Glibc

/// The weights and images of the reference vectors: hashed from names, so that they need no storage
/// (reference/README.md). Not the project's own `RandomStream`.
package struct HashedTensors: Sendable {
  package let seed: UInt64

  package init(seed: UInt64) { self.seed = seed }

  /// u(name, i), 24 bits in [0, 1), for i = 0, 1, ….
  private struct Stream {
    let start: UInt64
    subscript(_ index: Int) -> Float { Float(splitmix64(start &+ UInt64(index)) >> 40) * 0x1p-24 }
  }

  private func stream(_ name: String) -> Stream {
    Stream(start: fnv1a64(name) &+ seed &* 0x2545_F491_4F6C_DD1D)
  }

  /// Values of a parameter; the first matching row of the reference's table applies.
  @Engine package func fill(_ values: UnsafeMutablePointer<Float>, name: String, shape: [Int]) {
    let last = name.split(separator: ".").last ?? ""
    func fill(_ scale: Float, _ offset: Float) {
      let u = stream(name)
      Parallel.forEach(shape.reduce(1, *)) { range in
        for i in range { values[i] = offset + scale * u[i] }
      }
    }
    func fillAroundZero(_ scale: Float) {
      let u = stream(name)
      Parallel.forEach(shape.reduce(1, *)) { range in
        for i in range { values[i] = scale * (2 * u[i] - 1) }
      }
    }
    if name.hasSuffix("running_var") {
      fill(1, 0.5)
    } else if name.hasSuffix("running_mean") {
      fillAroundZero(0.2)
    } else if last.contains("weight"), shape.count >= 2 {
      fillAroundZero(Float(sqrt(3 / Double(shape.dropFirst().reduce(1, *)))))
    } else if name.hasSuffix("weight"), shape.count == 1 {
      fill(0.5, 0.75)
    } else {
      fillAroundZero(0.1)
    }
  }

  /// Every parameter of a network; `num_batches_tracked` starts at 0.
  @Engine package func fill(_ network: Network) {
    for parameter in network.parameters {
      if parameter.role == .counter {
        parameter.counter = 0
      } else {
        fill(parameter.values, name: parameter.name, shape: parameter.shape)
      }
    }
    network.parametersChanged()
  }

  /// A batch of images [count, 3, 224, 224]: 0.75 of a 14×14 grid of 16×16 squares and 0.25 of noise.
  package func fillImages(_ images: UnsafeMutablePointer<Float>, tag: String, count: Int) {
    let grid = stream("\(tag).grid"), noise = stream("\(tag).noise")
    for plane in 0..<count * 3 {
      for y in 0..<224 {
        for x in 0..<224 {
          let at = (plane * 224 + y) * 224 + x
          images[at] = 0.75 * grid[(plane * 14 + y / 16) * 14 + x / 16] + 0.25 * noise[at]
        }
      }
    }
  }
}
