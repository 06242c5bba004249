/// What a pane shows, as rows and columns: the one value behind copying, exporting and `quaver render`, so that the
/// screen and every file hold the same numbers.
package struct DataTable: Sendable, Equatable {
  package enum Format: String, Sendable, CaseIterable {
    case csv, markdown, latex

    /// Of a file's name.
    package var suffix: String {
      switch self {
      case .csv: "csv"
      case .markdown: "md"
      case .latex: "tex"
      }
    }

    package var label: String {
      switch self {
      case .csv: "CSV"
      case .markdown: "Markdown"
      case .latex: "LaTeX"
      }
    }
  }

  package var title: String
  package var columns: [String]
  package var rows: [[String]]
  /// What must be said beside the numbers: split, seeds, leakage.
  package var notes: [String]

  package init(title: String, columns: [String], rows: [[String]], notes: [String] = []) {
    (self.title, self.columns, self.rows, self.notes) = (title, columns, rows, notes)
  }

  /// The same with one row only.
  package func row(_ index: Int) -> DataTable? {
    guard rows.indices.contains(index) else { return nil }
    return DataTable(title: title, columns: columns, rows: [rows[index]], notes: notes)
  }

  package func text(_ format: Format) -> String {
    switch format {
    case .csv: csv
    case .markdown: markdown
    case .latex: latex
    }
  }

  /// RFC 4180, lines ended by a line feed.
  private var csv: String {
    func field(_ text: String) -> String {
      guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
      return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
    return ([columns] + rows).map { $0.map(field).joined(separator: ",") + "\n" }.joined()
  }

  private var markdown: String {
    func line(_ cells: [String]) -> String {
      "| " + cells.map { $0.replacing("|", with: "\\|").replacing("\n", with: " ") }.joined(separator: " | ") + " |\n"
    }
    let rule = "|" + columns.indices.map { isNumeric($0) ? "---:|" : "---|" }.joined() + "\n"
    let notes = notes.isEmpty ? "" : "\n" + notes.map { "- \($0)\n" }.joined()
    return "**\(title)**\n\n" + line(columns) + rule + rows.map(line).joined() + notes
  }

  /// A booktabs table.
  private var latex: String {
    func line(_ cells: [String]) -> String { "    " + cells.map(Self.escaped).joined(separator: " & ") + " \\\\\n" }
    let alignment = columns.indices.map { isNumeric($0) ? "r" : "l" }.joined()
    let caption = ([title] + notes).map(Self.escaped).joined(separator: ". ")
    return "\\begin{table}\n  \\caption{\(caption)}\n  \\begin{tabular}{\(alignment)}\n    \\toprule\n"
      + line(columns) + "    \\midrule\n" + rows.map(line).joined()
      + "    \\bottomrule\n  \\end{tabular}\n\\end{table}\n"
  }

  private static let latexSigns: [Character: String] = [
    "\\": "\\textbackslash{}", "&": "\\&", "%": "\\%", "$": "\\$", "#": "\\#", "_": "\\_", "{": "\\{", "}": "\\}",
    "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "ε": "$\\varepsilon$", "±": "$\\pm$", "−": "$-$",
    "×": "$\\times$", "≤": "$\\le$", "≥": "$\\ge$", "→": "$\\rightarrow$", "\n": " ",
  ]

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { $0 += latexSigns[$1] ?? String($1) }
  }

  /// Whether every cell of a column is a number or empty, so that it stands to the right.
  private func isNumeric(_ column: Int) -> Bool {
    let cells = rows.compactMap { column < $0.count ? $0[column] : nil }.filter { !$0.isEmpty }
    return !cells.isEmpty
      && cells.allSatisfy { cell in
        let number = cell.split(separator: " ").first.map(String.init) ?? cell
        return Double(number) != nil || number == "NaN"
      }
  }
}
