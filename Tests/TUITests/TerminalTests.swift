import Foundation
import TUI
import Testing

/// A pseudo-terminal; what is written to the terminal is read at `master`.
private final class PseudoTerminal {
  let master: Int32
  let slave: Int32

  init() {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    // TIOCSPTLCK and TIOCGPTN: unlockpt and ptsname are hidden from Swift.
    var (lock, number) = (Int32(0), Int32(0))
    _ = ioctl(master, 0x4004_5431, &lock)
    _ = ioctl(master, 0x8004_5430, &number)
    slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    var size = winsize(ws_row: 30, ws_col: 90, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(slave, UInt(TIOCSWINSZ), &size)
    _ = fcntl(master, F_SETFL, O_NONBLOCK)
  }

  deinit {
    close(master)
    close(slave)
  }

  func output() -> String {
    var (bytes, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
    while case let count = read(master, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
  }

  func type(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(master, bytes, bytes.count)
  }

  var modes: [UInt32] {
    var modes = termios()
    tcgetattr(slave, &modes)
    return [modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag]
  }
}

/// One after another: ncurses has one current screen a process.
@Suite("The real terminal, on a pseudo-terminal", .serialized)
struct TerminalTests {
  private func inputs(_ terminal: Terminal, _ count: Int) -> [Input] {
    var inputs: [Input] = []
    for _ in 0..<200 where inputs.count < count {
      inputs += terminal.read()
      usleep(2000)
    }
    return inputs
  }

  @Test(
    "Opens, shows, counts its bytes, and leaves everything as it was",
    arguments: ["xterm-256color", "tmux-256color", "screen-256color", "linux", "vt100"])
  func session(name: String) throws {
    _ = Terminal.setLocale()
    let pty = PseudoTerminal()
    let before = pty.modes
    let terminal = try Terminal(input: pty.slave, output: pty.slave, name: name, mouse: true)
    #expect(terminal.size == Size(width: 90, height: 30))
    #expect(pty.modes != before, "raw mode")
    #expect(terminal.colors == (name.hasSuffix("256color") ? 256 : name == "linux" ? 8 : -1))
    _ = pty.output()
    var surface = Surface(size: terminal.size)
    surface.put("grün▀", 3, 3, CellStyle())
    let sent = terminal.show(surface.canvas)
    let frame = pty.output()
    #expect(frame.utf8.count == sent && frame.contains("grün▀"))
    #expect(frame.hasPrefix("\u{1B}[?2026h") && frame.hasSuffix("\u{1B}[?2026l"))
    #expect(terminal.show(surface.canvas) == 0 && pty.output().isEmpty)
    terminal.close()
    #expect(pty.modes == before)
    let end = pty.output()
    if name.hasSuffix("256color") { #expect(end.contains("\u{1B}[?1049l")) }
    if name != "vt100" { #expect(end.contains("\u{1B}[?25h")) }
    #expect(end.contains("\u{1B}[?1006l\u{1B}[?1000l"))
    terminal.reopen()
    #expect(pty.modes != before)
    terminal.close()
    #expect(pty.modes == before)
  }

  @Test("Keys, characters beyond ASCII and the mouse arrive as what they are")
  func keys() throws {
    _ = Terminal.setLocale()
    let pty = PseudoTerminal()
    let terminal = try Terminal(input: pty.slave, output: pty.slave, name: "tmux-256color", mouse: true)
    pty.type(
      "jé\r\t\u{7F}\u{04}\u{1B}[A\u{1B}OB\u{1B}[Z\u{1B}[5~\u{1B}[<0;300;7M\u{1B}[<0;300;7m\u{1B}[<65;2;3Mq\u{1B}")
    let expected: [Input] = [
      .key(.character("j")), .key(.character("é")), .key(.enter), .key(.tab), .key(.backspace), .key(.control("d")),
      .key(.down), .key(.backTab), .key(.pageUp), .mouse(MouseEvent(kind: .press, point: Point(x: 299, y: 6))),
      .mouse(MouseEvent(kind: .wheelDown, point: Point(x: 1, y: 2))), .key(.character("q")), .key(.escape),
    ]
    // ESC [ A is no cursor key of tmux in application mode; whatever ncurses makes of it, the others stand.
    let got = inputs(terminal, expected.count)
    for input in expected { #expect(got.contains(input), "\(input) is missing in \(got)") }
    terminal.close()
  }

  @Test("The background is asked for; what was typed meanwhile stays a key, an answer that comes late is none")
  func background() throws {
    _ = Terminal.setLocale()
    let pty = PseudoTerminal()
    let terminal = try Terminal(input: pty.slave, output: pty.slave, name: "xterm-256color", mouse: true)
    defer { terminal.close() }
    _ = pty.output()
    pty.type("t\u{1B}]11;rgb:ff/ffff/e\u{1B}\\q\u{1B}[?62;22c")
    #expect(terminal.background(patience: .seconds(5)) == RGB(255, 255, 0xEE))
    #expect(pty.output().hasPrefix("\u{1B}]11;?"))
    #expect(inputs(terminal, 2) == [.key(.character("t")), .key(.character("q"))])
    pty.type("\u{1B}[?64;1c")
    #expect(terminal.background(patience: .seconds(5)) == nil, "a terminal without OSC 11 says so by not answering it")
    #expect(terminal.background(patience: .zero) == nil)
    pty.type("\u{1B}]11;rgb:0000/0000/0000\u{07}\u{1B}[?62;22cj")
    #expect(inputs(terminal, 1) == [.key(.character("j"))])
  }

  @Test("No terminal, an unknown one and one that cannot move its cursor are each one sentence")
  func refused() {
    let pty = PseudoTerminal()
    let before = pty.modes
    let null = open("/dev/null", O_RDWR)
    defer { close(null) }
    #expect(throws: TerminalError.noTerminal) {
      _ = try Terminal(input: null, output: null, name: "xterm-256color", mouse: false)
    }
    #expect(throws: TerminalError.unknown("no-such-terminal")) {
      _ = try Terminal(input: pty.slave, output: pty.slave, name: "no-such-terminal", mouse: false)
    }
    #expect(throws: TerminalError.dumb("dumb")) {
      _ = try Terminal(input: pty.slave, output: pty.slave, name: "dumb", mouse: false)
    }
    #expect(pty.modes == before)
    for error in [TerminalError.noTerminal, .dumb("x"), .unknown("y"), .failed("z")] {
      #expect(!error.description.contains("\n") && error.exitCode != 0)
    }
  }

  @Test("setlocale leaves numbers with a point")
  func locale() {
    setenv("LC_ALL", "de_DE.UTF-8", 1)
    _ = Terminal.setLocale()
    #expect(strtod("1.5", nil) == 1.5)
    #expect(Numbers.fixed(1.5, 1) == "1.5")
    unsetenv("LC_ALL")
    _ = Terminal.setLocale()
  }
}
