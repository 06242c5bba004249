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

  func run() throws {
    if printDefault { return Console.line(Config.standardFile) }
    if keys {
      return Console.table(
        [["command", "keys", ""]]
          + Keymap.commands.map { [$0.id, $0.keys.map(\.text).joined(separator: ", "), $0.help] })
    }
    let file = common.paths.configFile
    guard FileManager.default.fileExists(atPath: file.path) else {
      try RunStore.makeFolder(file.deletingLastPathComponent())
      try AtomicFile.write(file, Data(Config.standardFile.utf8))
      return Console.line("\(file.path): written; everything in it is commented out, so nothing has changed")
    }
    let (_, problems) = Config.read(file)
    for problem in problems { Console.error(problem.description) }
    Console.line("\(file.path): \(problems.isEmpty ? "in order" : "\(problems.count) of its entries cannot be used")")
    if !problems.isEmpty { throw ExitCode(1) }
  }
}
