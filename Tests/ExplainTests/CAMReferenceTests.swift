import Core
import Explain
import Foundation
import NN
import Testing

@Suite(.serialized) struct CAMReferenceTests {
  static let cases: [String] = {
    let folder = ReferenceFolder.root.appendingPathComponent("cam")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".safetensors") }.sorted()
  }()

  @Test(.enabled(if: !cases.isEmpty, "no reference vectors: set QUAVER_REFERENCE"), arguments: cases)
  func mapsEqualTheReference(name: String) async throws {
    let file = try SafeTensors(contentsOf: ReferenceFolder.root.appendingPathComponent("cam/\(name)"))
    let verdict = try await CAMReference().verdict(on: file, emodb: nil)
    let known = Networks.all.contains { $0.name == file.metadata["model"] }
    #expect(verdict.outcome == (known ? .ok : .skipped), "\(verdict.measured)")
  }

  @Test func aCaseWithoutMapsFails() async throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try SafeTensorsWriter.write([], metadata: ["model": "alexnet", "seed": "1", "class": "0"], to: url)
    let verdict = try await CAMReference().verdict(on: SafeTensors(contentsOf: url), emodb: nil)
    #expect(verdict.outcome == .fail)
  }
}
