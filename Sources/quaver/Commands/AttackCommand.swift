import ArgumentParser
import Attacks
import Core
import Foundation
import Lab

struct AttackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attack", abstract: "Attack a trained run and tell how far its accuracy falls.",
    discussion: """
      ATTACKS is a list such as fgsm,pgd; “paper” are the seven of the paper, “all” is everything there is:

      \(Attacks.all.map { "\($0.name): \($0.help.joined(separator: " "))" }.joined(separator: "\n\n"))

      Settings that are not given are the paper's section 4.2; --preset says which reading of it: \
      \(AttackPreset.allCases.map { "\($0.rawValue), \($0.help)" }.joined(separator: "; ")). Success is \
      (clean accuracy − attacked accuracy)/clean accuracy; with --part merged also on the average accuracy. \
      The work is kept batch by batch in the run's folder: when it is stopped, the same command goes on where it was. \
      Sweeps over ε and over defences: `quaver sweep`.
      """)

  @Argument(help: ArgumentHelp("The run's name, or the beginning of it.", valueName: "run"))
  var id: String
  @Option(help: ArgumentHelp("\(Attacks.all.map(\.name).joined(separator: ", ")), paper, all.", valueName: "attacks"))
  var attack = "paper"
  @OptionGroup var settings: AttackOptions
  @Option(help: "valid, train or merged (both: the paper's average accuracy).")
  var part = EvaluationPart.valid
  @Option(help: "At most this many slices, classes in proportion, by --seed.")
  var limit: Int?
  @Option(help: "Images a batch.")
  var batch = 32
  @Flag(inversion: .prefixedNo, help: "Keep the adversarial images, 588 KiB each, as a set that other commands take.")
  var keep = true
  @OptionGroup var network: NetworkOptions
  @OptionGroup var tables: TableOptions

  func run() async throws {
    try network.apply()
    let order = try AttackOrder(
      try settings.choices(attack), part: part, limit: limit, seed: settings.seed, keepsImages: keep, batch: batch)
    let laboratory = try tables.common.laboratory()
    let subject = try laboratory.subject(id, checkpoint: network.checkpoint)
    let (quiet, written) = (tables.isQuiet, tables.isWritten)
    let reports = try await StoppableWork.run("the same command goes on where it was") { control in
      try await laboratory.attack(subject, order, control: control) {
        AttackProgress.tell($0, quiet: quiet, notes: written)
      }
    }
    let summary = AttackTables.summary(
      reports, job: subject.record.job, known: laboratory.paperCorpus(subject.record.job.corpus)
    ).stating(Provenance(attacksOn: subject, part))
    try tables.emit([summary, AttackTables.utterances(reports), AttackTables.classDrops(reports)], reports)
  }
}

/// The settings of attacks on the command line.
struct AttackOptions: ParsableArguments {
  @Option(help: "The paper's settings, read as eq3 or table2a.")
  var preset: String = AttackPreset.eq3.rawValue
  @Option(help: ArgumentHelp("ε as a fraction, a decimal or whole grey levels: 32/255, 0.03, 32.", valueName: "ε"))
  var eps: String?
  @Option(help: ArgumentHelp("α, the size of a step.", valueName: "α"))
  var alpha: String?
  @Option(help: "Steps of the iterative attacks.")
  var steps: Int?
  @Option(help: ArgumentHelp("μ, the share of the last direction that MI-FGSM keeps.", valueName: "μ"))
  var decay: Double?
  @Option(help: ArgumentHelp("Gradients that EOT+PGD averages for a step.", valueName: "n"))
  var eot: Int?
  @Flag(
    inversion: .prefixedNo, help: "Leave dropout on while EOT+PGD takes its gradients (default; norms stay frozen).")
  var eotDropout: Bool?
  @Option(
    help: ArgumentHelp(
      "What EOT+PGD draws besides dropout: \(InputTransform.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "list"))
  var transforms: String?
  @Flag(inversion: .prefixedNo, help: "Start at a random point of the ε ball (default: PGD and EOT+PGD).")
  var randomStart: Bool?
  @Option(
    help: "\(Norm.allCases.map(\.rawValue).joined(separator: " or ")), for Square; in l2, --eps is a length, such as 5."
  )
  var norm: String?
  @Option(help: "Queries of Square.")
  var queries: Int?
  @Option(
    help: "Restarts of Pixle, each from where the last one ended, and of Square and APGD-CE, whose closest try counts.")
  var restarts: Int?
  @Option(help: "Tries of Pixle in a restart.")
  var iterations: Int?
  @Option(help: ArgumentHelp("Sides of Pixle's patches in pixels, such as 20-50.", valueName: "a-b"))
  var patch: String?
  @Option(help: "Seed of the attacks and of the sample.")
  var seed: UInt64 = 0

  /// The attacks of a list, with the preset's settings changed where an option was given. A lone attack that does not
  /// read a given setting is a mistake; in a list the option is for those that do.
  func choices(_ names: String) throws -> [AttackChoice] {
    let preset = try AttackPreset.named(preset)
    let choices = try AttackOrder.choices(names, preset: preset) { attack, settings in try change(&settings, attack) }
    for (knob, option) in given where !choices.contains(where: { $0.attack.knobs.contains(knob) }) {
      throw EvaluationError.malformed(
        what: "option", text: option,
        expected: "one that \(choices.map(\.attack.title).joined(separator: ", ")) reads")
    }
    return choices
  }

  /// Whether anything is not as it is by default.
  var isGiven: Bool { !given.isEmpty || preset != AttackPreset.eq3.rawValue || seed != 0 }

  /// Refuses settings with which nothing would be done. The seed is not among them, since it is the sample's too.
  ///
  /// - Throws: `ValidationError`.
  func check(attack: String?) throws {
    guard attack != nil || given.isEmpty && preset == AttackPreset.eq3.rawValue else {
      throw ValidationError("Settings are of an attack: name it with --attack.")
    }
  }

  private var given: [(AttackKnob, String)] {
    let all: [(Bool, AttackKnob, String)] = [
      (eps != nil, .epsilon, "--eps"), (alpha != nil, .alpha, "--alpha"), (steps != nil, .steps, "--steps"),
      (decay != nil, .decay, "--decay"), (eot != nil, .eotIterations, "--eot"),
      (eotDropout != nil, .dropout, "--eot-dropout"), (transforms != nil, .transforms, "--transforms"),
      (randomStart != nil, .randomStart, "--random-start"),
      (norm != nil, .norm, "--norm"), (queries != nil, .queries, "--queries"),
      (restarts != nil, .restarts, "--restarts"), (iterations != nil, .iterations, "--iterations"),
      (patch != nil, .patch, "--patch"),
    ]
    return all.filter(\.0).map { ($0.1, $0.2) }
  }

  private func change(_ settings: inout AttackSettings, _ attack: any Attack) throws {
    settings.seed = seed
    func reads(_ knob: AttackKnob) -> Bool { attack.knobs.contains(knob) }
    if let alpha, reads(.alpha) { settings.alpha = try Fraction.levels(alpha, what: "--alpha") }
    if let steps, reads(.steps) { settings.steps = steps }
    if let decay, reads(.decay) { settings.decay = decay }
    if let eot, reads(.eotIterations) { settings.eotIterations = eot }
    if let eotDropout, reads(.dropout) { settings.dropout = eotDropout }
    if let transforms, reads(.transforms) { settings.transforms = try Self.transforms(transforms) }
    if let randomStart, reads(.randomStart) { settings.randomStart = randomStart }
    if let norm, reads(.norm) {
      guard let norm = Norm(rawValue: norm) else {
        throw LabError.unknownChoice(what: "norm", value: norm, choices: Norm.allCases.map(\.rawValue))
      }
      // In a list, attacks of one norm keep theirs.
      if attack.norms.contains(norm) { settings.norm = norm }
    }
    // How ε is read depends on its norm: the default, 32/255, would be a length next to nothing.
    if settings.norm == .l2, eps == nil {
      throw ValidationError("--norm l2 needs --eps beside it: a length, such as 5.")
    }
    if let eps, reads(.epsilon) { try settings.readEpsilon(eps, what: "--eps") }
    if let queries, reads(.queries) { settings.queries = queries }
    if let restarts, reads(.restarts) { settings.restarts = restarts }
    if let iterations, reads(.iterations) { settings.iterations = iterations }
    if let patch, reads(.patch) {
      let range = try Self.patch(patch)
      (settings.patchWidth, settings.patchHeight) = (range, range)
    }
  }

  private static func transforms(_ text: String) throws -> [InputTransform] {
    let asked = Set(
      try text.split(separator: ",").map { name in
        guard let transform = InputTransform(rawValue: name.trimmingCharacters(in: .whitespaces)) else {
          throw LabError.unknownChoice(
            what: "transform", value: String(name), choices: InputTransform.allCases.map(\.rawValue))
        }
        return transform
      })
    return InputTransform.allCases.filter(asked.contains)
  }

  private static func patch(_ text: String) throws -> ClosedRange<Int> {
    let sides = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard let low = sides.first ?? nil, let high = sides.last ?? nil, sides.count <= 2, low <= high else {
      throw EvaluationError.malformed(what: "--patch", text: text, expected: "a range of pixels such as 20-50")
    }
    return low...high
  }
}

/// What an attack tells on the way.
enum AttackProgress {
  /// - Parameter notes: whether those that stand below the table are told first.
  static func tell(_ event: AttackEvent, quiet: Bool, notes: Bool) {
    switch event {
    case .progress(let progress): Console.bar(progress)
    case .began(let run, let all):
      guard !quiet else { return }
      Console.line("run \(run)")
      for note in notes ? all : [] { Console.line("  \(note)") }
    case .estimate(let estimate):
      guard !quiet else { return }
      for row in estimate.rows {
        guard row.images > 0 else {
          Console.line("  \(row.attack): done before")
          continue
        }
        Console.line(
          "  \(row.attack): at most \(Self.counted(row)) for each of "
            + "\(row.images) images, about \(Console.duration(row.seconds))")
      }
      let size = estimate.bytes > 0 ? ", \((estimate.bytes + 1 << 19) >> 20) MiB of images" : ""
      Console.line("at most about \(Console.duration(estimate.seconds)) in all\(size)")
    case .resumed(let attack, let done, let total):
      if !quiet { Console.line("\(attack): \(done) of \(total) images were done before") }
    case .finished(let report):
      guard !quiet, let effect = report.effect else { return }
      Console.line(
        "\(report.titleWithEpsilon), \(report.part.words) part: accuracy \(Console.percent(effect.clean.accuracy)) → \(Console.percent(effect.attacked.accuracy))"
          + (effect.success.map { ", success \(Console.percent($0))" } ?? ""))
    }
  }

  /// "2 gradients", "200 queries".
  private static func counted(_ row: AttackEstimate.Row) -> String {
    func words(_ count: Int, _ one: String, _ many: String) -> String? {
      count == 0 ? nil : "\(count) \(count == 1 ? one : many)"
    }
    return [words(row.gradientEvaluations, "gradient", "gradients"), words(row.queries, "query", "queries")]
      .compactMap(\.self).joined(separator: " and ")
  }
}
