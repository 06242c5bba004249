import Foundation

/// A canvas with a window in it. Widgets draw in the window's own coordinates and cannot draw outside of it.
package struct Surface: Sendable {
  package private(set) var canvas: Canvas
  private var window: Rect

  package init(size: Size) {
    canvas = Canvas(size: size)
    window = Rect(x: 0, y: 0, width: canvas.size.width, height: canvas.size.height)
  }

  package var width: Int { window.width }
  package var height: Int { window.height }
  package var bounds: Rect { Rect(x: 0, y: 0, width: window.width, height: window.height) }

  /// Draws into a part of this surface; what lies outside of it is cut off.
  package mutating func within(_ rect: Rect, _ draw: (inout Surface) -> Void) {
    let outer = window
    let part = bounds.intersection(rect)
    window = Rect(x: outer.x + part.x, y: outer.y + part.y, width: part.width, height: part.height)
    draw(&self)
    window = outer
  }

  /// A style that asks for no background keeps the one that is there, so that text takes on its popup's or row's.
  package mutating func set(_ x: Int, _ y: Int, _ cell: Cell) {
    guard bounds.contains(Point(x: x, y: y)) else { return }
    var cell = cell
    let (x, y) = (window.x + x, window.y + y)
    mendWide(x, y)
    if cell.style.background == .standard { cell.style.background = canvas[x, y].style.background }
    canvas[x, y] = cell
  }

  /// Wipes a part, background included.
  package mutating func clear(_ rect: Rect, _ style: CellStyle) {
    let part = bounds.intersection(rect)
    for y in part.y..<part.maxY {
      for x in part.x..<part.maxX {
        mendWide(window.x + x, window.y + y)
        canvas[window.x + x, window.y + y] = Cell(" ", style)
      }
    }
  }

  package func cell(_ x: Int, _ y: Int) -> Cell? {
    bounds.contains(Point(x: x, y: y)) ? canvas[window.x + x, window.y + y] : nil
  }

  /// Overwriting one half of a wide character leaves a blank in the place of the other.
  private mutating func mendWide(_ x: Int, _ y: Int) {
    if canvas[x, y].isContinuation, x > 0 {
      canvas[x - 1, y] = Cell(" ", canvas[x - 1, y].style)
    }
    if x + 1 < canvas.size.width, canvas[x + 1, y].isContinuation {
      canvas[x + 1, y] = Cell(" ", canvas[x + 1, y].style)
    }
  }

  package mutating func fill(_ rect: Rect, _ scalar: Unicode.Scalar = " ", _ style: CellStyle) {
    let part = bounds.intersection(rect)
    for y in part.y..<part.maxY {
      for x in part.x..<part.maxX { set(x, y, Cell(scalar, style)) }
    }
  }

  /// Changes the style of what is there already, e.g. for a selected row.
  package mutating func restyle(_ rect: Rect, _ change: (inout CellStyle) -> Void) {
    let part = bounds.intersection(rect)
    for y in part.y..<part.maxY {
      for x in part.x..<part.maxX { change(&canvas[window.x + x, window.y + y].style) }
    }
  }

  /// Lays a picture under the cells of `rect` as they are now, in place of one that lies there.
  mutating func place(_ pixels: [RGB], columns: Int, in rect: Rect) {
    let rect = absolute(rect)
    let cells = (rect.y..<rect.maxY).flatMap { y in (rect.x..<rect.maxX).map { canvas[$0, y] } }
    canvas.pictures.removeAll { $0.rect == rect }
    canvas.pictures.append(PlacedPicture(rect: rect, columns: columns, pixels: pixels, cells: cells))
  }

  /// The picture that lies in just this place.
  func picture(in rect: Rect) -> PlacedPicture? {
    let rect = absolute(rect)
    return canvas.pictures.first { $0.rect == rect }
  }

  private func absolute(_ rect: Rect) -> Rect {
    let part = bounds.intersection(rect)
    return Rect(x: window.x + part.x, y: window.y + part.y, width: part.width, height: part.height)
  }

  /// Writes one line from (x, y), cut at `width` columns or the right edge, and returns the column after it.
  @discardableResult
  package mutating func put(_ text: String, _ x: Int, _ y: Int, _ style: CellStyle, width: Int? = nil) -> Int {
    let limit = min(self.width, width.map { x + $0 } ?? self.width)
    guard y >= 0, y < height, x < limit else { return x }
    var column = x
    let composed = text.utf8.allSatisfy({ $0 < 0x80 }) ? text : text.precomposedStringWithCanonicalMapping
    for raw in composed.unicodeScalars {
      let scalar = TextWidth.shown(raw)
      let columns = TextWidth.of(scalar)
      if columns == 0 {
        addMark(scalar, before: column, y)
        continue
      }
      guard column + columns <= limit else { break }
      if column >= 0 {
        if columns == 2 { set(column + 1, y, .blank) }
        set(column, y, Cell(scalar, style))
        if columns == 2 {
          canvas[window.x + column + 1, window.y + y] = .continuation(canvas[window.x + column, window.y + y].style)
        }
      }
      column += columns
    }
    return column
  }

  private mutating func addMark(_ scalar: Unicode.Scalar, before column: Int, _ y: Int) {
    guard scalar.properties.generalCategory == .nonspacingMark, column > 0, column <= width else { return }
    var x = window.x + column - 1
    if canvas[x, window.y + y].isContinuation { x -= 1 }
    if canvas[x, window.y + y].mark == 0 { canvas[x, window.y + y].mark = scalar.value }
  }

  /// Writes `text` so that its last column is `right` - 1.
  package mutating func putRight(_ text: String, _ right: Int, _ y: Int, _ style: CellStyle) {
    put(text, right - TextWidth.of(text), y, style)
  }
}
