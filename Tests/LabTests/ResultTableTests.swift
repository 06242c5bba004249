import Lab
import Testing

@Suite struct ResultTableTests {
  private let table = ResultTable(
    title: "A & B", columns: [.init("name"), .init("acc. %", interval: true), .init("n")],
    rows: [
      [.text("a, \"b\" | c_d"), .share(0.5, Interval(low: 0.25, high: 0.75, level: 0.95)), .integer(3)],
      [.text("x"), .none, .number(1.25, decimals: 1)],
    ], notes: ["a note"])

  @Test func csvIsQuotedAndHasTheInterval() {
    #expect(
      table.rendered(.csv)
        == "name,acc. %,acc. % low,acc. % high,n\n\"a, \"\"b\"\" | c_d\",50,25,75,3\nx,,,,1.25\n")
  }

  @Test func textIsAligned() {
    let lines = table.rendered(.text).split(separator: "\n").map(String.init)
    #expect(lines[0] == "A & B" && lines.last == "  a note")
    #expect(lines[2].hasSuffix("50.00 [25.0, 75.0]    3") && lines[3].hasSuffix("–  1.2"))
    #expect(lines[2].count == lines[3].count)
  }

  @Test func markdownAndLaTeXEscape() {
    #expect(table.rendered(.markdown).contains("\\| c_d | 50.00 [25.0, 75.0] | 3 |"))
    let latex = table.rendered(.latex)
    #expect(latex.contains("A \\& B") && latex.contains("c\\_d") && latex.contains("acc. \\%"))
    #expect(latex.contains("\\begin{tabular}{lrr}") && latex.contains("-- & 1.2 \\\\"))
  }

  @Test func thePapersTablesAreWhole() throws {
    #expect(PaperTables.attacks.count == 36 && PaperTables.sweep.count == 30)
    // The paper's own arithmetic: success = (clean − attacked)/clean, to its last digit.
    let cells = PaperTables.attacks.reduce(into: [String: Double]()) {
      if $1.attack == "none" { $0[$1.model] = $1.undefendedValid }
    }
    for row in PaperTables.attacks where row.attack != "none" {
      let clean = try #require(cells[row.model]), success = try #require(row.undefendedSuccess)
      #expect(abs((clean - row.undefendedValid) / clean * 100 - success) < 0.03, "\(row.model) \(row.attack)")
    }
    #expect(PaperTables.sweep.contains { $0.defence == "EOT+PGD" && $0.epsilon255 == 196 && $0.ownSuccess == 71.99 })
  }
}
