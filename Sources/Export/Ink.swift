import Pipeline

/// An opaque or translucent sRGB colour.
package struct Ink: Sendable, Equatable {
  package var red: Double
  package var green: Double
  package var blue: Double
  package var alpha: Double

  package init(red: Double, green: Double, blue: Double, alpha: Double = 1) {
    (self.red, self.green, self.blue, self.alpha) = (red, green, blue, alpha)
  }

  /// 0xRRGGBB.
  package init(_ hex: UInt32, alpha: Double = 1) {
    self.init(
      red: Double(hex >> 16 & 0xFF) / 255, green: Double(hex >> 8 & 0xFF) / 255, blue: Double(hex & 0xFF) / 255,
      alpha: alpha)
  }

  package func faded(to alpha: Double) -> Ink { Ink(red: red, green: green, blue: blue, alpha: alpha) }

  /// Rec. 709 luma, 0 … 1.
  package var luma: Double { 0.2126 * red + 0.7152 * green + 0.0722 * blue }
}

/// The colours of a picture.
package struct Style: Sendable {
  package var paper: Ink
  package var ink: Ink
  /// Axes, captions, second thoughts.
  package var dim: Ink
  package var grid: Ink
  /// By emotion; one that is missing is drawn in `ink`.
  package var emotions: [String: Ink]
  /// Of lines that are no emotion's, in order.
  package var series: [Ink]

  package static let light = Style(
    paper: Ink(0xFFFFFF), ink: Ink(0x1A1A1A), dim: Ink(0x5A5A5A), grid: Ink(0xDDDDDD),
    emotions: EmotionMark.onLight.mapValues { Ink($0) },
    // Okabe and Ito's colours, told apart by everyone.
    series: [0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0x56B4E9, 0xE69F00, 0x000000].map { Ink($0) })

  package static let dark = Style(
    paper: Ink(0x121212), ink: Ink(0xE6E6E6), dim: Ink(0xA0A0A0), grid: Ink(0x383838),
    emotions: EmotionMark.onDark.mapValues { Ink($0) },
    series: [0x56B4E9, 0xE69F00, 0x2FBF8F, 0xCC79A7, 0x6FA8FF, 0xD55E00, 0xF0F0F0].map { Ink($0) })

  package func color(ofEmotion name: String) -> Ink { emotions[name] ?? ink }

  /// Of emotions that are seen side by side: one that is missing is drawn in a colour of `series`, in their order.
  package func colors(ofEmotions names: [String]) -> [String: Ink] {
    var colors: [String: Ink] = [:]
    var missing = 0
    for name in names where colors[name] == nil {
      if let own = emotions[name] {
        colors[name] = own
      } else {
        colors[name] = color(ofSeries: missing)
        missing += 1
      }
    }
    return colors
  }

  package func color(ofSeries index: Int) -> Ink { series[index % series.count] }
}
