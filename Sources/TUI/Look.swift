/// How things are drawn: everything that a pane needs to know of the terminal and of taste.
package struct Look: Sendable, Equatable {
  package var theme: Theme { didSet { styles = Look.styles(theme, depth) } }
  package var depth: ColorDepth { didSet { styles = Look.styles(theme, depth) } }
  package var glyphs: Glyphs
  /// Upper bound on a colour map's levels; lowered when a frame costs more bytes than it may.
  package var levelLimit: Int = 256
  /// For a file: pictures keep pixels of their own, under whatever else is drawn over their cells.
  package var isFigure = false
  /// False where the font is known to lack braille (the Linux console).
  package let hasBraille: Bool
  private var styles: [CellStyle]

  package init(theme: Theme, depth: ColorDepth, rung: GlyphRung, hasBraille: Bool = true) {
    (self.theme, self.depth, self.hasBraille) = (theme, depth, hasBraille)
    glyphs = Glyphs(rung: rung, hasBraille: hasBraille)
    styles = Look.styles(theme, depth)
  }

  private static func styles(_ theme: Theme, _ depth: ColorDepth) -> [CellStyle] {
    Role.allCases.map { (theme.roles[$0] ?? ThemeStyle()).style(at: depth) }
  }

  private static let order = Dictionary(uniqueKeysWithValues: Role.allCases.enumerated().map { ($1, $0) })

  package func style(_ role: Role) -> CellStyle { styles[Self.order[role] ?? 0] }

  /// `role` in the colour of an emotion.
  package func style(emotion: String, on role: Role = .text) -> CellStyle {
    var style = style(role)
    if let color = theme.emotions[emotion] { style.foreground = color.color(at: depth) }
    return style
  }

  package var levels: Int { min(depth.colormapLevels, levelLimit) }

  package mutating func nextRung() { glyphs = Glyphs(rung: glyphs.rung.next, hasBraille: hasBraille) }

  package func letter(of emotion: String) -> String { String(EmotionMark.of(emotion).letter) }

  /// The mark of an emotion: a glyph where there are any, else its letter.
  package func mark(of emotion: String) -> String {
    let mark = EmotionMark.of(emotion)
    return glyphs.isASCII ? String(mark.letter) : String(Character(mark.glyph))
  }
}
