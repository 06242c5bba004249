import Core
import NN
import Testing

/// What training takes at batch 32, counted from the plans' own sizes: nothing is run.
@Suite(.serialized) struct MemoryTests {
  /// Megabytes of parameters, gradients, Adam's two moments and the plan.
  @Engine private static func training(_ entry: NetworkEntry, _ algorithm: PlanOptions.Algorithm) throws -> Int {
    let network = try Network(entry)
    let options = PlanOptions(algorithm: algorithm)
    let plan = try network.plan(batch: 32, demand: .parameterGradients, options: options)
    let memory = network.memory
    return (memory.parameters + 3 * memory.gradients + plan.bytes) / 1_000_000
  }

  /// PyTorch 2.9's resident megabytes after two steps of Adam at batch 32 with 2 threads, less those of the process before
  /// them, plus the parameters.
  private static let pytorch = ["alexnet": 1595, "vgg16": 4813, "levit": 1757, "vit": 6518, "cvt": 6942]

  @Test(arguments: Networks.all.map(\.name))
  func trainingTakesNoMoreThanPyTorchs(name: String) async throws {
    guard let limit = Self.pytorch[name] else { return }
    let ours = try await Engine.run { try Self.training(Networks.named(name), .automatic) }
    #expect(ours <= limit, "\(ours) MB, PyTorch \(limit) MB")
  }

  @Test func vgg16TrainsWithinItsBounds() async throws {
    try await Engine.run {
      let entry = try Networks.named("vgg16")
      #expect(try Self.training(entry, .direct) <= 6000)
      #expect(try Self.training(entry, .fast) <= 7500)
    }
  }
}
