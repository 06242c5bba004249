import Core
import NN

/// How channels are weighed in a class activation map.
package enum CAMMethod: String, CaseIterable, Codable, Sendable {
  /// The mean of the gradient over the positions (Selvaraju et al. 2017).
  case gradCAM = "gradcam"
  /// Positive gradients, each by a coefficient that gives every occurrence its share (Chattopadhyay et al. 2018, eq. 19,
  /// with the exponential's derivatives in closed form).
  case gradCAMPlusPlus = "gradcam++"
}

/// Where in one image a network found a class.
package struct ActivationMap: Sendable, Equatable {
  /// Row-major over the image, 0 … 1; all 0 where nothing spoke for the class.
  package let values: [Float]
  /// The class whose logit was asked about.
  package let target: Int
  /// Of all classes.
  package let logits: [Float]

  package var isBlank: Bool { values.allSatisfy { $0 == 0 } }
}

/// Class activation maps of one network at one node: capture, weighing and scaling are separate steps.
@Engine package struct GradCAM {
  package nonisolated let node: String
  private let network: Network
  private let grid: PositionGrid

  /// - Parameter node: any node of the model file; nil for the network's own choice.
  /// - Throws: `NNError.unknownNode`, `ExplainError.noMap`.
  package init(_ network: Network, node: String? = nil) throws {
    let graph = network.graph
    let name = node ?? network.entry.camNode ?? graph.nodes.last { PositionGrid($0.output.shape) != nil }?.name ?? ""
    guard let found = graph.nodes.first(where: { $0.name == name }) else {
      throw NNError.unknownNode(name, network: network.entry.name, known: graph.nodes.map(\.name))
    }
    guard let grid = PositionGrid(found.output.shape) else {
      throw ExplainError.noMap(node: name, shape: "\(found.output.shape)")
    }
    (self.node, self.network, self.grid) = (name, network, grid)
  }

  /// Maps of a batch of images, each for a class of its own, by each of the methods.
  ///
  /// - Parameters:
  ///   - targets: one class an image; nil takes the one that the network predicts.
  ///   - fill: writes the images [batch, 3, 224, 224].
  /// - Returns: for each method, a map an image.
  /// - Throws: `ExplainError.unknownClass`, `ExplainError.notANumber`, what making a plan throws.
  package func maps(
    targets: [Int?], methods: [CAMMethod], fill: (UnsafeMutablePointer<Float>) -> Void
  ) throws -> [[ActivationMap]] {
    for case let target? in targets where !(0..<network.classes).contains(target) {
      throw ExplainError.unknownClass(target, classes: network.classes)
    }
    let plan = try network.plan(batch: targets.count, demand: .inputGradient, options: PlanOptions(pin: node))
    fill(plan.input)
    plan.forward()
    let classes = plan.outputs
    let logits = (0..<targets.count).map {
      Array(UnsafeBufferPointer(start: plan.logits + $0 * classes, count: classes))
    }
    guard logits.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw ExplainError.notANumber(network: network.entry.name)
    }
    let chosen = zip(targets, logits).map { $0 ?? Self.largest($1) }
    plan.outputGradient.update(repeating: 0, count: targets.count * classes)
    for (image, target) in chosen.enumerated() { plan.outputGradient[image * classes + target] = 1 }
    plan.backward()
    let shape = network.entry.input, size = plan.pinnedShape.count
    return methods.map { method in
      chosen.indices.map { image in
        let activation = plan.pinned + image * size, gradient = plan.pinnedGradient + image * size
        let weights = Self.weights(method, activation, gradient, grid)
        let raw = Self.combined(activation, weights, grid)
        let values = MapScaling.resized(
          MapScaling.unit(raw), rows: grid.rows, columns: grid.columns, toRows: shape[1], columns: shape[2])
        return ActivationMap(values: MapScaling.unit(values), target: chosen[image], logits: logits[image])
      }
    }
  }

  private static func largest(_ logits: [Float]) -> Int {
    logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 }
  }

  /// One weight a channel.
  private static func weights(
    _ method: CAMMethod, _ activation: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, _ grid: PositionGrid
  ) -> [Double] {
    var weights = [Double](repeating: 0, count: grid.channels)
    for channel in 0..<grid.channels {
      let start = grid.start + channel * grid.channelStride, step = grid.positionStride
      var total = 0.0, sum = 0.0
      for position in 0..<grid.positions { total += Double(activation[start + position * step]) }
      for position in 0..<grid.positions {
        let g = Double(gradient[start + position * step])
        switch method {
        case .gradCAM: sum += g / Double(grid.positions)
        case .gradCAMPlusPlus where g > 0: sum += g * g * g / (2 * g * g + g * g * g * total + 1e-6)
        case .gradCAMPlusPlus: break
        }
      }
      weights[channel] = sum
    }
    return weights
  }

  /// relu(Σ w·A) over the channels, at every position.
  private static func combined(
    _ activation: UnsafePointer<Float>, _ weights: [Double], _ grid: PositionGrid
  ) -> [Float] {
    var sums = [Double](repeating: 0, count: grid.positions)
    for channel in 0..<grid.channels {
      let start = grid.start + channel * grid.channelStride, weight = weights[channel]
      for position in 0..<grid.positions {
        sums[position] += weight * Double(activation[start + position * grid.positionStride])
      }
    }
    return sums.map { Float(max(0, $0)) }
  }
}
