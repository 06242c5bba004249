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
  /// A parameter's full name; one without a name of its own has the node's.
  package func fullName(_ spec: ParameterSpec) -> String { spec.name.isEmpty ? name : "\(name).\(spec.name)" }
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
