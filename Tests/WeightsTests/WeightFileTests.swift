import Core
import Foundation
import Testing
import Weights

@Suite struct WeightFileTests {
  @Test(arguments: Goldens.read.keys.sorted())
  func goldensReadAsPyTorchReadsThem(_ name: String) throws {
    let file = try WeightFile(contentsOf: Goldens.url(name))
    let expected = try #require(Goldens.read[name])
    #expect(file.tensors.keys.sorted() == expected.keys.sorted())
    for (tensorName, tensor) in expected {
      let stored = try file.tensor(tensorName)
      #expect(stored.type.rawValue == tensor.type, "\(tensorName)")
      #expect(stored.shape == tensor.shape, "\(tensorName)")
      let values = try file.floats(tensorName)
      let wanted = tensor.values.map { Float($0) ?? .nan }
      #expect(
        values.map(\.bitPattern) == wanted.map(\.bitPattern) || zip(values, wanted).allSatisfy(same), "\(tensorName)")
      #expect(values.count == wanted.count)
    }
  }

  private func same(_ a: Float, _ b: Float) -> Bool { a == b || a.isNaN && b.isNaN }

  @Test(arguments: Goldens.refused.keys.sorted())
  func othersAreRefusedInOneSentence(_ name: String) throws {
    let part = try #require(Goldens.refused[name])
    let error = #expect(throws: WeightError.self) { try WeightFile(contentsOf: Goldens.url(name)) }
    let sentence = try #require(error?.description)
    #expect(sentence.contains(part) && sentence.contains(name) && !sentence.contains("\n"), "\(sentence)")
  }

  @Test func whatIsNotFiniteIsCounted() throws {
    func count(_ file: String, _ tensor: String) throws -> NonFinite {
      let file = try WeightFile(contentsOf: Goldens.url(file))
      let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: try file.tensor(tensor).count)
      defer { values.deallocate() }
      return try file.read(tensor, into: values)
    }
    #expect(try count("not-finite.pt", "odd") == NonFinite(nan: 2, infinite: 2))
    #expect(try count("overflow.pt", "large") == NonFinite(nan: 0, infinite: 1))
    #expect("\(NonFinite(nan: 2, infinite: 1))" == "2 NaN and 1 infinite")
    #expect(try count("bare.pt", "tensor").isEmpty)
  }

  @Test func aMissingTensorIsNamed() throws {
    let file = try WeightFile(contentsOf: Goldens.url("bare.pt"))
    #expect(throws: WeightError.missingTensor(path: file.path, name: "x")) { try file.floats("x") }
  }

  @Test func foldersDevicesAndMissingFilesAreRefused() {
    for path in ["/dev/zero", "/", "/nonexistent/file.pt"] {
      #expect(throws: CoreError.self) { try WeightFile(contentsOf: URL(fileURLWithPath: path)) }
    }
  }
}
