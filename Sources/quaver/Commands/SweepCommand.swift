import ArgumentParser
import Attacks
import Core
import Foundation
import Lab
import NN

struct SweepCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "The paper's tables, and the strength of attacks.",
    subcommands: [
      PaperCommand.self, NetworkSweepCommand.self, AttackSweepCommand.self, DefenceSweepCommand.self, Epsilons.self,
    ])

  struct Epsilons: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "eps", abstract: "Attack one run at several ε.",
      discussion: """
        The table and its plot are also kept in the run's results/sweeps (CSV, JSON, SVG, PNG); another sweep has other \
        files. Stopped, the same command goes on where it was.
        """)

    @Argument(help: ArgumentHelp("The run's name, or the beginning of it.", valueName: "run"))
    var id: String
    @Option(help: ArgumentHelp("Grey levels of 255 (8,16), fractions (8/255) or decimals (0.03).", valueName: "list"))
    var eps = "8,16,32,64,128,196"
    @Option(help: ArgumentHelp("A list as for `quaver attack`.", valueName: "attacks"))
    var attack = "paper"
    @Option(help: "The paper's settings, read as eq3 or table2a.")
    var preset = AttackPreset.eq3.rawValue
    @Option(help: "valid, train or merged (both: the paper's average accuracy).")
    var part = EvaluationPart.valid
    @Option(help: "At most this many slices, classes in proportion, by --seed.")
    var limit: Int?
    @Option(help: "Seed of the attacks and of the sample.")
    var seed: UInt64 = 0
    @Flag(inversion: .prefixedNo, help: "Keep the adversarial images, 588 KiB each.")
    var keep = false
    @OptionGroup var network: NetworkOptions
    @OptionGroup var tables: TableOptions

    func run() async throws {
      try network.apply()
      let epsilons = try EpsilonSweep.parse(eps)
      let choices = try AttackOrder.choices(attack, preset: try AttackPreset.named(preset)) { $1.seed = seed }
      let order = try AttackOrder(choices, part: part, limit: limit, seed: seed, keepsImages: keep)
      _ = try EpsilonSweep.choices(choices, epsilons: epsilons)
      let laboratory = try tables.common.laboratory()
      let subject = try laboratory.subject(id, checkpoint: network.checkpoint)
      let (quiet, written) = (tables.isQuiet, tables.isWritten)
      let base = try EpsilonSweep.base(subject, order, epsilons: epsilons)
      let reports = try await StoppableWork.run("the same command goes on where it was") { control in
        try await laboratory.sweepEpsilons(subject, order, epsilons: epsilons, control: control) {
          AttackProgress.tell($0, quiet: quiet, notes: written)
        }
      }
      let table = EpsilonSweep.table(reports).stating(Provenance(attacksOn: subject, part))
      try tables.emit([table], reports)
      if !quiet { Console.line("kept: \(base.path).csv, .json, .svg, .png") }
    }
  }
}
