/// A selection in a list and the first row that is shown.
package struct ListState: Sendable, Equatable {
  package var selection = 0
  package var top = 0
  /// Rows that the list had on the screen when it was last settled; a page.
  package private(set) var height = 1

  package init() {}

  package mutating func move(by distance: Int, count: Int) {
    selection = max(0, min(count - 1, selection + distance))
  }

  /// Keeps the selection inside the list and on the screen.
  package mutating func settle(count: Int, height: Int) {
    self.height = max(1, height)
    selection = max(0, min(count - 1, selection))
    top = max(0, min(top, count - self.height))
    top = min(top, selection)
    top = max(top, selection - self.height + 1)
  }

  /// - Parameter selected: what the selection is on; it moves along.
  mutating func move<ID: Equatable>(by distance: Int, on selected: inout ID?, among ids: [ID]) {
    move(by: distance, count: ids.count)
    selected = ids.indices.contains(selection) ? ids[selection] : nil
  }

  /// Keeps the selection on what it is on while others come, go and change places; where that is gone, on what has its
  /// place.
  mutating func settle<ID: Equatable>(on selected: inout ID?, among ids: [ID], height: Int) {
    if let index = ids.firstIndex(where: { $0 == selected }) { selection = index }
    settle(count: ids.count, height: height)
    selected = ids.indices.contains(selection) ? ids[selection] : nil
  }

  /// Indices of the rows on the screen.
  package func visible(count: Int, height: Int) -> Range<Int> {
    let top = max(0, min(top, count))
    return top..<max(top, min(count, top + height))
  }
}

/// The movement keys that every list has.
package enum ListMotion {
  package typealias ListPath = WritableKeyPath<State, ListState> & Sendable

  /// - Parameters:
  ///   - prefix: the pane's name, first part of the bindings' ids.
  ///   - moved: runs after each move, e.g. to show what is selected now.
  package static func bindings(
    _ prefix: String, _ path: ListPath, count: @escaping @Sendable (State) -> Int,
    moved: @escaping @Sendable (inout State) -> [Effect] = { _ in [] }
  ) -> [Binding] {
    bindings(prefix, isEnabled: { count($0) > 0 }) { distance in
      { state in
        state[keyPath: path].move(by: distance(state[keyPath: path], count(state)), count: count(state))
        return moved(&state)
      }
    }
  }

  /// - Parameter run: makes a command from how far it goes in a list with so many rows.
  package static func bindings(
    _ prefix: String, isEnabled: @escaping @Sendable (State) -> Bool,
    run: (@escaping @Sendable (ListState, Int) -> Int) -> @Sendable (inout State) -> [Effect]
  ) -> [Binding] {
    func motion(
      _ id: String, _ keys: [KeySequence], _ name: String, _ help: String,
      _ distance: @escaping @Sendable (ListState, Int) -> Int
    ) -> Binding {
      Binding("\(prefix).\(id)", keys, name, help, isEnabled: isEnabled, run: run(distance))
    }
    return [
      motion("down", ["j", "down"], "down", "To the next row.") { _, _ in 1 },
      motion("up", ["k", "up"], "up", "To the row before.") { _, _ in -1 },
      motion("first", ["g g", "home"], "first", "To the first row.") { _, count in -count },
      motion("last", ["G", "end"], "last", "To the last row.") { _, count in count },
      motion("half-down", ["ctrl-d"], "half page down", "Half a page down.") { list, _ in max(1, list.height / 2) },
      motion("half-up", ["ctrl-u"], "half page up", "Half a page up.") { list, _ in -max(1, list.height / 2) },
      motion("page-down", ["pagedown", "ctrl-f"], "page down", "A page down.") { list, _ in list.height },
      motion("page-up", ["pageup", "ctrl-b"], "page up", "A page up.") { list, _ in -list.height },
    ]
  }
}
