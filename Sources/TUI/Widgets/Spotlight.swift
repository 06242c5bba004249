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
    let steps = 32
    let levels = attention.levels(
      steps, size: Size(width: rect.width, height: rect.height), range: attention.range)
    for y in 0..<rect.height {
      for x in 0..<rect.width {
        let share = Double(max(0, levels[y * rect.width + x])) / Double(steps - 1)
        let light = 1 - strength * (1 - share)
        surface.restyle(Rect(x: rect.x + x, y: rect.y + y, width: 1, height: 1)) {
          $0.foreground = dimmed($0.foreground, light, look)
          $0.background = dimmed($0.background, light, look)
        }
      }
    }
  }

  private static func dimmed(_ color: Color, _ light: Double, _ look: Look) -> Color {
    let rgb: RGB
    switch color.kind {
    case .standard: return color
    case .index(let index): rgb = index < 16 ? ColorDepth.sixteen[Int(index)] : ColorDepth.rgbOf240(index)
    case .rgb(let value): rgb = value
    }
    func scaled(_ value: UInt8) -> UInt8 { UInt8(max(0, min(255, (Double(value) * light).rounded()))) }
    return look.depth.color(RGB(scaled(rgb.red), scaled(rgb.green), scaled(rgb.blue)))
  }
}
