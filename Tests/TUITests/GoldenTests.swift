import Foundation
import Lab
import TUI
import Testing

/// Screens as text, compared with Tests/TUITests/Goldens. QUAVER_WRITE_GOLDENS=1 writes them anew; read the difference
/// before committing it.
@Suite("Screens as they were")
struct GoldenTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Goldens")

  struct Screen: Sendable, CustomStringConvertible {
    let name: String
    let size: Size
    var rung = GlyphRung.half
    let keys: [String]
    var description: String { name }
  }

  private static let open = ["j", "enter", "j", "enter", "j", "j", "enter"]

  static let screens: [Screen] = [
    Screen(name: "corpus-80x24", size: Size(width: 80, height: 24), keys: open + ["1"]),
    Screen(
      name: "corpus-filter-80x24", size: Size(width: 80, height: 24), keys: ["/", "s", "a", "d", "space", "1", "0"]),
    Screen(name: "view-80x24", size: Size(width: 80, height: 24), keys: open + ["l", "l", "k", "k"]),
    Screen(name: "view-ascii-80x24", size: Size(width: 80, height: 24), rung: .ascii, keys: open + ["s", "s", "s"]),
    Screen(name: "view-40x12", size: Size(width: 40, height: 12), keys: open),
    Screen(name: "training-80x24", size: Size(width: 80, height: 24), keys: ["3"]),
    Screen(name: "training-failed-ascii-60x20", size: Size(width: 60, height: 20), rung: .ascii, keys: ["3", "j"]),
    Screen(name: "form-80x24", size: Size(width: 80, height: 24), keys: ["t", "down", "right", "down", "down"]),
    Screen(name: "confusion-80x24", size: Size(width: 80, height: 24), keys: ["3", "j", "j", "4", "m", "j", "l"]),
    Screen(name: "models-80x24", size: Size(width: 80, height: 24), keys: ["6", "]", "m", "j", "j"]),
    Screen(name: "attack-80x24", size: Size(width: 80, height: 24), keys: open + ["7", "enter", "]"]),
    Screen(
      name: "attack-attention-ascii-60x20", size: Size(width: 60, height: 20), rung: .ascii,
      keys: open + ["7", "j", "s"]),
    Screen(name: "results-80x24", size: Size(width: 80, height: 24), keys: ["3", "j", "j", "8", "j", "j"]),
    Screen(
      name: "results-all-120x32", size: Size(width: 120, height: 32),
      keys: ["3", "j", "j", "8", "a", "s", "s", "z", "j"]),
    Screen(
      name: "results-slices-80x24", size: Size(width: 80, height: 24), keys: ["3", "j", "j", "8", "j", "enter", "j"]),
    Screen(
      name: "results-ascii-60x20", size: Size(width: 60, height: 20), rung: .ascii,
      keys: ["3", "j", "j", "8", "j", "j"]),
    Screen(name: "attack-form-80x24", size: Size(width: 80, height: 24), keys: ["3", "j", "j", "8", "j", "A"]),
    Screen(
      name: "form-trainer-80x24", size: Size(width: 80, height: 24), keys: ["t", "up", "right", "down", "down", "down"]),
    Screen(name: "paper-80x24", size: Size(width: 80, height: 24), keys: ["#"]),
    Screen(
      name: "paper-2a-ascii-60x20", size: Size(width: 60, height: 20), rung: .ascii, keys: ["#", "t", "s", "l", "j"]),
    Screen(name: "log-80x24", size: Size(width: 80, height: 24), keys: ["5", "k", "k"]),
    Screen(name: "help-80x24", size: Size(width: 80, height: 24), keys: open + ["?", "s", "l", "i"]),
    Screen(name: "palette-80x24", size: Size(width: 80, height: 24), keys: [":", "t", "r", "a", "i"]),
    Screen(name: "quit-80x24", size: Size(width: 80, height: 24), keys: ["q"]),
    Screen(name: "tiny-12x4", size: Size(width: 12, height: 4), keys: open),
    Screen(name: "middling-120x32", size: Size(width: 120, height: 32), keys: open),
    Screen(name: "wide-200x60", size: Size(width: 200, height: 60), keys: open + ["5"]),
  ]

  @Test("Golden", arguments: screens)
  func golden(screen: Screen) throws {
    var bench = Bench(screen.size.width, screen.size.height, rung: screen.rung)
    for key in screen.keys { bench.press(key) }
    let file = Self.folder.appendingPathComponent(screen.name + ".txt")
    let text = bench.text + "\n"
    if ProcessInfo.processInfo.environment["QUAVER_WRITE_GOLDENS"] != nil {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let wanted = try String(contentsOf: file, encoding: .utf8)
    let differing = zip(
      text.split(separator: "\n", omittingEmptySubsequences: false),
      wanted.split(separator: "\n", omittingEmptySubsequences: false)
    )
    .first { $0.0 != $0.1 }
    #expect(text == wanted, "\(screen.name): “\(differing?.0 ?? "")” was “\(differing?.1 ?? "")”")
  }
}
