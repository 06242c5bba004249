import ArgumentParser
import Foundation
import Lab

/// How long something is timed.
enum Seconds {
  /// - Throws: `ValidationError`.
  static func check(_ seconds: Double) throws {
    guard (0..<Double.infinity).contains(seconds) else {
      throw ValidationError("--seconds \(seconds) is no length of time.")
    }
  }
}

/// Options that every command shares.
struct CommonOptions: ParsableArguments {
  @Flag(help: "Print JSON, one value a line.")
  var json = false

  @Option(help: ArgumentHelp("Folder of the runs.", valueName: "dir"))
  var runs: String?

  func laboratory() throws -> Laboratory { try Laboratory(paths: paths, store: store) }
  var paths: Paths { Paths() }
  var store: RunStore { RunStore(root: runs.map { URL(fileURLWithPath: $0) } ?? paths.runs) }
}
