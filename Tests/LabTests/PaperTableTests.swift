import Attacks
import Foundation
import Lab
import Testing

/// The paper's tables as sweeps make them, from numbers that are known.
@Suite struct PaperTableTests {
  private func job(_ model: String, _ transform: String, seed: UInt64 = 0) -> Job {
    var job = Job(corpus: "emodb")
    (job.model, job.transform, job.seed, job.weights) = (model, transform, seed, StartingWeights.none)
    return job
  }

  /// `right` of 100 slices.
  private func scores(_ right: Int) -> Scores {
    let truth = (0..<100).map { $0 % 7 }
    return Confusion(
      truth: truth, predicted: truth.indices.map { $0 < right ? truth[$0] : (truth[$0] + 1) % 7 }, classes: 7
    )
    .scores
  }

  private func row(_ job: Job, right: Int, average: Double) -> SweepRow {
    SweepRow(
      run: "r\(job.seed)", job: job,
      evaluation: RunEvaluation(
        run: "r\(job.seed)", job: job, checkpoint: .last, part: .valid, emotions: [], slices: scores(right),
        utterances: scores(right), averageAccuracy: average, notes: ["split utterance: 10 of 10 speakers are in both"]))
  }

  private func cell(_ table: ResultTable, _ row: Int, _ column: String) throws -> ResultTable.Cell {
    table.rows[row][try #require(table.columns.firstIndex { $0.title == column }, "\(column)")]
  }

  private func share(_ cell: ResultTable.Cell) -> Double? {
    if case .share(let value, _) = cell { (value * 1e4).rounded() / 1e4 } else { nil }
  }

  @Test func tableOneHasMeansThePapersNumbersAndTheirDifference() throws {
    let jobs = [0, 1].map { job("cvt", "mel", seed: $0) } + [job("alexnet", "cqt")]
    let sweep = try NetworkSweep(jobs, corpora: ["emodb": .emodb])
    let rows = [
      row(jobs[0], right: 80, average: 0.9), row(jobs[1], right: 90, average: 0.94),
      SweepRow(run: "r", job: jobs[2], failure: "it diverged"),
    ]
    let table = sweep.table(rows)
    #expect(table.rows.count == 2)
    #expect(try cell(table, 0, "seeds") == .integer(2))
    #expect(share(try cell(table, 0, "valid. acc. %")) == 0.85)
    #expect(share(try cell(table, 0, "paper: valid. acc. %")) == 0.8682)
    #expect(share(try cell(table, 0, "valid. acc. % − paper")) == -0.0182)
    #expect(share(try cell(table, 0, "avg. acc. %")) == 0.92)
    #expect(share(try cell(table, 0, "paper: avg. acc. %")) == 0.9738)
    // The paper's stands there even where ours has failed.
    #expect(try cell(table, 1, "valid. acc. %") == .none)
    #expect(share(try cell(table, 1, "paper: valid. acc. %")) == 0.8354)
    let said = [
      "seeds (0, 1): of several seeds the mean", "random weights for ImageNet's", "r: it diverged", "10 of 10 speakers",
    ]
    for words in said { #expect(table.notes.count { $0.contains(words) } == 1, "\(words) in \(table.notes)") }
    let csv = table.rendered(.csv).split(separator: "\n")
    #expect(csv[1].hasSuffix("r0 r1,valid (avg.: merged),last,utterance,0 1"))
    // Of another corpus the paper tells nothing.
    #expect(!(try NetworkSweep(jobs)).table(rows).columns.contains { $0.title.contains("paper") })
    #expect(sweep.figure(rows).notes.contains("dashed: the paper"))
  }

  /// The paper's section 5.1, of ours and of its own numbers.
  @Test func twoCorporaAreComparedByPairs() throws {
    let models = ["cnn-lstm", "alexnet", "vgg16"]
    let jobs = ["emodb", "other"].flatMap { corpus in
      models.map { model -> Job in
        var job = job(model, "linear")
        job.corpus = corpus
        return job
      }
    }
    let rows = zip(jobs, [70, 71, 72, 80, 82, 81]).map { row($0, right: $1, average: 0.9) }
    let notes = try NetworkSweep(jobs, corpora: ["emodb": .emodb, "other": .emoiit]).table(rows).notes
    // Differences of −10, −11 and −9: t = −10·√3.
    #expect(
      notes.contains {
        $0.hasPrefix("validation accuracy, emodb minus other over 3 pairs")
          && $0.contains("-10.00 points (paired t-test, t -17.32, p 0.00332)")
      }, "\(notes)")
    #expect(notes.contains { $0.hasPrefix("the paper's validation accuracy") && $0.contains("over 3 pairs") })
    #expect(!notes.contains { $0.hasPrefix("average accuracy") }, "no difference has no t")
  }

  /// One seed has the interval of its slices, several that of their mean, which ends at 0 and 100 %.
  @Test func intervalsAreOfWhatIsShown() throws {
    let jobs = [0, 1].map { job("cvt", "mel", seed: $0) }
    let sweep = try NetworkSweep(jobs)
    func interval(_ rows: [SweepRow]) throws -> Interval? {
      if case .share(_, let interval) = try cell(sweep.table(rows), 0, "valid. acc. %") { interval } else { nil }
    }
    #expect(try interval([row(jobs[0], right: 99, average: 0.9)]) == Interval.wilson(99, of: 100))
    let both = try #require(
      try interval([row(jobs[0], right: 99, average: 0.9), row(jobs[1], right: 60, average: 0.9)]))
    #expect(both.low == 0 && both.high == 1)
  }

  private func report(
    _ attack: String, part: EvaluationPart = .merged, clean: Int, attacked: Int, epochs: Int = 15, isWhole: Bool = true
  ) throws -> AttackReport {
    let entry = try Attacks.named(attack), truth = (0..<100).map { $0 % 7 }
    func predicted(_ right: Int) -> [Int] { truth.indices.map { $0 < right ? truth[$0] : (truth[$0] + 1) % 7 } }
    let effect = try JSONEncoder().encode(
      AttackEffect(truth: truth, clean: predicted(clean), attacked: predicted(attacked), classes: 7))
    let settings = try JSONEncoder().encode(AttackPreset.eq3.settings(for: entry))
    var object: [String: Any] = [
      "run": "r", "model": "alexnet", "attack": attack, "title": entry.title, "summary": "", "set": "s",
      "keepsImages": false, "part": part.rawValue, "images": 100, "checkpoint": "last", "epochs": epochs,
      "isWhole": isWhole, "emotions": ["a"], "largestLinf": 0.1,
      "meanLinf": 0.1,
      "meanL2": 1, "largestL2": 1, "gradientEvaluations": 1, "queries": 0, "secondsPerImage": 0.1, "notes": ["n"],
      "doubts": [String](),
    ]
    object["machine"] = try JSONSerialization.jsonObject(
      with: JSONEncoder().encode(Machine(processor: "p", threads: 1, libraries: [:])))
    object["settings"] = try JSONSerialization.jsonObject(with: settings)
    for name in ["valid", "merged", "utterances"] { object[name] = try JSONSerialization.jsonObject(with: effect) }
    return try JSONDecoder().decode(AttackReport.self, from: try JSONSerialization.data(withJSONObject: object))
  }

  @Test func tableTwoHasBothHalvesAndSaysWhereThePaperContradictsItself() throws {
    let plain = job("alexnet", "linear")
    let sweep = try AttackSweep([plain], attacks: ["fgsm"], epsilon: 32.0 / 255)
    let rows = [
      SweepRow(run: "p", job: plain, reports: [try report("fgsm", clean: 80, attacked: 20)]),
      SweepRow(run: "d", job: sweep.cells[1].job, reports: [try report("fgsm", clean: 75, attacked: 60)]),
    ]
    let table = sweep.table(rows)
    #expect(table.rows.count == 2)
    #expect(try cell(table, 0, "trained against") == .text("no attack"))
    #expect(try cell(table, 1, "trained against") == .text("FGSM"))
    #expect(share(try cell(table, 0, "valid. success %")) == 0.75)
    #expect(share(try cell(table, 0, "paper: valid. acc. %")) == 0.8435)
    #expect(share(try cell(table, 0, "paper: attacked avg. acc. %")) == 0.035)
    #expect(share(try cell(table, 1, "paper: valid. acc. %")) == 0.8150)
    #expect(share(try cell(table, 1, "paper: avg. success %")) == 0.0049)
    #expect(table.notes.count { $0.contains("contradicts itself") && $0.contains("5.39") } == 1)
    // Other settings than the paper's have none of its numbers beside them.
    let other = try AttackSweep([plain], attacks: ["fgsm"], epsilon: 8.0 / 255)
    #expect(!other.table([]).columns.contains { $0.title.contains("paper") })
  }

  /// What `quaver attack` prints: the validation part's, and both parts' behind their own.
  @Test func attacksHaveThePapersNumbersBesideThem() throws {
    let reports = [try report("fgsm", clean: 80, attacked: 20), try report("square", clean: 80, attacked: 60)]
    let table = AttackTables.summary(reports, job: job("alexnet", "mel"))
    #expect(share(try cell(table, 0, "paper: attacked acc. %")) == 0.0039)
    #expect(share(try cell(table, 0, "paper: success %")) == 0.9953)
    #expect(share(try cell(table, 0, "paper: avg. attacked %")) == 0.035)
    #expect(try cell(table, 1, "paper: success %") == .none)
    let titles = table.columns.map(\.title)
    let success = try #require(titles.firstIndex(of: "success %"))
    #expect(titles[success + 1...success + 2] == ["paper: attacked acc. %", "paper: success %"])
    #expect(table.rows.allSatisfy { $0.count == table.columns.count })
    let notes = table.notes.filter { $0.contains("paper's table 2a") || $0.contains("table 2a, linear") }
    #expect(notes.count { $0.contains("table 2a, linear, Emo-IIT") } == 1)
    #expect(notes.count { $0.contains("mel spectrograms for linear") } == 1)
    // Where the paper has nothing, nothing is added.
    #expect(
      AttackTables.summary([reports[1]], job: job("alexnet", "mel")).columns
        == AttackTables.summary([reports[1]]).columns)
  }

  /// Table 2b is of AlexNet: nothing of it stands beside another network's numbers.
  @Test func tableTwoBIsOfAlexNetAlone() throws {
    for (model, has) in [("alexnet", true), ("cnn-lstm", false)] {
      let sweep = try DefenceSweep([job(model, "linear")], defences: ["pgd"], epsilons: [32.0 / 255])
      let rows = [SweepRow(run: "d", job: sweep.cells[0].job, reports: [try report("pgd", clean: 75, attacked: 60)])]
      let table = sweep.table(rows)
      #expect(table.columns.contains { $0.title == "paper: own attack %" } == has)
      if has { #expect(share(try cell(table, 0, "paper: own attack %")) == 0.1086) }
      #expect(share(try cell(table, 0, "own attack %")) == 0.2)
      #expect(table.columns.contains { $0.title == "network" && $0.isForCSV })
    }
    let values = PaperValues.beside(
      attack: "pgd", settings: AttackPreset.eq3.settings(for: try Attacks.named("pgd")), part: .merged,
      job: try DefenceSweep([job("alexnet", "linear")], defences: ["pgd"], epsilons: [32.0 / 255]).cells[0].job)
    #expect(try #require(values).doubts.contains { $0.contains("contradicts itself") })
  }

  /// torchattacks leaves dropout off in evaluation mode; the paper used it and tells of none.
  @Test func anEOTAttackWithoutDropoutIsThePapersToo() throws {
    var settings = AttackPreset.eq3.settings(for: try Attacks.named("eot-pgd"))
    for dropout in [true, false] {
      settings.dropout = dropout
      let values = PaperValues.beside(attack: "eot-pgd", settings: settings, part: .valid, job: job("cvt", "linear"))
      #expect(values?.attacked == 0)
    }
  }

  @Test func aBoardAsksForWhatIsMissing() throws {
    let trained = job("alexnet", "linear")
    var run = RunInfo(
      id: "r", job: trained, status: .finished, started: Date(), emotions: [], notes: [],
      epochs: [
        EpochMetrics(
          epoch: 15, step: 1, trainLoss: 0, trainAccuracy: 1, validLoss: 0, validAccuracy: 0.75, validUAR: 0.7,
          averageAccuracy: 0.95, confusion: [], seconds: 1)
      ], progress: nil, failure: nil)
    var wish = PaperBoard.Wish(corpus: "emodb")
    let one = try PaperBoard(wish, runs: [run], results: [], info: nil)
    let line = try #require(one.runs.firstIndex { $0 == ["r"] })
    #expect(share(try cell(one.table, line, "valid. acc. %")) == 0.75)
    #expect(share(try cell(one.table, line, "avg. acc. %")) == 0.95)
    guard case .another(let another) = one.next[line] else { return #expect(Bool(false), "it is full") }
    #expect(another.seed == 1 && another.model == "alexnet" && PaperBoard.key(another) == one.keys[line])
    wish.table = .attacks
    func next(_ results: [RunResults]) throws -> PaperBoard.Next {
      let board = try PaperBoard(wish, runs: [run], results: results, info: nil)
      return board.next[try #require(board.runs.firstIndex { $0 == ["r"] })]
    }
    guard case .attack(let wishes) = try next([]) else { return #expect(Bool(false), "it is not attacked") }
    #expect(wishes.map(\.point.attack) == ["fgsm"] && wishes[0].part == .merged)
    // An attack on the validation part alone fills no average.
    let half = RunResults(run: "r", reports: [try report("fgsm", part: .valid, clean: 80, attacked: 20)], partial: [])
    #expect(try next([half]) == .attack(wishes))
    let whole = RunResults(run: "r", reports: [try report("fgsm", clean: 80, attacked: 20)], partial: [])
    if case .another = try next([whole]) {} else { Issue.record("FGSM is done") }
    // Neither one of a sample, nor one of earlier weights.
    for (epochs, isWhole) in [(15, false), (3, true)] {
      let other = try report("fgsm", clean: 80, attacked: 20, epochs: epochs, isWhole: isWhole)
      #expect(try next([RunResults(run: "r", reports: [other], partial: [])]) == .attack(wishes))
    }
    // Whatever the seeds that there are; and a run may name its corpus by the folder.
    var far = trained
    (far.seed, far.corpus) = (.max, "/folders/emodb")
    let last = RunInfo(
      id: "far", job: far, status: .finished, started: Date(), emotions: [], notes: [], epochs: run.epochs,
      progress: nil,
      failure: nil)
    wish.table = .networks
    let named = try PaperBoard(wish, runs: [last, run], results: [], info: nil) { job in
      var job = job
      job.corpus = "emodb"
      return job
    }
    let both = try #require(named.runs.firstIndex { $0 == ["far", "r"] })
    guard case .another(let more) = named.next[both] else { return #expect(Bool(false), "it is full") }
    #expect(more.seed == 1 && more.corpus == "emodb")
    // Seeds that start from different weights have no mean.
    var tuned = trained
    (tuned.seed, tuned.weights) = (1, StartingWeights("imagenet", sha256: "x"))
    let newest = RunInfo(
      id: "tuned", job: tuned, status: .finished, started: Date(), emotions: [], notes: [], epochs: run.epochs,
      progress: nil, failure: nil)
    let apart = try PaperBoard(wish, runs: [newest, run], results: [], info: nil)
    #expect(apart.runs.contains(["tuned"]) && !apart.runs.contains { $0.contains("r") })
    wish.table = .attacks
    run.status = .stopped
    #expect(try PaperBoard(wish, runs: [run], results: [whole], info: nil).runs.allSatisfy(\.isEmpty))
  }
}
