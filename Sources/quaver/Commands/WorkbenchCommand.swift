import ArgumentParser
import Core
import Foundation
import Lab
import TUI

struct WorkbenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workbench", abstract: "Open the workbench (what `quaver` alone does).")

  @Option(help: ArgumentHelp("A folder to register before it opens; may be given again.", valueName: "path"))
  var corpus: [String] = []
  @Option(help: "\(ColorChoice.allCases.map(\.rawValue).joined(separator: ", ")).")
  var color = ColorChoice.auto
  @Flag(help: "Draw with ASCII characters only.")
  var ascii = false
  @Flag(inversion: .prefixedNo, help: "Take the mouse.")
  var mouse = true
  @Option(help: "A theme's name, or the path of its file.")
  var theme: String?
  @Option(help: "Threads of the engine; by default what this process may use.")
  var threads: Int?
  @OptionGroup var common: CommonOptions

  func run() throws {
    // Before the engine's first library call, so that its pool inherits the priority: keys come first.
    Engine.settings.nice = 10
    if let threads { Engine.settings.threads = threads }
    let laboratory = try common.laboratory()
    for path in corpus { try laboratory.library.ensure(path: path) }
    let backend = LiveBackend(laboratory)
    var options = WorkbenchOptions()
    (options.color, options.ascii, options.mouse, options.theme) = (color, ascii, mouse, theme)
    options.themeFolders = [
      Self.installedThemes, common.paths.config.appendingPathComponent("themes").path,
    ].compactMap { $0 }
    let reason = try runWorkbench(backend: backend, options: options)
    if backend.isTraining { Console.line("stopping the run with a checkpoint …") }
    let asked = backend.shutdown()
    let words = backend.isTraining ? "did not stop in time; its last checkpoint holds" : "is stopped"
    for run in asked { Console.line("\(run) \(words); `quaver resume \(run)` goes on") }
    if case .signal(let number) = reason { throw ExitCode(128 + number) }
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

extension ColorChoice: ExpressibleByArgument {}
