import Foundation
import Lab
import TerminalGuard

/// What the command line says about the workbench.
package struct WorkbenchOptions: Sendable {
  package var color = ColorChoice.auto
  package var ascii = false
  package var mouse = true
  /// Name of a theme, or the path of a theme's file.
  package var theme: String?
  /// Asks the terminal for its background, for a theme that fits; not where a theme was chosen before.
  package var probes = true
  /// Folders with *.toml, a later one wins.
  package var themeFolders: [String] = []
  /// Kilobytes a second that the screen may cost; 0 for no limit.
  package var maxKilobytesPerSecond = 0
  package var keymap = Keymap()
  /// Where the place is kept for the next start; nil keeps none.
  package var sessionFile: URL?
  /// A run to begin with.
  package var run: String?
  /// Sentences for the log, the first also for the footer.
  package var problems: [String] = []
  /// Signals that were ignored when the program started, as nohup asks for: plain mode goes on behind them.
  package var ignoredSignals: [Int32] = []
  package var environment = ProcessInfo.processInfo.environment

  package init() {}
}

/// Runs the workbench on the calling thread, which must be the main one, until the user or a signal ends it.
///
/// - Throws: `TerminalError` when there is no usable terminal, `ThemeError` when a theme that was asked for by its
///   name or path cannot be used; the terminal is then as it was.
package func runWorkbench(backend: any Backend, options: WorkbenchOptions) throws -> ExitReason {
  let isUTF8 = Terminal.setLocale()
  let name = options.environment["TERM"] ?? ""
  guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { throw TerminalError.noTerminal }
  guard !name.isEmpty, name != "dumb" else { throw TerminalError.dumb(name.isEmpty ? "(no TERM)" : name) }
  let (themes, theme, problems) = try Workbench.themes(options)
  let output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
  defer { close(output) }
  let signals = terminal_guard_install_signals()
  guard signals >= 0 else { throw TerminalError.failed("no pipe could be had") }
  defer { terminal_guard_restore_signals() }
  let terminal = try Terminal(input: STDIN_FILENO, output: output, name: name, mouse: options.mouse)
  defer { terminal.close() }
  let capture = try OutputCapture()
  defer { capture.restore() }
  terminal.arm(logInput: capture.readEnd, savedError: capture.savedError)
  let depth = options.color.depth(
    environment: options.environment, colors: terminal.colors, hasRGB: terminal.hasRGB)
  let look = Look(
    theme: theme, depth: depth, rung: options.ascii || !isUTF8 ? .ascii : .half, hasBraille: name != "linux")
  var state = State(
    size: terminal.size, look: look, themes: themes, transforms: backend.transforms, models: backend.models)
  (state.player, state.keymap) = (backend.player, options.keymap)
  options.sessionFile.flatMap(Session.read)?.begin(
    &state, hasTheme: options.theme != nil, hasGlyphs: options.ascii || !isUTF8)
  if options.theme == nil, !state.hasChosenTheme, options.probes, name != "linux",
    let background = terminal.background(
      patience: Workbench.isRemote(options) ? .milliseconds(600) : .milliseconds(200)),
    background.isLight, let light = themes.first(where: { $0.name == ThemeFiles.light })
  {
    state.look.theme = light
  }
  if let run = options.run {
    let place = Place(focus: PaneID.training.name, isZoomed: false, panes: [PaneID.training.name: ["run": run]])
    state.resumes = place
  }
  let workbench = Workbench(
    state: state, terminal: terminal, backend: backend, capture: capture, signals: signals, options: options)
  let sentences = options.problems + problems.map(\.description)
  return workbench.run(sentences.map { LogLine(time: .now, level: .warning, text: $0) })
}

/// The loop: wait for a key, an event or a signal; reduce; draw; send the difference.
final class Workbench {
  private var state: State
  private let terminal: Terminal
  private let backend: any Backend
  private let capture: OutputCapture
  private let signals: Int32
  private let options: WorkbenchOptions
  private let isRemote: Bool
  /// Something changed that was not drawn yet.
  private var isDirty = true
  /// A key is drawn at once, the rest when its time comes.
  private var isUrgent = true
  private var lastFrame = ContinuousClock.now
  private var meter = ByteMeter()
  private var budget: LinkBudget
  private var keeper: SessionKeeper?
  private var exit: ExitReason?

  init(
    state: State, terminal: Terminal, backend: any Backend, capture: OutputCapture, signals: Int32,
    options: WorkbenchOptions
  ) {
    (self.state, self.terminal, self.backend) = (state, terminal, backend)
    (self.capture, self.signals, self.options) = (capture, signals, options)
    isRemote = Self.isRemote(options)
    budget = LinkBudget(kilobytesPerSecond: options.maxKilobytesPerSecond, now: RateMeter.now())
    keeper = options.sessionFile.map(SessionKeeper.init)
  }

  static func isRemote(_ options: WorkbenchOptions) -> Bool {
    options.environment["SSH_TTY"] != nil || options.environment["SSH_CONNECTION"] != nil
  }

  /// The themes that can be had, and the one to begin with.
  static func themes(_ options: WorkbenchOptions) throws -> (all: [Theme], first: Theme, problems: [ThemeError]) {
    var (themes, problems) = ThemeFiles.all(in: options.themeFolders)
    guard let wanted = options.theme else { return (themes, ThemeFiles.standard, problems) }
    do throws(ThemeError) {
      let theme = try ThemeFiles.find(wanted, among: themes)
      if ThemeFiles.isPath(wanted) {
        themes.removeAll { $0.name == theme.name }
        themes.append(theme)
      }
      return (themes, theme, problems)
    } catch {
      guard ThemeFiles.isPath(wanted) else { throw error }
      problems.append(error)
      return (themes, ThemeFiles.standard, problems)
    }
  }

  /// Frames that nobody asked for: 30 a second, 4 over SSH or under a limit, and later while the link is behind.
  private var interval: Duration { .milliseconds(isRemote || budget.limit != nil ? 250 : 33) }

  /// Seconds until a frame that nobody asked for may go out.
  private func wait(until now: ContinuousClock.Instant) -> Duration {
    let left = interval - (now - lastFrame)
    // What the terminal has not taken yet would only be followed by more.
    let behind: Duration = terminal.hasBacklog ? .milliseconds(20) : .zero
    return max(left, .seconds(budget.delay(RateMeter.now())), behind)
  }

  func run(_ first: [LogLine]) -> ExitReason {
    for line in first { apply(.event(.log(line))) }
    if let line = first.first { state.say(line.text, line.level) }
    backend.send(.loadCorpora)
    backend.send(.loadRuns)
    while exit == nil {
      drawIfDue()
      keeper?.keep(state, isLast: false)
      wait()
    }
    keeper?.keep(state, isLast: true)
    return exit ?? .quit
  }

  // MARK: Waiting

  private func wait() {
    var descriptors = [STDIN_FILENO, backend.wakeDescriptor, signals, capture.readEnd].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    let ready = poll(&descriptors, nfds_t(descriptors.count), timeout)
    guard ready >= 0 || errno == EINTR else { return exit = .signal(SIGHUP) }
    if descriptors[2].revents != 0 { takeSignals() }
    if descriptors[0].revents != 0 {
      takeInput(isGone: descriptors[0].revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0)
    }
    if descriptors[1].revents != 0 {
      for event in backend.drain() {
        if case .failed(let sentence) = event {
          apply(.event(.log(LogLine(time: .now, level: .error, text: sentence))))
        }
        apply(.event(event))
        // Answers to a key are asked for; the cap is for what comes by itself.
        switch event {
        case .picture, .waveform, .explained: isUrgent = true
        default: break
        }
      }
    }
    if descriptors[3].revents != 0 {
      for line in capture.lines() { apply(.event(.log(LogLine(time: .now, level: .info, text: line)))) }
    }
  }

  /// Milliseconds until something must be drawn; -1 when nothing waits.
  private var timeout: Int32 {
    if isUrgent {
      return Int32(budget.keyDelay(RateMeter.now()) * 1000) + 1
    }
    if isDirty {
      return max(0, Int32(min(60, wait(until: .now) / .seconds(1)) * 1000) + 1)
    }
    return meter.isIdle && keeper?.isWaiting != true ? -1 : 1000
  }

  private func takeInput(isGone: Bool) {
    let inputs = terminal.read()
    if inputs.isEmpty, isGone { return exit = .signal(SIGHUP) }
    for input in inputs {
      switch input {
      case .key(let key): apply(.key(key))
      case .mouse(let event): apply(.mouse(event))
      }
      isUrgent = true
    }
  }

  private func takeSignals() {
    var numbers = [UInt8](repeating: 0, count: 64)
    while case let count = read(signals, &numbers, numbers.count), count > 0 {
      for number in numbers[..<count] {
        switch Int32(number) {
        case SIGWINCH:
          terminal.forget()
          apply(.resize(terminal.size))
          isUrgent = true
        case SIGTSTP: suspend()
        default: exit = .signal(Int32(number))
        }
      }
    }
  }

  // MARK: Acting

  private func apply(_ action: Action) {
    for effect in Reducer.reduce(&state, action) {
      switch effect {
      case .request(let request): backend.send(request)
      case .leave(let reason): exit = reason
      case .redraw: terminal.forget()
      case .suspend: suspend()
      case .copy(let text, let what): copy(text, what)
      case .write(let path, let text): Menus.write(path, &state) { _ in Data(text.utf8) }
      case .draw(let path, let format): Menus.write(path, &state) { try PaneFigure.data($0, format) }
      }
    }
    isDirty = true
  }

  private func copy(_ text: String, _ what: String) {
    guard let sequence = Clipboard.sequence(text, environment: options.environment) else {
      return state.say("too long for the clipboard (\(Numbers.bytes(text.utf8.count))); e writes a file", .warning)
    }
    if !Clipboard.tmux(text, environment: options.environment) { terminal.send(raw: sequence) }
    state.say("copied \(what), \(Numbers.bytes(text.utf8.count))")
  }

  private func suspend() {
    terminal.close()
    JobControl.stop()
    terminal.reopen()
    terminal.arm(logInput: capture.readEnd, savedError: capture.savedError)
    apply(.resize(terminal.size))
    isUrgent = true
  }

  // MARK: Drawing

  private func drawIfDue() {
    let now = ContinuousClock.now
    let isMeterDue = !meter.isIdle && meter.isDue(now)
    let isKeyDue = isUrgent && budget.keyDelay(RateMeter.now()) <= 0
    guard isKeyDue || isMeterDue || (isDirty && wait(until: now) <= .zero) else { return }
    meter.roll(now)
    let bytes = terminal.show(frame())
    meter.add(bytes)
    budget.spend(bytes, RateMeter.now())
    (isDirty, isUrgent, lastFrame) = (false, false, now)
  }

  /// The frame, with fewer levels of the colour map while it would cost more than it may. The levels stay low until
  /// there is another picture, so that the next frame does not pay for coming back.
  private func frame() -> Canvas {
    if state.viewPane.picture?.request != lastPicture {
      lastPicture = state.viewPane.picture?.request
      state.look.levelLimit = isRemote ? 32 : 256
    }
    var canvas = Frame.draw(state, meter: meter.rate)
    let allowed = budget.allowance(RateMeter.now())
    guard isRemote || allowed != nil || state.look.depth <= .ansi256 else { return canvas }
    while state.look.levels > 4, terminal.cost(of: canvas) > min(Self.frameBudget, allowed ?? .max) {
      state.look.levelLimit = state.look.levels / 2
      canvas = Frame.draw(state, meter: meter.rate)
    }
    return canvas
  }

  /// Bytes that a frame may cost where they count.
  private static let frameBudget = 60_000
  private var lastPicture: PictureRequest?
}

/// Writes the session when it has changed, at most every few seconds: a terminal may vanish at any moment.
private struct SessionKeeper {
  private let file: URL
  private var last: Session?
  private var lastTime = RateMeter.now()
  private(set) var isWaiting = false

  init(_ file: URL) { self.file = file }

  mutating func keep(_ state: State, isLast: Bool) {
    // Before the first answers the place is not yet what it was.
    guard state.resumes == nil, state.hasCorpora else { return }
    let now = RateMeter.now()
    guard isLast || now - lastTime > 3 else { return isWaiting = true }
    lastTime = now
    isWaiting = false
    let session = Session(state)
    guard session != last else { return }
    session.write(file)
    last = session
  }
}

/// Bytes a second over the last second or so.
struct ByteMeter {
  private(set) var rate = 0
  private var bytes = 0
  private var start = ContinuousClock.now

  /// Nothing to show and nothing to count.
  var isIdle: Bool { rate == 0 && bytes == 0 }

  func isDue(_ now: ContinuousClock.Instant) -> Bool { now - start >= .seconds(1) }

  mutating func add(_ count: Int) { bytes += count }

  /// Closes a second; the few bytes that the meter itself costs do not keep it running.
  mutating func roll(_ now: ContinuousClock.Instant) {
    let elapsed = now - start
    guard elapsed >= .seconds(1) else { return }
    rate = bytes < 120 ? 0 : Int(Double(bytes) / (elapsed / .seconds(1)))
    (bytes, start) = (0, now)
  }
}
