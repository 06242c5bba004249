import Core
import Foundation

/// A mistake in the configuration file.
package enum ConfigError: UserError, Equatable {
  case malformed(file: String, reason: String)
  case unknownEntry(String)
  case badValue(entry: String, value: String, wanted: String)
  case unknownCommand(String)
  case unknownKey(command: String, key: String)
  case noKeys(command: String)
  case clash(key: String, String, String)

  package var description: String {
    switch self {
    case .malformed(let file, let reason): "\(file): not a usable configuration (\(reason)); the defaults are used"
    case .unknownEntry(let name): "configuration: there is no setting “\(name)”; it is left out"
    case .badValue(let entry, let value, let wanted):
      "configuration: \(entry) cannot be “\(value)”, it must be \(wanted); the default is used"
    case .unknownCommand(let id):
      "configuration: there is no command “\(id)” in [keys]; `quaver config --keys` lists them"
    case .unknownKey(let command, let key):
      "configuration: “\(key)” for \(command) names no key that a terminal sends (as in j, G, ctrl-d, shift-tab, space, f5, \"g g\")"
    case .noKeys(let command): "configuration: \(command) is left without a key; its default is kept"
    case .clash(let key, let a, let b):
      "configuration: the key “\(key)” cannot serve both \(a) and \(b); all keys are left as they were"
    }
  }
}

/// `$XDG_CONFIG_HOME/quaver/config.toml`. What is missing is as the default says; what is wrong is told and left out.
package struct Config: Sendable, Equatable {
  package var theme: String?
  package var color = ColorChoice.auto
  package var ascii = false
  package var mouse = true
  /// Kilobytes a second that frames may take; 0 for no limit.
  package var maxKilobytesPerSecond = 0
  /// A lost terminal hands a live run to a process of its own.
  package var handsOver = true
  /// Begins where the last session ended.
  package var restores = true
  /// Asks the terminal for its background at the start.
  package var probes = true
  package var player: String?
  package var keymap = Keymap()

  package init() {}

  /// Reads a file; one that is not there is an empty one.
  package static func read(_ url: URL) -> (config: Config, problems: [ConfigError]) {
    guard FileManager.default.fileExists(atPath: url.path) else { return (Config(), []) }
    guard let text = try? String(contentsOf: url, encoding: .utf8) else {
      return (Config(), [.malformed(file: url.path, reason: "it cannot be read as UTF-8")])
    }
    return parse(text, file: url.path)
  }

  /// Why its theme cannot be had from these folders.
  package func themeProblem(in folders: [String]) -> ThemeError? {
    guard let theme else { return nil }
    do throws(ThemeError) { _ = try ThemeFiles.find(theme, among: ThemeFiles.all(in: folders).themes) } catch {
      return error
    }
    return nil
  }

  package static func parse(_ text: String, file: String) -> (config: Config, problems: [ConfigError]) {
    var (config, problems) = (Config(), [ConfigError]())
    let table: [String: TOML]
    do throws(TOML.Mistake) { table = try TOML.parse(text) } catch {
      return (config, [.malformed(file: file, reason: error.description)])
    }
    for (name, value) in table.sorted(by: { $0.key < $1.key }) {
      if name == "keys" {
        config.keymap = keymap(value, &problems)
        continue
      }
      guard let entry = entries.first(where: { $0.name == name }) else {
        problems.append(.unknownEntry(name))
        continue
      }
      if !entry.set(&config, value) {
        problems.append(.badValue(entry: name, value: value.shown, wanted: entry.wanted))
      }
    }
    return (config, problems)
  }

  private static func keymap(_ value: TOML, _ problems: inout [ConfigError]) -> Keymap {
    var keymap = Keymap()
    for (id, keys) in flat(value.table ?? [:]).sorted(by: { $0.key < $1.key }) {
      do throws(ConfigError) {
        try keymap.set(id, keys.array?.map { $0.string ?? $0.shown } ?? [keys.string ?? keys.shown])
      } catch { problems.append(error) }
    }
    if let clash = keymap.clash {
      problems.append(clash)
      return Keymap()
    }
    return keymap
  }

  /// `view.stage = "s"` and `"view.stage" = "s"` mean the same.
  private static func flat(_ table: [String: TOML], _ prefix: String = "") -> [String: TOML] {
    table.reduce(into: [:]) { result, entry in
      if let inner = entry.value.table {
        result.merge(flat(inner, prefix + entry.key + ".")) { first, _ in first }
      } else {
        result[prefix + entry.key] = entry.value
      }
    }
  }

  // MARK: Entries

  private struct Entry: Sendable {
    let name: String
    let help: String
    /// As the default file writes it.
    let standard: String
    let wanted: String
    let set: @Sendable (inout Config, TOML) -> Bool
  }

  private static func flag(
    _ name: String, _ help: String, _ standard: Bool, _ path: WritableKeyPath<Config, Bool> & Sendable
  ) -> Entry {
    Entry(name: name, help: help, standard: "\(standard)", wanted: "true or false") {
      guard case .boolean(let value) = $1 else { return false }
      $0[keyPath: path] = value
      return true
    }
  }

  private static func text(
    _ name: String, _ help: String, _ standard: String, _ path: WritableKeyPath<Config, String?> & Sendable
  ) -> Entry {
    Entry(name: name, help: help, standard: "\"\(standard)\"", wanted: "a text in quotes") {
      guard let value = $1.string else { return false }
      $0[keyPath: path] = value.isEmpty ? nil : value
      return true
    }
  }

  private static let entries: [Entry] = [
    text(
      "theme",
      "A theme's name, or the path of its file; without one the background decides; T in the workbench shows them.", "",
      \.theme),
    Entry(
      name: "color", help: "Colours: auto asks NO_COLOR, COLORTERM and the terminal's description.",
      standard: "\"auto\"", wanted: ColorChoice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    ) {
      guard let value = $1.string.flatMap(ColorChoice.init) else { return false }
      $0.color = value
      return true
    },
    flag("ascii", "Draws with ASCII characters only.", false, \.ascii),
    flag("mouse", "Takes the mouse; without it the terminal selects text.", true, \.mouse),
    Entry(
      name: "max-kbps", help: "Kilobytes a second that the screen may cost; 0 for no limit.", standard: "0",
      wanted: "a whole number from 0 on"
    ) {
      guard case .integer(let value) = $1, (0...1_000_000).contains(value) else { return false }
      $0.maxKilobytesPerSecond = value
      return true
    },
    flag("hand-over", "A lost terminal hands a live run to a process of its own.", true, \.handsOver),
    flag("restore", "Begins where the last session ended.", true, \.restores),
    flag("probe", "Asks the terminal for its background, for a theme that fits.", true, \.probes),
    text("player", "A program for sound; it gets the path of a WAV file. Else aplay or ffplay.", "", \.player),
  ]

  /// The default file: every setting with its default, commented out.
  package static var standardFile: String {
    let settings = entries.map { "# \($0.help)\n# \($0.name) = \($0.standard)\n" }.joined(separator: "\n")
    let keys = Keymap.commands.map { binding in
      let keys = binding.keys.map { "\"\($0.text)\"" }.joined(separator: ", ")
      return "# \"\(binding.id)\" = [\(keys)]  # \(binding.help)"
    }
    return "# Quaver's configuration. What is commented out is the default.\n\n" + settings
      + "\n[keys]\n# A command and its keys: \"j\", \"G\", \"ctrl-d\", \"shift-tab\", \"space\", \"f5\", \"g g\".\n"
      + keys.joined(separator: "\n") + "\n"
  }
}

extension TOML {
  /// For a sentence about it.
  fileprivate var shown: String {
    switch self {
    case .string(let value): value
    case .integer(let value): "\(value)"
    case .float(let value): "\(value)"
    case .boolean(let value): "\(value)"
    case .array: "an array"
    case .table: "a table"
    }
  }
}
