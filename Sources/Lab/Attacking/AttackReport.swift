import Attacks
import Core
import Foundation
import NN

/// What an attack did to the accuracy on one set of slices or utterances.
package struct AttackEffect: Codable, Sendable, Equatable {
  package let clean: Scores
  package let attacked: Scores
  /// The paper's success rate (section 4.3, table 2a): (clean accuracy − attacked accuracy)/clean accuracy. Negative
  /// where the attack helped; nil where nothing was right to begin with.
  package let success: Double?
  /// Of those that were right before the attack, how many are wrong after it, and Wilson's interval of their share.
  package let broken: Int
  package let brokenInterval: Interval
  /// Fall of each class's recall; nil for classes that do not occur.
  package let recallDrops: [Double?]

  /// - Parameters: true classes, predictions before and after.
  package init(truth: [Int], clean: [Int], attacked: [Int], classes: Int) {
    let before = Confusion(truth: truth, predicted: clean, classes: classes)
    let after = Confusion(truth: truth, predicted: attacked, classes: classes)
    (self.clean, self.attacked) = (before.scores, after.scores)
    success = before.correct > 0 ? Double(before.correct - after.correct) / Double(before.correct) : nil
    broken = truth.indices.count { clean[$0] == truth[$0] && attacked[$0] != truth[$0] }
    brokenInterval = .wilson(broken, of: before.correct)
    recallDrops = (0..<classes).map { label in
      truth.contains(label) ? before.recall[label] - after.recall[label] : nil
    }
  }

  init?(_ part: EvaluationPart, clean: Predictions, attacked: Predictions) {
    let chosen = clean.slices.indices.filter { part == .merged || clean.isValid[$0] == (part == .valid) }
    guard !chosen.isEmpty else { return nil }
    let (before, after) = (clean.predicted, attacked.predicted)
    self.init(
      truth: chosen.map { clean.labels[$0] }, clean: chosen.map { before[$0] }, attacked: chosen.map { after[$0] },
      classes: clean.classes)
  }

  init?(utterancesOf part: EvaluationPart, clean: Predictions, attacked: Predictions) {
    let (before, after) = (clean.utteranceVotes(part), attacked.utteranceVotes(part))
    guard !before.isEmpty else { return nil }
    self.init(
      truth: before.map(\.label), clean: before.map(\.predicted), attacked: after.map(\.predicted),
      classes: clean.classes)
  }
}

/// Everything that one attack on one run has shown; `results/attacks/NAME/result.json`.
package struct AttackReport: Codable, Sendable, Equatable {
  package let run: String
  package let model: String
  package let attack: String
  package let title: String
  package let settings: AttackSettings
  /// The settings that the attack reads, in words.
  package let summary: String
  /// Name of its folder, and of the set of its images where these are kept.
  package let set: String
  package let keepsImages: Bool
  package let part: EvaluationPart
  /// As `Provenance` has them, the seed the run's own; nil where an earlier version wrote.
  package let checkpoint: CheckpointChoice?
  package let split: String?
  package let seed: UInt64?
  /// Whole epochs that the weights were trained for, and whether all of the part was attacked; nil where an earlier version wrote.
  package let epochs: Int?
  package let isWhole: Bool?
  package let images: Int
  package let emotions: [String]

  /// By slice; those that the order's part holds.
  package let valid: AttackEffect?
  package let train: AttackEffect?
  /// Both parts: the paper's average accuracy. Only where both were attacked.
  package let merged: AttackEffect?
  /// Whole utterances by vote, of the order's part.
  package let utterances: AttackEffect?

  /// Over all images: largest and mean L∞ of the change, mean and largest Euclidean length.
  package let largestLinf: Double
  package let meanLinf: Double
  package let meanL2: Double
  package let largestL2: Double
  /// Means of one image.
  package let gradientEvaluations: Double
  package let queries: Double
  /// Of the attack and of evaluating the image before and after it, on the machine that did it.
  package let secondsPerImage: Double
  package let machine: Machine
  /// Said beside every number: weights, part, split, seeds, leakage.
  package let notes: [String]
  /// Reasons not to believe the numbers, one sentence each.
  package internal(set) var doubts: [String]

  /// The effect on the order's own part.
  package var effect: AttackEffect? {
    switch part {
    case .valid: valid
    case .train: train
    case .merged: merged
    }
  }

  init(
    _ choice: AttackChoice, subject: RunSubject, selection: SliceSelection, set: String, keepsImages: Bool,
    chunk: AttackChunk, notes: [String], doubts: [String]
  ) {
    (run, model, emotions) = (subject.folder.id, subject.record.job.model, subject.emotions)
    (attack, title, settings) = (choice.attack.name, choice.attack.title, choice.settings)
    (summary, self.set, self.keepsImages) = (choice.summary, set, keepsImages)
    (part, images, self.notes) = (selection.part, chunk.outcomes.count, notes)
    let provenance = Provenance(subject, selection.part)
    (checkpoint, split, seed) = (provenance.checkpoint, provenance.split, provenance.seed)
    (epochs, isWhole) = (subject.trained?.epochs, !selection.isSample)
    let (clean, attacked) = (chunk.clean, chunk.attacked)
    valid = AttackEffect(.valid, clean: clean, attacked: attacked)
    train = AttackEffect(.train, clean: clean, attacked: attacked)
    merged = selection.part == .merged ? AttackEffect(.merged, clean: clean, attacked: attacked) : nil
    utterances = AttackEffect(utterancesOf: selection.part, clean: clean, attacked: attacked)
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }
    let linf = chunk.outcomes.map(\.linf), l2 = chunk.outcomes.map(\.l2)
    (largestLinf, meanLinf) = (linf.max() ?? 0, mean(linf))
    (largestL2, meanL2) = (l2.max() ?? 0, mean(l2))
    gradientEvaluations = mean(chunk.outcomes.map { Double($0.effort.gradientEvaluations) })
    queries = mean(chunk.outcomes.map { Double($0.effort.queries) })
    secondsPerImage = chunk.seconds / Double(max(1, chunk.outcomes.count))
    machine = chunk.maker
    self.doubts = doubts
  }
}
