import Core

/// A tensor in a file of weights, by its description; `WeightFile` reads its elements.
package struct WeightTensor: Sendable {
  package let type: SafeTensors.ElementType
  package var shape: [Int] { layout.shape }
  /// Elements.
  package var count: Int { layout.count }

  /// As weights are; whole numbers are counters, indices or quantised.
  var isFloating: Bool { [.f64, .f32, .f16, .bf16].contains(type) }

  let layout: StridedLayout
  let block: Block

  /// Where the block of elements is that the tensor is a view of.
  enum Block: Sendable {
    /// A tensor of a safetensors file, by name.
    case named(String)
    /// An entry of a zip archive, with its checksum.
    case entry(ZipArchive.Entry)
    /// Bytes of the file.
    case range(Range<Int>)
  }
}

/// How many elements of a tensor are not finite as 32-bit floats.
package struct NonFinite: Sendable, Equatable, CustomStringConvertible {
  package var nan = 0
  /// Infinite, or too large for 32 bits.
  package var infinite = 0

  package init(nan: Int = 0, infinite: Int = 0) { (self.nan, self.infinite) = (nan, infinite) }

  package static func + (left: Self, right: Self) -> Self {
    NonFinite(nan: left.nan + right.nan, infinite: left.infinite + right.infinite)
  }

  package var description: String { "\(nan) NaN and \(infinite) infinite" }

  package var isEmpty: Bool { nan == 0 && infinite == 0 }
}
