import Foundation
import Pipeline

/// A map from [0, 1] to colours. The workbench asks only this type; its tables may come from anywhere.
package struct ScreenColormap: Sendable, Equatable {
  package let name: String
  /// 256 entries.
  package let table: [RGB]
  /// Its middle stands for nothing, its two ends for much of opposite signs.
  package let isDiverging: Bool

  package init(name: String, table: [RGB], isDiverging: Bool = false) {
    precondition(table.count == 256, "a colour map has 256 entries")
    (self.name, self.table, self.isDiverging) = (name, table, isDiverging)
  }

  /// Of differences: blue over black to orange, which people who confuse red with green tell apart too. Black in the middle,
  /// so that what did not change recedes.
  package static let change = ScreenColormap(
    name: "change",
    table: (0..<256).map { entry in
      // The two in the middle are nothing.
      let end = entry < 128 ? RGB(0x6C, 0xBC, 0xFF) : RGB(0xFF, 0xB0, 0x50)
      return end.scaled(pow((abs(Double(entry) - 127.5) - 0.5) / 127, 0.8))
    }, isDiverging: true)

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
    let wanted = SIMD3(Int32(rgb.red), Int32(rgb.green), Int32(rgb.blue))
    var (best, block) = (SIMD16<Int32>(repeating: .max), SIMD16<Int32>(repeating: 0))
    for (number, lanes) in jetLanes.enumerated() {
      let (r, g, b) = (lanes.red &- wanted.x, lanes.green &- wanted.y, lanes.blue &- wanted.z)
      let distance = r &* r &+ g &* g &+ b &* b
      let isNearer = distance .< best
      best.replace(with: distance, where: isNearer)
      block.replace(with: Int32(number), where: isNearer)
    }
    let smallest = best.min()
    let lane = (0..<16).first { best[$0] == smallest } ?? 0
    return (16 * Int(block[lane]) + lane, Float(smallest).squareRoot() / 255)
  }

  /// Jet's table sixteen entries at a time: an augmented picture has fifty thousand pixels to look up.
  private static let jetLanes: [(red: SIMD16<Int32>, green: SIMD16<Int32>, blue: SIMD16<Int32>)] = (0..<16).map {
    block in
    var lanes = (red: SIMD16<Int32>(), green: SIMD16<Int32>(), blue: SIMD16<Int32>())
    for lane in 0..<16 {
      let entry = jet.table[16 * block + lane]
      (lanes.red[lane], lanes.green[lane], lanes.blue[lane]) = (Int32(entry.red), Int32(entry.green), Int32(entry.blue))
    }
    return lanes
  }
}
