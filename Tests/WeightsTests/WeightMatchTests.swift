import Core
import Foundation
import Testing
import Weights
import WeightsFuzzing

@Suite struct WeightMatchTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("NameGoldens")
  private static let nameGoldens: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.contains("-") }.sorted()
  }()

  private static func open(_ name: String) throws -> WeightFile {
    try WeightFile(contentsOf: folder.appendingPathComponent(name))
  }

  // MARK: Names

  /// Each publisher's file fills the reference's tensors with the reference's values (the script that made them proved
  /// that both networks give the same logits).
  @Test(arguments: nameGoldens)
  func publishersNamesFillTheReference(_ name: String) throws {
    let network = name.prefix { $0 != "-" }
    let reference = try Self.open("\(network).safetensors")
    let file = try Self.open(name)
    let wanted = reference.tensors.map { WantedTensor(name: $0.key, shape: $0.value.shape) }.sorted {
      $0.name < $1.name
    }
    let match = try WeightMatch(wanted, in: file, head: .append)
    try match.check(partial: false, in: file)
    #expect(match.matched.count == wanted.count && match.leftOver.isEmpty, "\(match.lines)")
    #expect(match.names != "the reference's")
    let loaded = try load(match, from: file)
    for tensor in wanted { #expect(try loaded[tensor.name] == reference.floats(tensor.name), "\(tensor.name)") }
  }

  @Test func thereAreNameGoldens() { #expect(Self.nameGoldens.count >= 7) }

  private func load(_ match: WeightMatch, from file: WeightFile) throws -> [String: [Float]] {
    var buffers: [String: UnsafeMutableBufferPointer<Float>] = [:]
    defer { buffers.values.forEach { $0.deallocate() } }
    _ = try match.load(from: file) { tensor in
      let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: tensor.count)
      buffer.initialize(repeating: .nan)
      buffers[tensor.name] = buffer
      return buffer
    }
    return buffers.mapValues(Array.init)
  }

  // MARK: A small network with a published classifier and ours behind it

  private let network = [
    WantedTensor(name: "features.0.weight", shape: [4, 3]), WantedTensor(name: "features.0.bias", shape: [4]),
    WantedTensor(name: "classifier.6.weight", shape: [10, 4]), WantedTensor(name: "classifier.6.bias", shape: [10]),
    WantedTensor(name: "ser_head.weight", shape: [2, 10]), WantedTensor(name: "ser_head.bias", shape: [2]),
  ]

  /// A file whose tensors count 1, 2, 3, … each.
  ///
  /// - Parameter whole: of these the bytes are called those of whole numbers.
  private func file(_ tensors: [(String, [Int])], whole: Set<String> = []) throws -> WeightFile {
    var header: [String] = []
    var bytes: [UInt8] = []
    for (name, shape) in tensors {
      let start = bytes.count
      for i in 0..<shape.reduce(1, *) { bytes += StoredZip.littleEndian(Float(i + 1).bitPattern) }
      let type = whole.contains(name) ? "I32" : "F32"
      header.append(#""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[\#(start),\#(bytes.count)]}"#)
    }
    let json = Array("{\(header.joined(separator: ","))}".utf8)
    return try WeightFile(Data(StoredZip.littleEndian(UInt64(json.count)) + json + bytes), path: "small.safetensors")
  }

  private func published(_ prefix: String = "", rows: Int = 10) -> [(String, [Int])] {
    [
      (prefix + "features.0.weight", [4, 3]), (prefix + "features.0.bias", [4]),
      (prefix + "classifier.6.weight", [rows, 4]), (prefix + "classifier.6.bias", [rows]),
    ]
  }

  @Test(arguments: ["", "module.", "model.", "state_dict.module.", "0.", "_orig_mod.module."])
  func anyPrefixIsFound(_ prefix: String) throws {
    let file = try file(published(prefix) + [("criterion.weight", [7]), ("optimizer.state.0.exp_avg", [4, 3])])
    let match = try WeightMatch(network, in: file, head: .append)
    #expect(match.prefix == prefix && match.matched.count == 4)
    #expect(match.fresh.map(\.name) == ["ser_head.weight", "ser_head.bias"])
    if prefix.isEmpty {
      #expect(match.leftOver == ["criterion.weight", "optimizer.state.0.exp_avg"])
    } else {
      #expect(match.outside == 2)
      try match.check(partial: false, in: file)
    }
  }

  @Test func twoSetsOfWeightsMustBeChosenFrom() throws {
    let file = try file(published("model.") + published("model_ema.module."))
    #expect(
      throws: WeightError.ambiguousPrefix(path: file.path, prefixes: ["model.", "model_ema.module."])
    ) { try WeightMatch(network, in: file, head: .append) }
    let match = try WeightMatch(network, in: file, head: .append, prefix: "model_ema")
    #expect(match.prefix == "model_ema.module." && match.matched.count == 4)
    #expect(throws: WeightError.unknownPrefix(path: file.path, prefix: "ema.")) {
      try WeightMatch(network, in: file, head: .append, prefix: "ema")
    }
  }

  /// A network without its own classifier is also its body below the body's own name: one set of weights, not two.
  @Test(arguments: ["vit-huggingface", "cvt"], [0, 7])
  func aReplacedOrAbsentClassifierMakesNoSecondSet(_ name: String, _ classes: Int) throws {
    let network = String(name.prefix { $0 != "-" })
    let reference = try Self.open("\(network).safetensors"), whole = try Self.open("\(name).safetensors")
    let wanted = reference.tensors.map { WantedTensor(name: $0.key, shape: $0.value.shape) }.sorted {
      $0.name < $1.name
    }
    let body = whole.tensors.filter { $0.key.hasPrefix("\(network).") }.map { ($0.key, $0.value.shape) }
    let head: [(String, [Int])] =
      classes == 0 ? [] : [("classifier.bias", [classes]), ("classifier.weight", [classes, 8])]
    let file = try file(body + head)
    let match = try WeightMatch(wanted, in: file, head: .append)
    #expect(match.prefix.isEmpty && match.names == (network == "vit" ? "Hugging Face's ViT" : "the reference's"))
    #expect(match.wrongShape.map(\.source) == head.map(\.0) && match.leftOver.isEmpty, "\(match.lines)")
    // A second copy is still a second set.
    let twice = try self.file(body + body.map { ("ema." + $0.0, $0.1) })
    #expect(throws: WeightError.ambiguousPrefix(path: twice.path, prefixes: ["", "ema."])) {
      try WeightMatch(wanted, in: twice, head: .append)
    }
  }

  @Test func halfAMatchIsRefusedUnlessTold() throws {
    let missing = try file(Array(published().dropFirst()))
    let shape = try file(published(rows: 5))
    let more = try file(published() + [("features.3.weight", [4, 4])])
    for (file, part) in [
      (missing, "1 missing, first “features.0.weight”"), (shape, "2 of another shape"), (more, "1 left over"),
    ] {
      let match = try WeightMatch(network, in: file, head: .append)
      let error = #expect(throws: WeightError.self) { try match.check(partial: false, in: file) }
      #expect(error?.description.contains(part) == true, "\(String(describing: error))")
      try match.check(partial: true, in: file)
    }
    let other = try file([("conv1.weight", [4, 3])])
    let match = try WeightMatch(network, in: other, head: .append)
    #expect(throws: WeightError.nothingFits(path: other.path, wanted: 6, example: "conv1.weight")) {
      try match.check(partial: true, in: other)
    }
  }

  // MARK: Last layers

  @Test func anAppendedHeadIsTaken() throws {
    for (layer, prefix) in [("ser_head", ""), ("1", "0."), ("emotion", "backbone.")] {
      let file = try file(published(prefix) + [("\(layer).weight", [2, 10]), ("\(layer).bias", [2])])
      let match = try WeightMatch(network, in: file, head: .append)
      try match.check(partial: false, in: file)
      #expect(match.matched.count == 6 && match.fresh.isEmpty && match.outside == 0, "\(match.lines)")
      #expect(try load(match, from: file)["ser_head.bias"] == [1, 2])
    }
  }

  /// The logits of the file's network, W h + b, come out of ser_head(classifier(h)).
  @Test(arguments: ["classifier.6", "classifier"])
  func aReplacedHeadIsCarriedOver(_ layer: String) throws {
    let file = try file(published().prefix(2) + [("\(layer).weight", [2, 4]), ("\(layer).bias", [2])])
    let match = try WeightMatch(network, in: file, head: .replace)
    try match.check(partial: false, in: file)
    let loaded = try load(match, from: file)
    #expect(loaded["classifier.6.weight"] == (1...8).map(Float.init) + [Float](repeating: 0, count: 32))
    #expect(loaded["classifier.6.bias"] == [1, 2] + [Float](repeating: 0, count: 8))
    #expect(loaded["ser_head.weight"]?.enumerated().allSatisfy { $1 == ($0 == 0 || $0 == 11 ? 1 : 0) } == true)
    #expect(loaded["ser_head.bias"] == [0, 0])
  }

  @Test func aReplacedHeadOfOtherClassesStartsFresh() throws {
    let file = try file(published(rows: 5))
    let match = try WeightMatch(network, in: file, head: .replace)
    try match.check(partial: false, in: file)
    #expect(match.matched.count == 2 && match.fresh.count == 4)
    // The published classifier itself needs no replacing.
    let whole = try self.file(published())
    #expect(try WeightMatch(network, in: whole, head: .replace).matched.count == 4)
    // A network of our own has no ser_head: its last layer is what was replaced.
    let own = [
      WantedTensor(name: "features.0.weight", shape: [4, 3]), WantedTensor(name: "features.0.bias", shape: [4]),
      WantedTensor(name: "classifier.6.weight", shape: [10, 4]), WantedTensor(name: "classifier.6.bias", shape: [10]),
    ]
    #expect(try WeightMatch(own, in: file, head: .replace).fresh.map(\.name) == own.suffix(2).map(\.name))
  }

  /// Quantised weights are no weights; only batch norm's counter is made of whole numbers.
  @Test func wholeNumbersAreNoWeights() throws {
    let file = try file(published(), whole: ["features.0.weight"])
    let match = try WeightMatch(network, in: file, head: .append)
    #expect(match.matched.count == 3 && match.wrongShape.map(\.source) == ["features.0.weight"])
    let error = #expect(throws: WeightError.self) { try match.check(partial: false, in: file) }
    let words = "1 of another shape or of whole numbers, first “features.0.weight” of I32 [4, 3] for [4, 3]"
    #expect(error?.description.contains("\(words))") == true, "\(String(describing: error))")
    let counter = WantedTensor(name: "features.1.num_batches_tracked", shape: [1])
    let counted = try self.file(published() + [(counter.name, [1])], whole: [counter.name])
    #expect(try WeightMatch(network + [counter], in: counted, head: .append).matched.count == 5)
    // Nor does a layer of them stand in for the emotions' own.
    let spare = try self.file(published() + [("1.weight", [2, 10]), ("1.bias", [2])], whole: ["1.weight"])
    #expect(try WeightMatch(network, in: spare, head: .append).fresh.count == 2)
  }

  @Test func linearLayersKeptAsConvolutionsFit() throws {
    let wanted = [
      WantedTensor(name: "classifier.0.weight", shape: [6, 8]),
      WantedTensor(name: "classifier.3.weight", shape: [2, 6]),
    ]
    let file = try file([("pre_logits.fc1.weight", [6, 2, 2, 2]), ("pre_logits.fc2.weight", [2, 6, 1, 1])])
    let match = try WeightMatch(wanted, in: file, head: .append)
    try match.check(partial: false, in: file)
    #expect(match.names == "timm's VGG")
    #expect(try load(match, from: file)["classifier.0.weight"] == (1...48).map(Float.init))
  }
}
