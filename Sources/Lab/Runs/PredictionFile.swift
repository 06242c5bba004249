import Core
import Foundation
import Pipeline

/// `predictions.csv` of a run: the validation slices of its last epoch, replaced at each epoch's end.
extension RunFolder {
  private var predictionFile: URL { url.appendingPathComponent("predictions.csv") }
  private static let columns = ["epoch", "slice", "truth", "predicted", "utterance"]
  private static let header = columns.joined(separator: ",")

  package func keep(_ predictions: RunPredictions) throws {
    var text = Self.header + "\n"
    for slice in predictions.slices {
      let utterance = CSVTable.field(slice.utterance)
      text += "\(predictions.epoch),\(slice.slice),\(slice.truth),\(slice.predicted),\(utterance)\n"
    }
    try AtomicFile.write(predictionFile, Data(text.utf8))
  }

  /// - Throws: `LabError.noPredictions` when the run kept none.
  package func predictions() throws -> RunPredictions {
    // Blanks around a file's name are part of it.
    if let table = try? CSVTable(contentsOf: predictionFile, columns: Self.columns, trimming: false),
      let found = predictions(in: table)
    {
      return found
    }
    return try unquotedPredictions()
  }

  private func predictions(in table: CSVTable) -> RunPredictions? {
    var (epoch, slices) = (0, [RunPredictions.Slice]())
    for row in table.rows {
      let numbers = Self.columns.prefix(4).compactMap { column in row[column].flatMap { Int($0) } }
      guard numbers.count == 4, let utterance = row["utterance"] else { return nil }
      epoch = numbers[0]
      slices.append(
        RunPredictions.Slice(utterance: utterance, slice: numbers[1], truth: numbers[2], predicted: numbers[3]))
    }
    return RunPredictions(run: id, epoch: epoch, slices: slices)
  }

  /// Of versions that wrote the utterance as it is, last, so that a comma in a file's name needed no quotes.
  private func unquotedPredictions() throws -> RunPredictions {
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
