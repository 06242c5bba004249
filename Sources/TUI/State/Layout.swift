/// Who gets which part of the screen: a pure function of the screen's size, the focus and the zoom.
package struct Layout: Sendable {
  /// How a screen with room for several panes is shared out.
  package enum Preset: String, CaseIterable, Sendable {
    case balanced
    case largeView = "large view"
    case largeLower = "large lower pane"
    case withoutList = "without the list"

    /// The view's rows, of those that it shares with what is below it.
    fileprivate func upper(_ height: Int) -> Int {
      switch self {
      case .balanced, .withoutList: height * 11 / 20
      case .largeView: height * 15 / 20
      case .largeLower: height * 6 / 20
      }
    }
  }

  package private(set) var panes: [(id: PaneID, rect: Rect)] = []
  package let header: Rect
  package let body: Rect
  package let footer: Rect

  package init(_ state: State) {
    let screen = Rect(x: 0, y: 0, width: state.size.width, height: state.size.height)
    let hasBars = screen.height >= 6
    let (top, rest) = screen.splitTop(hasBars ? 1 : 0)
    header = top
    (body, footer) = rest.splitTop(rest.height - (hasBars ? 1 : 0))
    panes = arrange(state)
  }

  /// The rungs: everything at once, three panes, two, one.
  private func arrange(_ state: State) -> [(id: PaneID, rect: Rect)] {
    if state.isZoomed { return [(state.focus, body)] }
    if body.width >= 150, body.height >= 40 { return wide(state) }
    if body.width >= 110, body.height >= 30 { return middling(state) }
    if body.width >= 72, state.focus == .corpus {
      let (left, right) = body.splitLeft(body.width * 2 / 5)
      return [(.corpus, left), (state.companion, right)]
    }
    return [(state.focus, body)]
  }

  /// A pane that has no place of its own takes that of training and confusion while it is the last one chosen.
  private func wide(_ state: State) -> [(id: PaneID, rect: Rect)] {
    let hasList = hasList(state)
    let (left, right) = body.splitLeft(hasList ? min(44, body.width / 5) : 0)
    let (corpus, log) = left.splitTop(left.height - max(8, left.height / 4))
    let (view, lower) = right.splitTop(state.preset.upper(right.height))
    let (training, confusion) = lower.splitLeft(lower.width * 3 / 5)
    let list = hasList ? [(PaneID.corpus, corpus), (.log, log)] : []
    guard [.corpus, .view, .training, .confusion, .log].contains(state.lower) else {
      return list + [(.view, view), (state.lower, lower)]
    }
    return list + [(.view, view), (.training, training), (.confusion, confusion)]
  }

  private func middling(_ state: State) -> [(id: PaneID, rect: Rect)] {
    let hasList = hasList(state)
    let (left, right) = body.splitLeft(hasList ? 34 : 0)
    let (view, lower) = right.splitTop(state.preset.upper(right.height))
    return (hasList ? [(.corpus, left)] : []) + [(.view, view), (state.lower, lower)]
  }

  /// The pane with the focus is always there.
  private func hasList(_ state: State) -> Bool {
    state.preset != .withoutList || [.corpus, .log].contains(state.focus)
  }

  package static func hasBorder(_ rect: Rect) -> Bool { rect.width >= 24 && rect.height >= 6 }

  /// What a pane may draw in: less its border, or its title's line where there is no room for a border.
  package static func inner(_ rect: Rect) -> Rect {
    if hasBorder(rect) { return rect.inset(by: 1) }
    return rect.height >= 3 ? rect.splitTop(1).rest : rect
  }

  package func rect(of pane: PaneID) -> Rect? { panes.first { $0.id == pane }?.rect }

  /// The header's tabs: column, text and pane of each. Names as long as there is room for beside what the header tells at
  /// its right end; on a narrow screen digits alone, and the focused pane's name.
  package func tabs(_ state: State) -> [(x: Int, text: String, pane: PaneID)] {
    let room = header.width - (state.runs.contains(where: \.isLive) ? Self.runRoom : Self.meterRoom)
    // Letters of a name, whether they stand close to the digit, columns that there are.
    let rungs = [
      (Int.max, false, room - Self.brandRoom), (.max, false, room), (6, false, room), (5, true, room), (4, true, room),
      (3, true, room), (2, true, room), (1, true, room), (0, false, header.width), (0, true, .max),
    ]
    let rung = rungs.firstIndex { Self.width(letters: $0, isClose: $1) <= $2 } ?? rungs.count - 1
    let (letters, isClose, _) = rungs[rung]
    var x = rung == 0 ? Self.brandRoom : 0
    return Panes.all.enumerated().map { index, pane in
      let text = Self.tab(
        index, pane.name, letters: letters, isClose: isClose, isFocused: pane.id == state.focus)
      defer { x += text.count }
      return (x, text, pane.id)
    }
  }

  private static func tab(_ index: Int, _ name: String, letters: Int, isClose: Bool, isFocused: Bool) -> String {
    if isFocused { return " \(digit(index)) \(name) " }
    let cut = name.prefix(letters)
    if isClose { return cut.isEmpty ? "\(digit(index))" : " \(digit(index))\(cut)" }
    return cut.isEmpty ? " \(digit(index)) " : " \(digit(index)) \(cut) "
  }

  /// Columns that all tabs take at most: any pane may be the focused one.
  private static func width(letters: Int, isClose: Bool) -> Int {
    var sum = 0, focus = 0
    for (index, pane) in Panes.all.enumerated() {
      let widths = [false, true].map {
        TextWidth.of(tab(index, pane.name, letters: letters, isClose: isClose, isFocused: $0))
      }
      sum += widths[0]
      focus = max(focus, widths[1] - widths[0])
    }
    return sum + focus
  }

  /// Columns for the program's name.
  private static let brandRoom = 8
  /// Columns at the right end of the header for a live run, and for the meter alone.
  private static let runRoom = 20
  private static let meterRoom = 11

  /// The keys of panes by their places.
  static let digits: [Character] = Array("1234567890#")
  package static func digit(_ index: Int) -> Character { digits[min(index, digits.count - 1)] }

  package func tab(at point: Point, _ state: State) -> PaneID? {
    guard header.contains(point) else { return nil }
    return tabs(state).first { point.x >= $0.x && point.x < $0.x + $0.text.count }?.pane
  }
}
