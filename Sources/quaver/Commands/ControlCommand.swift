import ArgumentParser
import Core
import Lab

/// Reaches a run that another process trains, through its folder.
struct ControlCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "control", abstract: "Pause, continue or stop a run, whichever process trains it.",
    discussion: "A stopped run keeps its checkpoint; `quaver resume RUN` goes on to the same bits.")

  enum Verb: String, ExpressibleByArgument, CaseIterable {
    case pause, proceed = "continue"
    case stopAfterEpoch = "stop-after-epoch"
    case stop

    var wish: RunControl.Wish {
      switch self {
      case .pause: .pause
      case .proceed: .proceed
      case .stopAfterEpoch: .stopAfterEpoch
      case .stop: .stopNow
      }
    }
  }

  @Argument(help: ArgumentHelp("The run's name, or the beginning of it.", valueName: "run"))
  var id: String
  @Argument(help: "pause, continue, stop-after-epoch or stop.")
  var verb: Verb
  @OptionGroup var common: CommonOptions

  func run() throws {
    let folder = try common.store.open(id)
    try folder.ask(verb.wish)
    if common.json { return Console.line(try JSON.line(["run": folder.id, "asked": verb.rawValue])) }
    Console.line("\(folder.id): asked to \(verb.rawValue)")
  }
}
