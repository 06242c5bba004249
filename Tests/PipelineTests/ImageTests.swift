import Core
import Foundation
import Pipeline
import Testing

@Suite struct ImageTests {
  private static func matrix(_ value: (_ row: Int, _ column: Int) -> Float) -> [Float] {
    (0..<Geometry.cells).map { value($0 / Geometry.frames, $0 % Geometry.frames) }
  }

  @Test func constantsStayConstantUnderTheResize() {
    let scaling = Scaling(lo: -60, hi: 20)
    for (value, index): (Float, UInt8) in [(-60, 0), (-20, 128), (19.9, 255), (20, 255), (-200, 0), (300, 255)] {
      // 128 itself is a boundary: a hair above it, since weights sum to one only in exact arithmetic.
      let image = IndexImage.make(Self.matrix { _, _ in value + 0.001 }, scaling: scaling)
      #expect(image.allSatisfy { $0 == index }, "\(value)")
    }
  }

  @Test func theResizeIsAnAntialiasedTriangle() {
    // A ramp along time must come out as the ramp at the new columns' centres, but for the edges.
    let ramp = Self.matrix { _, column in Float(column) }
    let image = IndexImage.make(ramp, scaling: Scaling(lo: 0, hi: 256))
    for column in 2..<222 {
      let centre = (Double(column) + 0.5) * 229 / 224 - 0.5
      #expect(abs(Double(image[column]) + 0.5 - centre) <= 0.52, "\(column)")
    }
    // An impulse's weights: two columns share it, and all weights on it sum to 224/229 of one.
    let impulse = Self.matrix { row, column in row == 7 && column == 100 ? 1 : 0 }
    let spread = IndexImage.make(impulse, scaling: Scaling(lo: 0, hi: 1))[(7 * 224)..<(8 * 224)].map {
      Double($0) / 256
    }
    #expect(abs(spread.reduce(0, +) - 224.0 / 229) < 0.02)
    #expect(spread.count { $0 > 0 } <= 3)
  }

  @Test func equalLoAndHiGiveZeros() {
    let image = IndexImage.make(Self.matrix { _, _ in -100 }, scaling: Scaling(lo: -100, hi: -100))
    #expect(image.allSatisfy { $0 == 0 })
  }

  @Test func scalingIsTheMeanOfExtremes() {
    let scaling = Scaling(extremes: [.init(smallest: -70, largest: 10), .init(smallest: -50, largest: 30)])
    #expect(scaling == Scaling(lo: -60, hi: 20))
    #expect(scaling.normalised([-100, -60, -20, 20, 50]) == [0, 0, 0.5, 1, 1])
  }

  @Test(arguments: Colormaps.all.map(\.name))
  func coloursAreWhole(name: String) throws {
    let map = try Colormaps.named(name)
    #expect(map.entries.count == 768 && map.entries.allSatisfy { (0...1).contains($0) })
    let indices = (0..<256).map(UInt8.init)
    var rgb = [Float](repeating: -1, count: 3 * 512)
    map.expand(indices + indices.reversed(), images: 2, pixels: 256, into: &rgb)
    for i in 0..<256 {
      for channel in 0..<3 {
        #expect(rgb[channel * 256 + i] == map.entries[3 * i + channel])
        #expect(rgb[768 + channel * 256 + 255 - i] == map.entries[3 * i + channel])
      }
    }
  }

  @Test func knownColoursAreMatplotlibs() {
    func colour(_ map: Colormap, _ index: Int) -> [Int] {
      (0..<3).map { Int((map.entries[3 * index + $0] * 255).rounded()) }
    }
    #expect(colour(.jet, 0) == [0, 0, 128] && colour(.jet, 255) == [128, 0, 0])
    #expect(colour(.viridis, 0) == [68, 1, 84] && colour(.viridis, 255) == [253, 231, 37])
    #expect(colour(.magma, 0) == [0, 0, 4] && colour(.magma, 255) == [252, 253, 191])
  }

  // MARK: SpecAugment

  private static let white = [UInt8](repeating: 127, count: Geometry.pixels)

  private func augmented(_ image: [UInt8] = white, seed: UInt64, epoch: Int, slice: Int) -> [Float] {
    var rgb = [Float](repeating: 7, count: 3 * Geometry.pixels)
    SpecAugment(seed: seed).apply(to: image, colormap: .viridis, epoch: epoch, slice: slice, into: &rgb)
    return rgb
  }

  @Test func masksDependOnSeedEpochAndSliceAlone() {
    let policy = SpecAugment(seed: 3)
    #expect(policy.masks(epoch: 2, slice: 9) == SpecAugment(seed: 3).masks(epoch: 2, slice: 9))
    let draws = [policy.masks(epoch: 2, slice: 9), policy.masks(epoch: 3, slice: 9), policy.masks(epoch: 2, slice: 8)]
    #expect(draws[0] != draws[1] && draws[0] != draws[2])
    #expect(SpecAugment(seed: 4).masks(epoch: 2, slice: 9) != draws[0])
    #expect(augmented(seed: 1, epoch: 2, slice: 3) == augmented(seed: 1, epoch: 2, slice: 3))
  }

  @Test func maskWidthsCoverZeroToSixteenWithinTheImage() {
    let policy = SpecAugment(seed: 0)
    var widths: Set<Int> = []
    for slice in 0..<500 {
      let masks = policy.masks(epoch: 1, slice: slice)
      #expect(masks.time.count == 2)
      for mask in masks.time { #expect(mask.lowerBound >= 0 && mask.upperBound <= SpecAugment.filled) }
      #expect(masks.frequency.lowerBound >= 0 && masks.frequency.upperBound <= Geometry.side)
      widths.formUnion((masks.time + [masks.frequency]).map(\.count))
    }
    #expect(widths == Set(0...16))
  }

  @Test func exactlyTheMaskedAndFreedPixelsAreBlack() {
    for slice in 0..<20 {
      let masks = SpecAugment(seed: 8).masks(epoch: 1, slice: slice)
      let rgb = augmented(seed: 8, epoch: 1, slice: slice)
      for pixel in 0..<Geometry.pixels {
        let (row, column) = (pixel / 224, pixel % 224)
        let black =
          column >= 202 || masks.frequency.contains(row) || masks.time.contains { $0.contains(column) }
        for channel in 0..<3 {
          let expected = black ? 0 : Colormap.viridis.entries[127 * 3 + channel]
          guard rgb[channel * Geometry.pixels + pixel] == expected else {
            Issue.record("slice \(slice), row \(row), column \(column)")
            return
          }
        }
      }
    }
  }

  @Test func theStretchIsBilinear() {
    // Index = column: the mean of two neighbouring colours.
    let image = (0..<Geometry.pixels).map { UInt8($0 % 224) }
    let masks = SpecAugment(seed: 8).masks(epoch: 1, slice: 0)
    let rgb = augmented(image, seed: 8, epoch: 1, slice: 0)
    let row = masks.frequency.contains(0) ? masks.frequency.upperBound : 0
    for column in 0..<202 where !masks.time.contains(where: { $0.contains(column) }) {
      let position = max(0, (Double(column) + 0.5) * 224 / 202 - 0.5), left = Int(position)
      let weight = Float(position - Double(left)), right = min(223, left + 1)
      let entries = Colormap.viridis.entries
      let expected = entries[3 * left] * (1 - weight) + entries[3 * right] * weight
      #expect(abs(rgb[row * 224 + column] - expected) < 1e-6)
    }
  }
}
