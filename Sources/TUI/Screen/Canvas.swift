import Foundation

/// Attributes of a cell beside its colours.
package struct Attributes: OptionSet, Sendable, Hashable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let bold = Attributes(rawValue: 1)
  package static let dim = Attributes(rawValue: 2)
  package static let italic = Attributes(rawValue: 4)
  package static let underline = Attributes(rawValue: 8)
  package static let reverse = Attributes(rawValue: 16)
}

/// How a cell looks, colours already fitted to the terminal.
package struct CellStyle: Sendable, Hashable {
  package var foreground: Color
  package var background: Color
  package var attributes: Attributes

  package init(foreground: Color = .standard, background: Color = .standard, attributes: Attributes = []) {
    (self.foreground, self.background, self.attributes) = (foreground, background, attributes)
  }
}

/// One place on the screen: a scalar, at most one combining mark, and a style. The second place of a wide character
/// holds `Cell.continuation`.
package struct Cell: Sendable, Hashable {
  package var scalar: UInt32
  package var mark: UInt32 = 0
  package var style: CellStyle

  package init(_ scalar: Unicode.Scalar, _ style: CellStyle = CellStyle()) {
    (self.scalar, self.style) = (scalar.value, style)
  }

  package static let blank = Cell(" ")

  package static func continuation(_ style: CellStyle) -> Cell {
    var cell = Cell(" ", style)
    cell.scalar = 0
    return cell
  }

  package var isContinuation: Bool { scalar == 0 }

  /// What the cell shows; empty for a continuation.
  package var text: String {
    var text = ""
    for value in [scalar, mark] where value != 0 {
      if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
    }
    return text
  }
}

/// A picture with pixels of its own under some cells, for files.
package struct PlacedPicture: Sendable, Equatable {
  package let rect: Rect
  let columns: Int
  /// Row-major, the top row first.
  let pixels: [RGB]
  /// The cells of `rect` as the picture filled them: where one has changed since, something lies over the picture.
  let cells: [Cell]
}

/// A screen in memory.
package struct Canvas: Sendable, Equatable {
  package let size: Size
  package private(set) var cells: [Cell]
  /// None on a screen.
  package internal(set) var pictures: [PlacedPicture] = []

  package init(size: Size) {
    self.size = Size(width: max(0, size.width), height: max(0, size.height))
    cells = Array(repeating: .blank, count: self.size.width * self.size.height)
  }

  package subscript(x: Int, y: Int) -> Cell {
    get { cells[y * size.width + x] }
    set { cells[y * size.width + x] = newValue }
  }

  /// The same screen without colours, one line a row, without the blanks at the ends of lines.
  package var text: String {
    var lines: [String] = []
    for y in 0..<size.height {
      var line = ""
      for x in 0..<size.width { line += self[x, y].text }
      while line.last == " " { line.removeLast() }
      lines.append(line)
    }
    return lines.joined(separator: "\n")
  }
}

/// Columns that text takes, and what may be shown of it. Ours rather than wcwidth(3), whose answers depend on the
/// locale: a screen must be the same in every one.
package enum TextWidth {
  /// 0 for a combining mark, 2 for East Asian wide and emoji, else 1.
  package static func of(_ scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return wide.contains { $0.contains(value) } ? 2 : 1
    }
  }

  /// Unicode 15, EastAsianWidth W and F, merged into few ranges.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x231A...0x231B, 0x23E9...0x23EC, 0x25FD...0x25FE, 0x2614...0x2615, 0x2648...0x2653,
    0x26A1...0x26A1, 0x26BD...0x26BE, 0x2705...0x2705, 0x274C...0x274C, 0x2753...0x2755, 0x2795...0x2797,
    0x2B1B...0x2B1C, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF,
    0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18CFF, 0x1AFF0...0x1B2FF, 0x1F004...0x1F004,
    0x1F0CF...0x1F0CF, 0x1F18E...0x1F18E, 0x1F191...0x1F19A, 0x1F200...0x1F320, 0x1F32D...0x1F335,
    0x1F337...0x1F37C, 0x1F37E...0x1F393, 0x1F3A0...0x1F3CA, 0x1F3E0...0x1F3F0, 0x1F3F8...0x1F43E,
    0x1F440...0x1F4FC, 0x1F4FF...0x1F53D, 0x1F54B...0x1F567, 0x1F5FB...0x1F64F, 0x1F680...0x1F6C5,
    0x1F6D0...0x1F6DF, 0x1F6EB...0x1F6EC, 0x1F6F4...0x1F6FC, 0x1F7E0...0x1F7F0, 0x1F90C...0x1F9FF,
    0x1FA70...0x1FAFF, 0x20000...0x3FFFD,
  ]

  package static func of(_ text: some StringProtocol) -> Int {
    text.unicodeScalars.reduce(0) { $0 + of(shown($1)) }
  }

  /// Control characters, which could drive the terminal, become a visible dot; a broken scalar likewise.
  package static func shown(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.value {
    case 0x09: " "
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: "·"
    default: scalar
    }
  }

  /// `text` cut to `width` columns, its last one an ellipsis when something was cut.
  package static func cut(_ text: String, to width: Int, ellipsis: String = "…") -> String {
    guard of(text) > width else { return text }
    guard width > 0 else { return "" }
    var (result, used) = ("", 0)
    for character in text {
      let columns = of(String(character))
      if used + columns > width - 1 { break }
      result.append(character)
      used += columns
    }
    return result + ellipsis
  }

  /// `text` without its middle where it is wider than `width`: names of runs begin with a date, and end with what tells
  /// them apart.
  package static func withoutMiddle(_ text: String, to width: Int, ellipsis: String = "…") -> String {
    let all = of(text), mark = of(ellipsis)
    guard all > width, width > 2 * mark + 2 else { return cut(text, to: width, ellipsis: ellipsis) }
    let head = cut(text, to: (width - mark) / 3 + 1, ellipsis: "")
    var tail = text[...]
    while of(tail) > width - mark - of(head) { tail.removeFirst() }
    return head + ellipsis + tail
  }

  /// The end of `text` where it is wider than `width`: what was typed last is seen.
  package static func end(_ text: String, to width: Int, ellipsis: String = "…") -> String {
    guard of(text) > width, width > of(ellipsis) else { return cut(text, to: width, ellipsis: ellipsis) }
    var tail = text[...]
    while of(tail) > width - of(ellipsis) { tail.removeFirst() }
    return ellipsis + tail
  }

  /// `text` cut or filled with blanks to exactly `width` columns.
  package static func fit(_ text: String, to width: Int, right: Bool = false, ellipsis: String = "…") -> String {
    let text = cut(text, to: width, ellipsis: ellipsis)
    let blanks = String(repeating: " ", count: max(0, width - of(text)))
    return right ? blanks + text : text + blanks
  }
}
