import ArgumentParser
import Attacks
import Core
import Foundation
import Lab
import NN
import Pipeline

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Time the transforms and every network, alone or by turns with PyTorch, torchattacks and librosa.",
    discussion: """
      Run it with nothing else running. With --against it times what Benchmarks/thresholds.json lists for that peer, whose \
      Python `Benchmarks/setup-peers` makes; $QUAVER_PEERS names another folder. `make bench` runs all three. Stopped \
      with an --output (and without --scaling), the same command goes on after its last row.
      """)

  @Option(help: ArgumentHelp("Take turns with \(choices); may be given again.", valueName: "peer"))
  var against: [BenchPeer] = []
  @Option(help: "Images a step.")
  var batch = 32
  @Option(help: "About how many seconds to spend on each side in a round; at least a step is taken.")
  var seconds = 3.0
  @Option(help: "Rounds, of which the medians are taken; with --scaling the fastest.")
  var rounds = 1
  @Option(help: "Only this network or transform.")
  var model: String?
  @Option(
    help: ArgumentHelp(
      "Only this: train, gradient, inference (or “train bf16” and so on), transform or “attack NAME”; may be given again.",
      valueName: "demand"))
  var demand: [String] = []
  @OptionGroup var threading: ThreadsOption
  @Flag(help: "Time the attacks instead of the networks.")
  var attacks = false
  @Flag(
    help: ArgumentHelp(
      "Time every network at batches of \(BenchScaling.batches.map(String.init).joined(separator: ", ")), and at --batch on one "
        + "thread too."))
  var scaling = false
  @Flag(help: "Also PyTorch's fused Adam, which it does not choose itself.")
  var fused = false
  @Flag(help: "Fail when a ratio falls short of what the thresholds hold by more than their tolerance.")
  var check = false
  @Option(help: ArgumentHelp("The folder that Benchmarks/setup-peers made.", valueName: "dir"))
  var peers: String?
  @Option(help: ArgumentHelp("The folder Benchmarks of Quaver's sources.", valueName: "dir"))
  var scripts: String?
  @OptionGroup var tables: TableOptions

  private static var choices: String { BenchPeer.allCases.map(\.rawValue).joined(separator: ", ") }

  func validate() throws {
    guard rounds >= 1 else { throw ValidationError("--rounds must be at least 1.") }
    try Seconds.check(seconds)
    guard scaling else { return try checkPeers() }
    guard against.isEmpty, !attacks, !check else {
      throw ValidationError("--scaling times the networks alone: leave out --against, --attacks and --check.")
    }
    guard BenchScaling.batches.contains(batch) else {
      throw ValidationError("--batch \(batch) is not among the batches of --scaling.")
    }
  }

  /// Refuses what no peer would be asked for, so that neither a gate nor a row is silently another.
  private func checkPeers() throws {
    guard !check || !against.isEmpty else {
      throw ValidationError("--check is about ratios to a peer: name one or more with --against (\(Self.choices)).")
    }
    if attacks, let peer = against.first(where: { $0 != .torchattacks }) {
      throw ValidationError(
        "Attacks are compared with torchattacks, not with \(peer.rawValue): give --against torchattacks alone.")
    }
  }

  func run() async throws {
    guard batch >= 1 else { throw NNError.badBatch(batch) }
    try threading.apply()
    let folders = PeerFolders(peers: peers, scripts: scriptFolder)
    let thresholds = against.isEmpty ? nil : try BenchThresholds(contentsOf: folders.thresholds)
    let pairs = try selection(thresholds)
    let threads = await Engine.run { Parallel.threads }
    let runner = try await BenchRunner(
      batch: batch, seconds: seconds, rounds: rounds, threads: threads, fused: fused)
    let machine = BenchMachine(matrixPeaks: runner.peaks, library: Library.name, threads: threads)
    guard !scaling else { return try await scale(pairs.map(\.0), machine) }
    let draft = tables.url.flatMap { BenchDraft.beside($0, machine, runner, since: Self.built) }
    let isQuiet = tables.isQuiet
    let report = try await StoppableWork.run(
      draft == nil ? "nothing is kept without a file as --output" : "the same command goes on", at: "this round"
    ) { control in
      try await runner.report(
        of: pairs, machine, folders: folders, thresholds: thresholds, draft: draft, control: control
      ) { row, progress in
        if !isQuiet { Console.line("\(Self.line(row)) (\(progress))") }
      }
    }
    try tables.emit([report.table], report)
    try draft?.settle(report)
    let broken = check ? thresholds?.broken(by: report.rows) ?? [] : []
    for sentence in broken { Console.error(sentence) }
    if !broken.isEmpty { throw ExitCode.failure }
  }

  /// When this program was made.
  private static var built: Date {
    (try? FileManager.default.attributesOfItem(atPath: program)[.modificationDate] as? Date) ?? .distantPast
  }

  private func scale(_ tasks: [BenchTask], _ machine: BenchMachine) async throws {
    var report = ScalingReport(machine: machine, rounds: rounds)
    for case .network(let entry, let work) in tasks {
      let row = try await BenchScaling.row(entry, work, batch: batch, seconds: seconds, rounds: rounds)
      report.rows.append(row)
      guard !tables.isQuiet else { continue }
      let (rise, gain) = (100 * row.rise, row.scaling)
      Console.line(
        "\(row.subject) \(row.demand): "
          + String(format: "%.1f %% more an image at most, %d threads %.2f×", rise, row.threads, gain))
    }
    try tables.emit([report.table], report)
  }

  /// What is timed, and beside whom.
  private func selection(_ thresholds: BenchThresholds?) throws -> [(BenchTask, BenchPeer?)] {
    var all: [(BenchTask, BenchPeer?)] = BenchTask.all(attacks: attacks).map { ($0, nil) }
    if let thresholds {
      all = against.flatMap { peer in BenchTask.compared(with: peer, thresholds).map { ($0, peer) } }
    }
    if scaling { all = all.filter { if case .network = $0.0 { true } else { false } } }
    let subjects = all.map(\.0.subject), demands = all.map(\.0.demand)
    if let model, !subjects.contains(model) {
      throw LabError.unknownChoice(what: "--model", value: model, choices: Self.distinct(subjects))
    }
    for name in demand where !demands.contains(name) {
      throw LabError.unknownChoice(what: "--demand", value: name, choices: Self.distinct(demands))
    }
    let chosen = all.filter { task, _ in
      (model == nil || task.subject == model) && (demand.isEmpty || demand.contains(task.demand))
    }
    // Each is known, and yet no such pair may be: a transform is not trained.
    if let model, chosen.isEmpty {
      throw LabError.unknownChoice(
        what: "--demand of --model \(model)", value: demand.joined(separator: ", "),
        choices: Self.distinct(all.filter { $0.0.subject == model }.map(\.0.demand)))
    }
    return chosen
  }

  private static func distinct(_ names: [String]) -> [String] {
    var seen = Set<String>()
    return names.filter { seen.insert($0).inserted }
  }

  /// `Benchmarks` beside the sources that this program was built from.
  private var scriptFolder: URL {
    if let scripts { return URL(fileURLWithPath: (scripts as NSString).expandingTildeInPath) }
    let folder = URL(fileURLWithPath: Self.program).deletingLastPathComponent()
    return folder.appendingPathComponent("../../../Benchmarks").standardized
  }

  private static var program: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "quaver"
  }

  private static func line(_ row: BenchRow) -> String {
    let ours =
      "\(row.subject) \(row.demand): "
      + String(format: "%.1f/s, batch %d, %d threads", row.ours.rate, row.batch, row.threads)
    guard let peer = row.peer, let best = row.best, let ratio = row.ratio else { return ours }
    return ours + String(format: "; %@ %.1f (%@), %.2f×", peer.title, best.rate, best.variant, ratio)
  }
}

extension BenchPeer: ExpressibleByArgument {}
