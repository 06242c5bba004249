/// Keys that the user gave to commands, by the commands' ids.
package struct Keymap: Sendable, Equatable {
  private var keys: [String: [KeySequence]] = [:]

  package init() {}

  package func applied(to bindings: [Binding]) -> [Binding] {
    guard !keys.isEmpty else { return bindings }
    return bindings.map { binding in keys[binding.id].map { binding.with(keys: $0) } ?? binding }
  }

  /// Every command that there is, with the bindings that are reached together with it.
  private static var groups: [[Binding]] {
    Panes.all.map { $0.bindings + GlobalBindings.all } + Modals.samples.map(Modals.bindings)
  }

  package static var commands: [Binding] {
    var seen: Set<String> = []
    return groups.flatMap(\.self).filter { seen.insert($0.id).inserted }
  }

  /// Gives a command other keys.
  ///
  /// - Throws: `ConfigError` for an unknown command or key.
  package mutating func set(_ id: String, _ texts: [String]) throws(ConfigError) {
    guard Self.commands.contains(where: { $0.id == id }) else { throw .unknownCommand(id) }
    var sequences: [KeySequence] = []
    for text in texts {
      guard let sequence = KeySequence(text: text) else { throw .unknownKey(command: id, key: text) }
      sequences.append(sequence)
    }
    guard !sequences.isEmpty else { throw .noKeys(command: id) }
    keys[id] = sequences
  }

  /// The first two commands of one group that share a key, or of which one hides the beginning of the other. A pane's own
  /// command may take the keys of a global one.
  package var clash: ConfigError? {
    for group in Self.groups {
      let bindings = applied(to: group)
      for (index, a) in bindings.enumerated() where keys[a.id] != nil {
        for (other, b) in bindings.enumerated() where other != index {
          let isHiding = a.id.hasPrefix("global.") != b.id.hasPrefix("global.")
          for key in a.keys where !isHiding || key.keys.count > 1 {
            if b.keys.contains(where: { $0 == key || $0.keys.starts(with: key.keys) || key.keys.starts(with: $0.keys) })
            {
              return .clash(key: key.text, a.id, b.id)
            }
          }
        }
      }
    }
    return nil
  }
}
