import Foundation
import Lab
import Synchronization

/// Output of the headless commands: a bar that redraws itself on a terminal, plain lines elsewhere.
enum Console {
  static let isTerminal = isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

  static func line(_ text: String = "") {
    clearBar()
    print(text)
    guard fflush(nil) != 0, [ENOSPC, EDQUOT, EFBIG].contains(errno) else { return }
    let reason = String(cString: strerror(errno))
    loss.withLock { $0 = $0 ?? reason }
  }

  /// Why some of the output is lost (a full disk), which ends no training but is no success either. A closed pipe has
  /// heard enough.
  static var lost: String? { loss.withLock { $0 } }

  private static let loss = Mutex<String?>(nil)

  /// Writes to standard error. A failure is forgotten, as by `line`: a run whose terminal is gone still stops with its
  /// checkpoint.
  static func error(_ text: String) {
    clearBar()
    try? FileHandle.standardError.write(contentsOf: Data("quaver: \(text)\n".utf8))
  }

  private static let barShown = Mutex(false)

  /// For what is written without `line`, perhaps to the same terminal.
  static func clearBar() {
    let shown = barShown.withLock { shown in
      defer { shown = false }
      return shown
    }
    guard shown else { return }
    print("\r\u{1B}[K", terminator: "")
    // What follows on standard error does not wait for it.
    fflush(nil)
  }

  /// One line that replaces the last one on a terminal; nothing when piped, where epochs' lines tell the same.
  static func bar(_ progress: RunProgress) {
    guard isTerminal else { return }
    let width = 24
    let share = progress.total > 0 ? Double(progress.done) / Double(progress.total) : 0
    let filled = min(width, Int(share * Double(width)))
    let bar = String(repeating: "━", count: filled) + String(repeating: "╌", count: width - filled)
    var text = "\(progress.phase) \(bar) \(progress.done)/\(progress.total)"
    if progress.epoch > 0 { text = "epoch \(progress.epoch) " + text }
    text += String(format: "  %.1f/s", progress.rate)
    if let left = progress.secondsLeft { text += "  \(duration(left)) left" }
    barShown.withLock { $0 = true }
    print("\r\u{1B}[K\(text)", terminator: "")
    fflush(nil)
  }

  static func duration(_ seconds: Double) -> String { DurationText.of(seconds) }

  static func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

  /// Columns padded to their widest cell; numbers to the right.
  static func table(_ rows: [[String]], rightAligned: Set<Int> = []) {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
      let cells = row.enumerated().map { column, cell in
        let pad = String(repeating: " ", count: widths[column] - cell.count)
        return rightAligned.contains(column) ? pad + cell : cell + pad
      }
      line(cells.joined(separator: "  ").replacingOccurrences(of: " +$", with: "", options: .regularExpression))
    }
  }
}
