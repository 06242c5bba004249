import Core
import NN
import Testing

/// Every layer against finite differences of a random projection of its output.
@Suite(.serialized) struct GradientTests {
  static let examples: [(kind: String, name: String, network: NetworkEntry)] = Layers.all.flatMap { entry in
    entry.examples.map { (entry.kind, "\(entry.kind): \($0.network.name)", $0.network) }
  }

  @Test(arguments: examples.map(\.name), [true, false])
  func layerMatchesFiniteDifferences(name: String, training: Bool) async throws {
    let example = try #require(Self.examples.first { $0.name == name })
    let report = try await Engine.run {
      let check = try GradientCheck(example.network, training: training)
      return withExtendedLifetime(check) { check.run() }
    }
    #expect(report.checked > 0)
    #expect(report.worst < 5e-3, "\(name): \(report.worst) for \(report.where)")
    // Where the function has a corner within the step, differences mean nothing; there must be few.
    #expect(report.corners * 4 <= report.checked, "\(report.corners) corners of \(report.checked)")
  }

  @Test(arguments: examples.map(\.name))
  func everyDemandGivesTheSameBits(name: String) async throws {
    let example = try #require(Self.examples.first { $0.name == name })
    try await Engine.run {
      let network = try Network.random(example.network)
      var passes: [Demand: Pass] = [:]
      for demand in Demand.allCases {
        let plan = try network.plan(batch: 3, demand: demand, options: PlanOptions(poisons: true))
        plan.fillInput(from: -0.5)
        passes[demand] = Pass(network, plan, .training(seed: 3, step: 4).withRunningStatistics)
      }
      let both = try #require(passes[.both])
      for (demand, pass) in passes {
        #expect(pass.logits == both.logits, "\(demand)")
        if demand.input { #expect(pass.inputGradient == both.inputGradient, "\(demand)") }
        if demand.parameters { #expect(pass.gradients == both.gradients, "\(demand)") }
      }
    }
  }
}

extension Mode {
  /// The same without the side effect on running statistics.
  var withRunningStatistics: Mode { Mode(batchStatistics: false, dropout: dropout) }
}

@Engine private struct GradientCheck {
  struct Report {
    var worst = 0.0
    var `where` = ""
    var checked = 0
    var corners = 0
  }

  private let network: Network
  private let plan: Plan
  private let mode: Mode
  private let projection: [Double]
  private let step: Float = 4e-3

  init(_ entry: NetworkEntry, training: Bool) throws {
    network = try Network(entry)
    for parameter in network.parameters where parameter.role != .counter {
      let stream = RandomStream(seed: 5, purpose: parameter.name)
      let low: Float = parameter.name.hasSuffix("running_var") ? 0.5 : -0.5
      for i in 0..<parameter.count { parameter.values[i] = low + stream.uniform(i) }
    }
    network.parametersChanged()
    plan = try network.plan(batch: 3, demand: .both)
    plan.fillInput(from: -0.5)
    mode = training ? .training(seed: 2, step: 1) : .evaluation
    let stream = RandomStream(seed: 9, purpose: "projection")
    projection = (0..<plan.batch * plan.outputs).map { Double(2 * stream.uniform($0) - 1) }
  }

  private func objective() -> Double {
    plan.forward(mode)
    return projection.indices.reduce(0) { $0 + projection[$1] * Double(plan.logits[$1]) }
  }

  func run() -> Report {
    var report = Report()
    let centre = objective()
    for (i, value) in projection.enumerated() { plan.outputGradient[i] = Float(value) }
    plan.backward()
    let gradient = plan.inputGradientValues
    let parameters = network.trainableParameters.map { parameter in
      (parameter, parameter.gradient.map { values($0, min(4096, parameter.count)) } ?? [])
    }
    compare("input", plan.input, gradient, plan.inputCount, centre, &report)
    for (parameter, gradient) in parameters {
      compare(parameter.name, parameter.values, gradient, parameter.count, centre, &report)
    }
    return report
  }

  /// Up to 60 elements spread over the tensor, compared as one vector.
  private func compare(
    _ name: String, _ at: UnsafeMutablePointer<Float>, _ gradient: [Float], _ count: Int, _ centre: Double,
    _ report: inout Report
  ) {
    var ours: [Float] = [], theirs: [Float] = []
    let count = min(count, gradient.count)
    for i in stride(from: 0, to: count, by: max(1, count / 60)) {
      let original = at[i]
      func moved(_ by: Float) -> Double {
        at[i] = original + by
        network.parametersChanged()
        return objective()
      }
      let up = moved(step), down = moved(-step)
      at[i] = original
      report.checked += 1
      if abs(up - 2 * centre + down) > 0.02 * (abs(up - down) + 1e-3) {
        report.corners += 1
        continue
      }
      ours.append(gradient[i])
      theirs.append(Float((up - down) / (2 * Double(step))))
    }
    network.parametersChanged()
    let error = relativeError(ours, theirs)
    let scale = theirs.map(abs).max() ?? 0
    // A gradient that is nothing but rounding (a bias before batch norm) has no relative error.
    if scale > 1e-3, !(error <= report.worst) { (report.worst, report.where) = (error, name) }
  }
}
