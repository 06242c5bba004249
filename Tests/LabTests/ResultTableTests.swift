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
    // What pdflatex refuses, or sets as another glyph.
    let signs = ResultTable(title: "μ ± σ, 2×2, a < b > c | d", columns: []).rendered(.latex)
    #expect(signs.contains("$\\mu$ $\\pm$") && signs.contains("2$\\times$2"))
    #expect(signs.contains("a \\textless{} b \\textgreater{} c \\textbar{} d"))
  }

  /// A CSV has neither title nor notes: two of one run would not be told apart.
  @Test func aCSVTellsOfWhatItsRowsAre() {
    let scores = Confusion(truth: [0, 1], predicted: [0, 0], classes: 2).scores
    var job = Job(corpus: "c")
    (job.split, job.seed) = ("folder/parts.csv", 7)
    let evaluations = [EvaluationPart.train, .valid].map { part in
      RunEvaluation(
        run: "r", job: job, checkpoint: .best, part: part, emotions: ["a", "b"], slices: scores, utterances: scores,
        averageAccuracy: nil, notes: [])
    }
    let table = EvaluationTables.scores(evaluations, title: "t", notes: [])
    let lines = table.rendered(.csv).split(separator: "\n")
    #expect(lines.count == 5 && lines[0].hasPrefix("run,unit,n,") && lines[0].hasSuffix(",part,checkpoint,split,seed"))
    let ends = lines.dropFirst().map { $0.split(separator: ",").suffix(4).joined(separator: ",") }
    #expect(ends == ["train", "train", "valid", "valid"].map { "\($0),best,parts.csv,7" })
    for format in ResultTable.Format.allCases where format != .csv {
      #expect(!table.rendered(format).contains("checkpoint") && !table.rendered(format).contains("parts.csv"))
    }
  }

  @Test func aRowIsOfItsOwnRun() {
    let job = Job(corpus: "c")
    let both = ["a", "b"].map { Provenance(run: $0, part: "valid", checkpoint: .last, job: job) }
    let rows = table.stating(both).rendered(.csv).split(separator: "\n")
    #expect(rows[0].hasSuffix(",n,run,part,checkpoint,split,seed"))
    #expect(rows[1].hasSuffix(",3,a,valid,last,utterance,0") && rows[2].hasSuffix(",1.25,b,valid,last,utterance,0"))
    #expect(table.stating(both).rendered(.text) == table.rendered(.text))
  }

  @Test func thePapersTablesAreWhole() throws {
    #expect(PaperTables.networks.count == 24 && PaperTables.attacks.count == 36 && PaperTables.sweep.count == 30)
    // Table 2a's networks before any attack are table 1's of linear spectrograms.
    for row in PaperTables.networks where row.transform == PaperValues.mainTransform {
      let clean = try #require(PaperTables.attacks.first { $0.model == row.model && $0.attack == "none" })
      #expect(clean.undefendedValid == row.valid[.emoiit] && clean.undefendedAverage == row.average[.emoiit])
    }
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
