import ArgumentParser
import Core
import Export
import Foundation

/// Where a command's picture goes.
struct PictureOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Write a picture there: a file whole or not at all.", valueName: "file"))
  var png: String?
  @Option(help: ArgumentHelp("The same as curves.", valueName: "file"))
  var svg: String?
  @Flag(help: "Light ink on a dark ground.")
  var dark = false

  var style: Style { dark ? .dark : .light }

  func validate() throws {
    for (option, path) in [("png", png), ("svg", svg)] {
      guard let path, (path as NSString).pathExtension.lowercased() != option else { continue }
      throw ValidationError("--\(option) names a file that ends in .\(option), not \(path).")
    }
  }

  var isWanted: Bool { png != nil || svg != nil }

  /// Tells what was written unless `quiet`.
  func write(_ figure: @autoclosure () -> Figure, quiet: Bool) throws {
    guard isWanted else { return }
    let figure = figure()
    for path in [png, svg].compactMap(\.self) {
      let url = URL(fileURLWithPath: (path as NSString).expandingTildeInPath)
      try figure.export(to: url)
      if !quiet, !AtomicFile.isStream(url) { Console.line("written: \(url.path)") }
    }
  }
}
