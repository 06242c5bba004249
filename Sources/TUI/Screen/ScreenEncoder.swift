/// Turns the difference of two canvases into the bytes that change the one into the other.
///
/// Our own rather than ncurses' doupdate: 24-bit colour without a private terminfo entry or pairs, the choice between
/// equal glyphs (▀ over ▄ with swapped colours) saves about a third of a spectrogram, no early end when keys wait,
/// and the bytes can be counted and replayed in a test without a terminal.
package struct ScreenEncoder: Sendable {
  private var output: [UInt8] = []
  private var style: CellStyle?
  private var cursor: Point?

  private init() {}

  /// Bytes from `old` to `new`, empty when they are equal. An `old` of another size counts as unknown: the screen is
  /// cleared first.
  package static func bytes(from old: Canvas?, to new: Canvas) -> [UInt8] {
    var encoder = ScreenEncoder()
    let isKnown = old?.size == new.size
    if isKnown, let old, old.cells == new.cells { return [] }
    let base = isKnown ? old ?? Canvas(size: new.size) : Canvas(size: new.size)
    encoder.output.reserveCapacity(8192)
    // DEC 2026: the terminal shows the frame at once; others ignore it.
    encoder.add("\u{1B}[?2026h\u{1B}[0m")
    encoder.style = CellStyle()
    if !isKnown { encoder.add("\u{1B}[2J") }
    for y in 0..<new.size.height { encoder.row(y, base, new) }
    encoder.add("\u{1B}[0m\u{1B}[?2026l")
    return encoder.output
  }

  private mutating func row(_ y: Int, _ old: Canvas, _ new: Canvas) {
    let width = new.size.width
    let blankFrom = Self.blankTail(y, new)
    var x = 0
    while x < width {
      if old[x, y] == new[x, y] {
        x += 1
        continue
      }
      if x >= blankFrom {
        move(to: Point(x: x, y: y), in: new)
        clearToEnd(width - x)
        return
      }
      if new[x, y].isContinuation, x > 0 { x -= 1 }
      move(to: Point(x: x, y: y), in: new)
      x += draw(new[x, y], at: Point(x: x, y: y), isLast: x == width - 1)
    }
  }

  /// The first column from which the row is blank to its end in the terminal's own colours.
  private static func blankTail(_ y: Int, _ canvas: Canvas) -> Int {
    var x = canvas.size.width
    while x > 0, canvas[x - 1, y] == .blank { x -= 1 }
    return x
  }

  private mutating func clearToEnd(_ count: Int) {
    set(CellStyle())
    if count < 4 {
      for _ in 0..<count { output.append(0x20) }
      cursor = nil
    } else {
      add("\u{1B}[K")
    }
  }

  /// Writes a cell and returns its columns.
  private mutating func draw(_ cell: Cell, at point: Point, isLast: Bool) -> Int {
    let (scalar, wanted) = cheapest(cell)
    set(wanted)
    add(Unicode.Scalar(scalar) ?? "?")
    if cell.mark != 0, let mark = Unicode.Scalar(cell.mark) { add(mark) }
    let isWide = Unicode.Scalar(cell.scalar).map { TextWidth.of($0) == 2 } ?? false
    // Terminals disagree on the width of the rare ones: say where we are again.
    cursor = isLast || isWide || cell.mark != 0 ? nil : Point(x: point.x + 1, y: point.y)
    return isWide ? 2 : 1
  }

  // MARK: Equal cells

  /// The same picture with less change of colour: a block glyph equals its complement with the colours swapped, and a
  /// glyph of one colour equals a blank on it.
  private func cheapest(_ cell: Cell) -> (UInt32, CellStyle) {
    let style = cell.style
    guard cell.scalar >= 0x2580, style.attributes.isEmpty, style.foreground != .standard, style.background != .standard,
      let complement = Glyphs.complement(of: cell.scalar)
    else {
      if cell.scalar == 0x20, style.attributes.isDisjoint(with: [.underline, .reverse]), let current = self.style,
        current.attributes.isDisjoint(with: [.underline, .reverse])
      {
        // A blank shows no foreground and no weight: keep what is set.
        return (
          0x20, CellStyle(foreground: current.foreground, background: style.background, attributes: current.attributes)
        )
      }
      return (cell.scalar, style)
    }
    let current = self.style ?? CellStyle()
    if style.foreground == style.background {
      if current.background != style.background, current.foreground == style.background {
        return (0x2588, CellStyle(foreground: current.foreground, background: current.background))
      }
      return (0x20, CellStyle(foreground: current.foreground, background: style.background))
    }
    let swapped = CellStyle(foreground: style.background, background: style.foreground)
    return changes(current, swapped) < changes(current, style) ? (complement, swapped) : (cell.scalar, style)
  }

  private func changes(_ from: CellStyle, _ to: CellStyle) -> Int {
    (from.foreground == to.foreground ? 0 : 1) + (from.background == to.background ? 0 : 1)
  }

  // MARK: Bytes

  private mutating func move(to point: Point, in canvas: Canvas) {
    if cursor == point { return }
    defer { cursor = point }
    if let cursor, cursor.y == point.y, point.x > cursor.x {
      let distance = point.x - cursor.x
      add(distance == 1 ? "\u{1B}[C" : "\u{1B}[\(distance)C")
    } else if point.x == 0 {
      add(point.y == 0 ? "\u{1B}[H" : "\u{1B}[\(point.y + 1)H")
    } else {
      add("\u{1B}[\(point.y + 1);\(point.x + 1)H")
    }
  }

  private mutating func set(_ wanted: CellStyle) {
    guard wanted != style else { return }
    var current = style ?? CellStyle()
    var isFirst = true
    if style == nil || !current.attributes.isSubset(of: wanted.attributes) {
      parameter("0", &isFirst)
      current = CellStyle()
    }
    let added = wanted.attributes.subtracting(current.attributes)
    if added.contains(.bold) { parameter("1", &isFirst) }
    if added.contains(.dim) { parameter("2", &isFirst) }
    if added.contains(.italic) { parameter("3", &isFirst) }
    if added.contains(.underline) { parameter("4", &isFirst) }
    if added.contains(.reverse) { parameter("7", &isFirst) }
    if wanted.foreground != current.foreground { color(wanted.foreground, base: 30, &isFirst) }
    if wanted.background != current.background { color(wanted.background, base: 40, &isFirst) }
    if !isFirst { add("m") }
    style = wanted
  }

  private mutating func parameter(_ text: StaticString, _ isFirst: inout Bool) {
    add(isFirst ? "\u{1B}[" : ";")
    isFirst = false
    add(text)
  }

  private mutating func number(_ value: Int) {
    if value >= 10 { number(value / 10) }
    output.append(UInt8(0x30 + value % 10))
  }

  /// `base` 30 for the foreground, 40 for the background.
  private mutating func color(_ color: Color, base: Int, _ isFirst: inout Bool) {
    parameter("", &isFirst)
    switch color.kind {
    case .standard: number(base + 9)
    case .index(let index) where index < 8: number(base + Int(index))
    case .index(let index) where index < 16: number(base + 52 + Int(index))
    case .index(let index):
      number(base + 8)
      add(";5;")
      number(Int(index))
    case .rgb(let rgb):
      number(base + 8)
      add(";2;")
      number(Int(rgb.red))
      add(";")
      number(Int(rgb.green))
      add(";")
      number(Int(rgb.blue))
    }
  }

  private mutating func add(_ text: StaticString) {
    output.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func add(_ text: String) { output.append(contentsOf: text.utf8) }

  private mutating func add(_ scalar: Unicode.Scalar) {
    output.append(contentsOf: Unicode.UTF8.encode(scalar).map(Array.init) ?? [0x3F])
  }
}
