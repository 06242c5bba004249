/// A value that flows between layers: the image, or a node's output.
package struct Edge: Equatable, Sendable {
  let id: Int
  package let shape: Shape
}

/// One layer at its place in a network.
package struct Node: Sendable {
  /// Prefix of its parameters' names, as upstream spells it ("features.0").
  package let name: String
  package let layer: any Layer
  package let inputs: [Edge]
  package let output: Edge

  package var parameters: [ParameterSpec] { layer.parameters(for: inputs.map(\.shape)) }
  /// Floating-point operations of one sample's forward pass.
  package var flops: Int { layer.flops(for: inputs.map(\.shape)) }
}

/// A network's layers in the order in which they run. The list walked backwards is the tape of the backward pass.
package struct Graph: Sendable {
  package var input: Edge
  package var nodes: [Node]
  package var output: Edge

  package init(input: Shape, _ build: (inout GraphBuilder) -> Edge) {
    var builder = GraphBuilder(input: input)
    output = build(&builder)
    self.input = builder.input
    nodes = builder.nodes
    precondition(Set(nodes.map(\.name)).count == nodes.count, "two nodes of a graph share a name")
  }

  /// This graph with the output of node `name` passed through a `Pin`, from which all its readers read; nil when there is
  /// no such node.
  func pinned(_ name: String) -> Graph? {
    guard let index = nodes.firstIndex(where: { $0.name == name }) else { return nil }
    let value = nodes[index].output, pin = Edge(id: nodes.count + 1, shape: value.shape)
    func moved(_ edge: Edge) -> Edge { edge == value ? pin : edge }
    var graph = self
    graph.nodes = nodes.map {
      Node(name: $0.name, layer: $0.layer, inputs: $0.inputs.map(moved), output: $0.output)
    }
    graph.nodes.insert(Node(name: "\(name) (pinned)", layer: Pin(), inputs: [value], output: pin), at: index + 1)
    graph.output = moved(output)
    return graph
  }

  /// How many inputs an edge feeds.
  func readers(of edge: Edge) -> Int {
    nodes.reduce(edge == output ? 1 : 0) { $0 + $1.inputs.count { $0 == edge } }
  }
}

/// What a model file writes its network with: `x = net("features.0", Convolution(64, kernel: 11), x)`.
package struct GraphBuilder {
  package let input: Edge
  private(set) var nodes: [Node] = []

  init(input: Shape) { self.input = Edge(id: 0, shape: input) }

  package mutating func callAsFunction(_ name: String, _ layer: any Layer, _ inputs: Edge...) -> Edge {
    let output = Edge(id: nodes.count + 1, shape: layer.output(of: inputs.map(\.shape)))
    nodes.append(Node(name: name, layer: layer, inputs: inputs, output: output))
    return output
  }
}
