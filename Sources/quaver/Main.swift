import ArgumentParser
import Core
import Foundation
import Lab

@main
struct Quaver: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quaver",
    abstract: "A terminal workbench for the robustness of speech-emotion recognition.",
    version: "0.1.0")
}
