/// A map from [0, 1] to colours. The workbench asks only this type; its tables may come from anywhere.
package struct ScreenColormap: Sendable, Equatable {
  package let name: String
  /// 256 entries.
  package let table: [RGB]

  package init(name: String, table: [RGB]) {
    precondition(table.count == 256, "a colour map has 256 entries")
    (self.name, self.table) = (name, table)
  }

  package static let all = [viridis, magma, jet]

  package static func named(_ name: String) -> ScreenColormap { all.first { $0.name == name } ?? viridis }

  /// The colours of `levels` equal steps, each the map's colour at its step's middle, fitted to the terminal.
  package func colors(levels: Int, depth: ColorDepth) -> [Color] {
    (0..<levels).map { depth.color(table[min(255, Int((Double($0) + 0.5) / Double(levels) * 256))]) }
  }

  // MARK: Tables

  /// matplotlib's viridis and magma (N. Smith, S. van der Walt 2015, CC0) at 33 points; lines between them are off by
  /// less than two of 255.
  private static let viridis = ScreenColormap(
    name: "viridis",
    table: interpolated([
      0x440154, 0x470D60, 0x48186A, 0x482374, 0x472D7B, 0x453781, 0x424086, 0x3E4989, 0x3B528B, 0x375B8D, 0x33638D,
      0x2F6B8E, 0x2C728E, 0x297A8E, 0x26828E, 0x23898E, 0x21918C, 0x1F978B, 0x1F9F88, 0x21A685, 0x27AD81, 0x31B57B,
      0x3DBC74, 0x4CC26C, 0x5CC863, 0x6ECE58, 0x81D34D, 0x95D840, 0xAADC32, 0xC0DF25, 0xD5E21A, 0xEAE51A, 0xFDE725,
    ]))

  private static let magma = ScreenColormap(
    name: "magma",
    table: interpolated([
      0x000004, 0x030312, 0x0A0822, 0x130D34, 0x1D1147, 0x29115A, 0x36106B, 0x440F76, 0x51127C, 0x5D177F, 0x6A1C81,
      0x762181, 0x832681, 0x902A81, 0x9C2E7F, 0xAA337D, 0xB73779, 0xC23B75, 0xCF4070, 0xDB476A, 0xE55064, 0xEE5B5E,
      0xF4695C, 0xF9785D, 0xFB8761, 0xFD9668, 0xFEA571, 0xFEB47B, 0xFEC287, 0xFED194, 0xFDE0A1, 0xFCEEB0, 0xFCFDBF,
    ]))

  /// matplotlib's jet, the map that the paper's networks see: straight lines between these points of each channel.
  package static let jet = ScreenColormap(
    name: "jet",
    table: (0..<256).map { index in
      let x = Double(index) / 255
      return RGB(
        channel(x, [(0, 0), (0.35, 0), (0.66, 1), (0.89, 1), (1, 0.5)]),
        channel(x, [(0, 0), (0.125, 0), (0.375, 1), (0.64, 1), (0.91, 0), (1, 0)]),
        channel(x, [(0, 0.5), (0.11, 1), (0.34, 1), (0.65, 0), (1, 0)]))
    })

  private static func channel(_ x: Double, _ points: [(x: Double, y: Double)]) -> UInt8 {
    let upper = max(1, points.firstIndex { $0.x >= x } ?? points.count - 1)
    let (a, b) = (points[upper - 1], points[upper])
    return UInt8((255 * (a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x))).rounded())
  }

  private static func interpolated(_ anchors: [UInt32]) -> [RGB] {
    (0..<256).map { index in
      let position = Double(index) / 255 * Double(anchors.count - 1)
      let lower = min(anchors.count - 2, Int(position))
      let fraction = position - Double(lower)
      let (a, b) = (RGB(hex: anchors[lower]), RGB(hex: anchors[lower + 1]))
      func mix(_ a: UInt8, _ b: UInt8) -> UInt8 {
        UInt8((Double(a) * (1 - fraction) + Double(b) * fraction).rounded())
      }
      return RGB(mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue))
    }
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
