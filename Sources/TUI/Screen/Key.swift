/// What the keyboard can say, whatever the terminal calls it.
package enum Key: Sendable, Hashable {
  case character(Character)
  case control(Character)
  case up, down, left, right, home, end, pageUp, pageDown
  case enter, tab, backTab, backspace, delete, escape
  case function(Int)

  private static let names: [(String, Key)] = [
    ("up", .up), ("down", .down), ("left", .left), ("right", .right), ("home", .home), ("end", .end),
    ("pageup", .pageUp), ("pagedown", .pageDown), ("enter", .enter), ("tab", .tab), ("shift-tab", .backTab),
    ("backspace", .backspace), ("delete", .delete), ("esc", .escape), ("space", .character(" ")),
  ]

  /// From the name that help and configuration use: "j", "G", "ctrl-d", "shift-tab", "space", "f5".
  package init?(name: String) {
    if let named = Self.names.first(where: { $0.0 == name })?.1 {
      self = named
    } else if name.count == 1, let character = name.first, let scalar = name.unicodeScalars.first,
      case .character? = Key(code: scalar.value)
    {
      self = .character(character)
    } else if name.hasPrefix("ctrl-"), name.utf8.count == 6, let letter = name.lowercased().unicodeScalars.last,
      // Control takes the upper bits away, so that a terminal has no other ctrl-M than Enter.
      let key = Key(code: letter.value & 0x1F), key == .control(Character(letter))
    {
      self = key
    } else if name.hasPrefix("f"), let number = Int(name.dropFirst()), (1...24).contains(number) {
      self = .function(number)
    } else {
      return nil
    }
  }

  /// From the character that a terminal sends; nil where it means no key.
  package init?(code: UInt32) {
    guard let scalar = Unicode.Scalar(code) else { return nil }
    switch code {
    case 9: self = .tab
    case 10, 13: self = .enter
    case 8, 127: self = .backspace
    case 27: self = .escape
    case 0: self = .control(" ")
    case 1..<27:
      guard let letter = Unicode.Scalar(code + 96) else { return nil }
      self = .control(Character(letter))
    case 28..<32: return nil
    default: self = .character(Character(scalar))
    }
  }

  package var name: String {
    switch self {
    case .character(let character) where character != " ": String(character)
    case .control(let character): "ctrl-\(character)"
    case .function(let number): "f\(number)"
    default: Self.names.first { $0.1 == self }?.0 ?? "?"
    }
  }

  /// Shorter, for footers: "^D", "⏎".
  package func label(_ glyphs: Glyphs) -> String {
    switch self {
    case .control(let character): "^\(character.uppercased())"
    case .up: glyphs.pick("↑", "up")
    case .down: glyphs.pick("↓", "down")
    case .left: glyphs.pick("←", "left")
    case .right: glyphs.pick("→", "right")
    case .enter: "Enter"
    case .tab: "Tab"
    case .backTab: "S-Tab"
    case .escape: "Esc"
    case .pageUp: "PgUp"
    case .pageDown: "PgDn"
    case .backspace: "Bksp"
    default: name
    }
  }
}

/// One or more keys pressed one after the other, e.g. g g.
package struct KeySequence: Sendable, Hashable, ExpressibleByStringLiteral {
  package let keys: [Key]

  package init(_ keys: [Key]) { self.keys = keys }

  /// Names with a blank between them: "g g".
  package init?(text: String) {
    let keys = text.split(separator: " ").map { Key(name: String($0)) }
    guard !keys.isEmpty, keys.allSatisfy({ $0 != nil }) else { return nil }
    self.keys = keys.compactMap { $0 }
  }

  package init(stringLiteral text: String) {
    guard let sequence = KeySequence(text: text) else { preconditionFailure("“\(text)” names no keys") }
    self = sequence
  }

  package func label(_ glyphs: Glyphs) -> String { keys.map { $0.label(glyphs) }.joined() }

  /// As configuration writes it: "g g".
  package var text: String { keys.map(\.name).joined(separator: " ") }
}

/// A button or the wheel, at a cell.
package struct MouseEvent: Sendable, Hashable {
  package enum Kind: Sendable, Hashable { case press, wheelUp, wheelDown }

  package let kind: Kind
  package let point: Point

  package init(kind: Kind, point: Point) { (self.kind, self.point) = (kind, point) }

  /// From the text between "ESC [ <" and its closing M or m (xterm's SGR mode 1006): "0;12;7M". Nil for releases,
  /// movement and nonsense.
  package init?(sgr text: String) {
    let numbers = text.dropLast().split(separator: ";", omittingEmptySubsequences: false).map { Int($0) }
    guard text.last == "M", numbers.count == 3, let button = numbers[0], let x = numbers[1], let y = numbers[2],
      x > 0, y > 0
    else { return nil }
    switch button {
    case 0: kind = .press
    case 64: kind = .wheelUp
    case 65: kind = .wheelDown
    default: return nil
    }
    point = Point(x: x - 1, y: y - 1)
  }
}

package enum Input: Sendable, Hashable {
  case key(Key)
  case mouse(MouseEvent)
}
