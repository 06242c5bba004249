import Core
import Foundation
import Lab
import Testing

@Suite("Long runs, predictions")
struct LongRunTests {
  private let root = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-long-\(UUID().uuidString)")

  private func folder() throws -> RunFolder {
    let folder = try RunStore(root: root).create(name: "a", job: Job(corpus: "c"), now: Date())
    try folder.begin(
      RunRecord(
        job: Job(corpus: "c"), emotions: ["anger", "fear"], notes: [], created: Date(timeIntervalSince1970: 1000),
        machine: Machine(processor: "p", threads: 2, libraries: [:]), fingerprint: "f"))
    return folder
  }

  private func metrics(_ epoch: Int, loss: Double = 1.25e-3) -> EpochMetrics {
    EpochMetrics(
      epoch: epoch, step: epoch * 10, trainLoss: loss, trainAccuracy: 1.0 / 3, validLoss: loss, validAccuracy: 0.4,
      validUAR: 0.3, averageAccuracy: epoch % 2 == 0 ? 0.75 : nil, confusion: [[1, 20], [3, 4]], seconds: 1)
  }

  private func write(_ epochs: ClosedRange<Int>, to folder: RunFolder) throws {
    let lines = try epochs.map { try JSON.line(metrics($0)) + "\n" }.joined()
    let file = folder.url.appendingPathComponent("metrics.jsonl")
    let before = (try? Data(contentsOf: file)) ?? Data()
    try (before + Data(lines.utf8)).write(to: file)
  }

  @Test("A list entry holds the last epoch only; what is read line by line is what was written")
  func summary() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let folder = try folder()
    try write(1...3, to: folder)
    #expect(try folder.summary().isWhole, "a short run is read whole")
    try write(4...1200, to: folder)
    let summary = try folder.summary()
    #expect(!summary.isWhole && summary.epochs == [metrics(1200)])
    #expect(try folder.info().epochs == (1...1200).map { metrics($0) })
    let first = try #require(folder.metrics(from: 0))
    #expect(first.epochs.count == 1200)
    #expect(try #require(folder.metrics(from: first.next)).epochs.isEmpty)
    try write(1201...1202, to: folder)
    #expect(try #require(folder.metrics(from: first.next)).epochs.map(\.epoch) == [1201, 1202])
    try folder.keepMetrics(through: 5)
    #expect(folder.metrics(from: first.next) == nil, "a file that has become shorter is read anew")
  }

  @Test("A line with a NaN, an unknown field or rubbish is read as the decoder reads it")
  func odd() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let folder = try folder()
    let good = try JSON.line(metrics(2))
    let lines = [
      try JSON.line(metrics(1, loss: .nan)), good.replacing("{\"", with: "{\"later\":[1],\""), "{\"epoch\":3}", "{", "",
      good.replacing("\"epoch\":2", with: "\"epoch\": 4").replacing("20]", with: "20 ]"),
      good.replacing("\"epoch\":2", with: "\"epoch\":2.5"),
    ]
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: folder.url.appendingPathComponent("metrics.jsonl"))
    let epochs = folder.metrics()
    #expect(epochs.map(\.epoch) == [1, 2, 4])
    #expect(epochs[0].trainLoss.isNaN && epochs[1].confusion == [[1, 20], [3, 4]])
  }

  @Test("Predictions come back as they were kept; a run without says so")
  func predictions() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let folder = try folder()
    #expect(throws: LabError.noPredictions("a")) { _ = try folder.predictions() }
    let kept = RunPredictions(
      run: "a", epoch: 7,
      slices: [
        RunPredictions.Slice(utterance: "03a01Fa", slice: 0, truth: 0, predicted: 1),
        RunPredictions.Slice(utterance: "odd, name", slice: 12, truth: 1, predicted: 1),
      ])
    try folder.keep(kept)
    #expect(try folder.predictions() == kept)
    try Data("epoch,slice,truth,predicted,utterance\n1,x,0,0,a\n".utf8)
      .write(to: folder.url.appendingPathComponent("predictions.csv"))
    #expect(throws: LabError.self) { _ = try folder.predictions() }
  }
}
