import Core
import Foundation

/// Words, broken at blanks.
package enum Paragraph {
  package static func lines(_ text: String, width: Int) -> [String] {
    guard width > 0 else { return [] }
    var (lines, line) = ([String](), "")
    for word in text.split(separator: " ", omittingEmptySubsequences: true) {
      var word = String(word)
      if !line.isEmpty, TextWidth.of(line) + 1 + TextWidth.of(word) > width {
        lines.append(line)
        line = ""
      }
      while TextWidth.of(word) > width {
        let head = TextWidth.cut(word, to: width, ellipsis: "")
        guard !head.isEmpty else { break }
        lines.append(head)
        word.removeFirst(head.count)
      }
      line += line.isEmpty ? word : " " + word
    }
    return line.isEmpty ? lines : lines + [line]
  }

  /// As many lines as there is room for; where more would follow, the last one says so.
  package static func cut(_ text: String, width: Int, rows: Int, _ ellipsis: String) -> [String] {
    let lines = lines(text, width: width)
    guard lines.count > rows, rows > 0 else { return Array(lines.prefix(max(0, rows))) }
    let last = TextWidth.cut(lines[rows - 1] + " " + lines[rows], to: width, ellipsis: ellipsis)
    return Array(lines.prefix(rows - 1)) + [last]
  }

  /// Draws as many lines as there is room for and returns how many those were.
  @discardableResult
  package static func draw(
    _ text: String, in rect: Rect, _ style: CellStyle, _ look: Look, _ surface: inout Surface
  ) -> Int {
    let lines = lines(look.glyphs.plain(text), width: rect.width).prefix(rect.height)
    for (index, line) in lines.enumerated() { surface.put(line, rect.x, rect.y + index, style) }
    return lines.count
  }
}

/// Numbers as text, for pictures and the screen alike.
package typealias Numbers = Core.Numbers

/// The selected row of a list.
package enum RowHighlight {
  package static func draw(_ y: Int, isFocused: Bool, _ look: Look, _ surface: inout Surface) {
    guard let style = look.picked(isFocused ? .selection : .selectionInactive) else { return }
    surface.restyle(Rect(x: 0, y: y, width: surface.width, height: 1)) {
      $0.background = style.background
      if style.foreground != .standard { $0.foreground = style.foreground }
      $0.attributes.formUnion(style.attributes)
    }
  }
}

/// Where in a list the screen is: the rightmost column.
package enum ScrollBar {
  /// - Parameter rows: of the list; nil takes the whole surface.
  package static func draw(_ top: Int, _ count: Int, rows: Int? = nil, _ look: Look, _ surface: inout Surface) {
    let height = rows ?? surface.height
    guard count > height, height > 1, surface.width > 8 else { return }
    let length = max(1, height * height / count)
    let start = top * (height - length) / max(1, count - height)
    for y in 0..<height {
      let isThumb = y >= start && y < start + length
      surface.set(
        surface.width - 1, y,
        Cell(isThumb ? look.glyphs.pick("┃", "#") : look.glyphs.pick("│", "|"), look.style(isThumb ? .axis : .track)))
    }
  }
}

/// A bar that fills from the left.
package enum ProgressBar {
  package static func draw(_ fraction: Double, _ x: Int, _ y: Int, width: Int, _ look: Look, _ surface: inout Surface) {
    guard width > 0 else { return }
    let fraction = fraction.isFinite ? max(0, min(1, fraction)) : 0
    let filled = Int((fraction * Double(width)).rounded())
    for column in 0..<width {
      let isFull = column < filled
      surface.set(
        x + column, y,
        Cell(isFull ? look.glyphs.pick("━", "#") : look.glyphs.pick("─", "."), look.style(isFull ? .progress : .track)))
    }
  }
}
