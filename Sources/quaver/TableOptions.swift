import ArgumentParser
import Core
import Foundation
import Lab
import Pipeline

/// How tables of results are printed, and where to.
struct TableOptions: ParsableArguments {
  @Flag(help: "Print CSV: where there are several tables, the first alone.")
  var csv = false
  @Flag(help: "Print Markdown.")
  var markdown = false
  @Flag(help: "Print LaTeX.")
  var latex = false
  @Option(
    help: ArgumentHelp(
      "Write there instead: a file whole or not at all, into a device or a pipe without other output; without a flag "
        + "the ending (.csv, .md, .tex, .json) tells the format.",
      valueName: "file"))
  var output: String?
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard [csv, markdown, latex, common.json].count(where: \.self) <= 1 else {
      throw ValidationError("Choose one of --csv, --markdown, --latex and --json.")
    }
  }

  var url: URL? { output.map { URL(fileURLWithPath: ($0 as NSString).expandingTildeInPath) } }

  private var format: ResultTable.Format {
    if csv { return .csv }
    if markdown { return .markdown }
    if latex { return .latex }
    switch url?.pathExtension.lowercased() {
    case "csv": return .csv
    case "md", "markdown": return .markdown
    case "tex": return .latex
    default: return .text
    }
  }

  /// True where progress and other talk would spoil what is printed.
  var isQuiet: Bool { isStream || output == nil && (common.json || csv || markdown || latex) }

  /// True where the tables will not be printed, so that what stands below them must be told before.
  var isWritten: Bool { output != nil }

  /// True where what is written may end among what is printed: `--output /dev/stdout`.
  private var isStream: Bool { url.map { AtomicFile.isStream($0) } ?? false }

  /// Prints or writes the tables, or the value as JSON. A CSV holds one table: the first, and the others are told.
  ///
  /// - Parameter joined: what a CSV holds instead, where one table can say all.
  func emit(_ tables: [ResultTable], _ value: some Encodable, joined: ResultTable? = nil) throws {
    let json = common.json || (url?.pathExtension.lowercased() == "json" && !csv && !markdown && !latex)
    let text: String
    var leftOut: [String] = []
    if json {
      text = try JSON.line(value) + "\n"
    } else if format == .csv {
      text = (joined ?? tables.first)?.rendered(.csv) ?? ""
      if joined == nil { leftOut = tables.dropFirst().filter { !$0.rows.isEmpty }.map { "“\($0.title)”" } }
    } else {
      text = tables.filter { !$0.rows.isEmpty }.map { $0.rendered(format) }.joined(separator: "\n")
    }
    if let url {
      Console.clearBar()
      try AtomicFile.export(url, Data(text.utf8))
      if !isStream { Console.line("written: \(url.path)") }
    } else {
      Console.line(text.hasSuffix("\n") ? String(text.dropLast()) : text)
    }
    guard !leftOut.isEmpty else { return }
    Console.error(
      "a CSV holds the first table alone, without \(leftOut.joined(separator: ", ")); "
        + "--markdown, --latex and --json have all")
  }
}

/// Options of commands that run a trained network.
struct NetworkOptions: ParsableArguments {
  @OptionGroup var weights: CheckpointOption
  @OptionGroup var threading: ThreadsOption

  var checkpoint: CheckpointChoice { weights.checkpoint }
  var isCheckpointGiven: Bool { weights.given != nil }

  func apply() throws { try threading.apply() }
}

struct CheckpointOption: ParsableArguments {
  @Option(
    name: .customLong("checkpoint"),
    help: "Of a run: the weights of the last step (by default), or of the best epoch by validation accuracy.")
  var given: CheckpointChoice?

  var checkpoint: CheckpointChoice { given ?? .last }
}

struct ThreadsOption: ParsableArguments {
  @Option(help: "Threads; by default what this process may use.")
  var threads: Int?

  /// - Throws: `LabError.outOfRange`.
  func apply() throws {
    guard let threads else { return }
    guard (1...4096).contains(threads) else {
      throw LabError.outOfRange(what: "--threads", value: "\(threads)", range: "1 to 4096")
    }
    Engine.settings.threads = threads
  }
}

extension CheckpointChoice: ExpressibleByArgument {}
extension EvaluationPart: ExpressibleByArgument {}
extension ConfusionScale: ExpressibleByArgument {}
extension PaperBoard.Table: ExpressibleByArgument {}

/// Runs work that Ctrl-C stops and that the same command takes up again.
enum StoppableWork {
  /// - Parameters:
  ///   - again: what is said at the end.
  ///   - unit: what is finished first.
  static func run<Result>(
    _ again: String, at unit: String = "this batch", _ body: (RunControl) async throws -> Result
  ) async throws -> Result {
    let control = RunControl()
    let signals = StopSignals(control: control, at: unit)
    defer { signals.cancel() }
    do { return try await body(control) } catch let error as any UserError where control.wish == .stopNow {
      // What stopped is told; what failed while stopping is told as well.
      guard isStop(error) else { throw error }
      Console.error("stopped; \(again)")
      throw ExitCode(128 + (signals.received ?? SIGINT))
    }
  }
}

extension StoppableWork {
  private static func isStop(_ error: any UserError) -> Bool { (error as? PipelineError) == .stopped }
}
