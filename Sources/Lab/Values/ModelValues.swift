/// What the workbench and the command line know of a network. Plain values: no tensors.
package struct ModelInfo: Codable, Sendable, Equatable, Identifiable {
  /// The registry's name ("cnn-lstm").
  package let name: String
  package let title: String
  /// Channels, height and width.
  package let input: [Int]
  package let classes: Int
  /// Trainable ones.
  package let parameters: Int
  package let frozen: Int
  /// Floating-point operations of one image's forward pass; a multiply-add counts two.
  package let flops: Int
  package let layers: [LayerInfo]
  /// Names of imported weights for it, the latest first.
  package let weights: [String]
  /// nil until somebody asks: it needs the engine.
  package var measures: ModelMeasures?

  package var id: String { name }

  package init(
    name: String, title: String, input: [Int], classes: Int, parameters: Int, frozen: Int, flops: Int,
    layers: [LayerInfo], weights: [String], measures: ModelMeasures? = nil
  ) {
    (self.name, self.title, self.input, self.classes) = (name, title, input, classes)
    (self.parameters, self.frozen, self.flops, self.layers) = (parameters, frozen, flops, layers)
    (self.weights, self.measures) = (weights, measures)
  }
}

/// A layer as the model file lists it.
package struct LayerInfo: Codable, Sendable, Equatable {
  package let name: String
  package let kind: String
  /// Of one image's output.
  package let output: [Int]
  package let parameters: Int
  /// How many of them a training leaves as they are.
  package let frozen: Int
  package let flops: Int

  package init(name: String, kind: String, output: [Int], parameters: Int, frozen: Int, flops: Int) {
    (self.name, self.kind, self.output) = (name, kind, output)
    (self.parameters, self.frozen, self.flops) = (parameters, frozen, flops)
  }
}

/// What a network takes at one batch size on this machine.
package struct ModelMeasures: Codable, Sendable, Equatable {
  package let batch: Int
  package let threads: Int
  /// Bytes of a plan's memory by what it is made for: inference, inputGradient, parameterGradients, both.
  package let planBytes: [String: Int]
  package let parameterBytes: Int
  /// Of the gradients and Adam's two moments.
  package let trainerBytes: Int
  /// Milliseconds of a training step; nil where none was timed.
  package let times: [LayerTime]?

  package init(
    batch: Int, threads: Int, planBytes: [String: Int], parameterBytes: Int, trainerBytes: Int, times: [LayerTime]?
  ) {
    (self.batch, self.threads, self.planBytes) = (batch, threads, planBytes)
    (self.parameterBytes, self.trainerBytes, self.times) = (parameterBytes, trainerBytes, times)
  }

  /// Of a training step, everything together.
  package var trainingBytes: Int { (planBytes["parameterGradients"] ?? 0) + parameterBytes + trainerBytes }

  /// The time of a layer by its name; nil where it runs as a part of another.
  package func time(of layer: String) -> LayerTime? { times?.first { $0.name == layer } }
}

/// One step of a plan. Layers that run as one appear under one of their names; “reorder” stands for all changes of layout,
/// “adam” for the optimiser.
package struct LayerTime: Codable, Sendable, Equatable {
  package let name: String
  package let forward: Double
  package let backward: Double

  package init(name: String, forward: Double, backward: Double) {
    (self.name, self.forward, self.backward) = (name, forward, backward)
  }
}

/// Counts and sizes as they are shown.
package enum SizeText {
  /// 61 107 847, with thin gaps.
  package static func count(_ value: Int) -> String {
    let digits = Array(String(abs(value)))
    var text = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += " " }
      text.append(digit)
    }
    return text
  }

  /// 1.42 G, 3.1 M, 12 k: three digits.
  package static func short(_ value: Double) -> String {
    for (limit, unit) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where abs(value) >= limit {
      return digits(value / limit) + " " + unit
    }
    return digits(value)
  }

  /// 312 MB, 1.42 GB (powers of ten).
  package static func bytes(_ value: Int) -> String {
    value < 1000 ? "\(value) B" : short(Double(value)) + "B"
  }

  private static func digits(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1000 { return String(Int(value)) }
    let tenths = abs(value) < 10 ? 100.0 : abs(value) < 100 ? 10 : 1
    let scaled = (value * tenths).rounded() / tenths
    return tenths == 1 ? String(Int(scaled)) : String(scaled)
  }
}

extension [Int] {
  /// 3×224×224
  package var dimensions: String { map(String.init).joined(separator: "×") }
}
