import Core
import Foundation
import NN
import Testing

@Suite(.serialized) struct TrainingTests {
  /// Loss after each of `steps` steps on one batch, and the bits of all parameters at the end.
  @Engine private static func train(
    _ network: Network, _ optimiser: Adam, from first: Int = 0, steps: Int
  ) throws -> [Float] {
    let plan = try network.plan(batch: 3, demand: .parameterGradients)
    plan.fillInput()
    return (first..<first + steps).map { step in
      plan.forward(.training(seed: 11, step: step))
      let loss = plan.loss(labels: plan.labels)
      plan.backward()
      optimiser.step(learningRate: 2e-5, weightDecay: 1e-3)
      return loss
    }
  }

  /// A hash of every parameter's and buffer's bits.
  @Engine private static func bits(_ network: Network) -> [UInt64] {
    network.parameters.map { fingerprint(UnsafeRawBufferPointer($0.bytes)) }
  }

  @Test(arguments: Networks.all.map(\.name))
  func twoRunsGiveTheSameBitsAndAResumedOneToo(name: String) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("state.safetensors")
    try await Engine.run {
      let entry = try Networks.named(name)
      let network = try Network.random(entry), optimiser = try Adam(network)
      let before = try Self.train(network, optimiser, steps: 2)
      try Checkpoint.save(network, optimiser, metadata: ["epoch": "1"], to: file)
      let after = try Self.train(network, optimiser, from: 2, steps: 2)
      #expect((before + after).allSatisfy { $0.isFinite })
      #expect(after[1] < before[0])

      let resumed = try Network.random(entry, seed: 99), second = try Adam(resumed)
      #expect(try Self.train(resumed, second, steps: 1) != [before[0]])
      let metadata = try Checkpoint.load(file, into: resumed, second)
      #expect(metadata["epoch"] == "1" && second.steps == 2)
      #expect(try Self.train(resumed, second, from: 2, steps: 2) == after)
      #expect(Self.bits(resumed) == Self.bits(network))
    }
  }

  /// torch.optim.Adam's update written out in double.
  @Test func adamIsTorchs() async throws {
    try await Engine.run {
      let entry = NetworkEntry(name: "one", title: "one", input: [19]) { net, _ in net("layer", Linear(5), net.input) }
      let network = try Network.random(entry), optimiser = try Adam(network)
      let plan = try network.plan(batch: 2, demand: .parameterGradients)
      plan.fillInput()
      let weight = try #require(network.parameter("layer.weight"))
      var p = values(weight.values, weight.count).map(Double.init)
      var m = [Double](repeating: 0, count: p.count), v = m
      for t in 1...5 {
        plan.forward()
        _ = plan.loss(labels: [1, 3])
        plan.backward()
        let gradient = try #require(weight.gradient)
        for i in p.indices {
          let d = Double(gradient[i]) + 0.01 * p[i]
          m[i] = 0.9 * m[i] + 0.1 * d
          v[i] = 0.999 * v[i] + 0.001 * d * d
          let root = (v[i] / (1 - pow(0.999, Double(t)))).squareRoot() + 1e-8
          p[i] -= 0.003 * m[i] / (1 - pow(0.9, Double(t))) / root
        }
        optimiser.step(learningRate: 0.003, weightDecay: 0.01)
        #expect(relativeError(values(weight.values, weight.count), p.map(Float.init)) < 1e-6)
      }
      #expect(optimiser.steps == 5)
    }
  }

  @Test func initialisationDependsOnSeedAndNameOnly() async throws {
    try await Engine.run {
      let network = try Network.random(Networks.named("cnn-lstm"), seed: 4)
      let other = try Network.random(Networks.named("cnn-lstm"), classes: 4, seed: 4)
      let third = try Network.random(Networks.named("cnn-lstm"), seed: 5)
      for (parameter, twin) in zip(network.parameters, other.parameters) where !parameter.name.hasPrefix("fc2") {
        #expect(parameter.bytes.elementsEqual(twin.bytes), "\(parameter.name)")
      }
      let bounds: [(String, Float)] = [
        ("features.1.0.weight", 1 / Float(32 * 4).squareRoot()), ("features.1.0.bias", 1 / Float(32 * 4).squareRoot()),
        ("lstm.weight_ih_l0", 1 / 16), ("lstm.bias_hh_l0", 1 / 16), ("fc2.weight", 1 / Float(1000).squareRoot()),
      ]
      for (name, bound) in bounds {
        let parameter = try #require(network.parameter(name)), twin = try #require(third.parameter(name))
        let all = values(parameter.values, parameter.count)
        #expect(all.allSatisfy { abs($0) <= bound } && (all.map(abs).max() ?? 0) > 0.8 * bound, "\(name)")
        #expect(all != values(twin.values, twin.count))
      }
      for (name, constant) in [("features.0.1.weight", Float(1)), ("features.0.1.running_mean", 0)] {
        let parameter = try #require(network.parameter(name))
        #expect(values(parameter.values, parameter.count).allSatisfy { $0 == constant })
      }
    }
  }

  @Test func crossEntropyIsTorchs() {
    // torch.nn.functional.cross_entropy([[1, 2, 3], [1e4, 0, -1e4]], [2, 1]) = (0.40760596 + 10000) / 2
    let logits: [Float] = [1, 2, 3, 1e4, 0, -1e4]
    var gradient = [Float](repeating: 0, count: 6)
    let loss = CrossEntropy.mean(logits: logits, labels: [2, 1], classes: 3, gradient: &gradient)
    #expect(abs(loss - 5000.2038) < 1e-3)
    #expect(abs(gradient[0] - 0.04501529) < 1e-7 && gradient[3] == 0.5 && gradient[4] == -0.5)
    #expect(CrossEntropy.mean(logits: [.nan, 1], labels: [0], classes: 2, gradient: nil).isNaN)
  }
}
