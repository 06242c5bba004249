import Foundation
import Lab
import TerminalGuard

/// Reads lines and writes answers to stdout until “quit”, the end of the input, or a signal.
///
/// - Parameter input: what the lines are read from.
/// - Throws: `TerminalError.failed` when signals cannot be heard.
package func runPlain(
  backend: any Backend, options: WorkbenchOptions, input: Int32 = STDIN_FILENO
) throws -> ExitReason {
  let signals = terminal_guard_install_signals()
  guard signals >= 0 else { throw TerminalError.failed("no pipe could be had") }
  defer { terminal_guard_restore_signals() }
  return PlainRun(backend: backend, options: options, input: input, signals: signals).run(options.problems)
}

/// The loop: wait for a line, an event or a signal; answer.
private final class PlainRun {
  private let backend: any Backend
  private let input: Int32
  private let signals: Int32
  private let ignored: [Int32]
  private let isTerminal: Bool
  private var mode: PlainMode
  private var lines = PlainLines()
  private var exit: ExitReason?

  init(backend: any Backend, options: WorkbenchOptions, input: Int32, signals: Int32) {
    (self.backend, self.input, self.signals) = (backend, input, signals)
    (ignored, isTerminal) = (options.ignoredSignals, isatty(input) == 1)
    var state = State(
      size: Size(width: 80, height: 24), look: Look(theme: ThemeFiles.standard, depth: .mono, rung: .ascii), themes: [],
      transforms: backend.transforms, models: backend.models)
    state.player = backend.player
    mode = PlainMode(state)
  }

  private var isPrompting: Bool { isTerminal && lines.isOpen }

  func run(_ problems: [String]) -> ExitReason {
    say([PlainMode.greeting] + problems)
    backend.send(.loadCorpora)
    backend.send(.loadRuns)
    prompt()
    while exit == nil {
      wait()
      answer()
    }
    return exit ?? .quit
  }

  private func wait() {
    var descriptors = [signals, backend.wakeDescriptor, lines.isOpen ? input : -1].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    // Piped questions end; their answers may still be on the way.
    let ready = poll(&descriptors, nfds_t(descriptors.count), lines.isOpen ? -1 : 1000)
    // A signal interrupts the wait, and its number is in the pipe by then.
    guard ready >= 0 || errno == EINTR else { return exit = .signal(SIGHUP) }
    if ready == 0, !lines.isOpen, isQuiet { return exit = .quit }
    if descriptors[0].revents != 0 { takeSignals() }
    if descriptors[1].revents != 0 {
      for event in backend.drain() { say(mode.hear(event)) }
    }
    if descriptors[2].revents != 0 {
      takeInput(isGone: descriptors[2].revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0)
    }
  }

  /// Nothing more is on its way: no answer is awaited, and nothing of ours is under way or being prepared.
  private var isQuiet: Bool { mode.isReady && !mode.state.isBusy && !backend.isTraining }

  private func takeInput(isGone: Bool) {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(input, &buffer, buffer.count)
    if count > 0 { return lines.take(buffer.prefix(count)) }
    lines.end()
    // A pipe's end is the end of the questions; a terminal that is gone is a hang-up, whether or not a signal says so.
    if isTerminal, isGone, !ignored.contains(SIGHUP) { exit = .signal(SIGHUP) }
  }

  private func takeSignals() {
    var numbers = [UInt8](repeating: 0, count: 64)
    while case let count = read(signals, &numbers, numbers.count), count > 0 {
      for byte in numbers[..<count] where !ignored.contains(Int32(byte)) {
        switch Int32(byte) {
        case SIGWINCH: break
        case SIGTSTP: JobControl.stop()
        default: exit = .signal(Int32(byte))
        }
      }
    }
  }

  /// A person may ask before the last answer is here; a file's questions take their turns.
  private func answer() {
    while exit == nil, isPrompting || mode.isReady, let line = lines.next() {
      let answer = mode.answer(line)
      for request in answer.requests { backend.send(request) }
      say(answer.lines)
      if answer.leaves { return exit = .quit }
      prompt()
    }
  }

  private func say(_ lines: [String]) {
    for line in lines { print(line.printed) }
    fflush(nil)
  }

  private func prompt() {
    guard isPrompting else { return }
    print("> ", terminator: "")
    fflush(nil)
  }
}

/// What was typed, line by line; the last line may end with the input.
private struct PlainLines {
  private var bytes: [UInt8] = []
  private(set) var isOpen = true

  mutating func take(_ new: ArraySlice<UInt8>) { bytes += new }

  mutating func end() {
    isOpen = false
    if let last = bytes.last, last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
  }

  mutating func next() -> String? {
    guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    defer { bytes.removeSubrange(...end) }
    return String(decoding: bytes[..<end], as: UTF8.self)
  }
}

extension String {
  /// Without characters that could drive a terminal.
  fileprivate var printed: String { String(String.UnicodeScalarView(unicodeScalars.map(TextWidth.shown))) }
}
