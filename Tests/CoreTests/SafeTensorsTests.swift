import Core
import Foundation
import Testing

@Suite struct SafeTensorsTests {
  private func scratch() -> URL {
    FileManager.default.temporaryDirectory.appendingPathComponent("quaver-\(UUID().uuidString).safetensors")
  }

  @Test func whatIsWrittenIsRead() throws {
    let url = scratch()
    defer { try? FileManager.default.removeItem(at: url) }
    let values: [Float] = [1, -2.5, .pi, 0]
    try values.withUnsafeBytes { bytes in
      try SafeTensorsWriter.write(
        [.init(name: "a.weight", type: .f32, shape: [2, 2], bytes: bytes)], metadata: ["kind": "test"], to: url)
    }
    let file = try SafeTensors(contentsOf: url)
    #expect(file.metadata == ["kind": "test"])
    #expect(try file.entry("a.weight").shape == [2, 2])
    #expect(try file.array("a.weight", as: Float.self) == values)
    #expect(throws: CoreError.missingTensor(path: url.path, name: "b")) { try file.entry("b") }
  }

  @Test(arguments: [
    Data(), Data([1, 2, 3]), Data([255, 255, 255, 255, 255, 255, 255, 255, 0]),
    Data([2, 0, 0, 0, 0, 0, 0, 0]) + Data("[]".utf8),
    Self.file(#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,8]}}"#, payload: 8),
    Self.file(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, payload: 4),
    Self.file(#"{"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}"#, payload: 8),
    Self.file(#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, payload: 0),
    Self.file(#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}"#, payload: 8),
  ])
  func malformedFilesAreRefused(_ bytes: Data) throws {
    let url = scratch()
    defer { try? FileManager.default.removeItem(at: url) }
    try bytes.write(to: url)
    #expect(throws: CoreError.self) { try SafeTensors(contentsOf: url) }
  }

  private static func file(_ header: String, payload: Int) -> Data {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8) + Data(count: payload)
  }

  @Test func failedWriteLeavesWhatWasThere() throws {
    let url = scratch()
    defer { try? FileManager.default.removeItem(at: url) }
    try AtomicFile.write(url, Data("old".utf8))
    struct Stop: Error {}
    #expect(throws: CoreError.self) {
      try AtomicFile.write(url) {
        try $0.write(contentsOf: Data("new".utf8))
        throw Stop()
      }
    }
    #expect(try Data(contentsOf: url) == Data("old".utf8))
    let missing = URL(fileURLWithPath: "/nonexistent-folder/file")
    #expect(throws: CoreError.self) { try AtomicFile.write(missing, Data()) }
  }
}
