import Core

/// How a plan shares its work out between threads.
///
/// Layer by layer, all threads work on the whole batch, meet after every layer, and find in one another's caches what they read
/// next. Where images do not depend on one another (no gradients of parameters, no statistics of the batch), each thread
/// takes images of its own through all layers instead: it waits once a pass, and its images stay in its caches. What has more
/// weights than work (the classifiers of CNN-LSTM, AlexNet and VGG16: 33 to 124 million weights, each used once an image) is
/// computed for all images together, so that the weights are read once. Networks that run the library's Winograd (AlexNet and VGG16
/// with AVX-512) stay together too: on one thread its scratch is half as large as the whole plan.
struct Lanes {
  /// One range a lane; together the batch.
  let samples: [Range<Int>]
  /// What the lanes compute.
  let trunk: Graph
  /// What all threads then compute together; nil when the lanes reach the output.
  let head: Graph?

  /// With fewer images a thread packs and reads weights more often than it saves waiting: two a thread of AlexNet's are 11 %
  /// slower in an attack, and of LeViT's and CvT's 4 to 8 % quicker.
  static let leastSamples = 4

  /// Nil where layer by layer is all that can be done, or is better.
  @Engine init?(_ graph: Graph, batch: Int, threads: Int, demand: Demand, options: PlanOptions) {
    guard options.lanes, !demand.parameters, options.pin == nil, threads > 1, batch >= threads * Self.leastSamples,
      graph.nodes.contains(where: \.hasParameters), !graph.nodes.contains(where: { $0.runsWinograd(options) })
    else { return nil }
    samples = (0..<threads).map { batch * $0 / threads..<batch * ($0 + 1) / threads }
    let parts = graph.parted(samples: batch / threads)
    (trunk, head) = (parts.trunk, parts.head)
  }
}

extension Node {
  fileprivate var hasParameters: Bool { !parameters.isEmpty }

  @Engine fileprivate func runsWinograd(_ options: PlanOptions) -> Bool {
    (layer as? Convolution)?.runsWinograd(inputs[0].shape, options) ?? false
  }
}

extension Graph {
  /// The layers before the first one with a million weights or more that `samples` images use fewer than 64 times, and the
  /// layers from there on; all are trunk where there is none, or where more than one value goes from the one to the other.
  fileprivate func parted(samples: Int) -> (trunk: Graph, head: Graph?) {
    let first = nodes.indices.first { index in
      let node = nodes[index], weights = node.parameters.reduce(0) { $0 + $1.shape.reduce(1, *) }
      return weights >= 1_000_000 && node.flops * samples < 64 * 2 * weights
    }
    guard let first, nodes[first].inputs.count == 1, crosses(nodes[first].inputs[0], alone: first) else {
      return (self, nil)
    }
    // What lanes compute must not be the image itself under another shape.
    guard nodes[..<first].contains(where: \.hasParameters) else { return (self, nil) }
    let value = nodes[first].inputs[0]
    var trunk = self, head = self
    (trunk.nodes, trunk.output) = (Array(nodes[..<first]), value)
    (head.nodes, head.input) = (Array(nodes[first...]), value)
    return (trunk, head)
  }
}
