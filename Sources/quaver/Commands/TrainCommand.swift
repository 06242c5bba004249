import ArgumentParser
import Core
import Foundation
import Lab
import Synchronization

struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a network on a corpus.",
    discussion: """
      Ctrl-C stops after the current batch and keeps a checkpoint; a second Ctrl-C ends at once. `quaver resume RUN` \
      goes on to the bits of a run that was never stopped.
      """)

  @Option(help: "A registered corpus, or a folder of sound files.")
  var corpus: String
  @Option(help: "The spectrogram: \(Laboratory.transforms.joined(separator: ", ")).")
  var transform = Job.defaults.transform
  @Option(help: "The network: \(Laboratory.models.joined(separator: ", ")).")
  var model = Job.defaults.model
  @Option var seed = Job.defaults.seed
  @OptionGroup var recipe: RecipeOptions
  @Option(
    help: ArgumentHelp(
      "Train against a white-box attack too, such as pgd or pgd:eps=8/255,alpha=2/255,steps=3,ratio=1.",
      discussion: """
        \(Defence.choices): each step also sees adversarial images of its own clean ones, made in evaluation mode from \
        the network as it stands; ratio is how many for each clean one (1: 32 beside 32). What is not given is the paper's.
        """,
      valueName: "attack"))
  var defend: String?
  @Option(help: "The run's name; by default the date and the job.")
  var name: String?
  @OptionGroup var training: TrainingOptions
  @OptionGroup var common: CommonOptions

  func run() async throws {
    var job = recipe.job(corpus: corpus, transform: transform, model: model, seed: seed)
    job.defend = try defend.map(Defence.init(parsing:))
    let job_ = job
    try await TrainingSession(common: common, training: training).follow { laboratory, control, report in
      try await laboratory.train(job_, name: name, control: control, report: report)
    }
  }
}

struct ResumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on with a run that was stopped or interrupted.")

  @Argument(help: ArgumentHelp("The run's name, or the beginning of it.", valueName: "run"))
  var id: String
  @OptionGroup var training: TrainingOptions
  @OptionGroup var common: CommonOptions

  func run() async throws {
    try await TrainingSession(common: common, training: training).follow { laboratory, control, report in
      try await laboratory.resume(id, control: control, report: report)
    }
  }
}

struct TrainingOptions: ParsableArguments {
  @OptionGroup var threading: ThreadsOption
  @Option(help: "Scheduling priority of the work, 0 (normal) to 19 (lowest).")
  var nice = 0

  /// Settings of the engine, before its first use.
  ///
  /// - Throws: `LabError.outOfRange`.
  func apply() throws {
    try threading.apply()
    guard (0...19).contains(nice) else {
      throw LabError.outOfRange(what: "--nice", value: "\(nice)", range: "0 to 19")
    }
    Engine.settings.nice = Int32(nice)
  }
}

/// Follows one training run on the console: a bar on a terminal, a line an epoch, or JSON events.
struct TrainingSession {
  let common: CommonOptions
  let training: TrainingOptions

  typealias Body = (Laboratory, RunControl, @escaping @Sendable (TrainingEvent) -> Void) async throws -> RunInfo

  func follow(_ body: Body) async throws {
    try training.apply()
    let laboratory = try common.laboratory()
    let control = RunControl()
    let signals = StopSignals(control: control, at: "this batch, with a checkpoint")
    let json = common.json
    let ended = try await body(laboratory, control) { event in
      if json { Self.printJSON(event) } else { Self.printText(event) }
    }
    signals.cancel()
    if json {
      Console.line(try JSON.line(Line(event: "ended", value: RunReport(ended))))
    } else {
      Self.printEnd(ended)
    }
    if let number = signals.received { throw ExitCode(128 + number) }
    if ended.status == .failed { throw ExitCode(1) }
  }

  static func printText(_ event: TrainingEvent) {
    switch event {
    case .began(let run):
      Console.line("run \(run.id)")
      Console.line(run.summary)
      for note in run.notes { Console.line("  \(note)") }
    case .progress(let progress, let paused):
      var shown = progress
      if paused { shown.phase = "paused, \(shown.phase)" }
      Console.bar(shown)
    case .epoch(let epoch):
      Console.line(
        String(
          format: "epoch %d  loss %.4f  acc. %.1f %%  valid. loss %.4f  valid. acc. %.1f %%  UAR %.1f %%  %.1f s",
          epoch.epoch, epoch.trainLoss, epoch.trainAccuracy * 100, epoch.validLoss, epoch.validAccuracy * 100,
          epoch.validUAR * 100, epoch.seconds)
          + (epoch.attackedAccuracy.map { "  attacked \(Console.percent($0))" } ?? ""))
    case .note(let text): Console.line("  \(text)")
    }
  }

  private struct Line<Value: Encodable>: Encodable {
    let event: String
    let value: Value
  }

  private static func printJSON(_ event: TrainingEvent) {
    let line: String? =
      switch event {
      case .began(let run): try? JSON.line(Line(event: "began", value: RunReport(run)))
      case .progress(let progress, let paused):
        try? JSON.line(Line(event: paused ? "paused" : "progress", value: progress))
      case .epoch(let epoch): try? JSON.line(Line(event: "epoch", value: epoch))
      case .note(let text): try? JSON.line(Line(event: "note", value: text))
      }
    if let line { Console.line(line) }
  }

  private static func printEnd(_ run: RunInfo) {
    switch run.status {
    case .finished:
      guard let last = run.epochs.last else { return }
      Console.line(
        "finished: validation accuracy \(Console.percent(last.validAccuracy)), UAR \(Console.percent(last.validUAR))"
          + (last.averageAccuracy.map { ", average (train + validation) \(Console.percent($0))" } ?? "")
          + " (split \(run.job.splitName), 1 seed)")
    case .failed: Console.error(run.failure ?? "the run failed")
    default: Console.line("stopped; `quaver resume \(run.id)` goes on")
    }
  }
}

/// SIGINT, SIGTERM and SIGHUP ask a run to stop with a checkpoint; a second one ends the program at once, unless it is a SIGHUP: a shell
/// passes one on when its terminal goes, and the kernel sends another when the shell ends, milliseconds later.
///
/// A signal that was ignored when the program started stays ignored: that is what nohup asks for.
final class StopSignals {
  private var taken: [(number: Int32, source: any DispatchSourceSignal)] = []
  /// Signals belong to the process, and so does the first of them.
  private static let first = Mutex<Int32?>(nil)

  /// The signal that asked for the stop.
  var received: Int32? { Self.first.withLock { $0 } }

  /// - Parameter unit: what is finished first.
  init(control: RunControl, at unit: String = "this batch") {
    for number in [SIGINT, SIGTERM, SIGHUP] where !Self.isIgnored(number) {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
      source.setEventHandler {
        let isFirst = Self.first.withLock { first in
          defer { first = first ?? number }
          return first == nil
        }
        guard isFirst else {
          if number != SIGHUP { _exit(128 + number) }
          return
        }
        control.wish = .stopNow
        Console.error("stopping after \(unit) …")
      }
      source.resume()
      taken.append((number, source))
    }
  }

  static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    // Function pointers compare by address only.
    let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    return handler == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// What was taken does again what it does by itself: work that nothing stops can then be ended. But for hang-ups, of which a shell sends
  /// a second one while the first one's words are written.
  func cancel() {
    for (number, source) in taken {
      source.cancel()
      if number != SIGHUP { signal(number, SIG_DFL) }
    }
    taken = []
  }
}
