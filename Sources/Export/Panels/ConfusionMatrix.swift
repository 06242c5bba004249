import Core
import Pipeline

/// Truth against prediction: numbers in cells, each shaded by its share of the row's truth. With signed numbers (the
/// difference of two matrices), red is less and blue is more.
package struct ConfusionMatrix: Panel {
  package var caption: String
  package var labels: [String]
  /// [truth][prediction], as they are to be read.
  package var texts: [[String]]
  /// [truth][prediction], 0 … 1, or −1 … 1 for differences.
  package var shades: [[Double]]
  package var size: Size

  package init(_ caption: String, labels: [String], texts: [[String]], shades: [[Double]]) {
    (self.caption, self.labels, self.texts, self.shades) = (caption, labels, texts, shades)
    let side = Double(max(2, labels.count)) * 34
    size = Size(side + 90, side + 98)
  }

  /// Counts, shaded by their share of the row.
  package init(_ caption: String, labels: [String], counts: [[Int]]) {
    let shades = counts.map { row -> [Double] in
      let total = row.reduce(0, +)
      return row.map { total == 0 ? 0 : Double($0) / Double(total) }
    }
    self.init(caption, labels: labels, texts: counts.map { $0.map(String.init) }, shades: shades)
  }

  package func draw(in box: Box, _ pen: Pen, _ style: Style) {
    let names = labels.map { pen.width(of: $0, size: Frame.tickSize) }.max() ?? 0
    let grid = box.inset(left: names + 24, top: caption.isEmpty ? 4 : 18, right: 4, bottom: names + 26)
    let cell = Size(grid.width / Double(max(1, labels.count)), grid.height / Double(max(1, labels.count)))
    if !caption.isEmpty {
      pen.text(caption, at: Point(box.x, grid.y - 9), size: Frame.titleSize, style.ink, bold: true)
    }
    for (row, label) in labels.enumerated() {
      let y = grid.y + cell.height * (Double(row) + 0.5)
      pen.text(label, at: Point(grid.x - 5, y), size: Frame.tickSize, style.color(ofEmotion: label), anchor: .end)
      for column in labels.indices {
        let box = Box(
          x: grid.x + cell.width * Double(column), y: grid.y + cell.height * Double(row), width: cell.width,
          height: cell.height)
        let shade = shades[row][column], ground = color(shade, style)
        pen.fill(box, ground)
        pen.text(
          texts[row][column], at: Point(box.midX, box.midY), size: Frame.tickSize,
          ground.luma > 0.5 ? Ink(0x111111) : Ink(0xF4F4F4), anchor: .middle, bold: row == column)
      }
    }
    for (column, label) in labels.enumerated() {
      let x = grid.x + cell.width * (Double(column) + 0.5)
      pen.text(
        label, at: Point(x, grid.maxY + 5), size: Frame.tickSize, style.color(ofEmotion: label), anchor: .end,
        upward: true)
    }
    pen.frame(grid, style.dim, width: 0.75)
    pen.text("truth", at: Point(box.x + 6, grid.midY), size: Frame.labelSize, style.ink, anchor: .middle, upward: true)
    pen.text("prediction", at: Point(grid.midX, box.maxY - 7), size: Frame.labelSize, style.ink, anchor: .middle)
  }

  private func color(_ shade: Double, _ style: Style) -> Ink {
    let end = shade < 0 ? Ink(0xB2182B) : Ink(0x08519C), share = min(1, abs(shade.isFinite ? shade : 0))
    func mix(_ a: Double, _ b: Double) -> Double { a + (b - a) * share }
    return Ink(
      red: mix(style.paper.red, end.red), green: mix(style.paper.green, end.green),
      blue: mix(style.paper.blue, end.blue))
  }
}
