import Foundation

/// A comma-separated table with a header line (RFC 4180: quoted fields, doubled quotes, LF or CRLF).
package struct CSVTable: Sendable {
  package struct Row: Sendable {
    /// 1 is the header's.
    package let line: Int
    fileprivate let fields: [String: String]

    package subscript(_ column: String) -> String? { fields[column] }
  }

  /// The file's name, for messages.
  package let name: String
  package let rows: [Row]

  /// - Parameter trimming: takes blanks around fields away, quoted ones too.
  /// - Throws: `PipelineError.cannotOpen`, `PipelineError.malformedTable`.
  package init(contentsOf url: URL, columns required: [String], trimming: Bool = true) throws {
    name = url.lastPathComponent
    guard let data = try? Data(contentsOf: url) else {
      throw PipelineError.cannotOpen(path: url.path, reason: "no such file, or it may not be read")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw PipelineError.malformedTable(path: url.path, reason: "it is not UTF-8 text")
    }
    var records = try Self.records(text, path: url.path)
    guard !records.isEmpty else { throw PipelineError.malformedTable(path: url.path, reason: "it is empty") }
    let header = records.removeFirst().fields.map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    if let missing = required.first(where: { !header.contains($0) }) {
      throw PipelineError.malformedTable(
        path: url.path, reason: "no column “\(missing)” among \(header.joined(separator: ", "))")
    }
    rows = try records.map { record in
      guard record.fields.count == header.count else {
        throw PipelineError.malformedTable(
          path: url.path, reason: "line \(record.line) has \(record.fields.count) fields, the header \(header.count)")
      }
      let values = trimming ? record.fields.map { $0.trimmingCharacters(in: .whitespaces) } : record.fields
      return Row(line: record.line, fields: Dictionary(zip(header, values)) { first, _ in first })
    }
  }

  /// A field as it is written: quoted where it would not be read back as it is.
  package static func field(_ text: String) -> String {
    guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
    return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
  }

  private static func records(_ text: String, path: String) throws -> [(line: Int, fields: [String])] {
    var records: [(line: Int, fields: [String])] = []
    var fields: [String] = [], field = "", quoted = false, wasQuoted = false
    var line = 1, start = 1
    func finish() {
      fields.append(field)
      if fields.count > 1 || !fields[0].isEmpty || wasQuoted { records.append((start, fields)) }
      (fields, field, wasQuoted) = ([], "", false)
    }
    // A byte-order mark that spreadsheets write is no part of the first column's name.
    var rest = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
    while let character = rest.popFirst() {
      if character.isNewline { line += 1 }
      switch character {
      case "\"" where quoted && rest.first == "\"":
        rest.removeFirst()
        field.append(character)
      case "\"" where quoted: quoted = false
      case _ where quoted: field.append(character)
      case "\"" where field.isEmpty: (quoted, wasQuoted) = (true, true)
      case ",":
        fields.append(field)
        field = ""
      case _ where character.isNewline:
        finish()
        start = line
      default: field.append(character)
      }
    }
    guard !quoted else { throw PipelineError.malformedTable(path: path, reason: "a quote in line \(start) never ends") }
    if !field.isEmpty || !fields.isEmpty { finish() }
    return records
  }
}
