import Core
import Explain
import Foundation
import Testing

/// The folder of reference vectors, where there is one.
enum ReferenceFolder {
  static let root: URL = {
    let given = ProcessInfo.processInfo.environment["QUAVER_REFERENCE"].map { URL(fileURLWithPath: $0) }
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return given ?? package.deletingLastPathComponent().appendingPathComponent("shared/reference")
  }()
  static let tsne = root.appendingPathComponent("tsne/clusters.safetensors")
  static var isPresent: Bool { FileManager.default.fileExists(atPath: tsne.path) }
}

@Suite struct TSNEReferenceTests {
  @Test(.enabled(if: ReferenceFolder.isPresent, "no reference vectors: set QUAVER_REFERENCE"))
  func clustersAreEmbeddedAsWellAsThePeersDo() async throws {
    let verdict = try await TSNEReference().verdict(on: SafeTensors(contentsOf: ReferenceFolder.tsne), emodb: nil)
    print(verdict.measured)
    #expect(verdict.outcome == .ok, "\(verdict.measured)")
  }
}
