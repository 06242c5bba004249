/// Emo-IIT, emotional Romanian: `B303fJa.wav` is speaker B303 (female), emotion J (joy), sentence a. Copies of it are
/// also laid out as one folder per emotion; there the folder tells the emotion and the name must not contradict it.
struct EmoIITAdapter: NamedCorpusAdapter {
  let name = "emoiit"
  let title = "Emo-IIT"

  let emotions = Emotions.canonical
  private static let letters: [Character: String] = [
    "A": "anger", "B": "boredom", "D": "disgust", "F": "fear", "J": "happiness", "N": "neutral", "S": "sadness",
  ]
  private static let pattern = "a capital, three digits, f or m, one of A B D F J N S, a letter (B303fJa)"

  func parse(_ file: String) -> NameReading {
    let parts = Array(Path.stem(file))
    guard parts.count >= 5, parts[0].isCapitalLetter, parts[1...3].allSatisfy(\.isDigit), "fm".contains(parts[4])
    else { return .misfit("its name is not \(Self.pattern)") }
    let rest = parts[5...]
    let named = rest.count == 2 && rest[6].isSmallLetter ? Self.letters[rest[5]] : nil
    let folder = Path.folders(file).last
    let placed = folder.flatMap {
      $0.count == 1 ? Self.letters[Character($0.uppercased())] : Emotions.canonical(of: $0)
    }
    if let named, let placed, let folder, named != placed {
      return .misfit("its name says \(named), its folder “\(folder)” says \(placed)")
    }
    guard let emotion = named ?? placed, let index = emotions.firstIndex(of: emotion) else {
      return .misfit("its name is not \(Self.pattern)")
    }
    return .entry(
      CorpusEntry(
        file: file, emotion: index, speaker: String(parts[0...3]), sex: parts[4] == "f" ? .female : .male,
        sentence: named == nil ? "" : String(parts[6])))
  }
}
