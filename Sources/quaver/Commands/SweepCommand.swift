import ArgumentParser
import Attacks
import Core
import Foundation
import Lab
import NN

struct SweepCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "The paper's two sweeps: the strength of attacks, and defences at several strengths.",
    subcommands: [Epsilons.self, Defences.self])

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
    @OptionGroup var common: CommonOptions

    func run() async throws {
      try network.apply()
      let epsilons = try EpsilonSweep.parse(eps)
      let choices = try AttackOrder.choices(attack, preset: try AttackPreset.named(preset)) { $1.seed = seed }
      let order = try AttackOrder(choices, part: part, limit: limit, seed: seed, keepsImages: keep)
      _ = try EpsilonSweep.choices(choices, epsilons: epsilons)
      let laboratory = try common.laboratory()
      let subject = try laboratory.subject(id, checkpoint: network.checkpoint)
      let quiet = tables.isQuiet(common)
      let base = try EpsilonSweep.base(subject, order, epsilons: epsilons)
      let reports = try await StoppableWork.run("the same command goes on where it was") { control in
        try await laboratory.sweepEpsilons(subject, order, epsilons: epsilons, control: control) {
          AttackProgress.tell($0, quiet: quiet)
        }
      }
      let table = EpsilonSweep.table(reports).stating(Provenance(attacksOn: subject, part))
      try tables.emit([table], reports, common: common)
      if !quiet { Console.line("kept: \(base.path).csv, .json, .svg, .png") }
    }
  }

  struct Defences: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "defend",
      abstract: "Train a network for each defence and ε, and attack each with its own attack, Pixle and Square.",
      discussion: """
        The paper's table 2b, whose numbers (AlexNet on Emo-IIT) stand beside ours; CSV, JSON and a plot (SVG, PNG) are kept \
        beside the runs, in sweeps/. Each network is a run of its own, named \
        after its job: stopped, the same command goes on where it was, and tries again what failed unless it diverged. \
        An AlexNet's checkpoints take about 1 GB.
        """)

    @OptionGroup var job: JobOptions
    @Option(help: ArgumentHelp("Defences: \(Defence.choices).", valueName: "list"))
    var defend = Attacks.whiteBox.map(\.name).filter(AttackOrder.paper.contains).joined(separator: ",")
    @Option(help: ArgumentHelp("Grey levels of 255 (8,16), fractions (8/255) or decimals (0.03).", valueName: "list"))
    var eps = "8,16,32,64,128,196"
    @Option(help: "Adversarial images for each clean one in training.")
    var ratio = 1.0
    @Option(help: "What is attacked: valid, train or merged (both, as in the paper).")
    var part = EvaluationPart.merged
    @Option(help: "At most this many slices are attacked, classes in proportion.")
    var attackLimit: Int?
    @OptionGroup var training: TrainingOptions
    @OptionGroup var tables: TableOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      try training.apply()
      let names = defend.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      let laboratory = try common.laboratory(), cell = job.job()
      let sweep = try DefenceSweep(
        cell, defences: names, epsilons: try EpsilonSweep.parse(eps), ratio: ratio, weights: laboratory.weights)
      let quiet = tables.isQuiet(common)
      let base = laboratory.store.root.deletingLastPathComponent()
        .appendingPathComponent("sweeps/\(sweep.name(part, limit: attackLimit))")
      let notes = [
        "\(job.model) on \(job.corpus), \(job.transform), split \(cell.splitName), 1 seed (\(job.seed))"
      ]
      let rows = try await StoppableWork.run("the same command goes on where it was") { control in
        try await laboratory.sweepDefences(
          sweep, part: part, limit: attackLimit, control: control, report: { Self.tell($0, quiet: quiet) }
        ) { try DefenceSweep.keep($0, part: part, notes: notes, job: cell, at: base) }
      }
      try tables.emit(
        [DefenceSweep.table(rows, part: part, notes: notes, job: cell)], rows, common: common)
      if !quiet { Console.line("kept: \(base.path).csv, .json, .svg, .png") }
      // The table tells why; a script that reads no table is told by the exit code.
      if rows.contains(where: { $0.failure != nil }) { throw ExitCode.failure }
    }

    private static func tell(_ event: SweepEvent, quiet: Bool) {
      switch event {
      case .cell(let number, let total, let run):
        if !quiet { Console.line("\(number) of \(total): \(run)") }
      case .training(.progress(let progress, _)): Console.bar(progress)
      case .training(let event): if !quiet { TrainingSession.printText(event) }
      case .attack(let event): AttackProgress.tell(event, quiet: quiet)
      case .row: break
      }
    }
  }
}

/// What a job of a sweep is made of.
struct JobOptions: ParsableArguments {
  @Option(help: "A registered corpus, or a folder of sound files.")
  var corpus: String
  @Option(help: "The spectrogram: \(Laboratory.transforms.joined(separator: ", ")).")
  var transform = Job.defaults.transform
  @Option(help: "The network: \(Laboratory.models.joined(separator: ", ")).")
  var model = "alexnet"
  @Option(help: "utterance, speaker, slice, or a CSV with the columns file and part.")
  var split = Job.defaults.split
  @Option(help: ArgumentHelp("Milliseconds between the starts of slices.", valueName: "ms"))
  var stride = Job.defaults.strideMilliseconds
  @Option var epochs = Job.defaults.epochs
  @Option(help: "Clean images a step.")
  var batch = Job.defaults.batch
  @Option var seed = Job.defaults.seed
  @Option(help: "specaugment or none.")
  var augment = Job.defaults.augment
  @Option(help: "At most this many slices of each part, by class and seed.")
  var limit: Int?
  @OptionGroup var computing: PrecisionOption

  func job() -> Job {
    var job = Job(corpus: corpus)
    (job.transform, job.model, job.split, job.strideMilliseconds) = (transform, model, split, stride)
    (job.epochs, job.batch, job.seed, job.augment, job.limit) = (epochs, batch, seed, augment, limit)
    if computing.precision != .float32 {
      var options = TrainerOptions()
      options.precision = computing.precision.rawValue
      job.options = options
    }
    return job
  }
}
