import Attacks
import Core
import Foundation
import Lab
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
          try DefenceSweep.keep($0, part: .merged, notes: [], at: base)
        }
      } catch { stops += 1 }
    }
    let row = try #require(rows.first)
    #expect(stops == 2 && row.reports.map(\.attack) == ["fgsm", "pixle", "square"] && row.failure == nil)
    #expect(row.reports.allSatisfy { $0.merged?.clean.count == 2 })
    #expect(laboratory.store.ids() == [sweep.cells[0].run])
    let csv = try String(contentsOf: base.appendingPathExtension("csv"), encoding: .utf8).split(separator: "\n")
    #expect(csv.count == 2 && csv[1].hasPrefix("FGSM,8,") && csv[1].contains(",96.96,") && csv[1].contains(",10.96,"))
    // All is done: nothing is trained or attacked again.
    let again = try await laboratory.sweepDefences(
      sweep, part: .merged, limit: 2, control: RunControl(),
      report: { event in
        if case .training = event { Issue.record("trained again") }
      }, keep: { _ in })
    #expect(again.map(\.reports) == rows.map(\.reports))
  }
}
