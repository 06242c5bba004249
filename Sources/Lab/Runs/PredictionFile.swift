import Core
import Foundation

/// `predictions.csv` of a run: the validation slices of its last epoch, replaced at each epoch's end.
extension RunFolder {
  private var predictionFile: URL { url.appendingPathComponent("predictions.csv") }
  private static let header = "epoch,slice,truth,predicted,utterance"

  package func keep(_ predictions: RunPredictions) throws {
    var text = Self.header + "\n"
    for slice in predictions.slices {
      // The utterance is last, so that a comma in a file's name needs no quoting.
      text += "\(predictions.epoch),\(slice.slice),\(slice.truth),\(slice.predicted),\(slice.utterance)\n"
    }
    try AtomicFile.write(predictionFile, Data(text.utf8))
  }

  /// - Throws: `LabError.noPredictions` when the run kept none.
  package func predictions() throws -> RunPredictions {
    guard let text = try? String(contentsOf: predictionFile, encoding: .utf8), text.hasPrefix(Self.header) else {
      throw LabError.noPredictions(id)
    }
    var (epoch, slices) = (0, [RunPredictions.Slice]())
    for line in text.split(separator: "\n").dropFirst() {
      let fields = line.split(separator: ",", maxSplits: 4, omittingEmptySubsequences: false)
      let numbers = fields.prefix(4).compactMap { Int($0) }
      guard fields.count == 5, numbers.count == 4 else {
        throw LabError.runUnreadable(id, reason: "predictions.csv: “\(line.prefix(40))” is no prediction")
      }
      epoch = numbers[0]
      slices.append(
        RunPredictions.Slice(
          utterance: String(fields[4]), slice: numbers[1], truth: numbers[2], predicted: numbers[3]))
    }
    return RunPredictions(run: id, epoch: epoch, slices: slices)
  }
}
