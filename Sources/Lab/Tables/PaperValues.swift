import Attacks
import NN

/// What the paper prints for an attack like one of ours, as shares; on Emo-IIT, and never mixed with our numbers.
package struct PaperValues: Sendable, Equatable {
  /// Accuracy under the attack, and success on it; on the average accuracy where both parts were attacked.
  package let attacked: Double?
  package let success: Double?
  /// "table 2a".
  package let table: String

  /// - Returns: nil where the paper has no such network, attack, settings or defence.
  package static func beside(_ report: AttackReport, job: Job) -> PaperValues? {
    guard let network = try? Networks.named(job.model), let attack = try? Attacks.named(report.attack) else { return nil }
    return main(report, job, network, attack) ?? sweep(report, job, network, attack)
  }

  /// Table 2a: undefended networks, and those trained against the very attack.
  private static func main(
    _ report: AttackReport, _ job: Job, _ network: NetworkEntry, _ attack: any Attack
  ) -> PaperValues? {
    let isPapers = AttackPreset.allCases.contains { preset in
      var settings = preset.settings(for: attack)
      settings.seed = report.settings.seed
      return settings == report.settings
    }
    guard isPapers, report.part != .train,
      let row = PaperTables.attacks.first(where: { network.title.hasPrefix($0.model) && $0.attack == report.title })
    else { return nil }
    switch (job.defend == nil, report.part == .merged) {
    case (true, false): return shares(row.undefendedValid, row.undefendedSuccess, "table 2a")
    case (true, true): return shares(row.undefendedAverage, row.undefendedAverageSuccess, "table 2a")
    case (false, _) where !isOwn(report, job): return nil
    case (false, false): return shares(row.defendedValidAttacked, row.defendedSuccess, "table 2a")
    case (false, true): return shares(row.defendedAverageAttacked, row.defendedAverageSuccess, "table 2a")
    }
  }

  /// Table 2b: AlexNet trained against one attack at one ε; success on the average accuracy.
  private static func sweep(
    _ report: AttackReport, _ job: Job, _ network: NetworkEntry, _ attack: any Attack
  ) -> PaperValues? {
    guard report.part == .merged, network.title == "AlexNet", let defend = job.defend,
      !attack.knobs.contains(.epsilon) || report.settings.epsilon == defend.settings.epsilon,
      let title = (try? Attacks.named(defend.attack))?.title,
      let row = PaperTables.sweep.first(where: {
        $0.defence == title && abs(Double($0.epsilon255) - defend.settings.epsilon * 255) < 1e-6
      })
    else { return nil }
    switch report.attack {
    case "pixle": return shares(nil, row.pixleSuccess, "table 2b")
    case "square": return shares(nil, row.squareSuccess, "table 2b")
    default: return isOwn(report, job) ? shares(nil, row.ownSuccess, "table 2b") : nil
    }
  }

  private static func isOwn(_ report: AttackReport, _ job: Job) -> Bool {
    job.defend.map { $0.attack == report.attack && $0.settings.epsilon == report.settings.epsilon } ?? false
  }

  /// From per cent.
  private static func shares(_ attacked: Double?, _ success: Double?, _ table: String) -> PaperValues {
    PaperValues(attacked: attacked.map { $0 / 100 }, success: success.map { $0 / 100 }, table: table)
  }

  private init(attacked: Double?, success: Double?, table: String) {
    (self.attacked, self.success, self.table) = (attacked, success, table)
  }
}
