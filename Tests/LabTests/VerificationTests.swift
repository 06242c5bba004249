import Core
import Foundation
import Lab
import Testing

@Suite struct VerificationTests {
  private let root = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-ver-\(UUID().uuidString)")

  private func makeFolder(readme: String) throws {
    try FileManager.default.createDirectory(
      at: root.appendingPathComponent("metrics"), withIntermediateDirectories: true)
    try Data(readme.utf8).write(to: root.appendingPathComponent("README.md"))
  }

  @Test func aListedFolderThatIsEmptyFails() async throws {
    defer { try? FileManager.default.removeItem(at: root) }
    try makeFolder(
      readme:
        "| folder | tensors |\n|---|---|\n| metrics | a |\n| attack | b |\n\n| name | x |\n|---|---|\n| other | y |\n")
    let suite = try VerificationSuite(folder: root)
    #expect(suite.items.map(\.name) == ["attack", "metrics"])
    for item in suite.items { #expect(await item.verdict(emodb: nil).outcome == .fail) }
  }

  @Test func aWrongCaseFailsAndAnUnknownKindIsSkipped() async throws {
    defer { try? FileManager.default.removeItem(at: root) }
    try makeFolder(readme: "")
    let values: [Int64] = [0, 1]
    try values.withUnsafeBytes { bytes in
      let items = ["truth", "predicted"].map { name in
        SafeTensorsWriter.Item(name: name, type: .i64, shape: [2], bytes: bytes)
      }
      let folder = root.appendingPathComponent("metrics")
      try SafeTensorsWriter.write(
        items, metadata: ["kind": "metrics"], to: folder.appendingPathComponent("a.safetensors"))
      try SafeTensorsWriter.write(
        items, metadata: ["kind": "smell"], to: folder.appendingPathComponent("b.safetensors"))
      try SafeTensorsWriter.write(items, metadata: [:], to: folder.appendingPathComponent("c.safetensors"))
    }
    let suite = try VerificationSuite(folder: root)
    var outcomes: [Verdict.Outcome] = []
    for item in suite.items { outcomes.append(await item.verdict(emodb: nil).outcome) }
    #expect(outcomes == [.fail, .skipped, .fail])
  }

  @Test func aFolderWithoutCasesIsRefused() {
    #expect(throws: CoreError.self) { _ = try VerificationSuite(folder: URL(fileURLWithPath: "/nonexistent")) }
    #expect(throws: CoreError.self) {
      _ = try VerificationSuite(folder: FileManager.default.temporaryDirectory.appendingPathComponent("none"))
    }
  }
}
