import Attacks
import Core
import Foundation
import Pipeline

/// What an attack did to a few images: a file of its own, so that an interrupted attack loses no more than one.
struct AttackChunk: Sendable {
  /// Attacked logits, with labels and parts.
  var attacked: Predictions
  /// [n][classes] of the same images before the attack.
  var cleanLogits: [Float]
  /// Largest change and Euclidean length of the change of each image.
  var linf: [Double]
  var l2: [Double]
  var gradientEvaluations: [Int]
  var queries: [Int]
  /// Share of gradient values that were exactly zero; NaN for attacks that see no gradient.
  var zeroGradients: [Double]
  var seconds: Double
  var logitDrift: Double?

  var count: Int { attacked.slices.count }

  static func file(_ index: Int, in folder: URL) -> URL {
    let digits = String(index)
    return folder.appendingPathComponent(
      "chunk-\(String(repeating: "0", count: max(0, 5 - digits.count)))\(digits).safetensors")
  }

  /// Replaces `url` atomically.
  ///
  /// - Parameters:
  ///   - key: identity of the attack; a file with another key is not taken up.
  ///   - images: [n, 3, 224, 224]; nil leaves them out.
  /// - Throws: `CoreError.cannotWrite`.
  func write(to url: URL, key: String, images: UnsafeBufferPointer<Float>?) throws {
    let n = count, classes = attacked.classes
    let whole = [attacked.slices, attacked.utterances, attacked.labels, gradientEvaluations, queries]
      .map { $0.map(Int64.init) }
    let valid = attacked.isValid.map { UInt8($0 ? 1 : 0) }
    let reals = [linf, l2, zeroGradients]
    var tensors: [(name: String, type: SafeTensors.ElementType, shape: [Int])] = [
      ("slices", .i64, [n]), ("utterances", .i64, [n]), ("labels", .i64, [n]), ("gradient_evaluations", .i64, [n]),
      ("queries", .i64, [n]), ("linf", .f64, [n]), ("l2", .f64, [n]), ("zero_gradients", .f64, [n]),
      ("logits", .f32, [n, classes]), ("clean_logits", .f32, [n, classes]), ("valid", .u8, [n]),
    ]
    if images != nil { tensors.append(("images", .f32, [n, 3, Geometry.side, Geometry.side])) }
    var metadata = ["key": key, "seconds": "\(seconds)"]
    metadata["logit_drift"] = logitDrift.map { "\($0)" }
    try SafeTensorsWriter.write(tensors, metadata: metadata, to: url) { index, put in
      switch index {
      case 0..<5: try whole[index].withUnsafeBytes(put)
      case 5..<8: try reals[index - 5].withUnsafeBytes(put)
      case 8: try attacked.logits.withUnsafeBytes(put)
      case 9: try cleanLogits.withUnsafeBytes(put)
      case 10: try valid.withUnsafeBytes(put)
      default: if let images { try put(UnsafeRawBufferPointer(images)) }
      }
    }
  }

  /// - Throws: `CoreError`, `EvaluationError.damaged`.
  init(_ file: SafeTensors) throws {
    attacked = try Predictions(file)
    cleanLogits = try file.array("clean_logits")
    (linf, l2, zeroGradients) = (try file.array("linf"), try file.array("l2"), try file.array("zero_gradients"))
    gradientEvaluations = try file.array("gradient_evaluations", as: Int64.self).map { Int($0) }
    queries = try file.array("queries", as: Int64.self).map { Int($0) }
    let n = attacked.slices.count
    guard let seconds = file.metadata["seconds"].flatMap(Double.init), cleanLogits.count == attacked.logits.count,
      [linf.count, l2.count, zeroGradients.count, gradientEvaluations.count, queries.count]
        .allSatisfy({ $0 == n })
    else { throw EvaluationError.damaged(path: file.path, reason: "its tensors do not belong together") }
    (self.seconds, logitDrift) = (seconds, file.metadata["logit_drift"].flatMap(Double.init))
  }

  /// The file's chunk where it holds exactly this work; nil where it is missing, foreign, cut short, or lacks images
  /// that are wanted.
  static func kept(_ url: URL, key: String, slices: ArraySlice<Int>, withImages: Bool) -> AttackChunk? {
    guard let file = try? SafeTensors(contentsOf: url), file.metadata["key"] == key,
      !withImages || file.entries["images"] != nil, let chunk = try? AttackChunk(file),
      chunk.attacked.slices == Array(slices)
    else { return nil }
    return chunk
  }

  init(_ outcomes: [AttackOutcome], utterances: [Int], isValid: [Bool], seconds: Double, logitDrift: Double?) {
    attacked = Predictions(
      slices: outcomes.map(\.id), utterances: utterances, labels: outcomes.map(\.label), isValid: isValid,
      classes: outcomes.first?.logits.count ?? 0, logits: outcomes.flatMap(\.logits))
    cleanLogits = outcomes.flatMap(\.cleanLogits)
    (linf, l2) = (outcomes.map(\.linf), outcomes.map(\.l2))
    (gradientEvaluations, queries) = (outcomes.map(\.effort.gradientEvaluations), outcomes.map(\.effort.queries))
    zeroGradients = outcomes.map { $0.zeroGradientShare ?? .nan }
    (self.seconds, self.logitDrift) = (seconds, logitDrift)
  }

  /// Several chunks as one.
  ///
  /// - Parameter chunks: at least one.
  init(joining chunks: [AttackChunk]) {
    precondition(!chunks.isEmpty, "no chunk to join")
    let parts = chunks.map(\.attacked)
    attacked = Predictions(
      slices: parts.flatMap(\.slices), utterances: parts.flatMap(\.utterances), labels: parts.flatMap(\.labels),
      isValid: parts.flatMap(\.isValid), classes: parts[0].classes, logits: parts.flatMap(\.logits))
    cleanLogits = chunks.flatMap(\.cleanLogits)
    (linf, l2) = (chunks.flatMap(\.linf), chunks.flatMap(\.l2))
    gradientEvaluations = chunks.flatMap(\.gradientEvaluations)
    (queries, zeroGradients) = (chunks.flatMap(\.queries), chunks.flatMap(\.zeroGradients))
    seconds = chunks.reduce(0) { $0 + $1.seconds }
    logitDrift = chunks.compactMap(\.logitDrift).max()
  }

  /// The same images before the attack.
  var clean: Predictions {
    var clean = attacked
    clean.logits = cleanLogits
    return clean
  }
}
