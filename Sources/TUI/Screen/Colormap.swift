import Pipeline

/// A map from [0, 1] to colours. The workbench asks only this type; its tables may come from anywhere.
package struct ScreenColormap: Sendable, Equatable {
  package let name: String
  /// 256 entries.
  package let table: [RGB]

  package init(name: String, table: [RGB]) {
    precondition(table.count == 256, "a colour map has 256 entries")
    (self.name, self.table) = (name, table)
  }

  /// The pipeline's registry, as colours of the screen; the eye's default comes first.
  package static let all: [ScreenColormap] = Colormaps.all.map(ScreenColormap.init)
    .sorted { ($0.name == jet.name ? 1 : 0) < ($1.name == jet.name ? 1 : 0) }

  /// The map that the paper's networks see.
  package static let jet = ScreenColormap(Colormap.jet)

  private init(_ map: Colormap) {
    func byte(_ value: Float) -> UInt8 { UInt8(max(0, min(255, (value * 255).rounded()))) }
    let table = (0..<256).map {
      RGB(byte(map.entries[3 * $0]), byte(map.entries[3 * $0 + 1]), byte(map.entries[3 * $0 + 2]))
    }
    self.init(name: map.name, table: table)
  }

  package static func named(_ name: String) -> ScreenColormap { all.first { $0.name == name } ?? jet }

  /// The colours of `levels` equal steps, each the map's colour at its step's middle, fitted to the terminal.
  package func colors(levels: Int, depth: ColorDepth) -> [Color] {
    (0..<levels).map { depth.color(table[min(255, Int((Double($0) + 0.5) / Double(levels) * 256))]) }
  }

  // MARK: From a colour back to its place

  private static let places = Dictionary(
    jet.table.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })

  /// The entry of jet nearest to a colour, and the distance from it in units of the channels ([0, 1], Euclid).
  package static func jetIndex(red: Float, green: Float, blue: Float) -> (index: Int, distance: Float) {
    func byte(_ value: Float) -> UInt8 { UInt8(max(0, min(255, (value.isFinite ? value : 0) * 255 + 0.5))) }
    let rgb = RGB(byte(red), byte(green), byte(blue))
    if let index = places[rgb] { return (index, 0) }
    var best = (index: 0, distance: Int.max)
    for (index, entry) in jet.table.enumerated() {
      let (r, g, b) = (Int(entry.red) - Int(rgb.red), Int(entry.green) - Int(rgb.green), Int(entry.blue) - Int(rgb.blue))
      let distance = r * r + g * g + b * b
      if distance < best.distance { best = (index, distance) }
    }
    return (best.index, Float(best.distance).squareRoot() / 255)
  }
}
