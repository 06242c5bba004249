import Core

/// A parameter or buffer that a layer declares.
package struct ParameterSpec: Sendable {
  package enum Role: Sendable {
    /// Has a gradient; the optimiser updates it.
    case trainable
    /// State that forward updates (running mean and variance).
    case statistic
    /// One 64-bit integer (`num_batches_tracked`).
    case counter
  }

  /// The name's last part ("weight", "running_mean"); empty where the node's name says it all ("class_token").
  package let name: String
  /// Empty for a scalar.
  package let shape: [Int]
  package let role: Role
  package let initialiser: Initialiser

  package init(_ name: String, _ shape: [Int], _ initialiser: Initialiser, role: Role = .trainable) {
    (self.name, self.shape, self.initialiser, self.role) = (name, shape, initialiser, role)
  }
}

/// A parameter with its memory, which belongs to the network.
@Engine package final class Parameter {
  package nonisolated let name: String
  package nonisolated let shape: [Int]
  package nonisolated let role: ParameterSpec.Role
  package nonisolated let count: Int
  let initialiser: Initialiser
  package let values: UnsafeMutablePointer<Float>
  /// Where gradients go; nil until a plan asks for parameter gradients, and always nil unless `role` is trainable.
  package internal(set) var gradient: UnsafeMutablePointer<Float>?

  init(name: String, spec: ParameterSpec, values: UnsafeMutablePointer<Float>) {
    self.name = name
    shape = spec.shape
    role = spec.role
    count = spec.shape.reduce(1, *)
    initialiser = spec.initialiser
    self.values = values
  }

  /// The count of a `counter`.
  package var counter: Int64 {
    get { UnsafeRawPointer(values).load(as: Int64.self) }
    set { UnsafeMutableRawPointer(values).storeBytes(of: newValue, as: Int64.self) }
  }

  /// The stored bytes: floats, or one Int64 for a counter.
  package var bytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: values, count: role == .counter ? 8 : count * 4)
  }

  var elementType: SafeTensors.ElementType { role == .counter ? .i64 : .f32 }
}
