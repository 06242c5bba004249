extension StringProtocol {
  /// Text from a file, made fit for one line on a terminal: control characters become “?”, and what is longer than
  /// `limit` characters ends in “…”.
  package func printable(limit: Int = 80) -> String {
    var text = ""
    for (index, character) in self.enumerated() {
      guard index < limit else { return text + "…" }
      let isControl = character.unicodeScalars.contains { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
      }
      text.append(isControl ? "?" : character)
    }
    return text
  }
}
