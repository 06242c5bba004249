import Core
import Foundation
import Pipeline

/// What a network said about some slices.
package struct Predictions: Sendable, Equatable {
  /// Numbers of the corpus's slice table.
  package let slices: [Int]
  /// One a slice: its utterance's index in the corpus.
  package let utterances: [Int]
  /// True classes.
  package let labels: [Int]
  /// Whether a slice belongs to the validation part.
  package let isValid: [Bool]
  package let classes: Int
  /// [slices][classes].
  package var logits: [Float]

  package init(
    slices: [Int], utterances: [Int], labels: [Int], isValid: [Bool], classes: Int, logits: [Float]
  ) {
    precondition(logits.count == slices.count * classes, "\(logits.count) logits of \(slices.count) slices")
    precondition(
      utterances.count == slices.count && labels.count == slices.count && isValid.count == slices.count,
      "\(slices.count) slices with other numbers of utterances, labels or parts")
    (self.slices, self.utterances, self.labels) = (slices, utterances, labels)
    (self.isValid, self.classes, self.logits) = (isValid, classes, logits)
  }

  package func row(_ index: Int) -> ArraySlice<Float> { logits[index * classes..<(index + 1) * classes] }

  /// The class of the largest logit of each slice.
  package var predicted: [Int] { slices.indices.map { Logits.largest(row($0)) } }

  package var correct: [Bool] { zip(predicted, labels).map(==) }

  /// Slices of one part; nil where there are none.
  package func confusion(_ part: EvaluationPart) -> Confusion? {
    let chosen = indices(part)
    guard !chosen.isEmpty else { return nil }
    let predicted = predicted
    return Confusion(
      truth: chosen.map { labels[$0] }, predicted: chosen.map { predicted[$0] }, classes: classes)
  }

  /// Whole utterances of one part, by the vote of those of their slices that are here; nil where there are none.
  package func utteranceConfusion(_ part: EvaluationPart) -> Confusion? {
    let votes = utteranceVotes(part)
    guard !votes.isEmpty else { return nil }
    return Confusion(truth: votes.map(\.label), predicted: votes.map(\.predicted), classes: classes)
  }

  /// By utterance, in the corpus's order.
  package func utteranceVotes(_ part: EvaluationPart) -> [(utterance: Int, label: Int, predicted: Int)] {
    Dictionary(grouping: indices(part)) { utterances[$0] }.sorted { $0.key < $1.key }.map { utterance, members in
      (utterance, labels[members[0]], Vote.winner(members.map { row($0) }))
    }
  }

  private func indices(_ part: EvaluationPart) -> [Int] {
    slices.indices.filter { part == .merged || isValid[$0] == (part == .valid) }
  }
}

extension Predictions {
  /// Replaces `url` atomically by a safetensors file: `slices`, `utterances`, `labels`, `valid`, `logits`.
  ///
  /// - Throws: `CoreError.cannotWrite`.
  package func write(to url: URL, metadata: [String: String]) throws {
    let n = slices.count
    let columns = [slices, utterances, labels].map { $0.map(Int64.init) }
    let valid = isValid.map { UInt8($0 ? 1 : 0) }
    try SafeTensorsWriter.write(
      [
        ("slices", .i64, [n]), ("utterances", .i64, [n]), ("labels", .i64, [n]), ("valid", .u8, [n]),
        ("logits", .f32, [n, classes]),
      ], metadata: metadata, to: url
    ) { index, put in
      switch index {
      case 0..<3: try columns[index].withUnsafeBytes(put)
      case 3: try valid.withUnsafeBytes(put)
      default: try logits.withUnsafeBytes(put)
      }
    }
  }

  /// - Throws: `CoreError`, `EvaluationError.damaged`.
  package init(_ file: SafeTensors) throws {
    func column(_ name: String) throws -> [Int] { try file.array(name, as: Int64.self).map { Int($0) } }
    let (slices, utterances, labels) = (try column("slices"), try column("utterances"), try column("labels"))
    let valid = try file.array("valid", as: UInt8.self)
    let shape = try file.entry("logits").shape
    let logits = try file.array("logits", as: Float.self)
    guard shape.count == 2, shape[0] == slices.count, valid.count == slices.count, labels.count == slices.count,
      utterances.count == slices.count, shape[1] > 1, labels.allSatisfy({ 0 <= $0 && $0 < shape[1] })
    else { throw EvaluationError.damaged(path: file.path, reason: "its tensors do not belong together") }
    self.init(
      slices: slices, utterances: utterances, labels: labels, isValid: valid.map { $0 != 0 }, classes: shape[1],
      logits: logits)
  }
}
