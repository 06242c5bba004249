/// Rows of text below a head; numbers to the right.
package struct TextTable: Panel {
  package var caption: String
  package var head: [String]
  package var rows: [[String]]
  /// Columns set flush right.
  package var rightAligned: Set<Int>

  package init(_ caption: String, head: [String], rows: [[String]], rightAligned: Set<Int> = []) {
    precondition(rows.allSatisfy { $0.count == head.count }, "a row of “\(caption)” has other columns than its head")
    (self.caption, self.head, self.rows, self.rightAligned) = (caption, head, rows, rightAligned)
  }

  private static let textSize = 8.5, lineHeight = 14.0, gap = 14.0

  /// Widths by the count of letters: no pen is at hand, and DejaVu's digits and small letters are narrower.
  private var widths: [Double] {
    head.indices.map { column in
      let longest = ([head] + rows).map { $0[column].count }.max() ?? 0
      return Double(longest) * Self.textSize * 0.64
    }
  }

  package var size: Size {
    Size(
      widths.reduce(0, +) + Self.gap * Double(max(0, head.count - 1)) + 4,
      Double(rows.count + 1) * Self.lineHeight + (caption.isEmpty ? 4 : 20))
  }

  package func draw(in box: Box, _ pen: Pen, _ style: Style) {
    let top = box.y + (caption.isEmpty ? 0 : 18)
    if !caption.isEmpty {
      pen.text(caption, at: Point(box.x, top - 9), size: Frame.titleSize, style.ink, bold: true)
    }
    for (index, row) in ([head] + rows).enumerated() {
      let y = top + Self.lineHeight * (Double(index) + 0.5)
      var x = box.x
      for (column, width) in widths.enumerated() {
        let isRight = rightAligned.contains(column)
        pen.text(
          row[column], at: Point(isRight ? x + width : x, y), size: Self.textSize, index == 0 ? style.dim : style.ink,
          anchor: isRight ? .end : .start)
        x += width + Self.gap
      }
    }
    let rule = top + Self.lineHeight
    pen.line([Point(box.x, rule), Point(box.maxX, rule)], style.dim, width: 0.75)
  }
}
