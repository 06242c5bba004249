import Attacks
import Core
import Foundation
import Pipeline

/// One run attacked at several strengths (section 4.2: ε of 8, 16, 32, 64, 128 and 196 grey levels).
package enum EpsilonSweep {
  package static let paper = [8, 16, 32, 64, 128, 196].map { Double($0) / 255 }

  /// "8,16,32" in grey levels of 255; fractions and decimals below 1 ("8/255", "0.03") work too.
  ///
  /// - Throws: `AttackError.unreadableFraction`, `EvaluationError.emptyList`, `EvaluationError.repeated`.
  package static func parse(_ text: String) throws -> [Double] {
    let values = try text.split(separator: ",").map { part in
      let value = try Fraction.parse(String(part), what: "--eps")
      // A whole number is one of grey levels; 1 is one level, as in the lists of the paper.
      return part.contains("/") || value != value.rounded() ? value : value / 255
    }
    guard !values.isEmpty else { throw EvaluationError.emptyList(what: "--eps") }
    for (index, value) in values.enumerated() where values[..<index].contains(value) {
      throw EvaluationError.repeated(what: "ε", value: Fraction.text(value))
    }
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

  /// Where the sweep of a run is kept: its table as CSV and its reports as JSON, replaced as they grow.
  package static func files(_ folder: RunFolder, part: EvaluationPart) -> (csv: URL, json: URL) {
    let base = folder.url.appendingPathComponent("results/sweeps")
    return (
      base.appendingPathComponent("eps-\(part.rawValue).csv"), base.appendingPathComponent("eps-\(part.rawValue).json")
    )
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
    var order = order
    order.choices = try EpsilonSweep.choices(order.choices, epsilons: epsilons)
    let reports = try await attack(subject, order, control: control, report: report)
    let files = EpsilonSweep.files(subject.folder, part: order.part)
    try RunStore.makeFolder(files.csv.deletingLastPathComponent())
    try AtomicFile.write(files.csv, Data(EpsilonSweep.table(reports).rendered(.csv).utf8))
    try AtomicFile.write(files.json, try JSON.encoder(pretty: true).encode(reports))
    return reports
  }
}
