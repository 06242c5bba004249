/// Emo-DB (Burkhardt et al., "A database of German emotional speech", 2005): `03a01Fa.wav` is speaker 03, text a01,
/// emotion F (Freude), version a.
struct EmoDBAdapter: NamedCorpusAdapter {
  let name = "emodb"
  let title = "Emo-DB"
  let emotions = Emotions.canonical
  private static let pattern = "two digits, a or b, two digits, one of W L E A F N T, a letter (03a01Fa)"

  /// Wut, Langeweile, Ekel, Angst, Freude, neutral, Trauer.
  private static let letters: [Character: String] = [
    "W": "anger", "L": "boredom", "E": "disgust", "A": "fear", "F": "happiness", "N": "neutral", "T": "sadness",
  ]
  private static let sexes: [String: Sex] = [
    "03": .male, "08": .female, "09": .female, "10": .male, "11": .male,
    "12": .male, "13": .female, "14": .female, "15": .male, "16": .female,
  ]

  func parse(_ file: String) -> NameReading {
    let parts = Array(Path.stem(file))
    guard parts.count == 7, parts.prefix(2).allSatisfy(\.isDigit), "ab".contains(parts[2]),
      parts[3...4].allSatisfy(\.isDigit), let emotion = Self.letters[parts[5]], parts[6].isSmallLetter,
      let index = emotions.firstIndex(of: emotion)
    else { return .misfit("its name is not \(Self.pattern)") }
    let speaker = String(parts[0...1])
    return .entry(
      CorpusEntry(
        file: file, emotion: index, speaker: speaker, sex: Self.sexes[speaker], sentence: String(parts[2...4])))
  }
}

extension Character {
  /// 0…9; `isNumber` would take other scripts' digits.
  var isDigit: Bool { ("0"..."9").contains(self) }
  var isSmallLetter: Bool { ("a"..."z").contains(self) }
  var isCapitalLetter: Bool { ("A"..."Z").contains(self) }
}
