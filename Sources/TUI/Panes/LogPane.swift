import Foundation
import Lab

extension PaneID {
  package static let log = PaneID("log")
}

package struct LogState: Sendable, Equatable {
  /// Lines that are kept.
  package static let capacity = 5000

  package var list = ListState()
  package var filter = ""
  /// Stays at the last line while lines come in.
  package var follows = true
  /// Lines that pass the filter; nil without one.
  package private(set) var rows: [Int]?

  package init() {}

  package mutating func search(_ log: [LogLine]) {
    let filter = TextFilter(filter)
    rows = self.filter.isEmpty ? nil : log.indices.filter { filter.accepts(log[$0].text) }
    if follows { list.selection = max(0, count(log) - 1) }
  }

  package func count(_ log: [LogLine]) -> Int { rows?.count ?? log.count }
  package func line(_ row: Int, _ log: [LogLine]) -> LogLine? {
    let index = rows.map { $0.indices.contains(row) ? $0[row] : -1 } ?? row
    return log.indices.contains(index) ? log[index] : nil
  }
}

/// What was said, by us and by the libraries on stdout and stderr.
package enum LogPane {
  package static let pane: Pane = {
    var pane = Pane(id: .log, name: "Log", title: title, bindings: bindings, draw: draw)
    pane.filter = Pane.Filter(
      text: { $0.logPane.filter },
      apply: { state, text in
        state.logPane.filter = text
        state.logPane.search(state.log)
        return []
      },
      step: { state, distance in
        state.logPane.list.move(by: distance, count: state.logPane.count(state.log))
        return moved(&state)
      })
    pane.receive = { state, event in
      if case .log = event { state.logPane.search(state.log) }
      return []
    }
    pane.settle = { state, size in
      state.logPane.list.settle(count: state.logPane.count(state.log), height: size.height)
    }
    pane.table = { state in
      let lines = (0..<state.logPane.count(state.log)).compactMap { state.logPane.line($0, state.log) }
      return lines.isEmpty
        ? nil
        : ResultTable(
          title: "Log", columns: ["UTC", "level", "text"].map { ResultTable.Column($0) },
          rows: lines.map { [.text(clock($0.time)), .text($0.level.rawValue), .text($0.text)] })
    }
    pane.tableRow = { $0.logPane.count($0.log) > 0 ? $0.logPane.list.selection : nil }
    pane.click = { state, point, _ in
      state.logPane.list.selection = state.logPane.list.top + point.y
      return moved(&state)
    }
    return pane
  }()

  private static func title(_ state: State) -> String {
    state.logPane.filter.isEmpty ? "Log (\(state.log.count))" : "Log /\(state.logPane.filter)"
  }

  private static let moved: @Sendable (inout State) -> [Effect] = { state in
    state.logPane.follows = state.logPane.list.selection >= state.logPane.count(state.log) - 1
    return []
  }

  private static let bindings: [Binding] =
    [
      Binding(
        "log.read", ["enter"], "read", "Shows the whole line.", hint: 1, isEnabled: { !$0.log.isEmpty }
      ) { state in
        guard let line = state.logPane.line(state.logPane.list.selection, state.log) else { return [] }
        state.modal = .confirm(
          Confirmation(
            title: line.level.rawValue, text: line.text, choices: [.init(key: "c", label: "close", answer: .cancel)]))
        return []
      },
      Binding(
        "log.follow", ["f"], "follow", "To the end, and stays there.", hint: 2, isEnabled: { !$0.logPane.follows }
      ) {
        state in
        state.logPane.follows = true
        state.logPane.search(state.log)
        return []
      },
    ] + ListMotion.bindings("log", \.logPane.list, count: { $0.logPane.count($0.log) }, moved: moved)

  private static func draw(_ state: State, _ surface: inout Surface) {
    let (pane, look) = (state.logPane, state.look)
    let count = pane.count(state.log)
    guard count > 0 else {
      let words = pane.filter.isEmpty ? "Nothing was said yet." : "No line contains “\(pane.filter)”."
      Paragraph.draw(words, in: surface.bounds, look.style(.dim), look, &surface)
      return
    }
    for (y, row) in pane.list.visible(count: count, height: surface.height).enumerated() {
      guard let line = pane.line(row, state.log) else { continue }
      let role: Role =
        switch line.level {
        case .info: .text
        case .warning: .warning
        case .error: .error
        }
      let x = surface.put(clock(line.time) + " ", 0, y, look.style(.dim))
      let text = line.level == .info ? line.text : "\(line.level.rawValue): \(line.text)"
      surface.put(
        TextWidth.cut(text, to: max(0, surface.width - x - 1), ellipsis: look.glyphs.ellipsis), x, y, look.style(role))
      if row == pane.list.selection { RowHighlight.draw(y, isFocused: state.focus == .log, look, &surface) }
    }
    ScrollBar.draw(pane.list.top, count, look, &surface)
  }

  /// Hours, minutes and seconds, UTC: the same everywhere, as in the run folders.
  private static func clock(_ time: Date) -> String {
    let seconds = Int(time.timeIntervalSince1970.rounded(.down)) % 86_400
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
    return "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
  }
}
