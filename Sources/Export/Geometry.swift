/// Points (1/72 inch) from the top left corner.
package struct Point: Sendable, Equatable {
  package var x: Double
  package var y: Double

  package init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
}

package struct Size: Sendable, Equatable {
  package var width: Double
  package var height: Double

  package init(_ width: Double, _ height: Double) { (self.width, self.height) = (width, height) }
}

package struct Box: Sendable, Equatable {
  package var x: Double
  package var y: Double
  package var width: Double
  package var height: Double

  package init(x: Double, y: Double, width: Double, height: Double) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }

  package var maxX: Double { x + width }
  package var maxY: Double { y + height }
  package var midX: Double { x + width / 2 }
  package var midY: Double { y + height / 2 }

  /// Without strips at its edges.
  package func inset(left: Double = 0, top: Double = 0, right: Double = 0, bottom: Double = 0) -> Box {
    Box(x: x + left, y: y + top, width: max(0, width - left - right), height: max(0, height - top - bottom))
  }
}
