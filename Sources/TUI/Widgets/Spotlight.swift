import Lab

/// Saliency over a picture: what the network does not look at is darkened, so that the colours that are left stay true.
package enum Spotlight {
  /// - Parameters:
  ///   - attention: 0 … 1.
  ///   - strength: share of its light that a cell without attention loses; 0 changes nothing.
  package static func draw(
    _ attention: Raster, _ strength: Double, in rect: Rect, _ look: Look, _ surface: inout Surface
  ) {
    let rect = surface.bounds.intersection(rect)
    guard strength > 0, look.depth != .mono, !rect.isEmpty else { return }
    let picture = surface.picture(in: rect)
    let light = light(attention, strength, Size(width: rect.width, height: rect.height))
    for y in 0..<rect.height {
      for x in 0..<rect.width {
        let light = light[y * rect.width + x]
        surface.restyle(Rect(x: rect.x + x, y: rect.y + y, width: 1, height: 1)) {
          $0.foreground = dimmed($0.foreground, light, look)
          $0.background = dimmed($0.background, light, look)
        }
      }
    }
    guard let picture else { return }
    let size = Size(width: picture.columns, height: picture.pixels.count / picture.columns)
    let pixels = zip(picture.pixels, self.light(attention, strength, size)).map { $0.scaled($1) }
    surface.place(pixels, columns: picture.columns, in: rect)
  }

  /// What each place keeps of its light, 0 … 1, from the top.
  private static func light(_ attention: Raster, _ strength: Double, _ size: Size) -> [Double] {
    let steps = 32
    return attention.levels(steps, size: size, range: attention.range).map {
      1 - strength * (1 - Double(max(0, $0)) / Double(steps - 1))
    }
  }

  private static func dimmed(_ color: Color, _ light: Double, _ look: Look) -> Color {
    let rgb: RGB
    switch color.kind {
    case .standard: return color
    case .index(let index): rgb = index < 16 ? ColorDepth.sixteen[Int(index)] : ColorDepth.rgbOf240(index)
    case .rgb(let value): rgb = value
    }
    return look.depth.color(rgb.scaled(light))
  }
}
