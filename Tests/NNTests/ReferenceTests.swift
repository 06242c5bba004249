import Core
import Foundation
import NN
import Testing

enum Reference {
  static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["QUAVER_REFERENCE"] { return URL(fileURLWithPath: path) }
    return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/reference")
  }()

  static var isThere: Bool { FileManager.default.fileExists(atPath: folder.appendingPathComponent("model").path) }

  static func model(_ name: String) throws -> SafeTensors {
    try SafeTensors(contentsOf: folder.appendingPathComponent("model/\(name).safetensors"))
  }
}

@Suite(.serialized) struct ReferenceTests {
  @Test(
    .enabled(if: Reference.isThere, "no reference vectors: set QUAVER_REFERENCE"), arguments: Networks.all.map(\.name))
  func networksEqualTheReference(name: String) async throws {
    let file = try Reference.model(name)
    let verdict = try await ModelCheck().verdict(on: file, emodb: nil)
    #expect(verdict.outcome == .ok, "\(verdict.measured)")
    #expect(verdict.measured.contains("direct: "))
    // Where there is nothing to choose, every choice is the same.
    guard verdict.measured.contains("fast: ") else { return }
    let automatic = try await ModelCheck(algorithms: [.automatic]).verdict(on: file, emodb: nil)
    #expect(automatic.outcome == .ok, "\(automatic.measured)")
  }

  @Test func vectorsOfAnUnknownNetworkAreSkipped() async throws {
    let file = try Self.file(metadata: ["model": "resnet"])
    let verdict = try await ModelCheck().verdict(on: file, emodb: nil)
    #expect(verdict.outcome == .skipped && verdict.measured.contains("resnet"))
  }

  @Test func vectorsWithoutTheirMetadataAreRefused() async throws {
    let file = try Self.file(metadata: ["model": "cnn-lstm", "seed": "one"])
    await #expect(throws: CoreError.self) { try await ModelCheck().verdict(on: file, emodb: nil) }
  }

  private static func file(metadata: [String: String]) throws -> SafeTensors {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try SafeTensorsWriter.write([], metadata: metadata, to: url)
    return try SafeTensors(contentsOf: url)
  }
}
