import Attacks
import Core
import Foundation
import Testing

enum Reference {
  static let folder: URL = {
    let root: URL
    if let path = ProcessInfo.processInfo.environment["QUAVER_REFERENCE"] {
      root = URL(fileURLWithPath: path)
    } else {
      root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/reference")
    }
    return root.appendingPathComponent("attack")
  }()

  static let cases = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    .filter { $0.hasSuffix(".safetensors") }.sorted()

  static let missing: Comment = "no reference vectors: set QUAVER_REFERENCE"
}

@Suite(.serialized) struct ReferenceTests {
  @Test(.enabled(if: !Reference.cases.isEmpty, Reference.missing), arguments: Reference.cases)
  func attacksEqualTheReference(name: String) async throws {
    let file = try SafeTensors(contentsOf: Reference.folder.appendingPathComponent(name))
    let verdict = try await AttackCheck().verdict(on: file, emodb: nil)
    // Vectors of networks that are not here yet are skipped.
    #expect(verdict.outcome != .fail, "\(verdict.measured)")
  }

  @Test func vectorsOfUnknownThingsAreSkipped() async throws {
    for (key, value) in [("model", "resnet"), ("attack", "cw")] {
      let facts = ["model": "alexnet", "attack": "fgsm"].merging([key: value]) { $1 }
      let verdict = try await AttackCheck().verdict(on: Self.file(facts), emodb: nil)
      #expect(verdict.outcome == .skipped && verdict.measured.contains(value))
    }
  }

  @Test func vectorsWithoutTheirMetadataAreRefused() async throws {
    let file = try Self.file(["model": "alexnet", "attack": "fgsm", "eps": "much"])
    await #expect(throws: CoreError.self) { try await AttackCheck().verdict(on: file, emodb: nil) }
  }

  private static func file(_ metadata: [String: String]) throws -> SafeTensors {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try SafeTensorsWriter.write([], metadata: metadata, to: url)
    return try SafeTensors(contentsOf: url)
  }
}
