import Foundation
import Pipeline

/// A table of results that prints as text, CSV, Markdown and LaTeX. Shares are kept as shares and shown in per cent.
package struct ResultTable: Sendable, Equatable {
  package enum Cell: Sendable, Equatable {
    case text(String)
    case integer(Int)
    /// Shown with so many decimals.
    case number(Double, decimals: Int)
    /// A share, shown in per cent, with its interval where there is one.
    case share(Double, Interval? = nil)
    /// What was not measured.
    case none
  }

  package struct Column: Sendable, Equatable {
    package let title: String
    /// Whether its cells are shares with intervals: three columns of a CSV.
    package let hasInterval: Bool
    /// Whether a CSV alone has it: the others say it in their title or their notes.
    package let isForCSV: Bool

    package init(_ title: String, interval: Bool = false, isForCSV: Bool = false) {
      (self.title, hasInterval, self.isForCSV) = (title, interval, isForCSV)
    }
  }

  package enum Format: String, Sendable, CaseIterable {
    case text, csv, markdown, latex

    /// Of a file's name.
    package var suffix: String {
      switch self {
      case .text: "txt"
      case .csv: "csv"
      case .markdown: "md"
      case .latex: "tex"
      }
    }

    package var label: String {
      switch self {
      case .text: "text"
      case .csv: "CSV"
      case .markdown: "Markdown"
      case .latex: "LaTeX"
      }
    }
  }

  package var title: String
  package var columns: [Column]
  package var rows: [[Cell]]
  /// Sentences below the table: protocol, leakage, doubts.
  package var notes: [String]

  package init(title: String, columns: [Column], rows: [[Cell]] = [], notes: [String] = []) {
    (self.title, self.columns, self.rows, self.notes) = (title, columns, rows, notes)
  }

  /// The same with one row only; nil where there is no such row.
  package func row(_ index: Int) -> ResultTable? {
    guard rows.indices.contains(index) else { return nil }
    return ResultTable(title: title, columns: columns, rows: [rows[index]], notes: notes)
  }

  package func rendered(_ format: Format) -> String {
    precondition(rows.allSatisfy { $0.count == columns.count }, "a row of “\(title)” has other columns than its head")
    return switch format {
    case .text: forPeople.text
    case .csv: csv
    case .markdown: forPeople.markdown
    case .latex: forPeople.latex
    }
  }

  /// Without the columns that are for a CSV alone.
  private var forPeople: ResultTable {
    let shown = columns.indices.filter { !columns[$0].isForCSV }
    return ResultTable(
      title: title, columns: shown.map { columns[$0] }, rows: rows.map { row in shown.map { row[$0] } }, notes: notes)
  }

  // MARK: one format each

  private var text: String {
    let cells = [columns.map(\.title)] + rows.map { $0.map(Self.plain) }
    let widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    let lines = cells.map { row in
      let padded = row.enumerated().map { column, cell in
        let pad = String(repeating: " ", count: widths[column] - cell.count)
        return isNumeric(column) ? pad + cell : cell + pad
      }
      return padded.joined(separator: "  ").replacingOccurrences(of: " +$", with: "", options: .regularExpression)
    }
    return ([title] + lines + notes.map { "  " + $0 }).map { $0 + "\n" }.joined()
  }

  /// RFC 4180; shares in per cent with six significant digits; notes are left to the formats that people read.
  private var csv: String {
    func number(_ value: Double) -> String { String(format: "%.6g", value) }
    let head = columns.flatMap { $0.hasInterval ? [$0.title, "\($0.title) low", "\($0.title) high"] : [$0.title] }
    let lines = rows.map { row in
      zip(row, columns).flatMap { cell, column -> [String] in
        let rest = column.hasInterval ? ["", ""] : []
        switch cell {
        case .text(let text): return [text] + rest
        case .integer(let value): return ["\(value)"] + rest
        case .number(let value, _): return [number(value)] + rest
        case .share(let value, let interval):
          guard column.hasInterval, let interval else { return [number(value * 100)] + rest }
          return [value, interval.low, interval.high].map { number($0 * 100) }
        case .none: return [""] + rest
        }
      }
    }
    return ([head] + lines).map { $0.map(CSVTable.field).joined(separator: ",") + "\n" }.joined()
  }

  private var markdown: String {
    func escaped(_ text: String) -> String { text.replacingOccurrences(of: "|", with: "\\|") }
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    let rule = columns.indices.map { isNumeric($0) ? "---:" : "---" }
    let body = rows.map { line($0.map { escaped(Self.plain($0)) }) }.joined()
    let list = notes.map { "- \($0)\n" }.joined()
    return "**\(title)**\n\n" + line(columns.map { escaped($0.title) }) + line(rule) + body
      + (list.isEmpty ? "" : "\n" + list)
  }

  /// A `table` with booktabs' rules.
  private var latex: String {
    func line(_ cells: [String]) -> String { "    " + cells.joined(separator: " & ") + " \\\\\n" }
    let alignment = columns.indices.map { isNumeric($0) ? "r" : "l" }.joined()
    let body = rows.map { line($0.map { Self.latexEscaped(Self.plain($0)) }) }.joined()
    let list = notes.map { "  % \($0)\n" }.joined()
    return "\\begin{table}\n  \\centering\n  \\caption{\(Self.latexEscaped(title))}\n"
      + "  \\begin{tabular}{\(alignment)}\n    \\toprule\n" + line(columns.map { Self.latexEscaped($0.title) })
      + "    \\midrule\n" + body + "    \\bottomrule\n  \\end{tabular}\n" + list + "\\end{table}\n"
  }

  // MARK: cells

  private func isNumeric(_ column: Int) -> Bool {
    rows.contains { row in
      if case .text = row[column] { false } else { row[column] != .none }
    }
  }

  /// As people read it.
  package static func plain(_ cell: Cell) -> String {
    switch cell {
    case .text(let text): text
    case .integer(let value): "\(value)"
    case .number(let value, let decimals): String(format: "%.\(decimals)f", value)
    case .share(let value, let interval):
      String(format: "%.2f", value * 100)
        + (interval.map { String(format: " [%.1f, %.1f]", $0.low * 100, $0.high * 100) } ?? "")
    case .none: "–"
    }
  }

  private static func latexEscaped(_ text: String) -> String {
    let special: [Character: String] = [
      "\\": "\\textbackslash{}", "&": "\\&", "%": "\\%", "$": "\\$", "#": "\\#", "_": "\\_", "{": "\\{", "}": "\\}",
      "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "–": "--", "ε": "$\\varepsilon$", "α": "$\\alpha$",
      "∞": "$\\infty$", "₂": "$_2$", "Δ": "$\\Delta$", "±": "$\\pm$", "−": "$-$", "→": "$\\to$", "·": "$\\cdot$",
      "≥": "$\\ge$", "≤": "$\\le$", "μ": "$\\mu$", "×": "$\\times$", "<": "\\textless{}", ">": "\\textgreater{}",
      "|": "\\textbar{}",
    ]
    return text.map { special[$0] ?? String($0) }.joined()
  }
}
