import Core
import Foundation

/// A part of a figure with a place of its own.
package protocol Panel: Sendable {
  /// Of the whole panel, its axes and captions included, in points.
  var size: Size { get }
  func draw(in box: Box, _ pen: Pen, _ style: Style)
}

/// A picture: panels in rows below a title, notes at the foot. Written as PNG or SVG; a file is whole or not there.
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

  private static let margin = 12.0, gap = 14.0
  private static let titleSize = 13.0, titleHeight = 26.0, titleLineHeight = 18.0
  private static let noteSize = 8.0, noteHeight = 12.0

  private var bodySize: Size {
    let widths = rows.map { row in
      row.reduce(0) { $0 + $1.size.width } + Self.gap * Double(max(0, row.count - 1))
    }
    let height = rows.reduce(0) { $0 + ($1.map(\.size.height).max() ?? 0) }
    return Size(max(180, widths.max() ?? 0), height + Self.gap * Double(max(0, rows.count - 1)))
  }

  /// `text` broken into lines of `width`, the later ones begun with `indent`; a word that is wider than a line (the name
  /// of a run) is broken behind a hyphen, or wherever it must be.
  private static func lines(
    of text: String, width: Double, indent: String = "", _ measure: (String) -> Double
  ) -> [String] {
    var lines: [String] = [], line = ""
    for word in text.split(separator: " ") {
      let longer = line.isEmpty ? String(word) : "\(line) \(word)"
      if !line.isEmpty, measure(longer) > width {
        lines.append(line)
        line = "\(indent)\(word)"
      } else {
        line = longer
      }
      while line.count > indent.count + 1, measure(line) > width {
        let head = head(of: line, atLeast: indent.count + 1, width: width, measure)
        lines.append(head)
        line = "\(indent)\(line.dropFirst(head.count))"
      }
    }
    return lines + [line]
  }

  /// The longest beginning of a word that fits, up to its last hyphen where that is not far from its end.
  private static func head(
    of word: String, atLeast least: Int, width: Double, _ measure: (String) -> Double
  ) -> String {
    var head = word.prefix(least)
    while head.count < word.count, measure(String(word.prefix(head.count + 1))) <= width {
      head = word.prefix(head.count + 1)
    }
    if let hyphen = head.lastIndex(of: "-") {
      let whole = head[...hyphen]
      if whole.count > max(least, head.count / 2) { head = whole }
    }
    return String(head)
  }

  private func titleLines(_ pen: Pen, width: Double) -> [String] {
    guard !title.isEmpty else { return [] }
    return Self.lines(of: title, width: width) { pen.width(of: $0, size: Self.titleSize, bold: true) }
  }

  /// Notes broken into lines of the figure's width.
  private func noteLines(_ pen: Pen, width: Double) -> [String] {
    notes.flatMap { note -> [String] in
      Self.lines(of: note, width: width, indent: "   ") { pen.width(of: $0, size: Self.noteSize) }
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
    let ruler = try Pen.pixels(Size(1, 1), scale: 1)
    let heading = titleLines(ruler, width: body.width), lines = noteLines(ruler, width: body.width)
    let top = heading.isEmpty ? 0 : Self.titleHeight + Self.titleLineHeight * Double(heading.count - 1)
    let foot = lines.isEmpty ? 0 : Self.noteHeight * Double(lines.count) + Self.gap
    let size = Size(body.width + 2 * Self.margin, body.height + top + foot + 2 * Self.margin)
    let pen = try canvas(size)
    pen.paint(style.paper)
    for (index, line) in heading.enumerated() {
      let y = Self.margin + 8 + Self.titleLineHeight * Double(index)
      pen.text(line, at: Point(Self.margin, y), size: Self.titleSize, style.ink, bold: true)
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
    try AtomicFile.write(url, try data(for: url, scale: scale))
  }

  /// As `write`, where a user says what is written: through links, and into devices and pipes.
  package func export(to url: URL, scale: Double = 2) throws {
    try AtomicFile.export(url, try data(for: url, scale: scale))
  }

  private func data(for url: URL, scale: Double) throws -> Data {
    guard let format = Format(rawValue: url.pathExtension.lowercased()) else {
      throw ExportError.unknownFormat(path: url.path)
    }
    return try data(format, scale: scale)
  }
}
