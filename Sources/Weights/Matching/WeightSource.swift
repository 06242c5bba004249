import Core

/// A tensor that a network wants.
package struct WantedTensor: Sendable, Equatable {
  package let name: String
  package let shape: [Int]

  package init(name: String, shape: [Int]) { (self.name, self.shape) = (name, shape) }

  package var count: Int { shape.reduce(1, *) }
}

/// What a wanted tensor is filled with. Every case gives exactly the elements that the publisher's network computes
/// with.
package enum WeightSource: Sendable, Equatable {
  /// A tensor of the same shape.
  case whole(String)
  /// A linear layer that the file keeps as a convolution ([out, in, 1, 1], or [out, channels, height, width] over the
  /// whole map): the same elements in the same order.
  case flattened(String)
  /// Several tensors, one after the other along the first dimension.
  case stacked([String])
  /// The first rows from the file, zeros below: a classifier of fewer classes.
  case padded(String)
  /// Ones on the diagonal, zeros elsewhere: passes a padded classifier's logits through.
  case identity
  case zeros

  /// Names of the file's tensors in it.
  package var names: [String] {
    switch self {
    case .whole(let name), .flattened(let name), .padded(let name): [name]
    case .stacked(let names): names
    case .identity, .zeros: []
    }
  }

  /// The tensors `names` as the source of `wanted`, nil when one is not in the file, its shape does not fit, or its elements
  /// are whole numbers, which only batch norm's counter is made of.
  static func fitting(_ wanted: WantedTensor, _ names: [String], in file: WeightFile) -> WeightSource? {
    let tensors = names.compactMap { file.tensors[$0] }, shapes = tensors.map(\.shape)
    guard shapes.count == names.count, let first = shapes.first,
      tensors.allSatisfy(\.isFloating) || wanted.name.hasSuffix("num_batches_tracked")
    else { return nil }
    if names.count == 1 {
      if first == wanted.shape { return .whole(names[0]) }
      let isConvolution = wanted.shape.count == 2 && first.count == 4 && first[0] == wanted.shape[0]
      return isConvolution && first.dropFirst().reduce(1, *) == wanted.shape[1] ? .flattened(names[0]) : nil
    }
    guard shapes.allSatisfy({ $0.count == wanted.shape.count && $0.dropFirst() == wanted.shape.dropFirst() }),
      shapes.reduce(0, { $0 + $1[0] }) == wanted.shape.first
    else { return nil }
    return .stacked(names)
  }

  /// Fills `output` (the wanted tensor's elements, row-major).
  ///
  /// - Throws: `WeightError`.
  func fill(_ output: UnsafeMutableBufferPointer<Float>, shape: [Int], from file: WeightFile) throws -> NonFinite {
    switch self {
    case .whole(let name), .flattened(let name): return try file.read(name, into: output)
    case .stacked, .padded:
      var found = NonFinite()
      var position = 0
      for name in names {
        let end = position + (try file.tensor(name).count)
        found = found + (try file.read(name, into: UnsafeMutableBufferPointer(rebasing: output[position..<end])))
        position = end
      }
      output[position...].update(repeating: 0)
      return found
    case .identity, .zeros:
      output.update(repeating: 0)
      if self == .identity {
        for row in 0..<min(shape[0], shape[1]) { output[row * shape[1] + row] = 1 }
      }
      return NonFinite()
    }
  }
}
