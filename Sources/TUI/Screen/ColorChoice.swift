/// `--color=`: what the user asks for.
package enum ColorChoice: String, Sendable, CaseIterable {
  case auto, truecolor
  case ansi256 = "256"
  case ansi16 = "16"
  case none

  /// The rung to draw on. Order: the flag, NO_COLOR, COLORTERM, the terminal's description, its count of colours.
  ///
  /// - Parameters:
  ///   - environment: of the process; ssh forwards TERM but not COLORTERM, hence the description's say.
  ///   - colors: terminfo's `colors`; below 8 there are none.
  ///   - hasRGB: terminfo's `RGB`, or a name that ends in -direct.
  package func depth(environment: [String: String], colors: Int, hasRGB: Bool) -> ColorDepth {
    switch self {
    case .truecolor: return .truecolor
    case .ansi256: return .ansi256
    case .ansi16: return .ansi16
    case .none: return .mono
    case .auto: break
    }
    if let value = environment["NO_COLOR"], !value.isEmpty { return .mono }
    if colors < 8, !hasRGB { return .mono }
    if ["truecolor", "24bit"].contains(environment["COLORTERM"] ?? "") || hasRGB { return .truecolor }
    return colors >= 256 ? .ansi256 : .ansi16
  }
}
