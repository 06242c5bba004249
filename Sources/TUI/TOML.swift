/// The part of TOML 1.0 that configuration needs: tables, dotted keys, strings of one line, integers, floats, booleans,
/// arrays and inline tables. Dates, multi-line strings and arrays of tables are refused with their line.
///
/// Ours because the package at hand (TOMLKit over toml++) ends the program by an assertion on "[[[": a mistake in a
/// user's file must be a sentence.
package enum TOML: Sendable, Equatable {
  case string(String)
  case integer(Int)
  case float(Double)
  case boolean(Bool)
  case array([TOML])
  case table([String: TOML])

  /// What is wrong and in which line.
  package struct Mistake: Error, Equatable, CustomStringConvertible {
    package let line: Int
    package let reason: String
    package init(line: Int, reason: String) { (self.line, self.reason) = (line, reason) }

    package var description: String { "line \(line): \(reason)" }
  }

  package static func parse(_ text: String) throws(Mistake) -> [String: TOML] {
    var parser = TOMLParser(text)
    return try parser.document()
  }

  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var array: [TOML]? { if case .array(let value) = self { value } else { nil } }
  package var table: [String: TOML]? { if case .table(let value) = self { value } else { nil } }
}

private struct TOMLParser {
  private let text: [Unicode.Scalar]
  private var position = 0
  private var line = 1
  private var depth = 0

  init(_ text: String) { self.text = Array(text.unicodeScalars) }

  // MARK: Lines

  mutating func document() throws(TOML.Mistake) -> [String: TOML] {
    var root: [String: TOML] = [:]
    var path: [String] = []
    var seen: Set<[String]> = []
    while true {
      skip(newlines: true)
      guard let next = peek else { return root }
      if next == "[" {
        path = try header()
        guard seen.insert(path).inserted else {
          throw mistake("the table “\(path.joined(separator: "."))” is there twice")
        }
        try insert(nil, at: path[...], in: &root)
      } else {
        let key = try keyPath()
        try expect("=")
        try insert(try value(), at: (path + key)[...], in: &root)
      }
      try endOfLine()
    }
  }

  private mutating func header() throws(TOML.Mistake) -> [String] {
    position += 1
    if peek == "[" { throw mistake("arrays of tables are not used here") }
    let path = try keyPath()
    try expect("]")
    return path
  }

  /// - Parameter value: nil makes sure that the table is there.
  private func insert(_ value: TOML?, at path: ArraySlice<String>, in table: inout [String: TOML]) throws(TOML.Mistake)
  {
    guard let key = path.first else { return }
    let old = table[key]
    if path.count == 1, let value {
      guard old == nil else { throw mistake("“\(key)” is there twice") }
      table[key] = value
      return
    }
    guard old == nil || old?.table != nil else { throw mistake("“\(key)” is a value, not a table") }
    var inner = old?.table ?? [:]
    try insert(value, at: path.dropFirst(), in: &inner)
    table[key] = .table(inner)
  }

  private mutating func endOfLine() throws(TOML.Mistake) {
    skip(newlines: false)
    guard peek == nil || peek == "\n" else { throw mistake("something follows the value") }
  }

  // MARK: Keys

  private mutating func keyPath() throws(TOML.Mistake) -> [String] {
    var keys = [try key()]
    skip(newlines: false)
    while peek == "." {
      position += 1
      keys.append(try key())
      skip(newlines: false)
      if keys.count > 16 { throw mistake("a key has too many parts") }
    }
    return keys
  }

  private mutating func key() throws(TOML.Mistake) -> String {
    skip(newlines: false)
    if peek == "\"" || peek == "'" { return try quoted() }
    let word = bareWord {
      $0 == "_" || $0 == "-" || ($0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil))
    }
    guard !word.isEmpty else { throw mistake("a key is missing") }
    return word
  }

  // MARK: Values

  private mutating func value() throws(TOML.Mistake) -> TOML {
    skip(newlines: false)
    depth += 1
    defer { depth -= 1 }
    guard depth <= 32 else { throw mistake("values are nested too deeply") }
    switch peek {
    case "\"", "'": return .string(try quoted())
    case "[": return .array(try array())
    case "{": return .table(try inlineTable())
    default: return try plain()
    }
  }

  private mutating func plain() throws(TOML.Mistake) -> TOML {
    let word = bareWord { !" \t\n,]}#".unicodeScalars.contains($0) }
    if word == "true" { return .boolean(true) }
    if word == "false" { return .boolean(false) }
    let digits = word.filter { $0 != "_" }
    if let integer = Int(digits) { return .integer(integer) }
    if word.contains(where: \.isNumber) || word.hasSuffix("inf") || word.hasSuffix("nan"), let number = Double(digits) {
      return .float(number)
    }
    throw mistake(word.isEmpty ? "a value is missing" : "“\(word)” is no value; text needs quotation marks")
  }

  private mutating func array() throws(TOML.Mistake) -> [TOML] {
    position += 1
    var values: [TOML] = []
    while true {
      skip(newlines: true)
      if take("]") { return values }
      values.append(try value())
      skip(newlines: true)
      guard take(",") || peek == "]" else { throw mistake("“,” or “]” is missing in an array") }
    }
  }

  private mutating func inlineTable() throws(TOML.Mistake) -> [String: TOML] {
    position += 1
    var table: [String: TOML] = [:]
    skip(newlines: false)
    if take("}") { return table }
    while true {
      let path = try keyPath()
      try expect("=")
      try insert(try value(), at: path[...], in: &table)
      skip(newlines: false)
      if take("}") { return table }
      guard take(",") else { throw mistake("“,” or “}” is missing in a table") }
    }
  }

  private mutating func quoted() throws(TOML.Mistake) -> String {
    let mark = text[position]
    position += 1
    var result = String.UnicodeScalarView()
    while let scalar = peek, scalar != "\n" {
      position += 1
      if scalar == mark {
        if result.isEmpty, peek == mark { throw mistake("text of several lines is not used here") }
        return String(result)
      }
      guard scalar == "\t" || scalar.value >= 0x20 else { throw mistake("a control character in text") }
      result.append(scalar == "\\" && mark == "\"" ? try escape() : scalar)
    }
    throw mistake("text without its closing quotation mark")
  }

  private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
    "n": "\n", "t": "\t", "r": "\r", "b": "\u{8}", "f": "\u{C}", "\"": "\"", "\\": "\\",
  ]

  private mutating func escape() throws(TOML.Mistake) -> Unicode.Scalar {
    guard let scalar = peek else { throw mistake("an unfinished escape") }
    position += 1
    if let plain = Self.escapes[scalar] { return plain }
    let count = scalar == "u" ? 4 : scalar == "U" ? 8 : 0
    guard count > 0, position + count <= text.count else { throw mistake("an unknown escape") }
    var digits = ""
    digits.unicodeScalars.append(contentsOf: text[position..<(position + count)])
    position += count
    guard let value = UInt32(digits, radix: 16), let result = Unicode.Scalar(value) else {
      throw mistake("an unknown escape")
    }
    return result
  }

  // MARK: Characters

  private var peek: Unicode.Scalar? { position < text.count ? text[position] : nil }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard peek == scalar else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ scalar: Unicode.Scalar) throws(TOML.Mistake) {
    skip(newlines: false)
    guard take(scalar) else { throw mistake("“\(scalar)” is missing") }
  }

  private mutating func bareWord(_ isPart: (Unicode.Scalar) -> Bool) -> String {
    var word = String.UnicodeScalarView()
    while let scalar = peek, isPart(scalar) {
      word.append(scalar)
      position += 1
    }
    return String(word)
  }

  /// Blanks and comments, and line ends where they mean nothing.
  private mutating func skip(newlines: Bool) {
    while let scalar = peek {
      if scalar == "#" {
        while let inside = peek, inside != "\n" { position += 1 }
      } else if scalar == " " || scalar == "\t" || scalar == "\r" {
        position += 1
      } else if scalar == "\n", newlines {
        line += 1
        position += 1
      } else {
        return
      }
    }
  }

  private func mistake(_ reason: String) -> TOML.Mistake { TOML.Mistake(line: line, reason: reason) }
}
