import Kernels
import Testing

/// Batch normalisation of rows of many lanes, some strips at a time, beside each strip by itself: the same bits.
@Suite struct NormalisationTests {
  /// A strip's place among the lanes and its width: sixteen lanes or eight, as the kernels take them.
  private static func strips(_ lanes: Int) -> [Range<Int>] {
    let whole = (0..<lanes / 16).map { $0 * 16..<$0 * 16 + 16 }
    return lanes % 16 == 8 ? whole + [lanes - 8..<lanes] : whole
  }

  /// One slab's inputs and everything that the four kernels make of it.
  private struct Slab {
    let pixels: Int, lanes: Int
    var x: [Float], dy: [Float]
    /// Scale, offset, mean, by x, constant and shift, each of all lanes.
    var channels: [Float]
    private(set) var moments: [Double] = [], gradientSums: [Double] = []
    private(set) var y: [Float] = [], dx: [Float] = []

    init(pixels: Int, lanes: Int) {
      (self.pixels, self.lanes) = (pixels, lanes)
      var random = Numbers()
      func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.next(2001) - 1000) / 300 } }
      (x, dy) = (numbers(pixels * lanes), numbers(pixels * lanes))
      channels = numbers(6 * lanes)
    }

    /// Its columns of one strip, by themselves.
    func cut(_ strip: Range<Int>) -> Slab {
      var part = Slab(pixels: pixels, lanes: strip.count)
      func columns(_ from: [Float]) -> [Float] {
        stride(from: 0, to: from.count, by: lanes).flatMap { from[$0 + strip.lowerBound..<$0 + strip.upperBound] }
      }
      (part.x, part.dy, part.channels) = (columns(x), columns(dy), columns(channels))
      return part
    }

    mutating func compute(_ activation: quaver_activation) {
      moments = [Double](repeating: .nan, count: 2 * lanes)
      gradientSums = moments
      (y, dx) = (x, dy)
      let channels = channels
      channels.withUnsafeBufferPointer { channels in
        guard let first = channels.baseAddress else { return }
        var norm = quaver_norm(
          scale: first, offset: first + lanes, mean: first + 2 * lanes, by_x: first + 3 * lanes,
          constant: first + 4 * lanes, activation: activation)
        quaver_norm_moments(x, pixels, lanes, first + 5 * lanes, &moments)
        quaver_norm_gradient_sums(dy, x, pixels, lanes, &norm, &gradientSums)
        quaver_norm_apply(x, &y, pixels, lanes, &norm)
        quaver_norm_gradient(dy, x, &dx, pixels, lanes, &norm)
      }
    }
  }

  @Test(arguments: [24, 32, 40, 264, 272, 288, 512, 520, 800], [0, 1, 7, 8, 9, 256, 257, 300])
  func stripsTogetherAreEachStrip(lanes: Int, pixels: Int) {
    for activation in [QUAVER_IDENTITY, QUAVER_HARD_SWISH] {
      var slab = Slab(pixels: pixels, lanes: lanes)
      slab.compute(activation)
      for strip in Self.strips(lanes) {
        var alone = slab.cut(strip)
        alone.compute(activation)
        let sums = Array(strip) + strip.map { $0 + lanes }
        #expect(sums.map { slab.moments[$0].bitPattern } == alone.moments.map(\.bitPattern))
        #expect(sums.map { slab.gradientSums[$0].bitPattern } == alone.gradientSums.map(\.bitPattern))
        for pixel in 0..<pixels {
          let wide = pixel * lanes + strip.lowerBound..<pixel * lanes + strip.upperBound
          let narrow = pixel * strip.count..<(pixel + 1) * strip.count
          #expect(slab.y[wide] == alone.y[narrow] && slab.dx[wide] == alone.dx[narrow], "pixel \(pixel)")
        }
      }
    }
  }
}
