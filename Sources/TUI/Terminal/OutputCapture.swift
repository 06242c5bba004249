import Foundation
import TerminalGuard

/// Takes stdout and stderr away from the screen: what libraries write there comes out of a pipe as lines for the log.
package final class OutputCapture {
  /// Readable when something was written.
  package let readEnd: Int32
  private var saved: [(descriptor: Int32, copy: Int32)] = []
  private var partial: [UInt8] = []

  /// - Throws: `TerminalError.failed`; nothing is redirected then.
  package init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw TerminalError.failed("no pipe could be had") }
    readEnd = ends[0]
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(readEnd, F_SETFL, O_NONBLOCK)
    // A megabyte: a chatty library does not wait for the screen.
    _ = fcntl(ends[1], 1031 /* F_SETPIPE_SZ */, 1 << 20)
    fflush(nil)
    for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
      let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
      guard copy >= 0, dup2(ends[1], descriptor) >= 0 else { continue }
      saved.append((descriptor, copy))
    }
    close(ends[1])
  }

  /// The terminal behind what was stderr, for last words.
  package var savedError: Int32 { saved.first { $0.descriptor == STDERR_FILENO }?.copy ?? -1 }

  deinit {
    restore()
    close(readEnd)
  }

  package func restore() {
    fflush(nil)
    for (descriptor, copy) in saved {
      dup2(copy, descriptor)
      close(copy)
    }
    saved = []
  }

  /// Whole lines that were written since the last call; the beginning of a line waits for its end.
  package func lines() -> [String] {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var result: [String] = []
    while true {
      let count = read(readEnd, &buffer, buffer.count)
      guard count > 0 else { break }
      partial += buffer[..<count]
      buffer.withUnsafeBytes { terminal_guard_remember($0.bindMemory(to: CChar.self).baseAddress, count) }
    }
    while let end = partial.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
      let line = String(decoding: partial[..<end], as: UTF8.self)
      if !line.allSatisfy(\.isWhitespace) { result.append(line) }
      partial.removeSubrange(...end)
    }
    if partial.count > 4096 {
      result.append(String(decoding: partial, as: UTF8.self))
      partial = []
    }
    return result
  }
}
