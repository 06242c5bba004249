import Foundation
import Pipeline
import Testing

@Suite struct NearestColourTests {
  /// An image that lies on the curve comes back as it was, whatever its size.
  @Test(arguments: [1, 15, 16, 17, 1000])
  func colouredLevelsComeBack(pixels: Int) {
    for map in Colormaps.all {
      let levels = (0..<pixels).map { UInt8($0 * 37 % 256) }
      var rgb = [Float](repeating: 0, count: 3 * pixels)
      map.expand(levels, pixels: pixels, into: &rgb)
      let found = map.nearest(rgb, pixels: pixels)
      let same = zip(found.levels, levels).allSatisfy { ours, level in
        // Maps repeat a colour here and there; the lowest of equals is taken.
        (0..<3).allSatisfy { map.entries[3 * Int(ours) + $0] == map.entries[3 * Int(level) + $0] }
      }
      #expect(same, "\(map.name)")
      #expect(found.distances.allSatisfy { $0 == 0 })
    }
  }

  @Test func everyOtherColourGetsTheNearest() {
    let colours: [[Float]] = [[1, 1, 1], [0, 0, 0], [0.3, 0.9, 0.1], [1, 0, 1], [0.5, 0.5, 0.5]]
    let rgb = (0..<3).flatMap { channel in colours.map { $0[channel] } }
    let found = Colormap.jet.nearest(rgb, pixels: colours.count)
    for (index, colour) in colours.enumerated() {
      let distances = (0..<256).map { entry in
        (0..<3).reduce(Float(0)) { $0 + pow(colour[$1] - Colormap.jet.entries[3 * entry + $1], 2) }.squareRoot()
      }
      #expect(abs(found.distances[index] - (distances.min() ?? 0)) < 1e-6)
      #expect(abs(distances[Int(found.levels[index])] - (distances.min() ?? 0)) < 1e-6)
    }
  }

  @Test func whatIsNotANumberIsTold() {
    let found = Colormap.jet.nearest([.nan, 0, 0], pixels: 1)
    #expect(found.levels == [0] && found.distances[0].isNaN)
  }
}
