import Foundation
import Lab

/// Reads lines from stdin and writes answers to stdout until “quit”, the end of the input, or a signal.
package func runPlain(backend: any Backend, options: WorkbenchOptions) throws -> ExitReason {
  var state = State(
    size: Size(width: 80, height: 24), look: Look(theme: ThemeFiles.standard, depth: .mono, rung: .ascii), themes: [],
    transforms: backend.transforms, models: backend.models)
  state.player = backend.player
  var mode = PlainMode(state)
  var (input, isPrompting) = ([UInt8](), isatty(STDIN_FILENO) == 1)
  func say(_ lines: [String]) {
    for line in lines { print(line.printed) }
    fflush(nil)
  }
  func prompt() {
    guard isPrompting else { return }
    print("> ", terminator: "")
    fflush(nil)
  }
  say([PlainMode.greeting] + options.problems)
  backend.send(.loadCorpora)
  backend.send(.loadRuns)
  prompt()
  var isOpen = true
  while true {
    var descriptors = [
      pollfd(fd: backend.wakeDescriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: isOpen ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
    ]
    // Piped questions end; their answers may still be on the way.
    let ready = poll(&descriptors, 2, isOpen ? -1 : 1000)
    if ready == 0, !isOpen, mode.isQuiet { return .quit }
    if descriptors[0].revents != 0 {
      for event in backend.drain() { say(mode.hear(event)) }
    }
    if descriptors[1].revents != 0 {
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count <= 0 { (isOpen, isPrompting) = (false, false) }
      input += buffer.prefix(max(0, count))
    }
    // A person may ask before the last answer is here; a file's questions take their turns.
    while isPrompting || mode.isReady, let end = input.firstIndex(of: UInt8(ascii: "\n")) {
      let line = String(decoding: input[..<end], as: UTF8.self)
      input.removeSubrange(...end)
      let answer = mode.answer(line)
      for request in answer.requests { backend.send(request) }
      say(answer.lines)
      if answer.leaves { return .quit }
      prompt()
    }
  }
}

extension PlainMode {
  /// Nothing more is on its way: no answer is awaited and no run of ours is live.
  fileprivate var isQuiet: Bool { isReady && !state.isBusy }
}

extension String {
  /// Without characters that could drive a terminal.
  fileprivate var printed: String { String(String.UnicodeScalarView(unicodeScalars.map(TextWidth.shown))) }
}
