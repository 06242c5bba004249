import TUI

/// A terminal that understands exactly what `ScreenEncoder` sends, so that a test can replay the bytes.
struct Emulator {
  private(set) var canvas: Canvas
  /// Set when something came that it does not know.
  private(set) var complaint: String?
  private var style = CellStyle()
  private var x = 0
  private var y = 0

  init(size: Size) { canvas = Canvas(size: size) }

  mutating func feed(_ bytes: [UInt8]) {
    let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
    var index = 0
    while index < scalars.count {
      if scalars[index] == "\u{1B}", index + 1 < scalars.count, scalars[index + 1] == "[" {
        guard let end = scalars[(index + 2)...].firstIndex(where: { (0x40...0x7E).contains($0.value) }) else {
          return complaint = "an unfinished sequence"
        }
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars[(index + 2)..<end])
        control(text, scalars[end])
        index = end + 1
      } else {
        write(scalars[index])
        index += 1
      }
    }
  }

  private mutating func control(_ text: String, _ final: Unicode.Scalar) {
    if text.hasPrefix("?") { return }
    let numbers = text.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    switch final {
    case "H": (y, x) = (max(1, numbers[0]) - 1, (numbers.count > 1 ? max(1, numbers[1]) : 1) - 1)
    case "C": x += max(1, numbers[0])
    case "J": canvas = Canvas(size: canvas.size)
    case "K": for column in x..<canvas.size.width { canvas[column, y] = Cell(" ", style) }
    case "m": select(numbers)
    default: complaint = "unknown: \(text)\(final)"
    }
  }

  private mutating func select(_ numbers: [Int]) {
    var index = 0
    while index < numbers.count {
      switch numbers[index] {
      case 0: style = CellStyle()
      case 1: style.attributes.insert(.bold)
      case 2: style.attributes.insert(.dim)
      case 3: style.attributes.insert(.italic)
      case 4: style.attributes.insert(.underline)
      case 7: style.attributes.insert(.reverse)
      case 30...37: style.foreground = Color(index: UInt8(numbers[index] - 30))
      case 90...97: style.foreground = Color(index: UInt8(numbers[index] - 82))
      case 40...47: style.background = Color(index: UInt8(numbers[index] - 40))
      case 100...107: style.background = Color(index: UInt8(numbers[index] - 92))
      case 39: style.foreground = .standard
      case 49: style.background = .standard
      case 38, 48:
        let isIndex = numbers[index + 1] == 5
        let color =
          isIndex
          ? Color(index: UInt8(numbers[index + 2]))
          : Color(RGB(UInt8(numbers[index + 2]), UInt8(numbers[index + 3]), UInt8(numbers[index + 4])))
        if numbers[index] == 38 { style.foreground = color } else { style.background = color }
        index += isIndex ? 2 : 4
      default: complaint = "unknown style \(numbers[index])"
      }
      index += 1
    }
  }

  private mutating func write(_ scalar: Unicode.Scalar) {
    let columns = TextWidth.of(scalar)
    if columns == 0 {
      canvas[x - 1, y].mark = scalar.value
      return
    }
    guard x + columns <= canvas.size.width, y < canvas.size.height else { return complaint = "\(scalar) outside" }
    canvas[x, y] = Cell(scalar, style)
    if columns == 2 { canvas[x + 1, y] = .continuation(style) }
    x += columns
  }

  /// What the eye sees of a cell: a blank's foreground and weight don't show, and ▀ equals ▄ with swapped colours.
  static func seen(_ cell: Cell) -> Cell {
    var cell = cell
    if cell.scalar == 0x2588, cell.style.foreground != .standard {
      cell = Cell(" ", CellStyle(background: cell.style.foreground))
    }
    if let complement = Glyphs.complement(of: cell.scalar), complement < cell.scalar,
      cell.style.foreground != .standard, cell.style.background != .standard, cell.style.attributes.isEmpty
    {
      (cell.style.foreground, cell.style.background) = (cell.style.background, cell.style.foreground)
      cell.scalar = complement
    }
    if cell.scalar != 0x20, cell.style.foreground == cell.style.background, cell.style.foreground != .standard,
      Glyphs.complement(of: cell.scalar) != nil
    {
      cell.scalar = 0x20
    }
    if cell.scalar == 0x20, cell.style.attributes.isDisjoint(with: [.underline, .reverse]) {
      cell.style.foreground = .standard
      cell.style.attributes = []
    }
    return cell
  }
}
