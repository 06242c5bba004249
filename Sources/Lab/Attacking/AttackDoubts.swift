import Attacks
import Foundation

/// Reasons not to believe attack reports (`Doubt`), put where they belong.
enum AttackDoubts {
  /// What one attack says against itself.
  static func alone(_ summary: AttackSummary) -> [String] { Doubt.about(summary) }

  /// An attack that went on with another engine or elsewhere.
  static func mixture(_ machines: Set<String>) -> [String] {
    guard machines.count > 1 else { return [] }
    return [
      "its images are of several makers, whose last bits may differ: \(machines.sorted().joined(separator: "; "))"
    ]
  }

  /// The reports with what they say against each other. Only attacks of the same images are compared; a sweep's reports
  /// differ in ε alone.
  static func together(_ reports: [AttackReport]) -> [AttackReport] {
    let summaries = reports.map(summary)
    var result = reports
    for (index, mine) in summaries.enumerated() {
      guard let mine else { continue }
      let peers = summaries.indices.compactMap { other in
        other != index && reports[other].run == reports[index].run && reports[other].part == reports[index].part
          ? summaries[other] : nil
      }
      result[index].doubts += Doubt.about(mine, among: [mine] + peers)
    }
    for indices in Dictionary(grouping: reports.indices, by: { sweepKey(reports[$0]) }).values {
      let sweep = indices.compactMap { summaries[$0] }
      guard Set(sweep.map(\.settings.epsilon)).count > 1, let attack = try? Attacks.named(reports[indices[0]].attack),
        attack.knobs.contains(.epsilon), let last = indices.max(by: { epsilon(reports[$0]) < epsilon(reports[$1]) })
      else { continue }
      result[last].doubts += Doubt.about(sweep: sweep)
    }
    return result
  }

  /// Equal for reports that differ in nothing but ε and the seed.
  private static func sweepKey(_ report: AttackReport) -> String {
    var settings = report.settings
    (settings.epsilon, settings.seed) = (0, 0)
    return "\(report.run) \(report.attack) \((try? JSON.line(settings)) ?? "")"
  }

  private static func epsilon(_ report: AttackReport) -> Double { report.settings.epsilon }

  private static func summary(_ report: AttackReport) -> AttackSummary? {
    guard let effect = report.effect, let attack = try? Attacks.named(report.attack) else { return nil }
    return AttackSummary(
      attack, report.settings, images: report.images, cleanAccuracy: effect.clean.accuracy,
      accuracy: effect.attacked.accuracy, largestClass: effect.clean.largestClass)
  }
}
