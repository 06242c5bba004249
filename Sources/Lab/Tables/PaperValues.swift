import Attacks
import NN

/// What the paper prints for an attack like one of ours, as shares; on Emo-IIT, and never mixed with our numbers.
package struct PaperValues: Sendable, Equatable {
  /// Accuracy under the attack, and success on it; on the average accuracy where both parts were attacked.
  package let attacked: Double?
  package let success: Double?
  /// "table 2a".
  package let table: String

  /// - Parameter job: of the network that was attacked.
  /// - Returns: nil where the paper has no such network, attack, settings or defence.
  package static func beside(
    attack name: String, settings: AttackSettings, part: EvaluationPart, job: Job
  ) -> PaperValues? {
    guard let network = try? Networks.named(job.model), let attack = try? Attacks.named(name) else { return nil }
    let isOwn = job.defend.map { $0.attack == name && $0.settings.epsilon == settings.epsilon } ?? false
    return main(attack, settings, part, network, isDefended: job.defend != nil, isOwn)
      ?? sweep(attack, settings, part, network, job.defend, isOwn)
  }

  /// Table 2a: undefended networks, and those trained against the very attack.
  private static func main(
    _ attack: any Attack, _ settings: AttackSettings, _ part: EvaluationPart, _ network: NetworkEntry,
    isDefended: Bool, _ isOwn: Bool
  ) -> PaperValues? {
    let isPapers = AttackPreset.allCases.contains { preset in
      var papers = preset.settings(for: attack)
      papers.seed = settings.seed
      return papers == settings
    }
    guard isPapers, part != .train,
      let row = PaperTables.attacks.first(where: { network.title.hasPrefix($0.model) && $0.attack == attack.title })
    else { return nil }
    switch (isDefended, part == .merged) {
    case (false, false): return shares(row.undefendedValid, row.undefendedSuccess, "table 2a")
    case (false, true): return shares(row.undefendedAverage, row.undefendedAverageSuccess, "table 2a")
    case (true, _) where !isOwn: return nil
    case (true, false): return shares(row.defendedValidAttacked, row.defendedSuccess, "table 2a")
    case (true, true): return shares(row.defendedAverageAttacked, row.defendedAverageSuccess, "table 2a")
    }
  }

  /// Table 2b: AlexNet trained against one attack at one ε; success on the average accuracy.
  private static func sweep(
    _ attack: any Attack, _ settings: AttackSettings, _ part: EvaluationPart, _ network: NetworkEntry,
    _ defence: Defence?, _ isOwn: Bool
  ) -> PaperValues? {
    guard part == .merged, network.title == "AlexNet", let defence,
      !attack.knobs.contains(.epsilon) || settings.epsilon == defence.settings.epsilon,
      let title = (try? Attacks.named(defence.attack))?.title,
      let row = PaperTables.sweep.first(where: {
        $0.defence == title && abs(Double($0.epsilon255) - defence.settings.epsilon * 255) < 1e-6
      })
    else { return nil }
    switch attack.name {
    case "pixle": return shares(nil, row.pixleSuccess, "table 2b")
    case "square": return shares(nil, row.squareSuccess, "table 2b")
    default: return isOwn ? shares(nil, row.ownSuccess, "table 2b") : nil
    }
  }

  /// From per cent.
  private static func shares(_ attacked: Double?, _ success: Double?, _ table: String) -> PaperValues {
    PaperValues(attacked: attacked.map { $0 / 100 }, success: success.map { $0 / 100 }, table: table)
  }

  private init(attacked: Double?, success: Double?, table: String) {
    (self.attacked, self.success, self.table) = (attacked, success, table)
  }
}
