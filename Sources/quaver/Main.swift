import ArgumentParser
import Core
import Foundation
import Lab

@main
struct Main {
  static func main() async {
    SpinBound.apply()
    // A closed pipe (`| head`) must not kill a training; writing to it fails and is forgotten.
    signal(SIGPIPE, SIG_IGN)
    // A limit on the size of files is a failed write with its own sentence, like a full disk.
    signal(SIGXFSZ, SIG_IGN)
    do {
      var command = try Quaver.parseAsRoot()
      if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
      if let reason = Console.lost {
        Console.error("standard output: cannot be written (\(reason))")
        exit(1)
      }
    } catch let error as any UserError {
      Console.error(error.description)
      exit(error.exitCode)
    } catch {
      Quaver.exit(withError: error)
    }
  }
}

struct Quaver: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quaver",
    abstract: "A terminal workbench for the robustness of speech-emotion recognition.",
    discussion: "Without a subcommand the workbench opens.",
    version: "0.1.0",
    subcommands: [
      WorkbenchCommand.self, AttachCommand.self, RenderCommand.self, ConfigCommand.self, CorpusCommand.self,
      TrainCommand.self, ResumeCommand.self, RunsCommand.self, ShowCommand.self, ControlCommand.self,
      PredictCommand.self, EvaluateCommand.self, AttackCommand.self, SweepCommand.self, CompareCommand.self,
      ExplainCommand.self, WeightsCommand.self, ModelsCommand.self, EmbedCommand.self, VerifyCommand.self,
      BenchCommand.self, ProfileCommand.self,
    ], defaultSubcommand: WorkbenchCommand.self)
}
