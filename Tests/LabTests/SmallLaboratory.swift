import Attacks
import Core
import Foundation
import Lab
import Testing

/// A laboratory of its own below the temporary folder, and small runs of CNN-LSTM on the sample corpus.
struct SmallLaboratory: Sendable {
  let home = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-lab-\(UUID().uuidString)")
  static let samples = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Samples/german").path

  func open() throws -> Laboratory {
    func folder(_ name: String) -> URL { home.appendingPathComponent(name) }
    return try Laboratory(
      paths: Paths(data: folder("data"), state: folder("state"), cache: folder("cache"), config: folder("config")))
  }

  func job(_ change: (inout Job) throws -> Void = { _ in }) rethrows -> Job {
    var job = Job(corpus: Self.samples)
    (job.epochs, job.batch, job.limit) = (1, 8, 16)
    try change(&job)
    return job
  }

  func remove() { try? FileManager.default.removeItem(at: home) }
}

/// One run, trained once for a whole suite: a checkpoint takes half a gigabyte.
struct TrainedOnce: SuiteTrait, TestScoping {
  @TaskLocal private static var trained: SmallLaboratory?

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let small = SmallLaboratory()
    defer { small.remove() }
    _ = try await small.open().train(small.job(), name: "trained", control: RunControl()) { _ in }
    try await Self.$trained.withValue(small) { try await function() }
  }

  /// A laboratory that holds the trained run under these names, by hard links: nobody writes into a checkpoint.
  static func laboratory(_ runs: String..., at small: SmallLaboratory) throws -> Laboratory {
    let trained = try #require(Self.trained).home, files = FileManager.default
    for run in runs {
      let from = trained.appendingPathComponent("data/runs/trained")
      let to = small.home.appendingPathComponent("data/runs/\(run)")
      try files.createDirectory(at: to, withIntermediateDirectories: true)
      for name in try files.contentsOfDirectory(atPath: from.path) {
        try files.linkItem(at: from.appendingPathComponent(name), to: to.appendingPathComponent(name))
      }
    }
    try files.createSymbolicLink(
      at: small.home.appendingPathComponent("cache"), withDestinationURL: trained.appendingPathComponent("cache"))
    return try small.open()
  }
}

extension Trait where Self == TrainedOnce {
  static var trainedOnce: TrainedOnce { TrainedOnce() }
}
