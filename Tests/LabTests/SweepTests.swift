import Attacks
import Core
import Export
import Foundation
import Lab
import Pipeline
import Synchronization
import Testing

@Suite(.serialized) struct SweepTests {
  @Test func epsilonsAreRead() throws {
    #expect(try EpsilonSweep.parse("8,16/255, 0.5,1") == [8.0 / 255, 16.0 / 255, 0.5, 1.0 / 255])
    for text in ["", "8,,x", "8,8", "nan/1x"] {
      #expect { _ = try EpsilonSweep.parse(text) } throws: { $0 is any UserError }
    }
  }

  @Test func attacksWithoutAnEpsilonAreMadeOnce() throws {
    let choices = try AttackOrder.choices("fgsm,pixle")
    let sweep = try EpsilonSweep.choices(choices, epsilons: EpsilonSweep.paper)
    #expect(sweep.count == 7 && sweep.count { $0.attack.name == "pixle" } == 1)
    #expect(Set(sweep.filter { $0.attack.name == "fgsm" }.map(\.settings.epsilon)) == Set(EpsilonSweep.paper))
    #expect { _ = try EpsilonSweep.choices(choices, epsilons: [1.2]) } throws: { $0 is any UserError }
  }

  /// Another sweep of the same part must not take the place of one that is kept.
  @Test func sweepsAreNamedAfterWhatTheyAttackAndHow() throws {
    func name(
      _ attacks: String = "fgsm,pixle", part: EvaluationPart = .valid, limit: Int? = 8, seed: UInt64 = 0,
      epsilons: [Double] = [0.1, 0.2], checkpoint: CheckpointChoice = .last, weights: String = "w",
      steps: Int = 10
    ) throws -> String {
      let choices = try AttackOrder.choices(attacks) { $1.steps = steps }
      let order = try AttackOrder(choices, part: part, limit: limit, seed: seed)
      return try EpsilonSweep.name(order, epsilons: epsilons, checkpoint: checkpoint, weights: weights)
    }
    let names = [
      try name(), try name("fgsm"), try name("pgd"), try name("pgd", steps: 3), try name(part: .merged),
      try name(limit: 9), try name(limit: nil), try name(seed: 1), try name(epsilons: [0.1]),
      try name(checkpoint: .best), try name(weights: "v"),
    ]
    #expect(Set(names).count == names.count)
    #expect(try name() == names[0] && names[0].hasPrefix("eps-valid-"))
    // No sample is drawn, and neither attack reads the seed that only the sample has.
    #expect(try name("fgsm", limit: nil) == name("fgsm", limit: nil, seed: 1))
  }

  @Test func cellsAreNamedAfterTheirJobs() throws {
    let job = Job(corpus: "c"), two = [8.0 / 255, 16.0 / 255]
    let sweep = try DefenceSweep([job], defences: ["pgd", "fgsm"], epsilons: two)
    #expect(sweep.cells.count == 4 && Set(sweep.cells.map(\.run)).count == 4)
    #expect(
      sweep.cells.map(\.run) == (try DefenceSweep([job], defences: ["pgd", "fgsm"], epsilons: two)).cells.map(\.run))
    var other = job
    other.seed = 1
    #expect(try DefenceSweep([other], defences: ["pgd"], epsilons: two).cells[0].run != sweep.cells[0].run)
    #expect { _ = try DefenceSweep([job], defences: ["square"], epsilons: two) } throws: { $0 is any UserError }
    #expect { _ = try DefenceSweep([job], defences: [], epsilons: two) } throws: { $0 is any UserError }
    #expect(throws: EvaluationError.repeated(what: "the defence", value: "pgd")) {
      _ = try DefenceSweep([job], defences: ["pgd", "pgd"], epsilons: two)
    }
    // A network that no sweep could train is refused before the first one is trained.
    other.model = "nonsense"
    #expect { _ = try NetworkSweep([job, other]) } throws: { $0 is any UserError }
    // What is attacked is part of the name: no sweep writes over another's files.
    let names = [
      sweep.name, try DefenceSweep([job], defences: ["pgd", "fgsm"], epsilons: two, part: .valid).name,
      try DefenceSweep([job], defences: ["pgd", "fgsm"], epsilons: two, limit: 8).name,
      try DefenceSweep([job], defences: ["pgd", "fgsm"], epsilons: two, attacks: []).name,
      try DefenceSweep([job], defences: ["pgd", "fgsm"], epsilons: two, attacks: [], preset: .table2a).name,
      try DefenceSweep([job], defences: ["pgd"], epsilons: two).name, try NetworkSweep([job]).name,
      try AttackSweep([job], attacks: ["fgsm"], epsilon: 0.1).name,
      try AttackSweep([job], attacks: ["fgsm"], epsilon: 0.2).name,
    ]
    #expect(Set(names).count == names.count && names[0].hasPrefix("defend-merged-"))
    #expect(names[0] == (try DefenceSweep([job], defences: ["pgd", "fgsm"], epsilons: two)).name)
  }

  /// Table 2a's networks are table 2b's where both have them, and table 1's undefended ones.
  @Test func tablesShareTheirNetworks() throws {
    var job = Job(corpus: "c")
    job.model = "alexnet"
    let one = try NetworkSweep([job]).cells.map(\.run)
    let both = try AttackSweep([job], attacks: ["fgsm", "pgd", "square"], epsilon: 32.0 / 255).cells
    let two = try DefenceSweep([job], defences: ["pgd"], epsilons: [32.0 / 255]).cells.map(\.run)
    // Nobody trains against an attack that does not look into the network.
    #expect(both.count == 3 && one == [both[0].run] && two == [both[2].run])
    #expect(both.map(\.choices.count) == [3, 1, 1])
  }

  /// One cell, stopped in training and in attacking: the sweep goes on and ends with one row.
  @Test func aStoppedSweepGoesOn() async throws {
    let small = SmallLaboratory()
    defer { small.remove() }
    let laboratory = try small.open()
    let job = small.job { $0.limit = 8 }
    let sweep = try DefenceSweep([job], defences: ["fgsm"], epsilons: [8.0 / 255], limit: 2)
    let base = small.home.appendingPathComponent("sweeps/test")
    var rows: [SweepRow] = [], stops = 0
    while rows.isEmpty, stops < 4 {
      do {
        let control = RunControl(stoppingAfterReads: [2, 12, 10_000, 10_000][stops])
        rows = try await laboratory.run(sweep, at: base, control: control) { _ in }
      } catch { stops += 1 }
    }
    let row = try #require(rows.first)
    #expect(stops == 2 && row.reports.map(\.attack) == ["fgsm", "pixle", "square"] && row.failure == nil)
    #expect(row.reports.allSatisfy { $0.merged?.clean.count == 2 })
    #expect(laboratory.store.ids() == [sweep.cells[0].run])
    let csv = try String(contentsOf: base.appendingPathExtension("csv"), encoding: .utf8).split(separator: "\n")
    // The paper's table 2b is AlexNet's: nothing of it stands beside CNN-LSTM's numbers.
    #expect(csv.count == 2 && csv[1].hasPrefix("FGSM,8,1,") && !csv[0].contains("paper"))
    #expect(csv[0].hasSuffix("network,spectrogram,corpus,run,part,checkpoint,split,seed"))
    #expect(csv[1].contains(",CNN-LSTM,mel,german,\(row.run),merged,last,"))
    // The same sweep again has no rows yet, and takes none away.
    try sweep.keep([], at: base)
    let kept = try String(contentsOf: base.appendingPathExtension("csv"), encoding: .utf8).split(separator: "\n")
    #expect(kept == csv)
    // All is done: nothing is trained or attacked again.
    let again = try await laboratory.run(
      sweep, at: base, control: RunControl(),
      report: { event in
        if case .training = event { Issue.record("trained again") }
      })
    #expect(again.map(\.reports) == rows.map(\.reports))
    let outlook = await laboratory.outlook(on: sweep.cells)
    #expect(outlook.total == 1 && outlook.trained == 1 && outlook.bytes == 0)
    theTableSaysWhatItsRowsShare(rows, sweep)
    try theSameNetworkFillsABoard(rows, job, laboratory)
  }

  /// Sample, split and leakage once, whatever the number of attacks; what is one cell's alone not at all.
  private func theTableSaysWhatItsRowsShare(_ rows: [SweepRow], _ sweep: DefenceSweep) {
    let notes = sweep.table(rows).notes
    let expected = [
      "limited to 8 slices", "a stratified sample of 2 of", "synthetic speech", "speakers are in both",
      "split utterance, 1 seed (0)",
    ]
    for words in expected { #expect(notes.count { $0.contains(words) } == 1, "\(words) in \(notes)") }
    #expect(notes.allSatisfy { !$0.hasPrefix("trained against") && !$0.hasPrefix("weights of") })
    let drawn = sweep.figure(rows).notes
    let isDoubted = rows.contains { $0.reports.contains { !$0.doubts.isEmpty } }
    #expect(drawn.contains { $0.hasPrefix("doubted") } == isDoubted)
    for words in expected { #expect(drawn.count { $0.contains(words) } == 1, "\(words) in \(drawn)") }
  }

  /// The workbench finds what a sweep made, and what it did not.
  private func theSameNetworkFillsABoard(_ rows: [SweepRow], _ job: Job, _ laboratory: Laboratory) throws {
    let run = try laboratory.store.open(rows[0].run).info()
    var wish = PaperBoard.Wish(corpus: job.corpus, recipe: PaperBoard.recipe(job))
    wish.table = .attacks
    let board = try PaperBoard(wish, runs: [run], results: laboratory.results(), info: nil)
    // Table 2a is of ε 32/255, and this network was trained against 8/255.
    #expect(board.runs.allSatisfy(\.isEmpty) && board.next.count == 60)
    #expect(PaperBoard.recipes(of: [run]) == [PaperBoard.papers, wish.recipe])
    #expect(PaperBoard.words(wish.recipe).contains("1 epoch for 15"))
    #expect(PaperBoard.words(PaperBoard.papers) == "the paper's recipe")
  }

  /// A cell's run that was stopped before its first image: its folder tells of its data, and nothing is trained.
  private func begun(_ cell: SweepCell, in laboratory: Laboratory) async throws -> RunFolder {
    let control = RunControl()
    control.wish = .stopNow
    let run = try await laboratory.train(cell.job, name: cell.run, control: control) { _ in }
    #expect(run.status == .stopped)
    return try laboratory.store.open(cell.run)
  }

  /// A run has a cell's name and is finished, but the split's CSV is another by now.
  @Test func aRunOfOtherDataIsNoCells() async throws {
    let small = SmallLaboratory()
    defer { small.remove() }
    try FileManager.default.createDirectory(at: small.home, withIntermediateDirectories: true)
    let csv = small.home.appendingPathComponent("split.csv")
    let files = try FileManager.default.contentsOfDirectory(atPath: SmallLaboratory.samples)
      .filter { $0.hasSuffix(".flac") }.sorted()
    func split(leaving rest: Int) throws {
      let lines = files.enumerated().map { "\($1),\($0 % 5 == rest ? "test" : "train")" }
      try Data((["file,part"] + lines).joined(separator: "\n").utf8).write(to: csv)
    }
    try split(leaving: 0)
    let laboratory = try small.open()
    let job = small.job { ($0.limit, $0.split) = (8, csv.path) }
    let sweep = try DefenceSweep([job], defences: ["fgsm"], epsilons: [8.0 / 255], part: .valid)
    let folder = try await begun(sweep.cells[0], in: laboratory)
    try folder.end(RunOutcome(status: .finished))
    try split(leaving: 1)
    let refusal = LabError.corpusChanged(
      run: folder.id, reason: "it was trained on other files or parts than this sweep's")
    await #expect(throws: refusal) {
      _ = try await laboratory.run(sweep, at: small.home.appendingPathComponent("s"), control: RunControl()) { _ in }
    }
  }

  /// A full disk may have room by now; what diverged would diverge again.
  @Test func failedCellsAreTriedAgainUnlessTheyDiverged() async throws {
    let small = SmallLaboratory()
    defer { small.remove() }
    let laboratory = try small.open()
    let job = small.job { $0.limit = 8 }
    let sweep = try DefenceSweep([job], defences: ["fgsm"], epsilons: [8.0 / 255], part: .valid)
    let folder = try await begun(sweep.cells[0], in: laboratory)
    try folder.end(RunOutcome(status: .failed, failure: "cannot write: no space left on device"))
    let control = RunControl(), resumed = Mutex(0), base = small.home.appendingPathComponent("sweeps/failed")
    control.wish = .stopNow
    await #expect(throws: PipelineError.stopped) {
      _ = try await laboratory.run(
        sweep, at: base, control: control,
        report: { event in
          if case .training(.began(_)) = event { resumed.withLock { $0 += 1 } }
        })
    }
    #expect(resumed.withLock { $0 } == 1)
    let failure = LabError.diverged(epoch: 3, step: 140).description
    try folder.end(RunOutcome(status: .failed, failure: failure))
    let rows = try await laboratory.run(
      sweep, at: base, control: RunControl(),
      report: { event in
        if case .training = event { Issue.record("trained again") }
      })
    #expect(rows.map(\.failure) == [failure])
    #expect(sweep.table(rows).notes.contains { $0.hasSuffix(failure) })
  }
}
