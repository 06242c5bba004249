import Core
import Foundation
import Lab
import Testing

@Suite struct MetricsTests {
  @Test func knownMatrix() {
    // 2 classes: 3 of 4 and 1 of 2 right.
    let confusion = Confusion(truth: [0, 0, 0, 0, 1, 1], predicted: [0, 0, 0, 1, 1, 0], classes: 2)
    #expect(confusion.counts == [[3, 1], [1, 1]])
    #expect(abs(confusion.accuracy - 4.0 / 6) < 1e-12)
    #expect(abs(confusion.unweightedAverageRecall - 0.625) < 1e-12)
    #expect(confusion.weightedRecall == confusion.accuracy)
  }

  @Test func absentClassesCountAsZeroAndNotInUAR() {
    let confusion = Confusion(truth: [0, 1], predicted: [0, 1], classes: 3)
    #expect(confusion.unweightedAverageRecall == 1)
    #expect(confusion.precision[2] == 0 && confusion.recall[2] == 0 && confusion.f1[2] == 0)
    #expect(Confusion(classes: 4).accuracy == 0)
  }

  @Test func pairedTestHandlesDegenerateInput() {
    #expect(PairedTTest([1], [2]) == nil)
    #expect(PairedTTest([1, 2, 3], [0, 1, 2]) == nil)
  }

  /// With one degree of freedom the t distribution is Cauchy's: p = 1 − 2·atan(|t|)/π.
  @Test(arguments: [0.1, 1.0, 3.0, 40.0])
  func pairedTestMatchesCauchy(t: Double) throws {
    // Two differences d ± s have mean d and standard error s: t = d/s.
    let test = try #require(PairedTTest([t + 1, t - 1], [0, 0]))
    #expect(abs(test.t - t) < 1e-12)
    #expect(abs(test.p - (1 - 2 * atan(t) / .pi)) < 1e-12)
  }

  @Test(.enabled(if: Reference.folder != nil, "no reference vectors here: set QUAVER_REFERENCE"))
  func referenceCasesPass() async throws {
    let files = try Reference.files("metrics")
    #expect(!files.isEmpty)
    for file in files {
      let verdict = try await MetricsReference().verdict(on: file, emodb: nil)
      #expect(verdict.outcome == .ok, "\(file.path): \(verdict.measured)")
    }
  }
}

/// The reference vectors, where they are.
enum Reference {
  static let folder: URL? = {
    let fallback = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("../shared/reference").standardized
    let url = ProcessInfo.processInfo.environment["QUAVER_REFERENCE"].map { URL(fileURLWithPath: $0) } ?? fallback
    return FileManager.default.fileExists(atPath: url.path) ? url : nil
  }()

  static func files(_ kind: String) throws -> [SafeTensors] {
    guard let folder = folder?.appendingPathComponent(kind) else { return [] }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    return try names.filter { $0.hasSuffix(".safetensors") }.map {
      try SafeTensors(contentsOf: folder.appendingPathComponent($0))
    }
  }
}
