import Attacks
import Core
import Foundation
import Pipeline

/// What an attack did to a few images: a file of its own, so that an interrupted attack loses no more than one.
struct AttackChunk: Sendable {
  /// One an image; its id is its slice.
  var outcomes: [AttackOutcome]
  var utterances: [Int]
  var isValid: [Bool]
  /// Of attacking, and of evaluating before and after it.
  var seconds: Double
  var logitDrift: Double?
  /// What the images were made with.
  var machines: Set<String>

  /// This machine where it made any of the images, else one that did.
  var maker: Machine {
    let current = Machine.current
    guard !machines.contains(current.description) else { return current }
    return machines.sorted().lazy.compactMap { Machine($0) }.first ?? current
  }

  var slices: [Int] { outcomes.map(\.id) }
  /// What the network says of the images before and after the attack.
  var clean: Predictions { predictions(outcomes.flatMap(\.cleanLogits)) }
  var attacked: Predictions { predictions(outcomes.flatMap(\.logits)) }

  private func predictions(_ logits: [Float]) -> Predictions {
    Predictions(
      slices: slices, utterances: utterances, labels: outcomes.map(\.label), isValid: isValid,
      classes: outcomes.first?.logits.count ?? 0, logits: logits)
  }

  init(
    _ outcomes: [AttackOutcome], utterances: [Int], isValid: [Bool], seconds: Double, logitDrift: Double?,
    machines: Set<String> = [Machine.current.description]
  ) {
    (self.outcomes, self.utterances, self.isValid) = (outcomes, utterances, isValid)
    (self.seconds, self.logitDrift, self.machines) = (seconds, logitDrift, machines)
  }

  /// Several chunks as one.
  init(joining chunks: [AttackChunk]) {
    self.init(
      chunks.flatMap(\.outcomes), utterances: chunks.flatMap(\.utterances), isValid: chunks.flatMap(\.isValid),
      seconds: chunks.reduce(0) { $0 + $1.seconds }, logitDrift: chunks.compactMap(\.logitDrift).max(),
      machines: chunks.reduce(into: []) { $0.formUnion($1.machines) })
  }
}

// MARK: files

extension AttackChunk {
  static func file(_ index: Int, in folder: URL) -> URL {
    let digits = String(index)
    return folder.appendingPathComponent(
      "chunk-\(String(repeating: "0", count: max(0, 5 - digits.count)))\(digits).safetensors")
  }

  /// The whole numbers of an image, a tensor each.
  private static let effortColumns = ["gradient_evaluations", "queries", "gradient_values", "zero_gradients"]

  /// Replaces `url` atomically.
  ///
  /// - Parameters:
  ///   - key: identity of the attack; a file with another key is not taken up.
  ///   - images: [n, 3, 224, 224]; nil leaves them out.
  /// - Throws: `CoreError.cannotWrite`.
  func write(to url: URL, key: String, images: UnsafeBufferPointer<Float>?) throws {
    let (clean, attacked) = (clean, attacked)
    let n = outcomes.count, classes = attacked.classes
    func effort(_ value: (Effort) -> Int) -> [Int] { outcomes.map { value($0.effort) } }
    let whole = [
      slices, utterances, attacked.labels, effort(\.gradientEvaluations), effort(\.queries), effort(\.gradientValues),
      effort(\.zeroGradients),
    ].map { $0.map(Int64.init) }
    let reals = [outcomes.map(\.linf), outcomes.map(\.l2)]
    let valid = isValid.map { UInt8($0 ? 1 : 0) }
    var tensors: [(name: String, type: SafeTensors.ElementType, shape: [Int])] =
      (["slices", "utterances", "labels"] + Self.effortColumns).map { ($0, .i64, [n]) }
    tensors += [("linf", .f64, [n]), ("l2", .f64, [n])]
    tensors += [("logits", .f32, [n, classes]), ("clean_logits", .f32, [n, classes]), ("valid", .u8, [n])]
    if images != nil { tensors.append(("images", .f32, [n, 3, Geometry.side, Geometry.side])) }
    var metadata = ["key": key, "seconds": "\(seconds)"]
    metadata["logit_drift"] = logitDrift.map { "\($0)" }
    metadata["machine"] = machines.first
    try SafeTensorsWriter.write(tensors, metadata: metadata, to: url) { index, put in
      switch index {
      case 0..<7: try whole[index].withUnsafeBytes(put)
      case 7..<9: try reals[index - 7].withUnsafeBytes(put)
      case 9: try attacked.logits.withUnsafeBytes(put)
      case 10: try clean.logits.withUnsafeBytes(put)
      case 11: try valid.withUnsafeBytes(put)
      default: if let images { try put(UnsafeRawBufferPointer(images)) }
      }
    }
  }

  /// - Throws: `CoreError`, `EvaluationError.damaged`.
  init(_ file: SafeTensors) throws {
    let attacked = try Predictions(file)
    let n = attacked.slices.count, classes = attacked.classes
    let cleanLogits: [Float] = try file.array("clean_logits")
    let linf: [Double] = try file.array("linf"), l2: [Double] = try file.array("l2")
    let efforts = try Self.effortColumns.map { try file.array($0, as: Int64.self).map { Int($0) } }
    guard let seconds = file.metadata["seconds"].flatMap(Double.init), cleanLogits.count == n * classes,
      linf.count == n, l2.count == n, efforts.allSatisfy({ $0.count == n })
    else { throw EvaluationError.damaged(path: file.path, reason: "its tensors do not belong together") }
    let outcomes = (0..<n).map { i in
      var effort = Effort()
      (effort.gradientEvaluations, effort.queries) = (efforts[0][i], efforts[1][i])
      (effort.gradientValues, effort.zeroGradients) = (efforts[2][i], efforts[3][i])
      return AttackOutcome(
        id: attacked.slices[i], label: attacked.labels[i],
        cleanLogits: Array(cleanLogits[i * classes..<(i + 1) * classes]), logits: Array(attacked.row(i)),
        effort: effort, linf: linf[i], l2: l2[i])
    }
    self.init(
      outcomes, utterances: attacked.utterances, isValid: attacked.isValid, seconds: seconds,
      logitDrift: file.metadata["logit_drift"].flatMap(Double.init),
      machines: [file.metadata["machine"] ?? "an earlier version"])
  }

  /// The file's chunk where it holds exactly this work; nil where it is missing, foreign, cut short, or lacks images
  /// that are wanted.
  static func kept(_ url: URL, key: String, slices: ArraySlice<Int>, withImages: Bool) -> AttackChunk? {
    guard let file = try? SafeTensors(contentsOf: url), file.metadata["key"] == key,
      !withImages || file.entries["images"] != nil, let chunk = try? AttackChunk(file),
      chunk.slices == Array(slices)
    else { return nil }
    return chunk
  }
}
