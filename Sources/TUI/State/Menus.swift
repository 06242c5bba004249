import Export
import Foundation
import Lab

/// A few things to choose from, each on a key.
package struct Menu: Sendable, Equatable {
  package enum Action: Sendable, Equatable {
    case copyRow(ResultTable.Format)
    case copyTable(ResultTable.Format)
    case copyScreen
    case export(ExportForm)
  }

  package struct Item: Sendable, Equatable {
    package let key: Character
    package let label: String
    package let action: Action
  }

  package let title: String
  package let items: [Item]
  package var list = ListState()

  package init(title: String, items: [Item]) { (self.title, self.items) = (title, items) }
}

/// What a pane can be written as.
package enum ExportForm: Sendable, Equatable, CaseIterable {
  case text
  case table(ResultTable.Format)
  /// The numbers behind the drawing, as CSV.
  case detail
  case figure(Figure.Format)

  package static let allCases: [ExportForm] =
    [.text] + [ResultTable.Format.csv, .markdown, .latex].map(ExportForm.table) + [.detail]
    + Figure.Format.allCases.map(ExportForm.figure)

  package var suffix: String {
    switch self {
    case .text: "txt"
    case .table(let format): format.suffix
    case .detail: ResultTable.Format.csv.suffix
    case .figure(let format): format.rawValue
    }
  }

  package var label: String {
    switch self {
    case .text: "text, as on the screen"
    case .table(let format): "\(format.label) table"
    case .detail: "CSV of what is drawn"
    case .figure(let format): "\(format.rawValue.uppercased()) figure"
    }
  }

  fileprivate var key: Character {
    switch self {
    case .text: "t"
    case .table(.csv): "c"
    case .table(.markdown): "m"
    case .table(.latex): "l"
    case .table(.text): "x"
    case .detail: "d"
    case .figure(.png): "p"
    case .figure(.svg): "s"
    }
  }
}

/// A line of text that is asked for.
package struct TextPrompt: Sendable, Equatable {
  package enum Purpose: Sendable, Equatable { case export(ExportForm) }

  package let label: String
  package var text: String
  package let purpose: Purpose

  package init(label: String, text: String, purpose: Purpose) {
    (self.label, self.text, self.purpose) = (label, text, purpose)
  }
}

/// Copying and exporting of the focused pane.
package enum Menus {
  package static func copy(_ state: State) -> Menu {
    var items: [Menu.Item] = []
    if let pane = Panes.named(state.focus), let table = pane.table(state) {
      let formats: [(ResultTable.Format, Character, Character)] = [
        (.markdown, "m", "M"), (.csv, "c", "C"), (.latex, "l", "L"),
      ]
      if let row = pane.tableRow(state), table.row(row) != nil {
        items += formats.map { Menu.Item(key: $0.1, label: "this row as \($0.0.label)", action: .copyRow($0.0)) }
      }
      items += formats.map { Menu.Item(key: $0.2, label: "the table as \($0.0.label)", action: .copyTable($0.0)) }
    }
    items.append(Menu.Item(key: "t", label: "text, as on the screen", action: .copyScreen))
    return Menu(title: "Copy from “\(Panes.named(state.focus)?.name ?? "")”", items: items)
  }

  package static func export(_ state: State) -> Menu {
    let pane = Panes.named(state.focus)
    let (hasTable, hasDetail) = (pane?.table(state) != nil, pane?.detail(state) != nil)
    let forms = ExportForm.allCases.filter { form in
      switch form {
      case .text: true
      case .table: hasTable
      case .detail: hasDetail
      case .figure: true
      }
    }
    return Menu(
      title: "Export “\(Panes.named(state.focus)?.name ?? "")” as",
      items: forms.map { Menu.Item(key: $0.key, label: $0.label, action: .export($0)) })
  }

  package static func run(_ action: Menu.Action, _ state: inout State) -> [Effect] {
    guard let pane = Panes.named(state.focus) else { return [] }
    switch action {
    case .copyRow(let format):
      guard let row = pane.tableRow(state), let table = pane.table(state)?.row(row) else { return [] }
      return [.copy(table.rendered(format), what: "the row as \(format.label)")]
    case .copyTable(let format):
      guard let table = pane.table(state) else { return [] }
      return [.copy(table.rendered(format), what: "the table as \(format.label)")]
    case .copyScreen: return [.copy(PaneScreen.draw(state).text, what: "the pane as text")]
    case .export(let form):
      state.modal = .input(
        TextPrompt(label: "write \(form.suffix.uppercased()) to", text: name(state, form), purpose: .export(form)))
      return []
    }
  }

  /// "quaver-confusion-RUN.csv" in the folder that the program was started in.
  private static func name(_ state: State, _ form: ExportForm) -> String {
    let subject: String? =
      switch state.focus {
      case .corpus: nil
      case .view: state.viewPane.utterance
      case .paper: state.paperWish.map { "\($0.table.rawValue)-\($0.corpus)" }
      default: state.selectedRun?.id
      }
    return (["quaver", state.focus.name] + [subject].compactMap(\.self)).joined(separator: "-") + ".\(form.suffix)"
  }

  package static func export(_ form: ExportForm, to path: String, _ state: State) -> [Effect] {
    guard let pane = Panes.named(state.focus) else { return [] }
    switch form {
    case .text: return [.write(path: path, text: PaneScreen.draw(state).text + "\n")]
    case .table(let format): return (pane.table(state)?.rendered(format)).map { [.write(path: path, text: $0)] } ?? []
    case .detail: return (pane.detail(state)?.rendered(.csv)).map { [.write(path: path, text: $0)] } ?? []
    case .figure(let format): return [.draw(path: path, format)]
    }
  }

  /// Writes a file that was asked for; where it cannot be written, asks again with what was typed.
  package static func write(_ path: String, _ state: inout State, _ make: (State) throws -> Data) {
    do {
      let data = try make(state)
      try Exports.write(data, to: path)
      state.say("wrote \(URL(fileURLWithPath: path).path), \(Numbers.bytes(data.count))")
      state.asked = nil
    } catch {
      state.say("\(error)", .error)
      state.modal = state.asked.map(Modal.input)
    }
  }
}

/// A pane alone, as the screen shows it.
package enum PaneScreen {
  /// The pane's own on the screen.
  package static func size(_ state: State) -> Size {
    let layout = Layout(state)
    let rect = layout.rect(of: state.focus) ?? layout.body
    return Size(width: rect.width, height: rect.height)
  }

  /// - Parameter size: nil takes the pane's own.
  package static func draw(_ state: State, size: Size? = nil) -> Canvas {
    var surface = Surface(size: size ?? self.size(state))
    surface.clear(surface.bounds, state.look.style(.text))
    guard let pane = Panes.named(state.focus) else { return surface.canvas }
    var state = state
    let inner = surface.bounds.splitTop(2).rest
    pane.settle(&state, Size(width: inner.width, height: inner.height))
    surface.put(state.look.glyphs.plain(pane.title(state)), 0, 0, state.look.style(.titleFocused))
    surface.within(inner) { pane.draw(state, &$0) }
    return surface.canvas
  }
}
