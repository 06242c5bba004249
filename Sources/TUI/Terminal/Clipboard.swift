import Core
import Foundation

/// Puts text into the clipboard of the terminal at the other end of the line, by the escape sequence OSC 52, so that it
/// works over SSH without a server or a display here.
package enum Clipboard {
  /// Terminals drop sequences above some 100 000 bytes; base64 makes three bytes four.
  package static let most = 74_994
  /// GNU screen passes strings of at most 768 bytes on.
  private static let screenPiece = 720

  /// The bytes to send; nil for a text that is too long.
  ///
  /// - Parameter environment: of the process. In GNU screen the sequence is wrapped piece by piece for the terminal
  ///   around it; tmux takes it itself (`tmux(text:)` asks it to pass it on).
  package static func sequence(_ text: String, environment: [String: String]) -> [UInt8]? {
    guard text.utf8.count <= most else { return nil }
    let sequence = "\u{1B}]52;c;\(Data(text.utf8).base64EncodedString())\u{07}"
    guard environment["STY"] != nil, environment["TMUX"] == nil else { return Array(sequence.utf8) }
    var bytes: [UInt8] = []
    var rest = Array(sequence.utf8)[...]
    while !rest.isEmpty {
      bytes += Array("\u{1B}P".utf8) + rest.prefix(screenPiece) + Array("\u{1B}\\".utf8)
      rest = rest.dropFirst(screenPiece)
    }
    return bytes
  }

  /// Hands the text to tmux, which keeps it as a buffer and, asked by -w, passes it to the terminal around it; its own
  /// handling of OSC 52 is off by default.
  ///
  /// - Returns: false where there is no tmux, or one older than 3.2.
  package static func tmux(_ text: String, environment: [String: String]) -> Bool {
    guard environment["TMUX"] != nil else { return false }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["tmux", "load-buffer", "-w", "-"]
    let pipe = Pipe()
    process.standardInput = pipe
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch { return false }
    try? pipe.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    try? pipe.fileHandleForWriting.close()
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}

/// Files that a user asks for.
package enum Exports {
  package enum Mistake: UserError, Equatable {
    case exists(String)
    package var description: String {
      switch self {
      case .exists(let path): "\(path) is there already; nothing is written, give another name"
      }
    }
  }

  /// - Throws: `Exports.Mistake.exists`, `CoreError.cannotWrite`.
  package static func write(_ data: Data, to path: String) throws {
    let url = URL(fileURLWithPath: (path as NSString).expandingTildeInPath)
    guard !FileManager.default.fileExists(atPath: url.path) else { throw Mistake.exists(path) }
    try AtomicFile.export(url, data)
  }
}
