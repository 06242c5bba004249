/// What an emotion looks like beside its colour: never colour alone.
package struct EmotionMark: Sendable, Hashable {
  package let letter: Character
  package let glyph: Unicode.Scalar

  private static let known: [String: EmotionMark] = [
    "anger": EmotionMark(letter: "A", glyph: "▲"), "boredom": EmotionMark(letter: "B", glyph: "▬"),
    "disgust": EmotionMark(letter: "D", glyph: "◆"), "fear": EmotionMark(letter: "F", glyph: "▼"),
    "happiness": EmotionMark(letter: "H", glyph: "★"), "neutral": EmotionMark(letter: "N", glyph: "●"),
    "sadness": EmotionMark(letter: "S", glyph: "■"), "calm": EmotionMark(letter: "C", glyph: "○"),
    "surprise": EmotionMark(letter: "U", glyph: "◇"),
  ]

  /// The mark of a named emotion; one that we don't know gets its first letter, as its glyph too.
  package static func of(_ emotion: String) -> EmotionMark {
    known[emotion] ?? EmotionMark(sign: emotion.uppercased().first ?? "?")
  }

  /// The marks of emotions that are seen side by side, no two alike: those that we don't know get, in their order, the
  /// first letter of their names that is free, else a digit or any letter. Only beyond these do they share a mark.
  package static func marks(of emotions: [String]) -> [String: EmotionMark] {
    var marks: [String: EmotionMark] = [:]
    for emotion in emotions { marks[emotion] = known[emotion] }
    var taken = Set(marks.values.map(\.letter))
    for emotion in emotions where marks[emotion] == nil {
      // A glyph is one code point, which a letter with a mark of its own would lose.
      let signs = emotion.uppercased().filter { ($0.isLetter || $0.isNumber) && $0.unicodeScalars.count == 1 } + spare
      let sign = signs.first { !taken.contains($0) } ?? of(emotion).letter
      taken.insert(sign)
      marks[emotion] = EmotionMark(sign: sign)
    }
    return marks
  }

  private static let spare = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

  /// Colours on a dark and on a light ground, 0xRRGGBB: those of the themes “dark” and “light”.
  package static let onDark: [String: UInt32] = [
    "anger": 0xFF5F5F, "boredom": 0xAF875F, "disgust": 0x87AF00, "fear": 0xAF87FF, "happiness": 0xFFD700,
    "neutral": 0xBCBCBC, "sadness": 0x5FAFFF, "calm": 0x5FD7AF, "surprise": 0xFF87D7,
  ]
  package static let onLight: [String: UInt32] = [
    "anger": 0xC00000, "boredom": 0x7A5230, "disgust": 0x4D6B00, "fear": 0x6B2FB3, "happiness": 0x8A6D00,
    "neutral": 0x5A5A5A, "sadness": 0x005FD7, "calm": 0x00796B, "surprise": 0xB3008F,
  ]

  package static var names: [String] { known.keys.sorted() }
}

extension EmotionMark {
  /// A letter or a digit that is its own glyph.
  fileprivate init(sign: Character) {
    self.init(letter: sign, glyph: sign.unicodeScalars.first ?? "?")
  }
}
