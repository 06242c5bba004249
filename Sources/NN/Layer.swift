import Core
/// A layer's configuration: shapes in, shapes out, parameters. It holds no memory; `operation` makes the part of a plan
/// that computes it for one batch size and one demand.
///
/// ## The contract between an operation and the planner
///
/// While it is made, an operation asks its `Site` for everything that it will touch, and the planner derives lifetimes
/// from that:
///
/// - **Reads forward**: `site.input(i, as: layout)`. Nobody else writes there before the operation has run.
/// - **Writes forward**: `site.output(layout)`, all of it, padding lanes as zeros. With `reusing: x` the planner may
///   give the output the very memory of `x` when nobody reads `x` afterwards: the operation must then allow `y == x`.
/// - **Keeps**: what `backward` reads must be said: `site.keep(x)` for an input's or the output's value,
///   `site.kept(count)` for a buffer of its own. Anything else may hold other data by then.
/// - **Scratch** holds nothing between calls. Nothing of an operation's own lasts from pass to pass but packed weights
///   (`site.packed`).
/// - **Backward** reads the output's gradient (`site.outputGradient`), which it may destroy, and *overwrites* the whole of each
///   input's gradient (`site.gradient(of: x)`, nil when nobody wants it) and of each parameter's gradient. Where a value
///   has several readers, the planner adds their gradients up; an operation that can add by itself (`+=` into dx)
///   says `adds: true` and obeys `accumulates`. With `reusing:` dx may lie where dy or a kept value lies.
/// - Gradients have the layout of their values.
/// - `forward` and `backward` allocate nothing and depend on nothing but what was declared, the parameters and `Mode`.
/// - **Lanes**: an operation may be one of several that compute some samples each, at the same time (`Lanes`). What they share
///   (parameters, packed weights) is only read, and loops on the pool are then loops on the one thread.
package protocol Layer: Sendable {
  /// The layer's name in `Layers.all`.
  var kind: String { get }
  func output(of inputs: [Shape]) -> Shape
  func parameters(for inputs: [Shape]) -> [ParameterSpec]
  /// Floating-point operations of one sample's forward pass; a multiply-add counts two.
  func flops(for inputs: [Shape]) -> Int
  /// The same of the backward pass, for the gradients that are wanted.
  func backwardFlops(for inputs: [Shape], input: Bool, parameters: Bool) -> Int
  @Engine func operation(at site: Site) throws -> any Operation
}

extension Layer {
  package func parameters(for inputs: [Shape]) -> [ParameterSpec] { [] }
  package func flops(for inputs: [Shape]) -> Int { 0 }
  /// As of a product, each of whose two gradients is a product of the same size.
  package func backwardFlops(for inputs: [Shape], input: Bool, parameters: Bool) -> Int {
    ((input ? 1 : 0) + (parameters ? 1 : 0)) * flops(for: inputs)
  }
}

/// A layer within a plan, with its primitives and its memory.
@Engine package protocol Operation: AnyObject {
  func forward(_ mode: Mode)
  func backward(_ mode: Mode)
  /// The library kernels it runs, for reports.
  var kernels: [String] { get }
}

extension Operation {
  package var kernels: [String] { [] }
}

/// What a caller wants from a plan. Nothing that was not asked for is computed or kept.
package enum Demand: String, CaseIterable, Sendable {
  case inference, inputGradient, parameterGradients, both

  /// The image's gradient (attacks).
  package var input: Bool { self == .inputGradient || self == .both }
  /// The parameters' gradients (training).
  package var parameters: Bool { self == .parameterGradients || self == .both }
}

/// The switches of one pass; a plan serves every combination.
package struct Mode: Sendable {
  /// Batch norm normalises by the batch's own statistics and updates the running ones.
  package var batchStatistics: Bool
  /// Dropout is on, with masks that depend only on the seed, the step and the layer.
  package var dropout: DropoutKey?

  package init(batchStatistics: Bool, dropout: DropoutKey?) {
    (self.batchStatistics, self.dropout) = (batchStatistics, dropout)
  }

  /// Of a frozen layer: its normalisation goes by the running statistics, which stay.
  var frozen: Mode { Mode(batchStatistics: false, dropout: dropout) }

  package static let evaluation = Mode(batchStatistics: false, dropout: nil)

  package static func training(seed: UInt64, step: Int) -> Mode {
    Mode(batchStatistics: true, dropout: DropoutKey(seed: seed, step: step))
  }
}

package struct DropoutKey: Sendable {
  package let seed: UInt64
  package let step: Int
  /// One number a sample, on which its masks depend in place of its row in the batch; nil takes the row.
  package let samples: [Int]?

  package init(seed: UInt64, step: Int, samples: [Int]? = nil) {
    (self.seed, self.step, self.samples) = (seed, step, samples)
  }
}
