import OneDNN

/// Dimensions of one sample, without the batch: [3, 224, 224], [128, 169], [1000].
package struct Shape: Equatable, Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  package let dims: [Int]

  package init(_ dims: [Int]) {
    precondition(dims.allSatisfy { $0 > 0 }, "a shape has positive dimensions, not \(dims)")
    self.dims = dims
  }

  package init(arrayLiteral dims: Int...) { self.init(dims) }

  package var count: Int { dims.reduce(1, *) }
  package var rank: Int { dims.count }
  package subscript(_ axis: Int) -> Int { dims[axis] }
  package var description: String { dims.map(String.init).joined(separator: "×") }

  /// Channels, height and width of a feature map.
  var map: (channels: Int, height: Int, width: Int) {
    precondition(rank == 3, "a feature map has channels, height and width, not \(self)")
    return (dims[0], dims[1], dims[2])
  }
}

/// How a value lies in memory; a property of an edge within a plan. Blocked layouts hold 8 or 16 channels side by side
/// (what one vector register takes) and pad the last block with zeros; only feature maps have them.
package enum Layout: Int, Sendable {
  case plain = 1
  case block8 = 8
  case block16 = 16

  /// Channels side by side.
  var lanes: Int { rawValue }

  /// Floats of a batch of values.
  func floats(_ shape: Shape, batch: Int) -> Int {
    self == .plain ? batch * shape.count : batch * paddedChannels(shape.map.channels) * shape[1] * shape[2]
  }

  func paddedChannels(_ channels: Int) -> Int { (channels + lanes - 1) / lanes * lanes }

  var library: quaver_layout {
    switch self {
    case .plain: QUAVER_LAYOUT_PLAIN
    case .block8: QUAVER_LAYOUT_BLOCK8
    case .block16: QUAVER_LAYOUT_BLOCK16
    }
  }

  init(_ library: quaver_layout) {
    switch library {
    case QUAVER_LAYOUT_BLOCK8: self = .block8
    case QUAVER_LAYOUT_BLOCK16: self = .block16
    default: self = .plain
    }
  }
}
