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

  /// - Parameter first: a fixed layer between the image and what `build` gets as the network's input.
  package init(input: Shape, first: (any Layer)? = nil, _ build: (inout GraphBuilder) -> Edge) {
    var builder = GraphBuilder(image: input)
    if let first { builder.begin(with: first) }
    output = build(&builder)
    self.input = builder.image
    nodes = builder.nodes
    precondition(Set(nodes.map(\.name)).count == nodes.count, "two nodes of a graph share a name")
  }

  /// This graph with the output of node `name` passed through a `Pin`, from which all its readers read; nil when there is
  /// no such node.
  func pinned(_ name: String) -> Graph? {
    nodes.firstIndex { $0.name == name }.map { passing($0, through: Pin()) }
  }

  /// This graph with a `Fork` on the way to its first dropout; nil when nothing is dropped, or when more than one value goes
  /// from the layers before to the layers behind.
  var forked: Graph? {
    guard let dropout = nodes.first(where: { $0.layer.kind == Dropout(0).kind }),
      let index = nodes.firstIndex(where: { $0.output == dropout.inputs[0] })
    else { return nil }
    return crosses(nodes[index].output, alone: index + 1) ? passing(index, through: Fork()) : nil
  }

  /// Whether `value` is all that the nodes from `index` on, and the graph's reader, read of what lies before.
  func crosses(_ value: Edge, alone index: Int) -> Bool {
    let before = [input] + nodes[..<index].map(\.output), read = nodes[index...].flatMap(\.inputs) + [output]
    return read.allSatisfy { $0 == value || !before.contains($0) }
  }

  var hasFork: Bool { nodes.contains { $0.layer is Fork } }

  /// The output of node `index` passed through `layer`, from which all its readers read.
  private func passing(_ index: Int, through layer: any Layer) -> Graph {
    let value = nodes[index].output, passed = Edge(id: nodes.count + 1, shape: value.shape)
    func moved(_ edge: Edge) -> Edge { edge == value ? passed : edge }
    var graph = self
    graph.nodes = nodes.map {
      Node(name: $0.name, layer: $0.layer, inputs: $0.inputs.map(moved), output: $0.output)
    }
    let name = "\(nodes[index].name) (\(layer.kind))"
    graph.nodes.insert(Node(name: name, layer: layer, inputs: [value], output: passed), at: index + 1)
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
  /// What the network's first layer reads.
  package private(set) var input: Edge
  /// What the graph reads: the same, unless a fixed layer stands first.
  let image: Edge
  private(set) var nodes: [Node] = []

  init(image shape: Shape) {
    image = Edge(id: 0, shape: shape)
    input = image
  }

  mutating func begin(with layer: any Layer) { input = self(layer.kind, layer, image) }

  package mutating func callAsFunction(_ name: String, _ layer: any Layer, _ inputs: Edge...) -> Edge {
    let output = Edge(id: nodes.count + 1, shape: layer.output(of: inputs.map(\.shape)))
    nodes.append(Node(name: name, layer: layer, inputs: inputs, output: output))
    return output
  }
}
