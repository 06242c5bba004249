import Core
import Foundation
import Lab
import NN
import Testing
import Weights

@Suite struct WeightStoreTests {
  private let home = FileManager.default.temporaryDirectory.appendingPathComponent(
    "quaver-weights-\(UUID().uuidString)")
  private var store: WeightStore { WeightStore(folder: home.appendingPathComponent("weights")) }

  /// Writes random weights of a network, changed by `change`, under names with a prefix.
  private func file(
    _ network: String = "cnn-lstm", classes: Int = 7, seed: UInt64 = 3, prefix: String = "",
    metadata: [String: String] = [:], leaving out: @escaping @Sendable (String) -> Bool = { _ in false },
    changing change: @escaping @Sendable @Engine (Network) -> Void = { _ in }
  ) async throws -> URL {
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    let url = home.appendingPathComponent("\(UUID().uuidString.prefix(8)).safetensors")
    try await Engine.run {
      let network = try Network(try Networks.named(network), classes: classes)
      network.initialise(seed: seed)
      change(network)
      let items = network.parameters.filter { $0.role != .counter && !out($0.name) }.map {
        SafeTensorsWriter.Item(name: prefix + $0.name, type: .f32, shape: $0.shape, bytes: .init($0.bytes))
      }
      try withExtendedLifetime(network) { try SafeTensorsWriter.write(items, metadata: metadata, to: url) }
    }
    return url
  }

  private func importing(
    _ url: URL, _ change: (inout WeightStore.ImportOptions) -> Void = { _ in }
  ) throws -> StoredWeights {
    var options = WeightStore.ImportOptions()
    options.name = "w"
    change(&options)
    return try store.store(try store.examine(url, options), options, now: Date(timeIntervalSince1970: 1000))
  }

  @Test func whatIsImportedIsThereAgain() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let url = try await file(prefix: "module.")
    let stored = try importing(url)
    #expect(stored.origin.network == "cnn-lstm" && stored.isWhole && stored.origin.prefix == "module.")
    #expect(stored.origin.sha256 == SHA256.hex(of: try Data(contentsOf: url)))
    #expect(store.all().weights == [stored] && store.latest(for: "cnn-lstm") == stored)
    #expect(store.latest(for: "alexnet") == nil)
    let same = try await Engine.run {
      let (first, second) = (try Network(try Networks.named("cnn-lstm")), try Network(try Networks.named("cnn-lstm")))
      first.initialise(seed: 3)
      second.initialise(seed: 4)
      let kept = try stored.load(into: second)
      return kept.isEmpty
        && zip(first.parameters, second.parameters).allSatisfy {
          Data($0.bytes) == Data($1.bytes)
        }
    }
    #expect(same)
    #expect(throws: LabError.weightsExist("w")) { _ = try importing(url) }
    try store.remove("w")
    #expect(throws: LabError.unknownWeights("w", known: [])) { try store.remove("w") }
  }

  /// Weights that are imported while a sweep is under way are not mixed with what it has trained: names differ.
  @Test func aSweepStartsFromTheSameWeights() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    var job = Job(corpus: "c")
    job.weights = .automatic
    func cell() throws -> SweepCell {
      try #require(try DefenceSweep([job], defences: ["pgd"], epsilons: [8.0 / 255], weights: store).cells.first)
    }
    let scratch = try cell()
    #expect(scratch.job.weights == StartingWeights.none)
    #expect(scratch.run == (try DefenceSweep([job], defences: ["pgd"], epsilons: [8.0 / 255]).cells[0].run))
    let stored = try importing(try await file())
    let tuned = try cell()
    #expect(tuned.run != scratch.run && tuned.job.weights?.name == "w")
    #expect(tuned.job.weights?.sha256 == (try stored.identity()))
    #expect(tuned.run == (try cell().run))
    // The same name, and other weights.
    try store.remove("w")
    _ = try importing(try await file(seed: 5))
    #expect(try cell().run != tuned.run)
    #expect(throws: LabError.weightsReplaced("w")) {
      _ = try DefenceSweep([tuned.job], defences: ["pgd"], epsilons: [8.0 / 255], weights: store)
    }
  }

  /// Another number of classes: taken as it is, and the last layer starts fresh where a corpus has others.
  @Test func aLastLayerOfOtherClassesIsTakenAndReplaced() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let stored = try importing(try await file(classes: 4))
    #expect(stored.origin.classes == 4)
    let kept = try await Engine.run { try stored.load(into: try Network(try Networks.named("cnn-lstm"), classes: 7)) }
    #expect(kept == ["fc2.weight", "fc2.bias"])
    let all = try await Engine.run { try stored.load(into: try Network(try Networks.named("cnn-lstm"), classes: 4)) }
    #expect(all.isEmpty)
  }

  /// As many classes, and others or in another order: taken silently, the layer would begin as another emotion's.
  @Test func aLastLayerOfOtherEmotionsIsNotTaken() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let stored = try importing(
      try await file(classes: 3, metadata: ["quaver.emotions": #"["anger","fear","neutral"]"#]))
    #expect(stored.origin.emotions == ["anger", "fear", "neutral"])
    for (emotions, kept) in [
      (["anger", "fear", "neutral"], []), (nil, []), (["fear", "anger", "neutral"], ["fc2.weight", "fc2.bias"]),
      (["anger", "fear", "sadness"], ["fc2.weight", "fc2.bias"]),
    ] as [([String]?, [String])] {
      let found = try await Engine.run {
        try stored.load(into: try Network(try Networks.named("cnn-lstm"), classes: 3), emotions: emotions)
      }
      #expect(found == kept, "\(emotions ?? [])")
    }
    // A file that names another number of classes than its last layer has tells nothing.
    try store.remove("w")
    let odd = try importing(try await file(classes: 4, metadata: ["quaver.emotions": #"["anger","fear"]"#]))
    #expect(odd.origin.emotions == nil && odd.origin.classes == 4)
  }

  /// Parameters that are a node's only one carry the node's name alone (ViT's class token).
  @Test(arguments: Networks.all.map(\.name))
  func wantedNamesAreTheNetworks(name: String) async throws {
    let entry = try Networks.named(name)
    let names = try await Engine.run { try Network(entry).parameters.filter { $0.role != .counter }.map(\.name) }
    #expect(Set(WeightStore.wanted(entry, 7).map(\.name)) == Set(names))
  }

  @Test func halfAFileIsRefusedUnlessTold() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let url = try await file { $0.hasPrefix("lstm.") }
    #expect(throws: WeightError.self) { _ = try importing(url) }
    #expect(store.all().weights.isEmpty)
    let stored = try importing(url) { $0.partial = true }
    #expect(stored.origin.fresh.count == 4 && !stored.isWhole)
    let kept = try await Engine.run { try stored.load(into: try Network(try Networks.named("cnn-lstm"))) }
    #expect(Set(kept) == Set(stored.origin.fresh))
  }

  @Test func weightsThatAreNoNumbersAreRefused() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let url = try await file(changing: { network in network.parameter("fc1.bias")?.values[3] = .nan })
    let error = #expect(throws: WeightError.self) { _ = try importing(url) }
    #expect(error == .notFinite(path: url.path, tensor: "fc1.bias", found: NonFinite(nan: 1)))
    let left = try FileManager.default.contentsOfDirectory(atPath: store.folder.path)
    #expect(left.isEmpty, "\(left)")
  }

  @Test func damageIsOneSentence() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let url = try await file()
    for model in ["alexnet", "resnet"] {
      #expect {
        _ = try importing(url) { $0.model = model }
      } throws: {
        $0 is any UserError
      }
    }
    #expect(throws: LabError.badName("a/b")) { _ = try importing(url) { $0.name = "a/b" } }
    _ = try importing(url)
    try Data("no weights".utf8).write(to: store.folder.appendingPathComponent("x.safetensors"))
    let (weights, problems) = store.all()
    #expect(weights.map(\.name) == ["w"] && problems.count == 1)
    let other = try await file("cnn-lstm", classes: 5)
    // A file that is no import of ours does not say where it came from.
    try FileManager.default.copyItem(at: other, to: store.folder.appendingPathComponent("y.safetensors"))
    #expect(throws: LabError.self) { _ = try store.named("y") }
  }
}

@Suite struct ModelSurveyTests {
  @Test(arguments: Networks.all.map(\.name))
  func aSurveyAddsUp(_ name: String) async throws {
    let entry = try Networks.named(name)
    let info = try ModelSurvey.info(entry)
    #expect(info.parameters == entry.parameterCount() && info.frozen == 0 && info.flops > 100_000_000)
    #expect(info.layers.last?.output == [7] && info.input == [3, 224, 224])
    let all = entry.graph().nodes.flatMap { node in node.parameters.map { "\(node.name).\($0.name)" } }
    let first = try #require(all.first)
    let frozen = try ModelSurvey.info(entry, freeze: [first])
    #expect(frozen.frozen > 0 && frozen.frozen < frozen.parameters)
    #expect(throws: NNError.self) { _ = try ModelSurvey.info(entry, freeze: ["nothing.*"]) }
    let measures = try await Engine.run { try ModelSurvey.measure(entry, batch: 1, times: false) }
    #expect(Set(measures.planBytes.keys) == Set(Demand.allCases.map(\.rawValue)) && measures.times == nil)
    #expect(measures.trainingBytes > 16 * info.parameters)
  }

  @Test func timesAreTold() async throws {
    let measures = try await Engine.run { try ModelSurvey.measure(Networks.all[0], batch: 1, times: true) }
    #expect(
      measures.times?.isEmpty == false && measures.times?.allSatisfy { $0.forward >= 0 && $0.backward >= 0 } == true)
  }

  @Test func sizesReadWell() {
    #expect(
      SizeText.count(61_107_847) == "61 107 847" && SizeText.count(999) == "999" && SizeText.count(1000) == "1 000")
    #expect(SizeText.short(1_430_000_000) == "1.43 G" && SizeText.short(14) == "14" && SizeText.short(704e6) == "704 M")
    #expect(SizeText.bytes(111_000_000) == "111 MB" && SizeText.bytes(12) == "12 B")
  }
}
