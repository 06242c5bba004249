import Foundation

/// What `/` asks for: all of its words, whatever their case; or, with one of ^ $ * + ? | [ ] ( ) { } \ in it, a POSIX
/// extended regular expression. One that is not a whole expression yet, while it is being typed, is taken as words.
final class TextFilter {
  /// In lower case.
  let words: [[UInt8]]
  private let pattern: UnsafeMutablePointer<regex_t>?

  init(_ query: String) {
    words = query.lowercased().split(separator: " ").map { Array($0.utf8) }
    guard query.contains(where: { Self.signs.contains($0) }) else {
      pattern = nil
      return
    }
    let compiled = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
    if regcomp(compiled, Self.lowered(query), REG_EXTENDED | REG_NOSUB) == 0 {
      pattern = compiled
    } else {
      compiled.deallocate()
      pattern = nil
    }
  }

  deinit {
    pattern.map(regfree)
    pattern?.deallocate()
  }

  private static let signs = Set("^$*+?|[](){}\\")

  var isPattern: Bool { pattern != nil }

  /// The letter after a backslash keeps its case: \W is not \w.
  private static func lowered(_ query: String) -> String {
    var (result, isEscaped) = ("", false)
    for character in query {
      result += isEscaped ? String(character) : character.lowercased()
      isEscaped = character == "\\" && !isEscaped
    }
    return result
  }

  /// Whether the pattern occurs in the bytes `range` of lines in lower case.
  func accepts(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
    guard let pattern, let base = bytes.baseAddress else { return false }
    var found = regmatch_t(rm_so: 0, rm_eo: regoff_t(range.count))
    return (base + range.lowerBound).withMemoryRebound(to: CChar.self, capacity: range.count) {
      regexec(pattern, $0, 1, &found, REG_STARTEND) == 0
    }
  }

  func accepts(_ text: String) -> Bool {
    let line = text.lowercased()
    guard isPattern else { return words.allSatisfy { line.contains(String(decoding: $0, as: UTF8.self)) } }
    return Array(line.utf8).withUnsafeBufferPointer { accepts($0, 0..<$0.count) }
  }
}
