/// What brings activation maps to the image's size and to 0 … 1.
package enum MapScaling {
  /// Values less their smallest, over 1e-7 and their largest after that; a constant map becomes 0.
  package static func unit(_ values: [Float]) -> [Float] {
    guard let low = values.min(), let high = values.max() else { return values }
    let scale = 1 / (1e-7 + (high - low))
    return values.map { ($0 - low) * scale }
  }

  /// Bilinear with half-pixel centres; beyond the outer centres the outer value holds.
  package static func resized(
    _ values: [Float], rows: Int, columns: Int, toRows height: Int, columns width: Int
  ) -> [Float] {
    let vertical = (0..<height).map { tap($0, from: rows, to: height) }
    let horizontal = (0..<width).map { tap($0, from: columns, to: width) }
    var result: [Float] = []
    result.reserveCapacity(height * width)
    for y in vertical {
      let above = y.low * columns, below = y.high * columns
      for x in horizontal {
        let top = values[above + x.low] + (values[above + x.high] - values[above + x.low]) * x.share
        let bottom = values[below + x.low] + (values[below + x.high] - values[below + x.low]) * x.share
        result.append(top + (bottom - top) * y.share)
      }
    }
    return result
  }

  private static func tap(_ index: Int, from: Int, to: Int) -> (low: Int, high: Int, share: Float) {
    let place = max(0, (Float(index) + 0.5) * Float(from) / Float(to) - 0.5)
    let low = min(Int(place), from - 1)
    return (low, min(low + 1, from - 1), place - Float(low))
  }
}
