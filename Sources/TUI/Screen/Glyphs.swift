/// The ladder of glyphs, from two exact colours a cell to none.
package enum GlyphRung: String, Sendable, CaseIterable {
  /// ▀: two pixels a cell, each of its own colour.
  case half
  /// ▚: four pixels a cell in two colours.
  case quadrant
  /// ⣿: eight pixels a cell in two colours.
  case braille
  /// A ramp of ASCII characters.
  case ascii

  /// Pixels a cell.
  package var pixels: Size {
    switch self {
    case .half: Size(width: 1, height: 2)
    case .quadrant: Size(width: 2, height: 2)
    case .braille: Size(width: 2, height: 4)
    case .ascii: Size(width: 1, height: 1)
    }
  }
}

/// The characters that a rung draws with: one place, so that ASCII reaches every widget.
package struct Glyphs: Sendable, Hashable {
  package let rung: GlyphRung
  /// The rung that lines (waveforms, curves) are drawn with.
  package let lines: GlyphRung

  package init(rung: GlyphRung, hasBraille: Bool = true) {
    self.rung = rung
    lines =
      switch rung {
      case .half, .braille: hasBraille ? .braille : .half
      case .quadrant: .quadrant
      case .ascii: .ascii
      }
  }

  package var isASCII: Bool { rung == .ascii }

  /// The first where the terminal has it, else the second.
  package func pick(_ rich: String, _ plain: String) -> String { isASCII ? plain : rich }
  package func pick(_ rich: Unicode.Scalar, _ plain: Unicode.Scalar) -> Unicode.Scalar { isASCII ? plain : rich }

  package var horizontal: Unicode.Scalar { pick("─", "-") }
  package var vertical: Unicode.Scalar { pick("│", "|") }
  package var ellipsis: String { pick("…", "~") }
  package var dot: String { pick("·", "-") }
  package var times: String { pick("×", "x") }
  package var corners: [Unicode.Scalar] { isASCII ? ["+", "+", "+", "+"] : ["╭", "╮", "╰", "╯"] }
  package var tickLeft: Unicode.Scalar { pick("┤", "+") }
  package var tickBelow: Unicode.Scalar { pick("┬", "+") }
  package var expanded: String { pick("▾", "-") }
  package var collapsed: String { pick("▸", "+") }
  package var minus: String { pick("−", "-") }
  package var arrow: String { pick("→", "->") }
  package var mark: String { pick("▶", ">") }

  /// From least to most ink, for values where there are no colours.
  package var ramp: [Unicode.Scalar] { isASCII ? Array(" .:-=+*#%@".unicodeScalars) : Array(" ░▒▓█".unicodeScalars) }

  /// Rich text with each character that ASCII lacks replaced by its nearest.
  package func plain(_ text: String) -> String {
    guard isASCII, !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
    return String(text.flatMap { Self.spelling[$0].map(Array.init) ?? [$0] })
  }

  private static let spelling: [Character: String] = [
    "·": "-", "…": "~", "×": "x", "−": "-", "→": "->", "←": "<-", "↑": "^", "↓": "v", "▸": "+", "▾": "-", "–": "-",
    "—": "-", "≈": "~", "“": "\"", "”": "\"", "≤": "<=", "≥": ">=", "Ø": "avg", "▶": ">", "●": "*", "✓": "v", "■": "#",
    "ε": "eps", "α": "alpha", "μ": "mu", "∞": "inf", "±": "+-",
  ]

  /// Bit 0 upper left, 1 upper right, 2 lower left, 3 lower right.
  package static let quadrants: [Unicode.Scalar] = [
    " ", "▘", "▝", "▀", "▖", "▌", "▞", "▛", "▗", "▚", "▐", "▜", "▄", "▙", "▟", "█",
  ]

  private static let complements: [UInt32: UInt32] = Dictionary(
    uniqueKeysWithValues: quadrants.indices.dropFirst().dropLast().map {
      (quadrants[$0].value, quadrants[15 - $0].value)
    })

  /// The block glyph whose ink is the other's paper; nil for other glyphs.
  package static func complement(of scalar: UInt32) -> UInt32? { complements[scalar] }

  private static let order: [UInt32] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80]

  /// The dots of a braille glyph, as `braille` takes them; nil for another glyph.
  package static func dots(of scalar: UInt32) -> UInt8? {
    guard (0x2800...0x28FF).contains(scalar) else { return nil }
    return order.enumerated().reduce(into: 0) { if scalar & $1.element != 0 { $0 |= 1 << UInt8($1.offset) } }
  }

  /// Dots of a braille cell; bit = column + 2 · row, from the upper left. (Unicode 15, chapter 21.1)
  package static func braille(_ bits: UInt8) -> Unicode.Scalar {
    var value: UInt32 = 0x2800
    for (bit, dot) in order.enumerated() where bits & (1 << bit) != 0 { value |= dot }
    return Unicode.Scalar(value) ?? " "
  }
}
