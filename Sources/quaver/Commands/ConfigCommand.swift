import ArgumentParser
import Core
import Foundation
import Lab
import TUI

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Say where the configuration is, write the commented default, check it.")

  @Flag(help: "Print the commented default instead of writing it.")
  var printDefault = false
  @Flag(help: "List every command that keys can be given to, with its keys.")
  var keys = false
  @OptionGroup var common: CommonOptions

  /// The file, as `--json` prints it.
  private struct Report: Encodable {
    let file: String
    /// Whether it is new, with the commented default.
    let written: Bool
    let problems: [String]
  }

  private struct Entry: Encodable {
    let command: String
    let keys: [String]
    let help: String
  }

  func run() throws {
    if printDefault {
      let text = Config.standardFile
      return Console.line(common.json ? try JSON.line(["default": text]) : text)
    }
    if keys { return try printKeys() }
    let file = common.paths.configFile
    guard FileManager.default.fileExists(atPath: file.path) else {
      try RunStore.makeFolder(file.deletingLastPathComponent())
      try AtomicFile.export(file, Data(Config.standardFile.utf8))
      if common.json {
        return Console.line(try JSON.line(Report(file: file.path, written: true, problems: [])))
      }
      return Console.line("\(file.path): written; everything in it is commented out, so nothing has changed")
    }
    let (config, mistakes) = Config.read(file)
    let problems =
      mistakes.map(\.description) + [config.themeProblem(in: common.themeFolders)?.description].compactMap(\.self)
    if common.json {
      let report = Report(file: file.path, written: false, problems: problems)
      Console.line(try JSON.line(report))
    } else {
      for problem in problems { Console.error(problem) }
      let isRead = !mistakes.contains { if case .malformed = $0 { true } else { false } }
      let verdict = isRead ? "\(problems.count) of its entries cannot be used" : "nothing in it can be used"
      Console.line("\(file.path): \(problems.isEmpty ? "in order" : verdict)")
    }
    if !problems.isEmpty { throw ExitCode(1) }
  }

  private func printKeys() throws {
    let commands = Keymap.commands.map { Entry(command: $0.id, keys: $0.keys.map(\.text), help: $0.help) }
    if common.json {
      for command in commands { Console.line(try JSON.line(command)) }
    } else {
      Console.table(
        [["command", "keys", ""]] + commands.map { [$0.command, $0.keys.joined(separator: ", "), $0.help] })
    }
  }
}
