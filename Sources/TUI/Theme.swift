import Core
import Pipeline

/// What a piece of the screen means. Themes give each role a style; panes name roles, never colours.
package enum Role: String, Sendable, CaseIterable {
  case text, dim, heading, accent, good, warning, error
  case border, borderFocused = "border-focused", title, titleFocused = "title-focused"
  case selection, selectionInactive = "selection-inactive", cursor, match
  case bar, key, hint, popup, field, fieldFocused = "field-focused"
  case axis, wave, train, valid, progress, track, synthetic
  /// Runs that are drawn over one another.
  case run1 = "run-1", run2 = "run-2", run3 = "run-3", run4 = "run-4", run5 = "run-5"

  /// Whether it shows where the user is.
  var isPicked: Bool {
    switch self {
    case .selection, .selectionInactive, .cursor, .fieldFocused: true
    default: false
    }
  }
}

/// A colour as a theme writes it.
package enum ThemeColor: Sendable, Hashable {
  /// The terminal's own.
  case standard
  /// One of the terminal's sixteen.
  case ansi(UInt8)
  case rgb(RGB)

  private static let names = [
    "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
    "bright-black", "bright-red", "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
    "bright-white",
  ]

  /// "default", an ANSI name or "#rrggbb".
  package init?(text: String) {
    if text == "default" {
      self = .standard
    } else if let index = Self.names.firstIndex(of: text) {
      self = .ansi(UInt8(index))
    } else if text.hasPrefix("#"), text.utf8.count == 7, let hex = UInt32(text.dropFirst(), radix: 16) {
      self = .rgb(RGB(hex: hex))
    } else {
      return nil
    }
  }

  package func color(at depth: ColorDepth) -> Color {
    switch self {
    case _ where depth == .mono: .standard
    case .standard: .standard
    case .ansi(let index): Color(index: index)
    case .rgb(let rgb): depth.color(rgb)
    }
  }
}

package struct ThemeStyle: Sendable, Hashable {
  package var foreground = ThemeColor.standard
  package var background = ThemeColor.standard
  package var attributes: Attributes = []

  package init(foreground: ThemeColor = .standard, background: ThemeColor = .standard, attributes: Attributes = []) {
    (self.foreground, self.background, self.attributes) = (foreground, background, attributes)
  }

  /// Where there are no colours, what is selected or typed into is in reverse video, and nothing else is: it must not
  /// hang on colour alone, and would not be seen in a bar or a popup that is in reverse too.
  package func style(at depth: ColorDepth, for role: Role) -> CellStyle {
    var style = CellStyle(
      foreground: foreground.color(at: depth), background: background.color(at: depth), attributes: attributes)
    guard depth == .mono else { return style }
    if role.isPicked { style.attributes.insert(.reverse) } else { style.attributes.remove(.reverse) }
    return style
  }
}

/// Roles and emotions in colours.
package struct Theme: Sendable, Hashable {
  package var name: String
  package var about: String
  package var roles: [Role: ThemeStyle]
  /// By the emotion's name; one that is missing is drawn in `text`.
  package var emotions: [String: ThemeColor]
  /// Name of the colour map that the eye gets first.
  package var colormap: String

  package init(
    name: String, about: String, roles: [Role: ThemeStyle], emotions: [String: ThemeColor], colormap: String
  ) {
    (self.name, self.about, self.roles, self.emotions) = (name, about, roles, emotions)
    self.colormap = colormap
  }
}

package typealias EmotionMark = Pipeline.EmotionMark

/// A theme file that cannot be used.
package enum ThemeError: UserError, Equatable {
  case unreadable(file: String, reason: String)
  case malformed(file: String, reason: String)
  case unknownRole(file: String, role: String)
  case badColor(file: String, entry: String, text: String)
  case badAttribute(file: String, role: String, text: String)
  case unknownTheme(name: String, known: [String])

  package var description: String {
    switch self {
    case .unreadable(let file, let reason): "theme \(file): cannot be read (\(reason))"
    case .malformed(let file, let reason): "theme \(file): not a usable theme (\(reason))"
    case .unknownRole(let file, let role): "theme \(file): there is no role “\(role)”"
    case .badColor(let file, let entry, let text):
      "theme \(file): “\(text)” for \(entry) is no colour (default, an ANSI name such as bright-blue, or #rrggbb)"
    case .badAttribute(let file, let role, let text):
      "theme \(file): “\(text)” for \(role) is no attribute (bold, dim, italic, underline, reverse)"
    case .unknownTheme(let name, let known):
      "there is no theme “\(name)” (known: \(known.joined(separator: ", ")))"
    }
  }
}
