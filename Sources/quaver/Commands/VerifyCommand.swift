import ArgumentParser
import Core
import Foundation
import Lab

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare this program with reference vectors, a line a case.",
    discussion: """
      DIR is a folder of cases, or a folder of such folders. Cases of kind `corpus` read Emo-DB from the folder that \
      the environment variable QUAVER_EMODB names. Exit code 1 when a case fails, or when a folder that DIR's README \
      lists is missing or empty.
      """)

  @Argument(help: "The folder of reference vectors.")
  var dir: String
  @OptionGroup var common: CommonOptions

  func run() async throws {
    let emodb = ProcessInfo.processInfo.environment["QUAVER_EMODB"].map { URL(fileURLWithPath: $0) }
    let suite = try VerificationSuite(folder: URL(fileURLWithPath: dir))
    var counts: [Verdict.Outcome: Int] = [:]
    for item in suite.items {
      let verdict = await item.verdict(emodb: emodb)
      counts[verdict.outcome, default: 0] += 1
      if common.json {
        Console.line(
          try JSON.line(["case": item.name, "outcome": verdict.outcome.rawValue, "measured": verdict.measured]))
      } else {
        let outcome = verdict.outcome.rawValue
        Console.line(outcome + String(repeating: " ", count: 8 - outcome.count) + "\(item.name): \(verdict.measured)")
      }
    }
    if common.json {
      Console.line(
        try JSON.line([
          "passed": counts[.ok] ?? 0, "failed": counts[.fail] ?? 0, "skipped": counts[.skipped] ?? 0,
        ]))
    } else {
      Console.line("\(counts[.ok] ?? 0) passed, \(counts[.fail] ?? 0) failed, \(counts[.skipped] ?? 0) skipped")
    }
    if counts[.fail] ?? 0 > 0 { throw ExitCode(1) }
  }
}
