import ArgumentParser
import Core
import Foundation
import Lab
import NN

struct ProfileCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "Show where a network's time goes, layer by layer.",
    discussion: """
      Operations, bytes that must be moved at least (each input, output, parameter and gradient once), and speeds, of a whole \
      batch; the share is of a matrix product's speed (2048³, in the same precision) on the same threads. Run it with nothing else running.
      """)

  @Argument(help: "A network.")
  var model: String
  @Option(help: "train, gradient or inference; may be given again. All three when left out.")
  var demand: [EngineWork] = []
  @Option(help: "Images a step.")
  var batch = 32
  @Option(help: "About how many seconds to spend on each; at least three steps are taken.")
  var seconds = 3.0
  @Flag(help: "Add up layers of one kind.")
  var byKind = false
  @OptionGroup var threading: ThreadsOption
  @OptionGroup var computing: PrecisionOption
  @OptionGroup var tables: TableOptions

  func validate() throws { try Seconds.check(seconds) }

  func run() async throws {
    guard batch >= 1 else { throw NNError.badBatch(batch) }
    let precision = computing.precision, entry = try Networks.named(model).computing(in: precision)
    try threading.apply()
    let peak = try await Engine.run { try EngineBenchmark.matrixPeak(precision) }
    var profiles: [LayerProfile] = []
    for work in demand.isEmpty ? EngineWork.allCases : demand {
      let measured = try await Engine.run { [batch, seconds] in
        try EngineBenchmark(entry, work, batch: batch).profile(seconds: seconds)
      }
      let profile = LayerProfile(measured, matrixPeak: peak)
      profiles.append(byKind ? profile.byKind : profile)
    }
    try tables.emit(profiles.map(\.table), profiles, joined: Self.joined(profiles))
  }

  /// All demands in one table, each row with its own.
  private static func joined(_ profiles: [LayerProfile]) -> ResultTable? {
    guard var joined = profiles.first?.table else { return nil }
    joined.columns.insert(ResultTable.Column("demand"), at: 0)
    joined.rows = profiles.flatMap { profile in
      profile.table.rows.map { [ResultTable.Cell.text(profile.demand)] + $0 }
    }
    return joined
  }
}

extension EngineWork: ExpressibleByArgument {}
