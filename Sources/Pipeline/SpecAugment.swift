import Core
import Kernels

/// SpecAugment (Park et al., 2019) on the coloured image: a stretch along time by 0.9, two time masks and one frequency
/// mask. What is drawn depends on (seed, epoch, slice) alone, never on the order in which slices are asked for.
package struct SpecAugment: Sendable {
  /// Columns that the stretched image fills, from the left: 224·0.9.
  package static let filled = 202
  /// Widths are drawn from 0…16.
  package static let widest = 16

  /// What is blacked out of one image.
  package struct Masks: Sendable, Equatable {
    /// Columns within the stretched image, so that no mask falls on columns that are black already.
    package let time: [Range<Int>]
    /// Rows, 0 the lowest bin.
    package let frequency: Range<Int>
  }

  package let seed: UInt64

  package init(seed: UInt64) { self.seed = seed }

  package func masks(epoch: Int, slice: Int) -> Masks {
    let random = RandomStream(seed: seed, purpose: "specaugment", epoch, slice)
    func mask(_ draw: Int, within size: Int) -> Range<Int> {
      let width = random.integer(2 * draw, below: Self.widest + 1)
      let start = random.integer(2 * draw + 1, below: size - width + 1)
      return start..<(start + width)
    }
    return Masks(
      time: [mask(0, within: Self.filled), mask(1, within: Self.filled)], frequency: mask(2, within: Geometry.side))
  }

  /// Colours, stretches and masks one index image.
  ///
  /// - Parameters:
  ///   - image: 224×224 bytes.
  ///   - rgb: receives [3][224][224] floats in [0, 1]; masked and freed pixels are 0.
  package func apply(
    to image: UnsafePointer<UInt8>, colormap: Colormap, epoch: Int, slice: Int, into rgb: UnsafeMutablePointer<Float>
  ) {
    let masks = masks(epoch: epoch, slice: slice)
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 6) { bounds in
      for (i, range) in (masks.time + [masks.frequency]).enumerated() {
        bounds[2 * i] = Int32(range.lowerBound)
        bounds[2 * i + 1] = Int32(range.upperBound)
      }
      guard let time = UnsafePointer(bounds.baseAddress) else { return }
      quaver_augment(
        image, colormap.planes, Self.first, Self.weight, Int32(Self.filled), time, time + 4, rgb)
    }
  }

  /// Half-pixel bilinear: source column and weight of its right neighbour.
  private static let columns: [(first: Int, weight: Double)] = (0..<filled).map { column in
    let centre = (Double(column) + 0.5) * Double(Geometry.side) / Double(filled) - 0.5
    let position = min(max(0, centre), Double(Geometry.side - 1))
    return (Int(position), position - position.rounded(.down))
  }
  private static let first = columns.map { Int32($0.first) }
  private static let weight = columns.map { Float($0.weight) }
}
