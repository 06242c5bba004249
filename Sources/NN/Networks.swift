/// The networks that Quaver has. One more is one file in Models/ and one line here.
package enum Networks {
  package static let all: [NetworkEntry] = [
    cnnLSTM,
    alexNet,
    vgg16,
    cvt,
    vit,
    levit,
  ]

  /// - Throws: `NNError.unknownNetwork`.
  package static func named(_ name: String) throws -> NetworkEntry {
    guard let entry = all.first(where: { $0.name == name }) else {
      throw NNError.unknownNetwork(name: name, known: all.map(\.name))
    }
    return entry
  }
}

/// A network's name and how to write its graph.
package struct NetworkEntry: Sendable {
  /// As on the command line ("cnn-lstm").
  package let name: String
  /// As in a heading ("CNN-LSTM").
  package let title: String
  package let input: Shape
  /// The node that a class activation map shows by default: a feature map, or tokens on a square grid. Every network of the
  /// registry has one.
  package let camNode: String?
  /// Of a fixed first layer; nil: images go in as they are, as in the paper.
  package private(set) var normalisation: ImageStatistics?
  /// Of plans that do not ask for another.
  package private(set) var precision = Precision.float32
  private let build: @Sendable (inout GraphBuilder, _ classes: Int) -> Edge

  package init(
    name: String, title: String, input: Shape = [3, 224, 224], camNode: String? = nil,
    build: @escaping @Sendable (inout GraphBuilder, _ classes: Int) -> Edge
  ) {
    (self.name, self.title, self.input, self.camNode, self.build) = (name, title, input, camNode, build)
  }

  package var hasDropout: Bool { graph().nodes.contains { $0.layer.kind == Dropout(0).kind } }

  /// The layers as the model file lists them, before any fusion.
  package func graph(classes: Int = 7) -> Graph {
    Graph(input: input, first: normalisation.map(Normalise.init)) { build(&$0, classes) }
  }

  /// The same network behind a fixed layer that takes away a mean and divides by a deviation (`nil`: behind none).
  package func normalised(by statistics: ImageStatistics?) -> NetworkEntry {
    var entry = self
    entry.normalisation = statistics
    return entry
  }

  /// The same network, computed in another precision.
  package func computing(in precision: Precision) -> NetworkEntry {
    var entry = self
    entry.precision = precision
    return entry
  }

  /// Floats that the widest layer reads and writes for one image, layers with a joint kernel taken as one.
  package var widestLayer: Int {
    Fusion.apply(to: graph()).nodes.map { $0.inputs.reduce($0.output.shape.count) { $0 + $1.shape.count } }.max() ?? 1
  }

  /// Trainable parameters.
  package func parameterCount(classes: Int = 7) -> Int {
    graph(classes: classes).nodes.flatMap(\.parameters)
      .filter { $0.role == .trainable }
      .reduce(0) { $0 + $1.shape.reduce(1, *) }
  }
}
