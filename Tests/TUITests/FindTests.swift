import Core
import Export
import Foundation
import Lab
import TUI
import Testing

@Suite("Copying, exporting, configuration, plain mode, the link")
struct FindTests {
  @Test("Every pane copies and exports what it shows", arguments: Panes.order.map(\.name))
  func copies(name: String) throws {
    let bench = Bench.inTheMiddle(of: PaneID(name))
    let pane = try #require(Panes.named(PaneID(name)))
    let table = try #require(pane.table(bench.state), "\(name) has no table")
    #expect(!table.rows.isEmpty && table.rows.allSatisfy { $0.count == table.columns.count })
    let row = try #require(pane.tableRow(bench.state))
    #expect(table.row(row) != nil)
    for item in Menus.copy(bench.state).items {
      var copy = bench
      copy.press("y")
      copy.press(String(item.key))
      guard case .copy(let text, _) = copy.effects.last else { Issue.record("\(item.label) copies nothing"); continue }
      #expect(!text.isEmpty)
    }
    for item in Menus.export(bench.state).items {
      var copy = bench
      copy.press("e")
      copy.press(String(item.key), "enter")
      switch copy.effects.last {
      case .write(let path, let text): #expect(!text.isEmpty && path.hasPrefix("quaver-\(name)"))
      case .draw(let path, let format):
        #expect(path.hasSuffix(format.rawValue))
        let data = try PaneFigure.data(copy.state, format, size: Size(width: 100, height: 30))
        #expect(data.count > 2000)
      default: Issue.record("\(item.label) writes nothing")
      }
    }
  }

  @Test("A figure is the same for the same state, and another one for another state")
  func figure() throws {
    var bench = Bench.inTheMiddle(of: .training)
    let size = Size(width: 90, height: 30)
    let svg = try PaneFigure.data(bench.state, .svg, size: size)
    #expect(String(decoding: svg, as: UTF8.self).hasSuffix("</svg>\n"))
    let png = try PaneFigure.data(bench.state, .png, size: size)
    #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    #expect(try PaneFigure.data(bench.state, .png, size: size) == png)
    bench.press("m")
    #expect(try PaneFigure.data(bench.state, .png, size: size) != png)
  }

  @Test("OSC 52 carries the text; too long is refused; screen gets pieces")
  func clipboard() throws {
    let plain = try #require(Clipboard.sequence("grün", environment: [:]))
    #expect(String(decoding: plain, as: UTF8.self) == "\u{1B}]52;c;\(Data("grün".utf8).base64EncodedString())\u{07}")
    #expect(Clipboard.sequence(String(repeating: "x", count: Clipboard.most + 1), environment: [:]) == nil)
    let long = String(repeating: "y", count: 3000)
    let wrapped = String(decoding: try #require(Clipboard.sequence(long, environment: ["STY": "1"])), as: UTF8.self)
    let pieces = wrapped.components(separatedBy: "\u{1B}\\").filter { !$0.isEmpty }
    #expect(pieces.count > 4 && pieces.allSatisfy { $0.hasPrefix("\u{1B}P") && $0.utf8.count <= 768 })
    let joined = pieces.map { $0.dropFirst(2) }.joined()
    #expect(joined.contains(Data(long.utf8).base64EncodedString()))
    #expect(!Clipboard.tmux("x", environment: [:]))
  }

  @Test("A file that is there is never overwritten")
  func exists() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-export-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    try Exports.write(Data("a".utf8), to: file.path)
    #expect(throws: Exports.Mistake.exists(file.path)) { try Exports.write(Data("b".utf8), to: file.path) }
    #expect(try String(contentsOf: file, encoding: .utf8) == "a")
    #expect(throws: CoreError.self) { try Exports.write(Data(), to: "/nowhere/at/all") }
  }

  @Test("What was typed for a file that cannot be written is asked for again, with the reason above it")
  func asksAgain() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-again-\(UUID().uuidString)").path
    defer { for path in [file, file + "x"] { try? FileManager.default.removeItem(atPath: path) } }
    try Exports.write(Data("a".utf8), to: file)
    var bench = Bench(200, 60)
    func write() {
      guard case .write(let path, let text) = bench.effects.last else { Issue.record("nothing is written"); return }
      Menus.write(path, &bench.state) { _ in Data(text.utf8) }
    }
    bench.press("e", "t", "ctrl-u")
    bench.type(file)
    bench.press("enter")
    write()
    guard case .input(let input) = bench.state.modal else { Issue.record("nothing is asked"); return }
    #expect(input.text == file && bench.state.notice?.level == .error)
    #expect(bench.text.contains("is there already") && bench.text.contains("write TXT to: \(file)"))
    bench.press("x", "enter")
    #expect(bench.state.modal == nil)
    write()
    #expect(bench.state.modal == nil && bench.state.notice?.text.hasPrefix("wrote \(file)x") == true)
    #expect(FileManager.default.fileExists(atPath: file + "x"))
  }

  // MARK: Configuration

  @Test("The default file is the default, and says every command")
  func standard() {
    let (config, problems) = Config.parse(Config.standardFile, file: "c")
    #expect(config == Config() && problems.isEmpty)
    let live = Config.standardFile.split(separator: "\n").map { line in
      line.hasPrefix("# ") && line.contains(" = ") && !line.hasPrefix("# A ") ? String(line.dropFirst(2)) : String(line)
    }.joined(separator: "\n")
    let uncommented = Config.parse(live, file: "c")
    #expect(uncommented.problems.isEmpty, "\(uncommented.problems)")
    for pane in Panes.all {
      for binding in pane.bindings { #expect(Config.standardFile.contains("\"\(binding.id)\"")) }
    }
  }

  @Test("Settings and keys are read; each mistake is one sentence and leaves the default")
  func mistakes() {
    let (config, problems) = Config.parse(
      """
      theme = "light"
      color = "purple"
      max-kbps = -3
      colour = "x"
      [keys]
      "view.stage" = ["f9", "ctrl-t"]
      "view.nothing" = "x"
      view.transform = ["strange"]
      view.seed = []
      """, file: "c")
    #expect(config.theme == "light" && config.color == .auto && config.maxKilobytesPerSecond == 0)
    #expect(problems.count == 6)
    for problem in problems { #expect(!problem.description.contains("\n")) }
    var bench = Bench.inTheMiddle(of: .view)
    bench.state.keymap = config.keymap
    let stage = bench.state.viewPane.stage
    bench.press("s")
    #expect(bench.state.viewPane.stage == stage, "the old key is free")
    bench.press("f9")
    #expect(bench.state.viewPane.stage != stage)
    bench.press("?")
    #expect(CommandFinder.find(bench.state).first { $0.binding.id == "view.stage" }?.binding.keys.first?.text == "f9")
    let clash = Config.parse("[keys]\n\"view.stage\" = \"f\"", file: "c")
    #expect(clash.problems.count == 1 && clash.config.keymap == Keymap())
    #expect(Config.parse("[[[", file: "c").problems.count == 1)
    #expect(Config.read(URL(fileURLWithPath: "/nowhere")).problems.isEmpty)
  }

  @Test("A capital after ctrl- means its letter; what a terminal sends for another key, or never, is no key")
  func controls() throws {
    let capital = Config.parse("[keys]\n\"view.stage\" = \"ctrl-T\"", file: "c")
    var plain = Keymap()
    try plain.set("view.stage", ["ctrl-t"])
    #expect(capital.problems.isEmpty && capital.config.keymap == plain)
    for key in ["ctrl-h", "ctrl-i", "ctrl-J", "ctrl-m", "ctrl-[", "ctrl-1", "ctrl-é", "\t"] {
      let config = Config.parse("[keys]\n\"view.stage\" = '\(key)'", file: "c")
      #expect(config.problems == [.unknownKey(command: "view.stage", key: key)])
    }
  }

  // MARK: The link

  @Test("A limit holds on average, keys are answered at once but cheaper, idle time is saved up for a second at most")
  func budget() {
    var budget = LinkBudget(kilobytesPerSecond: 10, now: 0)
    var (sent, time) = (0, 0.0)
    while time < 60 {
      let delay = budget.delay(time)
      if delay > 0 {
        time += delay + 1e-9
        continue
      }
      budget.spend(4000, time)
      sent += 4000
    }
    #expect(Double(sent) / 60 < 10_300)
    #expect(budget.allowance(1000) == 10_000, "a second's worth, however long nothing was sent")
    budget.spend(40_000, 1000)
    #expect(budget.allowance(1000) == 2500)
    #expect(budget.keyDelay(1000) == 1, "held keys become one frame, a second late at most")
    #expect(budget.keyDelay(1003) == 0)
    var free = LinkBudget(kilobytesPerSecond: 0, now: 0)
    free.spend(1 << 30, 0)
    #expect(free.delay(0) == 0 && free.allowance(0) == nil)
  }
}
