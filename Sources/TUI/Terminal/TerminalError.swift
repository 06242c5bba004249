import Core

/// Why there is no workbench here.
package enum TerminalError: UserError, Equatable {
  case noTerminal
  case dumb(String)
  case unknown(String)
  case failed(String)

  package var description: String {
    switch self {
    case .noTerminal:
      "the workbench needs a terminal for its input and output; the other commands (quaver --help) work without one"
    case .dumb(let name):
      "the terminal “\(name)” cannot move its cursor; the workbench needs one that can, e.g. TERM=xterm-256color"
    case .unknown(let name):
      "the terminal “\(name)” is not described on this machine; try TERM=xterm-256color"
    case .failed(let reason): "the terminal could not be set up (\(reason))"
    }
  }
}
