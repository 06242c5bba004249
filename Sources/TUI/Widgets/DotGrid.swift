/// Dots finer than cells, for waveforms and curves: 2×4 a cell in braille, 2×2 in quadrants, 1×2 in half blocks, one in
/// ASCII.
package struct DotGrid: Sendable {
  package let rung: GlyphRung
  /// Cells.
  package let size: Size
  /// Dots.
  package let width: Int
  package let height: Int
  private var bits: [UInt8]
  /// Series that drew last in a cell.
  private var owners: [UInt8]

  package init(size: Size, look: Look) {
    self.size = Size(width: max(0, size.width), height: max(0, size.height))
    rung = look.glyphs.lines
    width = self.size.width * rung.pixels.width
    height = self.size.height * rung.pixels.height
    bits = Array(repeating: 0, count: self.size.width * self.size.height)
    owners = bits
  }

  /// Dot (0, 0) is the upper left one; dots outside of the grid are dropped.
  package mutating func set(_ x: Int, _ y: Int, series: Int = 0) {
    guard x >= 0, x < width, y >= 0, y < height else { return }
    let cell = y / rung.pixels.height * size.width + x / rung.pixels.width
    let bit = x % rung.pixels.width + rung.pixels.width * (y % rung.pixels.height)
    bits[cell] |= 1 << UInt8(bit)
    owners[cell] = UInt8(series)
  }

  package mutating func column(_ x: Int, _ top: Int, _ bottom: Int, series: Int = 0) {
    for y in max(0, min(top, bottom))...max(0, max(top, bottom)) { set(x, y, series: series) }
  }

  /// A line; only every `every`-th dot of it is set, so that series differ by more than colour.
  package mutating func line(_ a: Point, _ b: Point, series: Int, every: Int = 1) {
    let steps = max(abs(b.x - a.x), abs(b.y - a.y))
    for step in 0...max(0, steps) where step % every == 0 {
      let fraction = steps == 0 ? 0 : Double(step) / Double(steps)
      set(
        Int((Double(a.x) + Double(b.x - a.x) * fraction).rounded()),
        Int((Double(a.y) + Double(b.y - a.y) * fraction).rounded()), series: series)
    }
  }

  /// - Parameters:
  ///   - styles: of each series.
  ///   - marks: of each series in ASCII.
  package func draw(
    at origin: Point, styles: [CellStyle], marks: [Unicode.Scalar], _ surface: inout Surface
  ) {
    for y in 0..<size.height {
      for x in 0..<size.width {
        let index = y * size.width + x
        guard bits[index] != 0 else { continue }
        let owner = Int(owners[index])
        let scalar: Unicode.Scalar =
          switch rung {
          case .half: bits[index] == 3 ? "█" : bits[index] == 1 ? "▀" : "▄"
          case .quadrant: Glyphs.quadrants[Int(bits[index])]
          case .braille: Glyphs.braille(bits[index])
          case .ascii: marks[owner % marks.count]
          }
        surface.set(origin.x + x, origin.y + y, Cell(scalar, styles[owner % styles.count]))
      }
    }
  }
}
