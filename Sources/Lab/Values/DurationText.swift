import Core

/// Seconds in words, the same on the command line and in notes.
package enum DurationText {
  /// 0.4 s, 8 s, 3 min 20 s, 2 h 5 min.
  package static func of(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    if seconds > 0, seconds < 0.95 { return seconds < 0.05 ? "less than 0.1 s" : "\(Numbers.fixed(seconds, 1)) s" }
    let s = Int(seconds.rounded())
    if s < 60 { return "\(s) s" }
    if s < 3600 { return "\(s / 60) min \(s % 60) s" }
    return "\(s / 3600) h \((s / 60) % 60) min"
  }
}
