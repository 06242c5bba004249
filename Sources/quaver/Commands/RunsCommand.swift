import ArgumentParser
import Foundation
import Lab

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "List all runs with their status and last numbers, or remove some.",
    subcommands: [List.self, Remove.self], defaultSubcommand: List.self)

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List all runs with their status and last numbers.")

    @OptionGroup var common: CommonOptions

    func run() throws {
      var runs: [RunInfo] = []
      for id in common.store.ids() {
        let folder = try? common.store.open(id)
        do { if let folder { runs.append(try common.json ? folder.info() : folder.summary()) } } catch {
          Console.error("\(error)")
        }
      }
      runs.sort { ($0.started, $0.id) > ($1.started, $1.id) }
      if common.json {
        for run in runs { Console.line(try JSON.line(RunReport(run))) }
        return
      }
      guard !runs.isEmpty else { return Console.line("no runs yet: `quaver train --corpus NAME` makes one") }
      let titles = [
        "run", "status", "epoch", "valid. acc.", "UAR", "avg. acc.", "network", "transform", "against", "split", "seed",
        "corpus",
      ]
      Console.table([titles] + runs.map(cells), rightAligned: [2, 3, 4, 5, 10])
    }

    private func cells(_ run: RunInfo) -> [String] {
      let last = run.epochs.last
      return [
        run.id, run.status.rawValue, "\(last?.epoch ?? 0)/\(run.job.epochs)",
        last.map { Console.percent($0.validAccuracy) } ?? "–", last.map { Console.percent($0.validUAR) } ?? "–",
        last?.averageAccuracy.map { Console.percent($0) } ?? "–", run.job.model, run.job.transform,
        run.job.defend?.attack ?? "–", run.job.splitName, "\(run.job.seed)", run.job.corpus,
      ]
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete runs with all that was computed from them; nothing brings them back.",
      discussion: "A run that is being trained is not removed. What else computes from it at that moment fails.")

    @Argument(help: ArgumentHelp("Names of runs, whole.", valueName: "run"))
    var ids: [String]
    @OptionGroup var common: CommonOptions

    func run() throws {
      let store = common.store
      // All or none, as far as names go.
      let known = store.ids()
      for id in ids where !known.contains(id) { throw LabError.unknownRun(id, known: known) }
      try EvaluationError.refuseRepeats(ids, what: "run")
      for id in ids {
        let bytes = try store.remove(id)
        if common.json {
          Console.line(try JSON.line(Removed(removed: id, bytes: bytes)))
        } else {
          Console.line("\(id): removed, \(SizeText.bytes(bytes))")
        }
      }
    }

    private struct Removed: Encodable {
      let removed: String
      let bytes: Int
    }
  }
}

struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show one run: its job, every epoch, the last confusion matrix.")

  @Argument(help: ArgumentHelp("The run's name, or the beginning of it.", valueName: "run"))
  var id: String
  @OptionGroup var common: CommonOptions

  func run() throws {
    let laboratory = try common.laboratory()
    let info = try laboratory.info(of: laboratory.store.open(id))
    if common.json { return Console.line(try JSON.line(RunReport(info))) }
    Console.line("\(info.id): \(info.status.rawValue)\(info.failure.map { " (\($0))" } ?? "")")
    Console.line(info.summary)
    for note in info.notes { Console.line("  \(note)") }
    guard let last = info.epochs.last else { return Console.line("no epoch has ended yet") }
    var rows = [["epoch", "train loss", "train acc.", "valid. loss", "valid. acc.", "UAR", "seconds"]]
    for epoch in info.epochs {
      rows.append([
        "\(epoch.epoch)", number(epoch.trainLoss), Console.percent(epoch.trainAccuracy), number(epoch.validLoss),
        Console.percent(epoch.validAccuracy), Console.percent(epoch.validUAR), String(format: "%.1f", epoch.seconds),
      ])
    }
    Console.table(rows, rightAligned: Set(0...6))
    if let average = last.averageAccuracy {
      Console.line("average accuracy (train and validation merged): \(Console.percent(average))")
    }
    Console.line("\nconfusion of validation slices, epoch \(last.epoch) (rows: truth, columns: prediction)")
    let labels = info.emotions
    Console.table(
      [[""] + labels.map { String($0.prefix(4)) }]
        + zip(labels, last.confusion).map { [$0] + $1.map(String.init) },
      rightAligned: Set(1...max(1, labels.count)))
  }

  private func number(_ value: Double) -> String { String(format: "%.4f", value) }
}

/// A run as `--json` prints it.
struct RunReport: Encodable {
  let id: String
  let status: RunStatus
  let job: Job
  let emotions: [String]
  let notes: [String]
  let epochs: [EpochMetrics]
  let progress: RunProgress?
  let failure: String?

  init(_ run: RunInfo) {
    (id, status, job, emotions) = (run.id, run.status, run.job, run.emotions)
    (notes, epochs, progress, failure) = (run.notes, run.epochs, run.progress, run.failure)
  }
}
