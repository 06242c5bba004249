import Foundation
import Pipeline

/// Reads themes/*.toml and holds the default, which needs no file.
package enum ThemeFiles {
  /// The theme for a terminal that says that its background is light.
  package static let light = "light"

  /// Compiled in; `themes/dark.toml` says the same (a test compares them).
  package static let standard = Theme(
    name: "dark", about: "for dark backgrounds; the default",
    roles: [
      .text: ThemeStyle(),
      .dim: ThemeStyle(foreground: rgb(0x8A8A8A)),
      .heading: ThemeStyle(attributes: .bold),
      .accent: ThemeStyle(foreground: rgb(0x5FAFD7)),
      .good: ThemeStyle(foreground: rgb(0x5FAF5F)),
      .warning: ThemeStyle(foreground: rgb(0xD7AF5F)),
      .error: ThemeStyle(foreground: rgb(0xFF5F5F), attributes: .bold),
      .border: ThemeStyle(foreground: rgb(0x585858)),
      .borderFocused: ThemeStyle(foreground: rgb(0x5FAFD7)),
      .title: ThemeStyle(foreground: rgb(0x9E9E9E)),
      .titleFocused: ThemeStyle(foreground: rgb(0x5FAFD7), attributes: .bold),
      .selection: ThemeStyle(foreground: rgb(0xFFFFFF), background: rgb(0x005F87), attributes: .bold),
      .selectionInactive: ThemeStyle(background: rgb(0x303030)),
      .cursor: ThemeStyle(foreground: rgb(0x000000), background: rgb(0xFFFFFF)),
      .match: ThemeStyle(foreground: rgb(0xFFD75F), attributes: [.bold, .underline]),
      .bar: ThemeStyle(foreground: rgb(0xD0D0D0), background: rgb(0x262626)),
      .key: ThemeStyle(foreground: rgb(0xFFD75F), background: rgb(0x262626), attributes: .bold),
      .hint: ThemeStyle(foreground: rgb(0xBCBCBC), background: rgb(0x262626)),
      .popup: ThemeStyle(foreground: rgb(0xD0D0D0), background: rgb(0x1C1C1C)),
      .field: ThemeStyle(foreground: rgb(0xD0D0D0), background: rgb(0x1C1C1C)),
      .fieldFocused: ThemeStyle(foreground: rgb(0xFFFFFF), background: rgb(0x005F87), attributes: .bold),
      .axis: ThemeStyle(foreground: rgb(0x8A8A8A)),
      .wave: ThemeStyle(foreground: rgb(0x5FAFD7)),
      .train: ThemeStyle(foreground: rgb(0x5FAFD7)),
      .valid: ThemeStyle(foreground: rgb(0xFFAF00)),
      .progress: ThemeStyle(foreground: rgb(0x5FAF5F)),
      .track: ThemeStyle(foreground: rgb(0x444444)),
      .synthetic: ThemeStyle(foreground: rgb(0xD7875F), attributes: .italic),
      .run1: ThemeStyle(foreground: rgb(0x5FAFD7)),
      .run2: ThemeStyle(foreground: rgb(0xFFAF00)),
      .run3: ThemeStyle(foreground: rgb(0x5FAF5F)),
      .run4: ThemeStyle(foreground: rgb(0xD787AF)),
      .run5: ThemeStyle(foreground: rgb(0xD7875F)),
    ],
    emotions: EmotionMark.onDark.mapValues(rgb),
    colormap: "viridis")

  private static func rgb(_ hex: UInt32) -> ThemeColor { .rgb(RGB(hex: hex)) }

  /// Whether what was asked for is a file rather than a name.
  static func isPath(_ wanted: String) -> Bool { wanted.hasSuffix(".toml") }

  /// The theme of a name, or of a file.
  package static func find(_ wanted: String, among themes: [Theme]) throws(ThemeError) -> Theme {
    if isPath(wanted) { return try read(wanted) }
    guard let theme = themes.first(where: { $0.name == wanted }) else {
      throw .unknownTheme(name: wanted, known: themes.map(\.name))
    }
    return theme
  }

  /// The theme that a file describes. Roles and emotions that it leaves out are the default's.
  package static func read(_ path: String) throws(ThemeError) -> Theme {
    let file = (path as NSString).lastPathComponent
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw .unreadable(
        file: file, reason: FileManager.default.fileExists(atPath: path) ? "not UTF-8 text" : "no such file")
    }
    return try parse(text, file: file)
  }

  package static func parse(_ text: String, file: String) throws(ThemeError) -> Theme {
    let table: [String: TOML]
    do throws(TOML.Mistake) {
      table = try TOML.parse(text)
    } catch {
      throw .malformed(file: file, reason: error.description)
    }
    guard let name = table["name"]?.string, !name.isEmpty else { throw .malformed(file: file, reason: "no name") }
    var theme = standard
    theme.name = name
    theme.about = table["about"]?.string ?? ""
    theme.colormap = table["colormap"]?.string ?? standard.colormap
    for (key, entry) in table["roles"]?.table ?? [:] {
      guard let role = Role(rawValue: key) else { throw .unknownRole(file: file, role: key) }
      theme.roles[role] = try style(entry, of: key, file: file)
    }
    for (key, entry) in table["emotions"]?.table ?? [:] {
      theme.emotions[key] = try color(entry, of: key, file: file)
    }
    return theme
  }

  /// A role's entry: a colour for the foreground alone, or a table with fg, bg and attributes.
  private static func style(_ entry: TOML, of role: String, file: String) throws(ThemeError) -> ThemeStyle {
    guard let table = entry.table else { return ThemeStyle(foreground: try color(entry, of: role, file: file)) }
    var style = ThemeStyle()
    if let entry = table["fg"] { style.foreground = try color(entry, of: role, file: file) }
    if let entry = table["bg"] { style.background = try color(entry, of: role, file: file) }
    for attribute in table["attributes"]?.array ?? [] {
      let text = attribute.string ?? ""
      guard let known = attributes[text] else { throw .badAttribute(file: file, role: role, text: text) }
      style.attributes.insert(known)
    }
    return style
  }

  private static let attributes: [String: Attributes] = [
    "bold": .bold, "dim": .dim, "italic": .italic, "underline": .underline, "reverse": .reverse,
  ]

  private static func color(_ value: TOML, of entry: String, file: String) throws(ThemeError) -> ThemeColor {
    let text = value.string ?? ""
    guard let color = ThemeColor(text: text) else { throw .badColor(file: file, entry: entry, text: text) }
    return color
  }

  /// The default and every usable theme in `folders`, by name; a later folder wins over an earlier one. A file that
  /// cannot be used adds its sentence to `problems`.
  package static func all(in folders: [String]) -> (themes: [Theme], problems: [ThemeError]) {
    var (themes, problems) = ([standard.name: standard], [ThemeError]())
    for folder in folders {
      let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      for file in files.sorted() where file.hasSuffix(".toml") {
        do throws(ThemeError) {
          let theme = try read((folder as NSString).appendingPathComponent(file))
          themes[theme.name] = theme
        } catch {
          problems.append(error)
        }
      }
    }
    return (themes.values.sorted { $0.name < $1.name }, problems)
  }
}
