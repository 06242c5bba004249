extension Colormap {
  /// matplotlib's jet: each channel piecewise linear in the position.
  package static let jet = Colormap(
    name: "jet",
    entries: (0..<256).flatMap { i in
      [red, green, blue].map { Float(value(of: $0, at: Double(i) / 255)) }
    })

  private typealias Knot = (position: Double, value: Double)
  private static let red: [Knot] = [(0, 0), (0.35, 0), (0.66, 1), (0.89, 1), (1, 0.5)]
  private static let green: [Knot] = [(0, 0), (0.125, 0), (0.375, 1), (0.64, 1), (0.91, 0), (1, 0)]
  private static let blue: [Knot] = [(0, 0.5), (0.11, 1), (0.34, 1), (0.65, 0), (1, 0)]

  private static func value(of knots: [Knot], at position: Double) -> Double {
    let right = knots.firstIndex { $0.position >= position } ?? knots.count - 1
    guard right > 0 else { return knots[0].value }
    let (a, b) = (knots[right - 1], knots[right])
    return a.value + (position - a.position) / (b.position - a.position) * (b.value - a.value)
  }
}
