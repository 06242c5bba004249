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
    let job = Job(corpus: "c")
    let sweep = try DefenceSweep(job, defences: ["pgd", "fgsm"], epsilons: [8.0 / 255, 16.0 / 255])
    #expect(sweep.cells.count == 4 && Set(sweep.cells.map(\.run)).count == 4)
    #expect(
      sweep.cells.map(\.run)
        == (try DefenceSweep(job, defences: ["pgd", "fgsm"], epsilons: [8.0 / 255, 16.0 / 255])).cells.map(\.run))
    var other = job
    other.seed = 1
    #expect(try DefenceSweep(other, defences: ["pgd"], epsilons: [8.0 / 255]).cells[0].run != sweep.cells[0].run)
    #expect { _ = try DefenceSweep(job, defences: ["square"], epsilons: [0.1]) } throws: { $0 is any UserError }
    #expect { _ = try DefenceSweep(job, defences: [], epsilons: [0.1]) } throws: { $0 is any UserError }
    #expect(throws: EvaluationError.repeated(what: "the defence", value: "pgd")) {
      _ = try DefenceSweep(job, defences: ["pgd", "pgd"], epsilons: [0.1])
    }
    // What is attacked is part of the name: no sweep writes over another's files.
    let names = [
      sweep.name(.merged, limit: nil), sweep.name(.valid, limit: nil), sweep.name(.merged, limit: 8),
      try DefenceSweep(job, defences: ["pgd"], epsilons: [8.0 / 255]).name(.merged, limit: nil),
    ]
    #expect(Set(names).count == names.count && names[0].hasPrefix("defend-merged-"))
    #expect(names[0] == sweep.name(.merged, limit: nil))
  }

  /// One cell, stopped in training and in attacking: the sweep goes on and ends with one row beside the paper's.
  @Test func aStoppedSweepGoesOn() async throws {
    let small = SmallLaboratory()
    defer { small.remove() }
    let laboratory = try small.open()
    let job = small.job { $0.limit = 8 }
    let sweep = try DefenceSweep(job, defences: ["fgsm"], epsilons: [8.0 / 255])
    let base = small.home.appendingPathComponent("sweeps/test")
    var rows: [DefenceSweep.Row] = [], stops = 0
    while rows.isEmpty, stops < 4 {
      do {
        let control = RunControl(stoppingAfterReads: [2, 12, 10_000, 10_000][stops])
        rows = try await laboratory.sweepDefences(sweep, part: .merged, limit: 2, control: control, report: { _ in }) {
          try DefenceSweep.keep($0, part: .merged, notes: [], job: job, at: base)
        }
      } catch { stops += 1 }
    }
    let row = try #require(rows.first)
    #expect(stops == 2 && row.reports.map(\.attack) == ["fgsm", "pixle", "square"] && row.failure == nil)
    #expect(row.reports.allSatisfy { $0.merged?.clean.count == 2 })
    #expect(laboratory.store.ids() == [sweep.cells[0].run])
    let csv = try String(contentsOf: base.appendingPathExtension("csv"), encoding: .utf8).split(separator: "\n")
    #expect(csv.count == 2 && csv[1].hasPrefix("FGSM,8,") && csv[1].contains(",96.96,") && csv[1].contains(",10.96,"))
    #expect(csv[0].hasSuffix("run,part,checkpoint,split,seed") && csv[1].contains("\(row.run),merged,last,"))
    // The same sweep again has no rows yet, and takes none away.
    try DefenceSweep.keep([], part: .merged, notes: [], job: job, at: base)
    let kept = try String(contentsOf: base.appendingPathExtension("csv"), encoding: .utf8).split(separator: "\n")
    #expect(kept == csv)
    // All is done: nothing is trained or attacked again.
    let again = try await laboratory.sweepDefences(
      sweep, part: .merged, limit: 2, control: RunControl(),
      report: { event in
        if case .training = event { Issue.record("trained again") }
      }, keep: { _ in })
    #expect(again.map(\.reports) == rows.map(\.reports))
    theTableSaysWhatItsRowsShare(rows, job)
  }

  /// Sample, split and leakage once, whatever the number of attacks; what is one cell's alone not at all.
  private func theTableSaysWhatItsRowsShare(_ rows: [DefenceSweep.Row], _ job: Job) {
    let notes = DefenceSweep.table(rows, part: .merged, notes: ["said by the sweep"], job: job).notes
    let expected = [
      "said by the sweep", "which spectrogram", "limited to 8 slices", "a stratified sample of 2 of",
      "synthetic speech", "speakers are in both",
    ]
    for words in expected { #expect(notes.count { $0.contains(words) } == 1, "\(words) in \(notes)") }
    #expect(notes.allSatisfy { !$0.hasPrefix("trained against") && !$0.hasPrefix("weights of") })
    let drawn = DefenceSweep.figure(rows, notes: []).notes
    for words in expected.dropFirst(2) { #expect(drawn.count { $0.contains(words) } == 1, "\(words) in \(drawn)") }
  }

  /// A cell's run that was stopped before its first image: its folder tells of its data, and nothing is trained.
  private func begun(_ cell: DefenceSweep.Cell, in laboratory: Laboratory) async throws -> RunFolder {
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
    let sweep = try DefenceSweep(job, defences: ["fgsm"], epsilons: [8.0 / 255])
    let folder = try await begun(sweep.cells[0], in: laboratory)
    try folder.end(RunOutcome(status: .finished))
    try split(leaving: 1)
    let refusal = LabError.corpusChanged(
      run: folder.id, reason: "it was trained on other files or parts than this sweep's")
    await #expect(throws: refusal) {
      _ = try await laboratory.sweepDefences(
        sweep, part: .valid, control: RunControl(), report: { _ in }, keep: { _ in })
    }
  }

  /// A full disk may have room by now; what diverged would diverge again.
  @Test func failedCellsAreTriedAgainUnlessTheyDiverged() async throws {
    let small = SmallLaboratory()
    defer { small.remove() }
    let laboratory = try small.open()
    let job = small.job { $0.limit = 8 }
    let sweep = try DefenceSweep(job, defences: ["fgsm"], epsilons: [8.0 / 255])
    let folder = try await begun(sweep.cells[0], in: laboratory)
    try folder.end(RunOutcome(status: .failed, failure: "cannot write: no space left on device"))
    let control = RunControl(), resumed = Mutex(0)
    control.wish = .stopNow
    await #expect(throws: PipelineError.stopped) {
      _ = try await laboratory.sweepDefences(
        sweep, part: .valid, control: control,
        report: { event in
          if case .training(.began(_)) = event { resumed.withLock { $0 += 1 } }
        }, keep: { _ in })
    }
    #expect(resumed.withLock { $0 } == 1)
    let failure = LabError.diverged(epoch: 3, step: 140).description
    try folder.end(RunOutcome(status: .failed, failure: failure))
    let rows = try await laboratory.sweepDefences(
      sweep, part: .valid, control: RunControl(),
      report: { event in
        if case .training = event { Issue.record("trained again") }
      }, keep: { _ in })
    #expect(rows.map(\.failure) == [failure])
    #expect(DefenceSweep.table(rows, part: .valid, notes: [], job: job).notes.contains { $0.hasSuffix(failure) })
  }
}
