import Foundation
import Ncurses
import TerminalGuard

/// The real terminal. ncurses gives its modes, its description and its keys; the bytes of the screen are ours
/// (`ScreenEncoder`). Used by one thread only.
package final class Terminal {
  private let input: Int32
  private let output: Int32
  private var screen: OpaquePointer?
  private var pad: UnsafeMutablePointer<WINDOW>?
  private var files: [UnsafeMutablePointer<FILE>] = []
  private var savedModes = termios()
  private var shown: Canvas?
  private var isOpen = false
  private let hasMouse: Bool
  /// Bytes sent since the terminal was opened.
  package private(set) var bytesSent = 0
  /// terminfo's count of colours, and whether it says RGB.
  package let colors: Int
  package let hasRGB: Bool

  /// Sets the locale, keeping LC_NUMERIC in C, because libraries would write decimal commas otherwise. Without UTF-8
  /// it tries C.UTF-8.
  ///
  /// - Returns: whether block characters can be shown.
  package static func setLocale() -> Bool {
    setlocale(LC_ALL, "")
    if quaver_locale_is_utf8() == 0 { setlocale(LC_CTYPE, "C.UTF-8") }
    setlocale(LC_NUMERIC, "C")
    return quaver_locale_is_utf8() != 0
  }

  /// Takes over the terminal on `input` and `output`, which stay the caller's to close.
  ///
  /// - Throws: `TerminalError`, with the terminal as it was.
  package init(input: Int32, output: Int32, name: String, mouse: Bool) throws {
    guard isatty(input) == 1, isatty(output) == 1 else { throw TerminalError.noTerminal }
    (self.input, self.output, hasMouse) = (input, output, mouse)
    tcgetattr(output, &savedModes)
    var status: Int32 = 0
    guard setupterm(name, output, &status) == OK else {
      throw status == 0 || status == -1 ? TerminalError.unknown(name) : TerminalError.dumb(name)
    }
    // Every terminal of today moves its cursor by the same bytes; one that does not is not for us.
    guard let cup = quaver_cup(0, 0), String(cString: cup).hasPrefix("\u{1B}[1;1H") else {
      throw TerminalError.dumb(name)
    }
    colors = Int(quaver_number("colors"))
    hasRGB = quaver_flag("RGB") != 0 || quaver_number("RGB") > 0 || name.hasSuffix("-direct")
    // Quaver writes the size that the kernel says; LINES and COLUMNS would freeze it.
    unsetenv("LINES")
    unsetenv("COLUMNS")
    guard let reader = fdopen(dup(input), "r"), let writer = fdopen(dup(output), "w") else {
      throw TerminalError.failed("no file descriptor is left")
    }
    files = [reader, writer]
    guard let screen = newterm(name, writer, reader) else {
      // deinit runs for a throwing init too, and closes the files.
      throw TerminalError.failed("ncurses gave no screen")
    }
    self.screen = screen
    set_term(screen)
    guard let pad = newpad(1, 1) else { throw TerminalError.failed("ncurses gave no pad") }
    self.pad = pad
    set_escdelay(25)
    enter()
  }

  deinit {
    close()
    if let pad { delwin(pad) }
    if let screen { delscreen(screen) }
    files.forEach { fclose($0) }
  }

  // MARK: Modes

  private func enter() {
    raw()
    noecho()
    nonl()
    keypad(pad, true)
    nodelay(pad, true)
    curs_set(0)
    if hasMouse { define_key("\u{1B}[<", Self.mouseCode) }
    for beginning in BackgroundProbe.beginnings { define_key(beginning, Self.replyCode) }
    send(Self.capabilities("smcup", "smkx", "civis", "rmam"))
    if hasMouse { send(Array("\u{1B}[?1000h\u{1B}[?1006h".utf8)) }
    isOpen = true
    shown = nil
  }

  /// What leaves the alternate screen and puts everything back; also what a crash sends.
  package var restoreBytes: [UInt8] {
    // A terminal without an alternate screen would keep ours below the prompt.
    let wipe = quaver_capability("rmcup") == nil ? "\u{1B}[H\u{1B}[2J" : ""
    let mouse = hasMouse ? "\u{1B}[?1006l\u{1B}[?1000l" : ""
    return Array(("\u{1B}[?2026l\u{1B}[0m" + wipe + mouse).utf8) + Self.capabilities("smam", "cnorm", "rmkx", "rmcup")
  }

  /// The bytes of those that the terminal has, without the delays ("$<5>") that wires of another age needed.
  private static func capabilities(_ names: String...) -> [UInt8] {
    let texts = names.compactMap { quaver_capability($0).map { String(cString: $0) } }
    return Array(texts.map { $0.replacing(/\$<[^>]*>/, with: "") }.joined().utf8)
  }

  /// Arms the crash handler with what it needs.
  package func arm(logInput: Int32, savedError: Int32) {
    restoreBytes.withUnsafeBytes { bytes in
      terminal_guard_arm(
        output, &savedModes, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count, logInput, savedError)
    }
  }

  /// Gives the terminal back as it was.
  package func close() {
    guard isOpen else { return }
    isOpen = false
    terminal_guard_disarm()
    send(restoreBytes)
    endwin()
    tcsetattr(output, TCSADRAIN, &savedModes)
  }

  /// After `close`, takes the terminal again.
  package func reopen() {
    guard !isOpen else { return }
    tcgetattr(output, &savedModes)
    enter()
  }

  // MARK: Output

  package var size: Size {
    var size = winsize()
    guard ioctl(output, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return Size(width: 80, height: 24)
    }
    return Size(width: Int(size.ws_col), height: Int(size.ws_row))
  }

  /// Sends what differs from the last frame and returns the number of bytes.
  @discardableResult
  package func show(_ canvas: Canvas) -> Int {
    let bytes = ScreenEncoder.bytes(from: shown, to: canvas)
    shown = canvas
    send(bytes)
    return bytes.count
  }

  /// Bytes that `show` would send.
  package func cost(of canvas: Canvas) -> Int { ScreenEncoder.bytes(from: shown, to: canvas).count }

  /// The next frame is sent whole.
  package func forget() { shown = nil }

  /// Bytes that are no part of the screen, between two frames.
  package func send(raw bytes: [UInt8]) { send(bytes) }

  /// The terminal, or the line to it, has not taken everything yet.
  package var hasBacklog: Bool {
    var count: Int32 = 0
    return ioctl(output, UInt(TIOCOUTQ), &count) == 0 && count > 0
  }

  private func send(_ bytes: [UInt8]) {
    bytesSent += bytes.count
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
      if written > 0 {
        rest.removeFirst(written)
      } else if errno == EAGAIN {
        var waiting = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
        poll(&waiting, 1, 1000)
      } else if errno != EINTR {
        return  // gone; SIGHUP or the read side says so
      }
    }
  }

  // MARK: Input

  private static let mouseCode: Int32 = 0x1F00
  private static let replyCode: Int32 = 0x1F01

  /// The colour behind the text, where the terminal tells it within `patience`.
  package func background(patience: Duration) -> RGB? {
    send(BackgroundProbe.question)
    let probe = BackgroundProbe.listen(input, patience: patience)
    for byte in probe.typed.reversed() { ungetch(Int32(byte)) }
    return probe.background
  }

  /// All that waits.
  package func read() -> [Input] {
    var inputs: [Input] = []
    var code: UInt32 = 0
    while inputs.count < 4096 {
      let result = quaver_read_key(pad, &code)
      if result == ERR { break }
      if quaver_is_key_code(result) == 0 {
        if let key = Key(code: code) { inputs.append(.key(key)) }
      } else if Int32(code) == Self.mouseCode {
        if let event = readRest(until: ["M", "m"]).flatMap(MouseEvent.init(sgr:)) { inputs.append(.mouse(event)) }
      } else if Int32(code) == Self.replyCode {
        _ = readRest(until: ["c", "\\", "\u{07}"])
      } else if let key = Self.keys[Int32(code)] {
        inputs.append(.key(key))
      }
    }
    return inputs
  }

  /// The rest of what the terminal reports, as "0;12;7M" of the mouse, to the letter that ends it.
  private func readRest(until ends: Set<Unicode.Scalar>) -> String? {
    var (text, code, patience) = ("", UInt32(0), 20)
    while text.utf8.count < 40, patience > 0 {
      guard quaver_read_key(pad, &code) != ERR else {
        // One split by the network: its rest comes at once.
        var waiting = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
        poll(&waiting, 1, 5)
        patience -= 1
        continue
      }
      guard let scalar = Unicode.Scalar(code) else { return nil }
      text.unicodeScalars.append(scalar)
      if ends.contains(scalar) { return text }
    }
    return nil
  }

  private static let keys: [Int32: Key] = {
    var keys: [Int32: Key] = [
      KEY_UP: .up, KEY_DOWN: .down, KEY_LEFT: .left, KEY_RIGHT: .right, KEY_HOME: .home, KEY_END: .end,
      KEY_PPAGE: .pageUp, KEY_NPAGE: .pageDown, KEY_ENTER: .enter, KEY_BTAB: .backTab, KEY_BACKSPACE: .backspace,
      KEY_DC: .delete,
    ]
    for number in 1...24 { keys[quaver_function_key(Int32(number))] = .function(number) }
    return keys
  }()
}
