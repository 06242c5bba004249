/// How one publisher names the tensors of a network that Quaver names as its reference implementation does. Rules
/// rewrite our name into theirs, in the order given, so that a checkpoint's tensors are looked up by name.
struct NameDialect: Sendable {
  /// As reports say it: "timm's ViT".
  let name: String
  let rules: [Rename]

  init(_ name: String, _ rules: [Rename]) { (self.name, self.rules) = (name, rules) }

  /// The tensors that make up `wanted`: one as a rule, several where theirs are stacked along the first dimension.
  func sources(of wanted: String) -> [String] {
    let text = rules.reduce(wanted) { $1.apply(to: $0) }
    guard let open = text.firstIndex(of: "{"), let close = text.firstIndex(of: "}"), open < close else { return [text] }
    return text[text.index(after: open)..<close].split(separator: ",").map { part in
      String(text[..<open] + part + text[text.index(after: close)...])
    }
  }
}

/// Replaces one run of a name. A pattern begins where a part of the dotted name begins; `#` in it stands for a whole
/// number, `#` in the replacement for the same numbers in turn. `{a,b}` in a replacement names tensors to be stacked.
struct Rename: Sendable {
  private let pattern: String
  private let replacement: @Sendable ([Int]) -> String

  init(_ pattern: String, _ replacement: String) {
    self.init(pattern) { numbers in
      var numbers = numbers[...]
      return replacement.reduce(into: "") { text, character in
        if character == "#", let number = numbers.popFirst() { text += String(number) } else { text.append(character) }
      }
    }
  }

  /// - Parameter replacement: makes the replacement of the numbers found.
  init(_ pattern: String, _ replacement: @escaping @Sendable ([Int]) -> String) {
    (self.pattern, self.replacement) = (pattern, replacement)
  }

  /// `name` with the first place that fits replaced.
  func apply(to name: String) -> String {
    var start = name.startIndex
    while true {
      if let (end, numbers) = match(name[start...]) {
        return name[..<start] + replacement(numbers) + name[end...]
      }
      guard let dot = name[start...].firstIndex(of: ".") else { return name }
      start = name.index(after: dot)
    }
  }

  /// Where the pattern ends when `text` begins with it, and the numbers in it.
  private func match(_ text: Substring) -> (String.Index, [Int])? {
    var rest = text
    var numbers: [Int] = []
    for character in pattern {
      if character == "#" {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        numbers.append(number)
        rest = rest.dropFirst(digits.count)
      } else {
        guard rest.first == character else { return nil }
        rest = rest.dropFirst()
      }
    }
    return (rest.startIndex, numbers)
  }
}
