import Core
import NN
import Testing

@Suite(.serialized) struct ConvolutionTests {
  private static let entry = NetworkEntry(name: "a", title: "a", input: [128, 40, 40]) { net, classes in
    let x = net("conv", Convolution(256, kernel: 3, padding: 1), net.input)
    return net("head", Linear(classes), net("flat", Flatten(), x))
  }

  /// Thirteen images' maps fit into what the products' copies may take: 7 go at once, 20 in two halves, 19 one by one.
  /// On AVX2 the direct kernel is another; elsewhere this compares Winograd.
  @Test(arguments: [7, 19, 20]) func weightGradientsByProductsAreTheDirectOnes(batch: Int) async throws {
    try await Engine.run {
      let network = try Network.random(Self.entry)
      var found: [[String: [Float]]] = [], kernels: [[String]] = []
      for convolution in [PlanOptions.Convolution.direct, .automatic] {
        let plan = try network.plan(
          batch: batch, demand: .parameterGradients, options: PlanOptions(convolution: convolution))
        kernels.append(plan.profile.first { $0.kind == "conv2d" }?.kernels ?? [])
        plan.fillInput()
        plan.forward(.training(seed: 1, step: 0))
        _ = plan.loss(labels: plan.labels)
        plan.backward()
        found.append(
          network.trainableParameters.reduce(into: [:]) { all, parameter in
            all[parameter.name] = parameter.gradient.map { values($0, parameter.count) }
          })
      }
      if kernels[0] == ["jit:avx2", "jit:avx2"] { #expect(kernels[1] == ["jit:avx2", "x64:gemm:jit"]) }
      for (name, gradient) in found[0] {
        #expect(!gradient.isEmpty && relativeError(found[1][name] ?? [], gradient) < 1e-4, "\(name) \(kernels)")
      }
    }
  }
}
