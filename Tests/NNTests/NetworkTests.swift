import Core
import Foundation
import NN
import Testing

@Suite(.serialized) struct NetworkTests {
  @Test func parametersAreAsManyAsThePaperCounts() throws {
    let counts = [
      "cnn-lstm": 33_321_191, "alexnet": 61_107_847, "vgg16": 138_364_551, "cvt": 31_629_703, "vit": 86_574_663,
      "levit": 18_900_883,
    ]
    for entry in Networks.all { #expect(entry.parameterCount() == counts[entry.name], "\(entry.name)") }
    // The head alone follows the number of classes.
    #expect(try Networks.named("alexnet").parameterCount(classes: 4) == 61_107_847 - 3 * 1001)
  }

  @Test func everyModelAndLayerFileHasItsLine() throws {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources/NN")
    let models = try FileManager.default.contentsOfDirectory(atPath: sources.appendingPathComponent("Models").path)
    #expect(models.count == Networks.all.count)
    #expect(Set(Networks.all.map(\.name)).count == Networks.all.count)
    var kinds: Set<String> = []
    let layers = sources.appendingPathComponent("Layers")
    for file in try FileManager.default.contentsOfDirectory(atPath: layers.path) {
      let text = try String(contentsOf: layers.appendingPathComponent(file), encoding: .utf8)
      for match in text.matches(of: /package let kind = "(\w+)"/) { kinds.insert(String(match.1)) }
    }
    #expect(kinds == Set(Layers.all.map(\.kind)))
  }

  @Test func otherClassCountsTrain() async throws {
    try await Engine.run {
      for entry in Networks.all {
        let network = try Network.random(entry, classes: 4)
        let plan = try network.plan(batch: 1, demand: .inference)
        plan.fillInput()
        plan.forward()
        #expect(plan.outputs == 4 && plan.logitValues.allSatisfy(\.isFinite))
      }
    }
  }

  @Test func mistakesGetOneSentence() async throws {
    #expect(throws: NNError.unknownNetwork(name: "resnet", known: Networks.all.map(\.name))) {
      try Networks.named("resnet")
    }
    try await Engine.run {
      let entry = try Networks.named("cnn-lstm")
      #expect(throws: NNError.badClasses(1)) { try Network(entry, classes: 1) }
      #expect(throws: NNError.badBatch(0)) { try Network(entry).plan(batch: 0, demand: .inference) }
    }
  }

  @Test func aProgrammersMistakeStopsTheProcess() async {
    await #expect(processExitsWith: .failure) {
      // A 7×7 kernel on a 5×5 map.
      _ = NetworkEntry(name: "a", title: "a", input: [1, 5, 5]) { net, _ in
        net("conv", Convolution(2, kernel: 7), net.input)
      }.graph()
    }
    await #expect(processExitsWith: .failure) {
      // A feature map where a sequence belongs.
      _ = NetworkEntry(name: "a", title: "a", input: [1, 5, 5]) { net, _ in net("lstm", LSTM(3), net.input) }.graph()
    }
    await #expect(processExitsWith: .failure) {
      try await Engine.run {
        let plan = try Network.random(Self.tiny).plan(batch: 2, demand: .inference)
        plan.forward()
        plan.backward()
      }
    }
    await #expect(processExitsWith: .failure) {
      try await Engine.run {
        let plan = try Network.random(Self.tiny).plan(batch: 2, demand: .both)
        plan.forward()
        _ = plan.loss(labels: [0, 7])
      }
    }
    await #expect(processExitsWith: .failure) {
      try await Engine.run { _ = try Network.random(Self.tiny).plan(batch: 2, demand: .inference).inputGradient }
    }
  }

  static let tiny = NetworkEntry(name: "tiny", title: "Tiny", input: [4]) { net, classes in
    net("fc", Linear(classes), net.input)
  }

  @Test func reportsAddUp() async throws {
    try await Engine.run {
      let network = try Network.random(Networks.named("alexnet"))
      var parameters = 0, flops = 0
      for layer in network.layers {
        parameters += layer.parameters
        flops += layer.flops
      }
      #expect(parameters == 61_107_847)
      // Multiply-adds of AlexNet's layers, 0.71 G an image, count two each.
      #expect((1_420_000_000...1_440_000_000).contains(flops), "\(flops)")
      #expect(network.memory.gradients == 0 && network.memory.plans == 0)
      #expect(network.memory.parameters >= 4 * 61_107_847)
      let plan = try network.plan(batch: 1, demand: .inference)
      plan.resetProfile()
      plan.fillInput()
      plan.forward()
      #expect(plan.profile.contains { $0.kind == "conv2d" && $0.forward.nanoseconds > 0 && !$0.kernels.isEmpty })
      network.releasePlans()
      #expect(network.memory.plans == 0)
    }
  }
}

@Suite(.serialized) struct CheckpointTests {
  private func withFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder)
  }

  private static func small(_ name: String, _ width: Int = 6) -> NetworkEntry {
    NetworkEntry(name: name, title: name, input: [2, 5, 5]) { net, classes in
      var x = net("conv", Convolution(3, kernel: 2), net.input)
      x = net("norm", BatchNorm(), x)
      x = net("fc", Linear(width), net("flat", Flatten(), x))
      return net("head", Linear(classes), x)
    }
  }

  /// The load fails with the sentence, and the network is as it was.
  @Engine private static func refuses(
    _ file: URL, _ network: Network, _ optimiser: Adam? = nil, because part: String
  ) {
    let before = network.parameters.map { Array($0.bytes) }
    do {
      try Checkpoint.load(file, into: network, optimiser)
      Issue.record("\(part): was loaded")
    } catch {
      #expect("\(error)".contains(part), "\(error)")
      #expect(!"\(error)".contains("\n"))
    }
    #expect(network.parameters.map { Array($0.bytes) } == before)
  }

  @Test func anothersCheckpointIsRefusedWhole() async throws {
    try await withFolder { folder in
      let file = folder.appendingPathComponent("a.safetensors"), bare = folder.appendingPathComponent("b.safetensors")
      try await Engine.run {
        let network = try Network.random(Self.small("a")), optimiser = try Adam(network)
        try Checkpoint.save(network, optimiser, to: file)
        try Checkpoint.save(network, to: bare)
        Self.refuses(file, try .random(Self.small("b"), seed: 2), because: "it holds a")
        Self.refuses(file, try .random(Self.small("a", 7), seed: 2), because: "fc.weight is [6, 48], not [7, 48]")
        Self.refuses(
          file, try .random(Self.small("a"), classes: 4, seed: 2), because: "head.weight is [7, 6], not [4, 6]")
        let twin = try Network.random(Self.small("a"), seed: 2)
        Self.refuses(bare, twin, try Adam(twin), because: "adam.m.conv.weight is missing")
        Self.refuses(folder.appendingPathComponent("none"), twin, because: "cannot be read")
        // Evaluation needs no moments.
        try Checkpoint.load(bare, into: twin)
        #expect(twin.parameters.map { Array($0.bytes) } == network.parameters.map { Array($0.bytes) })
      }
    }
  }

  @Test func damagedFilesAreRefusedWhole() async throws {
    try await withFolder { folder in
      let file = folder.appendingPathComponent("a.safetensors")
      try await Engine.run { try Checkpoint.save(.random(Self.small("a")), to: file) }
      let data = try Data(contentsOf: file)
      for length in [0, 5, 9, 300, data.count - 1] {
        try data.prefix(length).write(to: file)
        try await Engine.run {
          Self.refuses(file, try .random(Self.small("a"), seed: 2), because: "not a usable safetensors file")
        }
      }
    }
  }

  @Test func namesAndTypesAreUpstreams() async throws {
    try await withFolder { folder in
      let file = folder.appendingPathComponent("a.safetensors")
      try await Engine.run { try Checkpoint.save(.random(Self.small("a")), to: file) }
      let entries = try SafeTensors(contentsOf: file).entries
      #expect(entries["norm.num_batches_tracked"]?.type == .i64)
      #expect(entries["norm.num_batches_tracked"]?.shape == [])
      #expect(entries["conv.weight"]?.shape == [3, 2, 2, 2])
    }
  }
}
