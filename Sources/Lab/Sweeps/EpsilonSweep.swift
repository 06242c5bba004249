import Attacks
import Core
import Export
import Foundation
import Pipeline

/// One run attacked at several strengths (section 4.2: ε of 8, 16, 32, 64, 128 and 196 grey levels).
package enum EpsilonSweep {
  package static let paper = [8, 16, 32, 64, 128, 196].map { Double($0) / 255 }
  /// Everywhere but in that sweep.
  package static let papersOne = 32.0 / 255

  /// "8,16,32" in grey levels of 255, fractions or decimals ("8/255", "0.03").
  ///
  /// - Throws: `AttackError.unreadableFraction`, `EvaluationError.emptyList`, `EvaluationError.repeated`.
  package static func parse(_ text: String) throws -> [Double] {
    let values = try text.split(separator: ",").map { try Fraction.levels(String($0), what: "--eps") }
    guard !values.isEmpty else { throw EvaluationError.emptyList(what: "--eps") }
    try EvaluationError.refuseRepeats(values, what: "ε") { Fraction.text($0) }
    return values
  }

  /// Every attack at every ε; those that know no ε once.
  ///
  /// - Throws: `AttackError`.
  package static func choices(_ choices: [AttackChoice], epsilons: [Double]) throws -> [AttackChoice] {
    try choices.flatMap { choice in
      guard choice.attack.knobs.contains(.epsilon) else { return [choice] }
      return try epsilons.map { epsilon in
        var settings = choice.settings
        settings.epsilon = epsilon
        return try AttackChoice(choice.attack, settings)
      }
    }
  }

  package static func table(_ reports: [AttackReport]) -> ResultTable {
    var table = AttackTables.summary(reports)
    if let first = reports.first {
      table.title =
        "Strength of attacks on \(first.run) (\(first.model)), \(first.images) slices, \(first.part.rawValue)"
    }
    return table
  }

  /// Where the sweep of a run is kept, without an ending: its table as CSV, its reports as JSON, its plot as SVG and PNG.
  ///
  /// - Parameter order: its attacks are not yet those at every ε.
  /// - Throws: `AttackError`.
  package static func base(_ subject: RunSubject, _ order: AttackOrder, epsilons: [Double]) throws -> URL {
    let name = try name(order, epsilons: epsilons, checkpoint: subject.checkpoint, weights: subject.weights)
    return subject.results.appendingPathComponent("sweeps/\(name)")
  }

  /// "eps-valid-1f3a5c7e": follows from what is attacked and how, so that the same sweep writes the same files and no
  /// other sweep's.
  ///
  /// - Throws: `AttackError`.
  package static func name(
    _ order: AttackOrder, epsilons: [Double], checkpoint: CheckpointChoice, weights: String
  ) throws -> String {
    let attacks = try choices(order.choices, epsilons: epsilons).map(\.identity)
    // Without a limit, nothing is drawn by the seed.
    let sample = order.limit.map { "\($0) by \(order.seed)" } ?? "all"
    let parts = attacks + [sample, checkpoint.rawValue, weights]
    return "eps-\(order.part.rawValue)-\(ContentHash(parts.joined(separator: "\n")).description.prefix(8))"
  }
}

/// What both sweeps leave on the disk.
enum SweepFiles {
  /// Replaces `base`.csv, .json, .svg and .png, each whole.
  ///
  /// - Throws: `CoreError.cannotWrite`, `ExportError`.
  static func write(_ table: ResultTable, _ value: some Encodable, _ figure: Figure, at base: URL) throws {
    try RunStore.makeFolder(base.deletingLastPathComponent())
    try AtomicFile.write(base.appendingPathExtension("csv"), Data(table.rendered(.csv).utf8))
    try AtomicFile.write(base.appendingPathExtension("json"), try JSON.encoder(pretty: true).encode(value))
    try figure.write(to: base.appendingPathExtension("svg"))
    try figure.write(to: base.appendingPathExtension("png"))
  }
}

extension Laboratory {
  /// Attacks a run with every attack at every ε and keeps the table in the run's folder.
  ///
  /// - Returns: one report an attack and ε.
  /// - Throws: as `attack`.
  package func sweepEpsilons(
    _ subject: RunSubject, _ order: AttackOrder, epsilons: [Double], control: RunControl,
    report: @escaping @Sendable (AttackEvent) -> Void
  ) async throws -> [AttackReport] {
    let base = try EpsilonSweep.base(subject, order, epsilons: epsilons)
    var order = order
    order.choices = try EpsilonSweep.choices(order.choices, epsilons: epsilons)
    let reports = try await attack(subject, order, control: control, report: report)
    let table = EpsilonSweep.table(reports).stating(Provenance(attacksOn: subject, order.part))
    try SweepFiles.write(table, reports, EpsilonSweep.figure(reports), at: base)
    return reports
  }
}
