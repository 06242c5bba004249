import Export
import Lab

/// What a key press leads to beside the new state.
package enum Effect: Sendable, Equatable {
  case request(Request)
  case leave(ExitReason)
  /// Back to the shell until the user continues us.
  case suspend
  /// Send the whole screen anew.
  case redraw
  /// Into the clipboard of the terminal at the other end of the line.
  case copy(String, what: String)
  /// A file with this content; nothing that is there is overwritten.
  case write(path: String, text: String)
  /// The focused pane drawn into a file.
  case draw(path: String, Figure.Format)
}

/// Why the workbench ended.
package enum ExitReason: Sendable, Equatable {
  case quit
  /// SIGTERM, SIGHUP or SIGINT from outside.
  case signal(Int32)
}

/// A command with its keys. Footer, help, palette and tests are made from these and from nothing else.
package struct Binding: Sendable {
  /// "view.transform": for configuration files and tests.
  package let id: String
  package let keys: [KeySequence]
  /// One or two words, for the footer.
  package let name: String
  /// One sentence, for help and the palette.
  package let help: String
  /// Position in the footer, lowest first; nil keeps it out.
  package let hint: Int?
  package let isEnabled: @Sendable (State) -> Bool
  /// Said when the keys are pressed while the command cannot be used; nil keeps silent.
  package let whyNot: (@Sendable (State) -> String?)?
  /// Instead of its name where that is not what the keys do just now: pausing what is paused lets it go on.
  package let nameNow: (@Sendable (State) -> String?)?
  package let run: @Sendable (inout State) -> [Effect]

  package init(
    _ id: String, _ keys: [KeySequence], _ name: String, _ help: String, hint: Int? = nil,
    isEnabled: @escaping @Sendable (State) -> Bool = { _ in true },
    whyNot: (@Sendable (State) -> String?)? = nil, nameNow: (@Sendable (State) -> String?)? = nil,
    run: @escaping @Sendable (inout State) -> [Effect]
  ) {
    (self.id, self.keys, self.name, self.help, self.hint) = (id, keys, name, help, hint)
    (self.isEnabled, self.whyNot, self.nameNow, self.run) = (isEnabled, whyNot, nameNow, run)
  }

  /// The same command on other keys.
  package func with(keys: [KeySequence]) -> Binding {
    Binding(id, keys, name, help, hint: hint, isEnabled: isEnabled, whyNot: whyNot, nameNow: nameNow, run: run)
  }

  /// What the keys do just now, in one or two words.
  package func title(_ state: State) -> String { nameNow?(state) ?? name }

  package func keyLabel(_ glyphs: Glyphs) -> String {
    keys.prefix(2).map { $0.label(glyphs) }.joined(separator: " ")
  }
}

package struct PaneID: Sendable, Hashable {
  package let name: String
  package init(_ name: String) { self.name = name }
}

/// A part of the screen, as data. Adding one: a file that makes a `Pane`, and its line in `Panes.all`.
package struct Pane: Sendable {
  package let id: PaneID
  /// For the bar at the top.
  package let name: String
  package let title: @Sendable (State) -> String
  package let bindings: [Binding]
  package var filter: Filter?
  /// What an event means for this pane's state, after the shared state has taken it.
  package var receive: @Sendable (inout State, Event) -> [Effect] = { _, _ in [] }
  /// Brings the pane's state in line with its size (inside the border) after anything happened.
  package var settle: @Sendable (inout State, Size) -> Void = { _, _ in }
  /// After the focus has come here.
  package var appear: @Sendable (inout State) -> [Effect] = { _ in [] }
  /// A click inside the border.
  package var click: @Sendable (inout State, Point, Size) -> [Effect] = { _, _, _ in [] }
  /// The wheel inside the border: 1 away from the user, -1 towards. Nil: as the keys up and down.
  package var wheel: (@Sendable (inout State, Point, Size, Int) -> [Effect])?
  /// What the pane shows, as a table, and which of its rows is selected: for copying and exporting.
  package var table: @Sendable (State) -> ResultTable? = { _ in nil }
  package var tableRow: @Sendable (State) -> Int? = { _ in nil }
  /// The numbers behind what is drawn, where they are not those of `table`: a training's epochs beside the list of runs.
  package var detail: @Sendable (State) -> ResultTable? = { _ in nil }
  package var memory: Memory?
  /// The size, title included, in which nothing has to be scrolled and no room is left, for files; nil where the pane fills
  /// any size.
  package var whole: @Sendable (State) -> Size? = { _ in nil }
  /// Sentences at the foot of a file.
  package var notes: @Sendable (State) -> [String] = { _ in [] }
  package let draw: @Sendable (State, inout Surface) -> Void

  package init(
    id: PaneID, name: String, title: @escaping @Sendable (State) -> String, bindings: [Binding],
    draw: @escaping @Sendable (State, inout Surface) -> Void
  ) {
    (self.id, self.name, self.title, self.bindings, self.draw) = (id, name, title, bindings, draw)
  }

  /// What the pane remembers of a place: for the way back, and for the next start.
  package struct Memory: Sendable {
    package let save: @Sendable (State) -> [String: String]
    /// Does nothing where the pane is there already; what no longer exists is left out.
    package let restore: @Sendable (inout State, [String: String]) -> [Effect]

    package init(
      save: @escaping @Sendable (State) -> [String: String],
      restore: @escaping @Sendable (inout State, [String: String]) -> [Effect]
    ) {
      (self.save, self.restore) = (save, restore)
    }
  }

  /// What `/`, n and N do in a pane that can be filtered.
  package struct Filter: Sendable {
    package let text: @Sendable (State) -> String
    package let apply: @Sendable (inout State, String) -> [Effect]
    /// To the next match (1) or the one before (-1).
    package let step: @Sendable (inout State, Int) -> [Effect]
  }
}
