import NN

/// How a node's output for one image lies over that image: channels at positions on a grid.
///
/// A feature map [channels, rows, columns] is one already. Tokens [tokens, width] are read row by row as a square grid with
/// the width as channels; where their count is one more than a square, the first is the class token and left out.
struct PositionGrid: Equatable {
  let channels: Int
  let rows: Int
  let columns: Int
  /// Floats before the first position of the first channel, and from one channel or position to the next.
  let start: Int
  let channelStride: Int
  let positionStride: Int

  var positions: Int { rows * columns }

  /// - Returns: nil for a shape without at least two positions.
  init?(_ shape: Shape) {
    switch shape.rank {
    case 3:
      (channels, rows, columns) = (shape[0], shape[1], shape[2])
      (start, channelStride, positionStride) = (0, shape[1] * shape[2], 1)
    case 2:
      let tokens = shape[0], side = Int(Double(tokens).squareRoot())
      guard side * side == tokens || side * side == tokens - 1 else { return nil }
      (channels, rows, columns) = (shape[1], side, side)
      (start, channelStride, positionStride) = ((tokens - side * side) * shape[1], 1, shape[1])
    default: return nil
    }
    guard rows * columns > 1 else { return nil }
  }
}
