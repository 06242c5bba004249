import ArgumentParser
import Core
import Foundation
import Lab
import TUI

/// Options of everything that opens the workbench.
struct ScreenOptions: ParsableArguments {
  @Option(help: "\(ColorChoice.allCases.map(\.rawValue).joined(separator: ", ")).")
  var color: ColorChoice?
  @Flag(help: "Draw with ASCII characters only.")
  var ascii = false
  @Flag(inversion: .prefixedNo, help: "Take the mouse.")
  var mouse: Bool?
  @Option(help: "A theme's name, or the path of its file.")
  var theme: String?
  @Option(help: ArgumentHelp("Kilobytes a second that the screen may cost; 0 for no limit.", valueName: "KB/s"))
  var maxKbps: Int?
  @Flag(help: "Questions and answers in lines, for screen readers; no screen is drawn.")
  var plain = false
  @Flag(inversion: .prefixedNo, help: "Begin where the last session ended.")
  var restore: Bool?
  @Flag(inversion: .prefixedNo, help: "Ask the terminal for its background, for a theme that fits.")
  var probe: Bool?
  @Flag(inversion: .prefixedNo, help: "A lost terminal hands a live run to a process of its own.")
  var handOver: Bool?
  @OptionGroup var threading: ThreadsOption
}

/// Opens the workbench, or the plain mode, and sees a run of ours off.
struct WorkbenchSession {
  let screen: ScreenOptions
  let common: CommonOptions
  var corpora: [String] = []
  var run: String?

  func open() throws {
    // Before the engine's first library call, so that its pool inherits the priority: keys come first.
    Engine.settings.nice = 10
    try screen.threading.apply()
    let laboratory = try common.laboratory()
    for path in corpora { try laboratory.library.ensure(path: path) }
    let (config, problems) = Config.read(common.paths.configFile)
    let environment = ProcessInfo.processInfo.environment
    let backend = LiveBackend(laboratory, player: environment["QUAVER_PLAYER"] ?? config.player)
    var options = options(config, problems)
    options.ignoredSignals = [SIGINT, SIGTERM, SIGHUP, SIGTSTP].filter(StopSignals.isIgnored)
    // A shell whose terminal is gone hangs up once more while the run stops with its checkpoint. Who draws or answers
    // hears the signal meanwhile, and the process that goes on with the run inherits that it is ignored.
    signal(SIGHUP, SIG_IGN)
    let reason =
      try screen.plain ? runPlain(backend: backend, options: options) : runWorkbench(backend: backend, options: options)
    try leave(backend, reason, handsOver: screen.handOver ?? config.handsOver)
  }

  private func options(_ config: Config, _ problems: [ConfigError]) -> WorkbenchOptions {
    var options = WorkbenchOptions()
    options.color = screen.color ?? config.color
    options.ascii = screen.ascii || config.ascii
    options.mouse = screen.mouse ?? config.mouse
    let badTheme = screen.theme == nil ? config.themeProblem(in: common.themeFolders) : nil
    options.theme = screen.theme ?? (badTheme == nil ? config.theme : nil)
    options.probes = screen.probe ?? config.probes
    options.themeFolders = common.themeFolders
    options.maxKilobytesPerSecond = max(0, screen.maxKbps ?? config.maxKilobytesPerSecond)
    options.keymap = config.keymap
    if screen.restore ?? config.restores {
      options.sessionFile = common.paths.state.appendingPathComponent("session.json")
    }
    options.run = run
    options.problems = problems.map(\.description) + [badTheme?.description].compactMap(\.self)
    return options
  }

  /// What is said before it is waited for; nil where nothing is.
  private static func farewell(_ task: EngineTask?) -> String? {
    switch task {
    case .training: "stopping the run with a checkpoint …"
    case .attack: "stopping the attack, whose batches are kept …"
    case .survey: "stopping the maps; what is done of them is kept …"
    case .measurement, nil: nil
    }
  }

  /// Stops our run with a checkpoint; where the terminal is gone, a process of its own goes on with it.
  private func leave(_ backend: LiveBackend, _ reason: ExitReason, handsOver: Bool) throws {
    if let words = Self.farewell(backend.task) { Console.line(words) }
    let stopped = backend.shutdown()
    let words = backend.isTraining ? "did not stop in time; its last checkpoint holds" : "is stopped"
    if let (run, staysStopped) = stopped {
      if case .signal(SIGHUP) = reason, handsOver, !staysStopped, !backend.isTraining {
        let folder = try common.store.open(run)
        if folder.outcome()?.status == .stopped { try Handover.resume(folder, runs: common.runs) }
      } else {
        Console.line("\(run) \(words); `quaver resume \(run)` goes on")
      }
    }
    var code: Int32 = 0
    if case .signal(let number) = reason { code = 128 + number }
    // What still computes must not find the libraries below it torn down, as `exit` does.
    if backend.isTraining {
      fflush(nil)
      _exit(code)
    }
    if code != 0 { throw ExitCode(code) }
  }
}

extension CommonOptions {
  /// Where themes come from: the program's own, then the user's.
  var themeFolders: [String] {
    [Self.installedThemes, paths.config.appendingPathComponent("themes").path].compactMap(\.self)
  }

  /// `themes/` beside the sources, or `share/quaver/themes` beside an installed program.
  private static var installedThemes: String? {
    guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return nil }
    let folder = URL(fileURLWithPath: program).deletingLastPathComponent()
    return ["../share/quaver/themes", "../../../themes", "../../themes"]
      .map { folder.appendingPathComponent($0).standardized.path }
      .first { FileManager.default.fileExists(atPath: $0) }
  }
}

struct WorkbenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workbench", abstract: "Open the workbench (what `quaver` alone does).")

  @Option(help: ArgumentHelp("A folder to register before it opens; may be given again.", valueName: "path"))
  var corpus: [String] = []
  @OptionGroup var screen: ScreenOptions
  @OptionGroup var common: CommonOptions

  func run() throws { try WorkbenchSession(screen: screen, common: common, corpora: corpus).open() }
}

struct AttachCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attach", abstract: "Open the workbench on a run, whichever process trains it.",
    discussion: "Leaving it leaves the run alone. `quaver control RUN pause|continue|stop` reaches it without a screen."
  )

  @Argument(help: ArgumentHelp("The run's name, or the beginning of it; the live one when left out.", valueName: "run"))
  var id: String?
  @OptionGroup var screen: ScreenOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let store = common.store
    let folder = try id.map { try store.open($0) } ?? live(store)
    try WorkbenchSession(screen: screen, common: common, run: folder.id).open()
  }

  private func live(_ store: RunStore) throws -> RunFolder {
    let ids = store.ids()
    let live = ids.compactMap { try? store.open($0) }.filter(\.isLive)
    guard live.count == 1, let run = live.first else {
      throw LabError.unknownRun("", known: live.isEmpty ? ids : live.map(\.id))
    }
    return run
  }
}

extension ColorChoice: ExpressibleByArgument {}
