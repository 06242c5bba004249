import ArgumentParser
import Attacks
import Core
import Foundation
import Lab

/// `quaver sweep networks`: the paper's table 1.
struct NetworkSweepCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "networks",
    abstract: "Train every network on every spectrogram of every corpus (the paper's table 1).",
    discussion: SweepRunner.help)

  @OptionGroup var grid: SweepGrid
  @Option(help: ArgumentHelp("\(Laboratory.transforms.joined(separator: ", ")), all.", valueName: "list"))
  var transform = "all"
  @Option(help: ArgumentHelp("\(Laboratory.models.joined(separator: ", ")), all.", valueName: "list"))
  var model = "all"
  @OptionGroup var runner: SweepRunner

  func run() async throws {
    let laboratory = try runner.open()
    try await runner.run([try grid.networks(transform, model, laboratory)], laboratory)
  }
}

/// `quaver sweep attacks`: the paper's table 2a.
struct AttackSweepCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attacks",
    abstract: "Attack networks as they are, and networks trained against the very attack (the paper's table 2a).",
    discussion: SweepRunner.help)

  @OptionGroup var grid: SweepGrid
  @Option(help: "The spectrogram: \(Laboratory.transforms.joined(separator: ", ")).")
  var transform = PaperValues.mainTransform
  @Option(help: ArgumentHelp("\(Laboratory.models.joined(separator: ", ")), all.", valueName: "list"))
  var model = "all"
  @Option(help: ArgumentHelp("\(Attacks.all.map(\.name).joined(separator: ", ")).", valueName: "list"))
  var attack = DefenceSweepCommand.papers
  @Option(help: ArgumentHelp("ε of training and attacking: 32, 32/255 or 0.13.", valueName: "ε"))
  var eps = "32"
  @OptionGroup var attacked: AttackedOptions
  @OptionGroup var runner: SweepRunner

  func run() async throws {
    let laboratory = try runner.open()
    let sweep = try grid.attacks(
      transform, model, attack, epsilon: try Fraction.levels(eps, what: "--eps"), attacked, laboratory)
    try await runner.run([sweep], laboratory)
  }
}

/// `quaver sweep defend`: the paper's table 2b.
struct DefenceSweepCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "defend",
    abstract:
      "Train a network for each defence and ε, and attack each with its own attack, Pixle and Square (table 2b).",
    discussion: SweepRunner.help)

  /// The white-box attacks of the paper.
  static let papers = Attacks.whiteBox.map(\.name).filter(AttackOrder.paper.contains).joined(separator: ",")

  @OptionGroup var grid: SweepGrid
  @Option(help: "The spectrogram: \(Laboratory.transforms.joined(separator: ", ")).")
  var transform = PaperValues.mainTransform
  @Option(help: "The network: \(Laboratory.models.joined(separator: ", ")).")
  var model = "alexnet"
  @Option(help: ArgumentHelp("Defences: \(Defence.choices).", valueName: "list"))
  var defend = papers
  @Option(help: ArgumentHelp("Grey levels of 255 (8,16), fractions (8/255) or decimals (0.03).", valueName: "list"))
  var eps = "8,16,32,64,128,196"
  @Option(help: ArgumentHelp("Attacks beside a defence's own, or none.", valueName: "list"))
  var attack = DefenceSweep.usualAttacks.joined(separator: ",")
  @OptionGroup var attacked: AttackedOptions
  @OptionGroup var runner: SweepRunner

  func run() async throws {
    let laboratory = try runner.open()
    let sweep = try grid.defences(
      transform, model, defend, epsilons: try EpsilonSweep.parse(eps),
      others: attack == "none" ? [] : try ListOption.names(attack, what: "--attack"), attacked, laboratory)
    try await runner.run([sweep], laboratory)
  }
}

/// `quaver sweep paper`: all three tables.
struct PaperCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "paper", abstract: "All of the paper: its tables 1, 2a and 2b, one after the other.",
    discussion: """
      Table 1 is made of every corpus; tables 2a and 2b, which the paper made of Emo-IIT alone, of the last one that is given. \
      What the tables share is trained once. `sweep networks`, `attacks` and `defend` make one of them each.

      """ + SweepRunner.help)

  @OptionGroup var grid: SweepGrid
  @OptionGroup var attacked: AttackedOptions
  @OptionGroup var runner: SweepRunner

  func run() async throws {
    let laboratory = try runner.open(), white = DefenceSweepCommand.papers
    var last = grid
    last.corpus = Array(grid.corpus.suffix(1))
    let sweeps: [any PaperSweep] = [
      try grid.networks("all", "all", laboratory),
      try last.attacks(PaperValues.mainTransform, "all", white, epsilon: EpsilonSweep.papersOne, attacked, laboratory),
      try last.defences(
        PaperValues.mainTransform, "alexnet", white, epsilons: EpsilonSweep.paper, others: DefenceSweep.usualAttacks,
        attacked,
        laboratory),
    ]
    try await runner.run(sweeps, laboratory)
  }
}

/// On what networks are trained, how, and with which seeds.
struct SweepGrid: ParsableArguments {
  @Option(help: "A registered corpus, or a folder of sound files; may be given again.")
  var corpus: [String]
  @Option(
    help: ArgumentHelp("Seeds, such as 0,1,2 (the paper's means are of three trainings).", valueName: "list"))
  var seed = "0"
  @OptionGroup var recipe: RecipeOptions

  /// - Throws: `LabError.unknownCorpus`, `EvaluationError`.
  private func jobs(_ transforms: [String], _ models: [String], _ laboratory: Laboratory) throws -> [Job] {
    let seeds = try ListOption.seeds(seed)
    try EvaluationError.refuseRepeats(corpus, what: "--corpus")
    for name in corpus { _ = try laboratory.library.find(name) }
    return corpus.flatMap { corpus in
      transforms.flatMap { transform in
        models.flatMap { model in
          seeds.map { recipe.job(corpus: corpus, transform: transform, model: model, seed: $0) }
        }
      }
    }
  }

  private func known(_ laboratory: Laboratory) -> [String: PaperCorpus] {
    corpus.reduce(into: [:]) { $0[$1] = laboratory.paperCorpus($1) }
  }

  private func models(_ text: String) throws -> [String] {
    try ListOption.names(text, what: "--model", all: Laboratory.models)
  }

  func networks(_ transform: String, _ model: String, _ laboratory: Laboratory) throws -> NetworkSweep {
    let transforms = try ListOption.names(transform, what: "--transform", all: Laboratory.transforms)
    return try NetworkSweep(
      jobs(transforms, try models(model), laboratory), corpora: known(laboratory), weights: laboratory.weights)
  }

  func attacks(
    _ transform: String, _ model: String, _ attack: String, epsilon: Double, _ attacked: AttackedOptions,
    _ laboratory: Laboratory
  ) throws -> AttackSweep {
    try AttackSweep(
      jobs([transform], try models(model), laboratory), attacks: try ListOption.names(attack, what: "--attack"),
      epsilon: epsilon, preset: try AttackPreset.named(attacked.preset), ratio: attacked.ratio, part: attacked.part,
      limit: attacked.attackLimit, corpora: known(laboratory), weights: laboratory.weights)
  }

  func defences(
    _ transform: String, _ model: String, _ defend: String, epsilons: [Double], others: [String],
    _ attacked: AttackedOptions, _ laboratory: Laboratory
  ) throws -> DefenceSweep {
    try DefenceSweep(
      jobs([transform], [model], laboratory), defences: try ListOption.names(defend, what: "--defend"),
      epsilons: epsilons, attacks: others, preset: try AttackPreset.named(attacked.preset), ratio: attacked.ratio,
      part: attacked.part, limit: attacked.attackLimit, corpora: known(laboratory), weights: laboratory.weights)
  }
}

/// How networks are trained against attacks, and attacked.
struct AttackedOptions: ParsableArguments {
  @Option(help: "Adversarial images for each clean one in training.")
  var ratio = 1.0
  @Option(help: "The paper's settings of the attacks, read as eq3 or table2a.")
  var preset = AttackPreset.eq3.rawValue
  @Option(help: "What is attacked: valid, train or merged (both, as in the paper).")
  var part = EvaluationPart.merged
  @Option(help: "At most this many slices are attacked, classes in proportion.")
  var attackLimit: Int?
}

/// Runs sweeps on the console and prints their tables.
struct SweepRunner: ParsableArguments {
  static let help = """
    The paper's numbers stand beside ours, and what they differ by; CSV, JSON and a plot (SVG, PNG) are kept beside the runs, \
    in sweeps/. Each network is a run of its own, named after its job, and serves every table that wants it: stopped, the \
    same command goes on where it was, and tries again what failed unless it diverged. Networks that differ in their \
    seed alone are one line, with their mean and its 95 % t-interval.
    """

  @Flag(help: "Tell what the networks would cost, and train none.")
  var dryRun = false
  @OptionGroup var training: TrainingOptions
  @OptionGroup var tables: TableOptions

  func open() throws -> Laboratory {
    try training.apply()
    return try tables.common.laboratory()
  }

  private struct Kept: Encodable {
    let sweep: String
    let rows: [SweepRow]
  }

  func run(_ sweeps: [any PaperSweep], _ laboratory: Laboratory) async throws {
    let (quiet, written) = (tables.isQuiet, tables.isWritten)
    if !quiet || dryRun {
      let outlook = await laboratory.outlook(on: sweeps.flatMap(\.cells))
      Console.line(dryRun && tables.common.json ? try JSON.line(outlook) : outlook.words)
    }
    guard !dryRun else { return }
    var kept: [Kept] = [], printed: [ResultTable] = [], places: [URL] = []
    for sweep in sweeps {
      let place = laboratory.place(of: sweep)
      let rows = try await StoppableWork.run("the same command goes on where it was") { control in
        try await laboratory.run(sweep, at: place, control: control) { Self.tell($0, quiet: quiet, notes: written) }
      }
      kept.append(Kept(sweep: sweep.name, rows: rows))
      printed.append(sweep.table(rows))
      places.append(place)
    }
    if kept.count == 1 { try tables.emit(printed, kept[0].rows) } else { try tables.emit(printed, kept) }
    if !quiet { for place in places { Console.line("kept: \(place.path).csv, .json, .svg, .png") } }
    // The table tells why; a script that reads no table is told by the exit code.
    if kept.contains(where: { $0.rows.contains { $0.failure != nil } }) { throw ExitCode.failure }
  }

  private static func tell(_ event: SweepEvent, quiet: Bool, notes: Bool) {
    switch event {
    case .cell(let number, let total, let run):
      if !quiet { Console.line("\(number) of \(total): \(run)") }
    case .training(.progress(let progress, _)), .evaluating(let progress): Console.bar(progress)
    case .training(let event): if !quiet { TrainingSession.printText(event) }
    case .attack(let event): AttackProgress.tell(event, quiet: quiet, notes: notes)
    }
  }
}
