/// Neighbouring layers that a joint kernel computes better than each alone. One more is one line in `rules`.
enum Fusion {
  private struct Rule: Sendable {
    let kinds: [String]
    /// The joint layer, or nil when these layers' settings do not allow it.
    let join: @Sendable (ArraySlice<Node>) -> (any Layer)?
    /// Which of the nodes gives its name, and so its parameters.
    let named: Int
  }

  private static let rules: [Rule] = [
    Rule(
      kinds: ["batchNorm", "elu", "maxPool"],
      join: { nodes in
        guard let pool = nodes.last?.layer as? MaxPool, pool.kernel == 2, pool.stride == 2, pool.padding == 0 else {
          return nil
        }
        return NormPool()
      }, named: 0),
    Rule(
      kinds: ["batchNorm", "hardSwish"],
      join: { nodes in
        (nodes.first?.layer as? BatchNorm).map { BatchNorm(weight: $0.weight, activation: .hardSwish) }
      }, named: 0),
    Rule(
      kinds: ["relu", "maxPool"],
      join: { nodes in
        guard let pool = nodes.last?.layer as? MaxPool, !pool.rectified else { return nil }
        return MaxPool(kernel: pool.kernel, stride: pool.stride, padding: pool.padding, rectified: true)
      }, named: 1),
  ]

  /// The graph with every chain that a rule knows made one node; a value that anyone else reads stays.
  static func apply(to graph: Graph) -> Graph {
    var fused = graph
    var index = 0
    while index < fused.nodes.count {
      for rule in rules {
        if let node = join(rule, in: fused, at: index) {
          fused.nodes.replaceSubrange(index..<index + rule.kinds.count, with: [node])
          break
        }
      }
      index += 1
    }
    return fused
  }

  private static func join(_ rule: Rule, in graph: Graph, at index: Int) -> Node? {
    guard index + rule.kinds.count <= graph.nodes.count else { return nil }
    let chain = graph.nodes[index..<index + rule.kinds.count]
    guard zip(chain, rule.kinds).allSatisfy({ $0.layer.kind == $1 }) else { return nil }
    for (node, next) in zip(chain, chain.dropFirst()) {
      guard next.inputs == [node.output], graph.readers(of: node.output) == 1 else { return nil }
    }
    guard let first = chain.first, let last = chain.last, let layer = rule.join(chain) else { return nil }
    return Node(name: chain[index + rule.named].name, layer: layer, inputs: first.inputs, output: last.output)
  }
}
