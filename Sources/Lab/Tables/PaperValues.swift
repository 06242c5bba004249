import Attacks
import NN

/// What the paper prints for an attack like one of ours, as shares; on Emo-IIT, and never mixed with our numbers.
package struct PaperValues: Sendable, Equatable {
  /// Accuracy under the attack, and success on it; on the average accuracy where both parts were attacked.
  package let attacked: Double?
  package let success: Double?
  /// "table 2a".
  package let table: String
  /// The transform of its networks' spectrograms; nil where the paper does not tell.
  package private(set) var transform: String?
  /// What is otherwise in the run's training, a few words each.
  package private(set) var differences: [String] = []
  /// Why the row that it comes from cannot be right, where it cannot.
  package private(set) var doubts: [String] = []

  /// "table 2a, linear, Emo-IIT".
  package var source: String { [table, transform, "Emo-IIT"].compactMap(\.self).joined(separator: ", ") }

  /// What keeps the run's numbers from being compared with the paper's; nil where nothing of the kind is known.
  package var difference: String? {
    differences.isEmpty ? nil : "unlike the networks of the paper's \(table): \(differences.joined(separator: ", "))"
  }

  /// Table 2a's accuracies before any attack and defence are those of table 1's linear spectrograms, to the last digit
  /// of all six networks. Of table 2b nothing tells the transform.
  package static let mainTransform = "linear"

  /// The validation part's share of the paper's slices: the largest with which all its rows agree but those that agree with none near it.
  private static let validationShare = 0.185

  /// - Parameters:
  ///   - job: of the network that was attacked.
  ///   - known: which of the paper's corpora its own is; nil leaves that to its name.
  /// - Returns: nil where the paper has no such network, attack, settings or defence.
  package static func beside(
    attack name: String, settings: AttackSettings, part: EvaluationPart, job: Job, known: PaperCorpus? = nil
  ) -> PaperValues? {
    guard let network = try? Networks.named(job.model), let attack = try? Attacks.named(name) else { return nil }
    let isOwn = job.defend.map { isPapers($0) && $0.attack == name && $0.settings.epsilon == settings.epsilon } ?? false
    let further =
      [PaperProtocol.corpusDifference(job, known: known)].compactMap(\.self) + PaperProtocol.differences(job)
    guard var values = main(attack, settings, part, network, isDefended: job.defend != nil, isOwn) else {
      var values = sweep(attack, settings, part, network, job.defend, isOwn)
      values?.differences = further
      return values
    }
    values.transform = mainTransform
    let other = job.transform == mainTransform ? [] : ["\(job.transform) spectrograms for \(mainTransform)"]
    values.differences = other + further
    return values
  }

  /// Table 2a: undefended networks, and those trained against the very attack.
  private static func main(
    _ attack: any Attack, _ settings: AttackSettings, _ part: EvaluationPart, _ network: NetworkEntry,
    isDefended: Bool, _ isOwn: Bool
  ) -> PaperValues? {
    guard isPapers(settings, of: attack, ofAnyEpsilon: false), part != .train,
      let row = PaperTables.row(of: attack.title, on: network.name)
    else { return nil }
    guard !isDefended || isOwn else { return nil }
    let valid = isDefended ? row.defendedValidAttacked : row.undefendedValid
    let average = isDefended ? row.defendedAverageAttacked : row.undefendedAverage
    let success =
      switch (isDefended, part == .merged) {
      case (false, false): row.undefendedSuccess
      case (false, true): row.undefendedAverageSuccess
      case (true, false): row.defendedSuccess
      case (true, true): row.defendedAverageSuccess
      }
    var values = shares(part == .merged ? average : valid, success, "table 2a")
    let printed =
      isDefended
      ? [
        ("trained against and attacked by", valid, average),
        ("trained against", row.defendedValidClean, row.defendedAverageClean),
      ]
      : [("under", valid, average)]
    values.doubts = printed.compactMap { how, valid, average in
      guard let valid, let average else { return nil }
      return Doubt.about(
        average: average / 100, validation: valid / 100, share: validationShare,
        what: "the paper's table 2a, \(row.model) \(how) \(row.attack)")
    }
    if isDefended, part == .merged, network.title == "AlexNet" {
      values.doubts += [PaperTables.contradiction(of: attack.title)].compactMap(\.self)
    }
    return values
  }

  /// Table 2b: AlexNet trained against one attack at one ε; success on the average accuracy.
  private static func sweep(
    _ attack: any Attack, _ settings: AttackSettings, _ part: EvaluationPart, _ network: NetworkEntry,
    _ defence: Defence?, _ isOwn: Bool
  ) -> PaperValues? {
    guard part == .merged, network.title == "AlexNet", let defence, isPapers(defence),
      isPapers(settings, of: attack, ofAnyEpsilon: true),
      !attack.knobs.contains(.epsilon) || settings.epsilon == defence.settings.epsilon,
      let row = PaperTables.sweep(of: defence)
    else { return nil }
    switch attack.name {
    case "pixle": return shares(nil, row.pixleSuccess, "table 2b")
    case "square": return shares(nil, row.squareSuccess, "table 2b")
    default: return isOwn ? shares(nil, row.ownSuccess, "table 2b") : nil
    }
  }

  /// Whether the settings are the paper's, whatever the seed.
  static func isPapers(_ settings: AttackSettings, of attack: any Attack, ofAnyEpsilon: Bool) -> Bool {
    AttackPreset.allCases.contains { preset in
      var papers = preset.settings(for: attack)
      papers.seed = settings.seed
      // torchattacks, which the paper used, attacks in evaluation mode; the paper tells of no dropout.
      papers.dropout = settings.dropout
      if ofAnyEpsilon { papers.epsilon = settings.epsilon }
      return papers == settings
    }
  }

  /// Whether the network was trained as the paper's were, whatever ε: its attack's settings, and as many attacked images as clean ones.
  static func isPapers(_ defence: Defence) -> Bool {
    guard let attack = try? Attacks.named(defence.attack) else { return false }
    return defence.ratio == 1 && isPapers(defence.settings, of: attack, ofAnyEpsilon: true)
  }

  /// From per cent.
  private static func shares(_ attacked: Double?, _ success: Double?, _ table: String) -> PaperValues {
    PaperValues(attacked: attacked.map { $0 / 100 }, success: success.map { $0 / 100 }, table: table)
  }

  private init(attacked: Double?, success: Double?, table: String) {
    (self.attacked, self.success, self.table) = (attacked, success, table)
  }
}
