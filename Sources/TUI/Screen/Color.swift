import Foundation

/// An 8-bit sRGB colour.
package struct RGB: Sendable, Hashable {
  package var red: UInt8
  package var green: UInt8
  package var blue: UInt8

  package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) { (self.red, self.green, self.blue) = (red, green, blue) }

  /// 0xRRGGBB.
  package init(hex: UInt32) {
    self.init(UInt8(hex >> 16 & 0xFF), UInt8(hex >> 8 & 0xFF), UInt8(hex & 0xFF))
  }

  package var hex: UInt32 { UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue) }

  /// With `light` of its light, 0 … 1.
  package func scaled(_ light: Double) -> RGB {
    func scaled(_ value: UInt8) -> UInt8 { UInt8(max(0, min(255, (Double(value) * light).rounded()))) }
    return RGB(scaled(red), scaled(green), scaled(blue))
  }

  /// Squared distance with the eye's rough weights for red, green and blue (2 : 4 : 3).
  package func distance(to other: RGB) -> Int {
    let red = Int(red) - Int(other.red)
    let green = Int(green) - Int(other.green)
    let blue = Int(blue) - Int(other.blue)
    return 2 * red * red + 4 * green * green + 3 * blue * blue
  }

  /// Rec. 709 luma of the encoded values, 0…255.
  package var luma: Double { 0.2126 * Double(red) + 0.7152 * Double(green) + 0.0722 * Double(blue) }
}

/// What is sent to the terminal for a cell's foreground or background, already fitted to its colours.
package struct Color: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    /// Whatever the terminal uses when nothing is asked.
    case standard
    case index(UInt8)
    case rgb(RGB)
  }

  private let raw: UInt32

  package static let standard = Color(raw: 0)
  private init(raw: UInt32) { self.raw = raw }

  package init(index: UInt8) { raw = 0x0100_0000 | UInt32(index) }
  package init(_ rgb: RGB) {
    raw = 0x0200_0000 | UInt32(rgb.red) << 16 | UInt32(rgb.green) << 8 | UInt32(rgb.blue)
  }

  package var kind: Kind {
    switch raw >> 24 {
    case 1: .index(UInt8(raw & 0xFF))
    case 2: .rgb(RGB(hex: raw & 0xFF_FFFF))
    default: .standard
    }
  }
}

/// The ladder of colours, from none to all.
package enum ColorDepth: String, Sendable, CaseIterable, Comparable {
  case mono, ansi16, ansi256, truecolor

  package static func < (left: ColorDepth, right: ColorDepth) -> Bool { left.rank < right.rank }
  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  package var label: String {
    switch self {
    case .mono: "mono"
    case .ansi16: "16"
    case .ansi256: "256"
    case .truecolor: "24-bit"
    }
  }

  /// Levels of a colour map: what a full pane may cost in bytes sets them in 256 colours, what the sixteen can show
  /// below that.
  package var colormapLevels: Int {
    switch self {
    case .mono, .ansi16: 16
    case .ansi256: 32
    case .truecolor: 256
    }
  }

  /// The nearest colour of this rung. In 256 colours only 16…255 are used: users redefine the lower sixteen.
  package func color(_ rgb: RGB) -> Color {
    switch self {
    case .mono: .standard
    case .ansi16: Color(index: Self.nearest(rgb, in: Self.sixteen))
    case .ansi256: Color(index: Self.nearestOf240(rgb))
    case .truecolor: Color(rgb)
    }
  }

  /// xterm's defaults for the sixteen.
  package static let sixteen: [RGB] = [
    0x000000, 0xCD0000, 0x00CD00, 0xCDCD00, 0x0000EE, 0xCD00CD, 0x00CDCD, 0xE5E5E5,
    0x7F7F7F, 0xFF0000, 0x00FF00, 0xFFFF00, 0x5C5CFF, 0xFF00FF, 0x00FFFF, 0xFFFFFF,
  ].map(RGB.init(hex:))

  private static func nearest(_ rgb: RGB, in table: [RGB]) -> UInt8 {
    var best = (index: 0, distance: Int.max)
    for (index, entry) in table.enumerated() {
      let distance = rgb.distance(to: entry)
      if distance < best.distance { best = (index, distance) }
    }
    return UInt8(best.index)
  }

  private static let cubeSteps: [UInt8] = [0, 95, 135, 175, 215, 255]

  /// 16…231 are the 6×6×6 cube, 232…255 a ramp of greys 8, 18 … 238.
  package static func rgbOf240(_ index: UInt8) -> RGB {
    guard index < 232 else {
      let grey = 8 + 10 * (index - 232)
      return RGB(grey, grey, grey)
    }
    let cube = Int(max(index, 16)) - 16
    return RGB(cubeSteps[cube / 36], cubeSteps[cube / 6 % 6], cubeSteps[cube % 6])
  }

  /// By distance as the eye sees it: in red, green and blue, viridis' blues would turn grey.
  private static func nearestOf240(_ rgb: RGB) -> UInt8 {
    let wanted = OKLab(rgb)
    var best = (index: 0, distance: Float.infinity)
    for (index, entry) in lab240.enumerated() {
      let distance = wanted.distance(to: entry)
      if distance < best.distance { best = (index, distance) }
    }
    return UInt8(best.index + 16)
  }

  private static let lab240 = (16...255).map { OKLab(rgbOf240(UInt8($0))) }
}

/// B. Ottosson's OKLab (2020): equal distances look about equally different.
package struct OKLab: Sendable {
  private let value: SIMD3<Float>

  package init(_ rgb: RGB) {
    let (r, g, b) = (Self.linear[Int(rgb.red)], Self.linear[Int(rgb.green)], Self.linear[Int(rgb.blue)])
    let l = cbrtf(0.412_221_47 * r + 0.536_332_54 * g + 0.051_445_99 * b)
    let m = cbrtf(0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b)
    let s = cbrtf(0.088_302_46 * r + 0.281_718_84 * g + 0.629_978_7 * b)
    value = SIMD3(
      0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_05 * s, 1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
      0.025_904_04 * l + 0.782_771_77 * m - 0.808_675_77 * s)
  }

  /// Squared.
  package func distance(to other: OKLab) -> Float {
    let difference = value - other.value
    return (difference * difference).sum()
  }

  private static let linear: [Float] = (0..<256).map { byte in
    let value = Float(byte) / 255
    return value <= 0.04045 ? value / 12.92 : powf((value + 0.055) / 1.055, 2.4)
  }
}
