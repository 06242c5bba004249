import Core
import Foundation
import Testing
import Weights

@Suite struct ExportTests {
  @Test(arguments: ["zip-protocol2.pt", "legacy-protocol4.pt", "nested.pt", "unsigned.pt", "plain.safetensors"])
  func whatIsExportedIsTheSame(_ name: String) throws {
    let file = try WeightFile(contentsOf: Goldens.url(name))
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try file.export(to: url, metadata: ["from": name])
    let copy = try WeightFile(contentsOf: url)
    #expect(copy.format == .safetensors && copy.metadata == ["from": name])
    #expect(copy.tensors.keys.sorted() == file.tensors.keys.sorted())
    for (tensorName, tensor) in file.tensors {
      #expect(try copy.tensor(tensorName).type == tensor.type && copy.tensor(tensorName).shape == tensor.shape)
      #expect(try copy.floats(tensorName) == file.floats(tensorName))
    }
  }

  /// A damaged entry leaves no file behind.
  @Test func aFailedExportLeavesNothing() throws {
    var bytes = [UInt8](try Goldens.data("bare.pt"))
    let place = try #require(Data(bytes).range(of: Data([0, 0, 0x80, 0x3F]))?.lowerBound)
    bytes[place] ^= 1
    let file = try WeightFile(Data(bytes), path: "x.pt")
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-\(UUID().uuidString).safetensors")
    #expect(throws: WeightError.self) { try file.export(to: url, metadata: [:]) }
    #expect(!FileManager.default.fileExists(atPath: url.path))
  }
}
