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
    Role.allCases.map { (theme.roles[$0] ?? ThemeStyle()).style(at: depth, for: $0) }
  }

  private static let order = Dictionary(uniqueKeysWithValues: Role.allCases.enumerated().map { ($1, $0) })

  package func style(_ role: Role) -> CellStyle { styles[Self.order[role] ?? 0] }

  /// Of what shows where the user is; nil in a file, in which nobody is anywhere.
  package func picked(_ role: Role) -> CellStyle? { isFigure ? nil : style(role) }

  /// `role` in the colour of an emotion.
  package func style(emotion: String, on role: Role = .text) -> CellStyle {
    var style = style(role)
    if let color = theme.emotions[emotion] { style.foreground = color.color(at: depth) }
    return style
  }

  package var levels: Int { min(depth.colormapLevels, levelLimit) }

  package mutating func nextRung() { glyphs = Glyphs(rung: glyphs.rung.next, hasBraille: hasBraille) }

  /// The marks of emotions that are seen side by side, in the order in which their run, map or corpus has them, as
  /// figures do. Made once a drawing, not once a point.
  package func marks(of emotions: [String]) -> EmotionMarks {
    EmotionMarks(EmotionMark.marks(of: emotions), isASCII: glyphs.isASCII)
  }

  /// The mark of an emotion that is drawn alone, though it is one of several.
  package func mark(of emotion: String, among emotions: [String]) -> String { marks(of: emotions).mark(of: emotion) }
}

/// What emotions that are seen side by side are drawn with: those without a mark of their own have letters that differ.
package struct EmotionMarks: Sendable {
  private let known: [String: EmotionMark]
  private let isASCII: Bool

  fileprivate init(_ known: [String: EmotionMark], isASCII: Bool) { (self.known, self.isASCII) = (known, isASCII) }

  package func letter(of emotion: String) -> String { String(own(emotion).letter) }

  /// The mark of an emotion: a glyph where there are any, else its letter.
  package func mark(of emotion: String) -> String {
    isASCII ? letter(of: emotion) : String(Character(own(emotion).glyph))
  }

  private func own(_ emotion: String) -> EmotionMark { known[emotion] ?? EmotionMark.of(emotion) }
}
