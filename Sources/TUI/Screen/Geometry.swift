/// Columns and rows of a screen or of a part of it.
package struct Size: Sendable, Hashable {
  package var width: Int
  package var height: Int

  package init(width: Int, height: Int) { (self.width, self.height) = (width, height) }
}

/// A cell's place; (0, 0) is the upper left corner.
package struct Point: Sendable, Hashable {
  package var x: Int
  package var y: Int

  package init(x: Int, y: Int) { (self.x, self.y) = (x, y) }
}

package struct Rect: Sendable, Hashable {
  package var x: Int
  package var y: Int
  package var width: Int
  package var height: Int

  package init(x: Int, y: Int, width: Int, height: Int) {
    (self.x, self.y, self.width, self.height) = (x, y, max(0, width), max(0, height))
  }

  package var isEmpty: Bool { width == 0 || height == 0 }
  package var maxX: Int { x + width }
  package var maxY: Int { y + height }

  package func contains(_ point: Point) -> Bool {
    point.x >= x && point.x < maxX && point.y >= y && point.y < maxY
  }

  package func intersection(_ other: Rect) -> Rect {
    let (left, top) = (max(x, other.x), max(y, other.y))
    return Rect(x: left, y: top, width: min(maxX, other.maxX) - left, height: min(maxY, other.maxY) - top)
  }

  package func inset(by amount: Int) -> Rect {
    Rect(x: x + amount, y: y + amount, width: width - 2 * amount, height: height - 2 * amount)
  }

  /// The upper `count` rows and what is left below them.
  package func splitTop(_ count: Int) -> (top: Rect, rest: Rect) {
    let count = min(max(0, count), height)
    return (
      Rect(x: x, y: y, width: width, height: count), Rect(x: x, y: y + count, width: width, height: height - count)
    )
  }

  /// The left `count` columns and what is right of them.
  package func splitLeft(_ count: Int) -> (left: Rect, rest: Rect) {
    let count = min(max(0, count), width)
    return (
      Rect(x: x, y: y, width: count, height: height), Rect(x: x + count, y: y, width: width - count, height: height)
    )
  }
}
