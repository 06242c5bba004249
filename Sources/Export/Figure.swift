import Core
import Foundation

/// A part of a figure with a place of its own.
package protocol Panel: Sendable {
  /// Of the whole panel, its axes and captions included, in points.
  var size: Size { get }
  func draw(in box: Box, _ pen: Pen, _ style: Style)
}

/// A picture: panels in rows below a title, notes at the foot. Written as PNG or SVG, whole or not at all.
///
///     try Figure("03a01Fa, happiness", rows: [[clean, attacked], [table]]).write(to: url)
package struct Figure: Sendable {
  package enum Format: String, Sendable, CaseIterable { case png, svg }

  package var title: String
  package var rows: [[any Panel]]
  /// Sentences at the foot: the run, the part, doubts.
  package var notes: [String]
  package var style: Style

  package init(_ title: String, rows: [[any Panel]], notes: [String] = [], style: Style = .light) {
    (self.title, self.rows, self.notes, self.style) = (title, rows, notes, style)
  }

  private static let margin = 12.0, gap = 14.0, titleHeight = 26.0
  private static let noteSize = 8.0, noteHeight = 12.0

  private var bodySize: Size {
    let widths = rows.map { row in
      row.reduce(0) { $0 + $1.size.width } + Self.gap * Double(max(0, row.count - 1))
    }
    let height = rows.reduce(0) { $0 + ($1.map(\.size.height).max() ?? 0) }
    return Size(max(180, widths.max() ?? 0), height + Self.gap * Double(max(0, rows.count - 1)))
  }

  /// Notes broken into lines of the figure's width.
  private func noteLines(_ pen: Pen, width: Double) -> [String] {
    notes.flatMap { note -> [String] in
      var lines: [String] = [], line = ""
      for word in note.split(separator: " ") {
        let longer = line.isEmpty ? String(word) : "\(line) \(word)"
        if !line.isEmpty, pen.width(of: longer, size: Self.noteSize) > width {
          lines.append(line)
          line = "   \(word)"
        } else {
          line = longer
        }
      }
      return lines + [line]
    }
  }

  /// The picture as a file's bytes.
  ///
  /// - Parameter scale: pixels a point, for PNG.
  /// - Throws: `ExportError`.
  package func data(_ format: Format, scale: Double = 2) throws -> Data {
    try drawn { try format == .png ? Pen.pixels($0, scale: scale) : Pen.vector($0) }.finish()
  }

  /// The picture as pixels, 0x00RRGGBB, the top row first.
  package func raster(scale: Double = 1) throws -> (columns: Int, pixels: [UInt32]) {
    try drawn { try Pen.pixels($0, scale: scale) }.raster()
  }

  private func drawn(on canvas: (Size) throws -> Pen) throws -> Pen {
    let body = bodySize
    let lines = noteLines(try Pen.pixels(Size(1, 1), scale: 1), width: body.width)
    let top = title.isEmpty ? 0 : Self.titleHeight
    let foot = lines.isEmpty ? 0 : Self.noteHeight * Double(lines.count) + Self.gap
    let size = Size(body.width + 2 * Self.margin, body.height + top + foot + 2 * Self.margin)
    let pen = try canvas(size)
    pen.paint(style.paper)
    if !title.isEmpty {
      pen.text(title, at: Point(Self.margin, Self.margin + 8), size: 13, style.ink, bold: true)
    }
    var y = Self.margin + top
    for row in rows {
      var x = Self.margin
      for panel in row {
        panel.draw(in: Box(x: x, y: y, width: panel.size.width, height: panel.size.height), pen, style)
        x += panel.size.width + Self.gap
      }
      y += (row.map(\.size.height).max() ?? 0) + Self.gap
    }
    for (index, line) in lines.enumerated() {
      let y = y + Self.noteHeight * (Double(index) + 0.5)
      pen.text(line, at: Point(Self.margin, y), size: Self.noteSize, style.dim)
    }
    return pen
  }

  /// Writes the picture beside `url` and renames it; the name's end tells the format.
  ///
  /// - Throws: `ExportError`, `CoreError.cannotWrite`.
  package func write(to url: URL, scale: Double = 2) throws {
    guard let format = Format(rawValue: url.pathExtension.lowercased()) else {
      throw ExportError.unknownFormat(path: url.path)
    }
    try AtomicFile.write(url, try data(format, scale: scale))
  }
}
