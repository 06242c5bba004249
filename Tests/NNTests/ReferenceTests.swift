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
    .enabled(if: Reference.isThere, "no reference vectors: set QUAVER_REFERENCE"),
    arguments: Networks.all.map(\.name), [PlanOptions.Convolution.direct, .winograd])
  func networksEqualTheReference(name: String, convolution: PlanOptions.Convolution) async throws {
    let verdict = try await ModelCheck(convolution: convolution).verdict(on: Reference.model(name), emodb: nil)
    print(name, convolution, verdict.measured)
    #expect(verdict.outcome == .ok, "\(verdict.measured)")
  }
}
