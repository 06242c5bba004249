import Lab

/// A network's features in the plane, and which point is looked at.
package struct MapState: Sendable, Equatable {
  package enum Shown: String, CaseIterable, Sendable { case both, clean, attacked }

  package private(set) var wish: EmbeddingWish?
  package private(set) var embedding: RunEmbedding?
  /// Of the embedding that is being made.
  package var progress: RunProgress?
  package var shown = Shown.both
  /// The points are on their way, or were when it was stopped.
  package private(set) var isUnfinished = false
  /// The clean features alone, or also those under the attack pane's attack.
  package var withAttack = true
  /// Whose features the next map lays out.
  package var part = EvaluationPart.valid
  /// One emotion alone.
  package var only: Int?
  /// Index of the point with the cursor.
  package private(set) var cursor = 0
  /// How many times nearer than the whole; the cursor's point stays in sight.
  package private(set) var zoom = 1.0

  package init() {}

  /// - Parameter isUnfinished: the points are still on their way.
  package mutating func take(_ wish: EmbeddingWish, _ embedding: RunEmbedding, isUnfinished: Bool = false) {
    let goesOn = self.isUnfinished && self.wish == wish
    (self.wish, self.embedding, self.isUnfinished) = (wish, embedding, isUnfinished)
    if !goesOn { (cursor, zoom, only) = (0, 1, nil) }
  }

  package func isShown(_ point: EmbeddedPoint) -> Bool {
    guard only == nil || only == point.emotion else { return false }
    return shown == .both || (shown == .attacked) == (point.attack != nil)
  }

  package var point: EmbeddedPoint? {
    guard let embedding, embedding.points.indices.contains(cursor) else { return nil }
    return embedding.points[cursor]
  }

  /// What is seen of the plane: the whole, or a window around the cursor.
  package var window: (x: ClosedRange<Float>, y: ClosedRange<Float>) {
    guard let embedding, let first = embedding.points.first else { return (0...1, 0...1) }
    var (left, right, low, high) = (first.x, first.x, first.y, first.y)
    for point in embedding.points {
      (left, right, low, high) = (min(left, point.x), max(right, point.x), min(low, point.y), max(high, point.y))
    }
    func part(_ low: Float, _ high: Float, _ at: Float) -> ClosedRange<Float> {
      let width = max(high - low, .leastNormalMagnitude) / Float(zoom)
      let start = zoom == 1 ? low : max(low, min(high - width, at - width / 2))
      return start...(start + width)
    }
    let at = point ?? first
    return (part(left, right, at.x), part(low, high, at.y))
  }

  package mutating func magnify(_ factor: Double) { zoom = max(1, min(64, zoom * factor)) }
  package mutating func showWhole() { zoom = 1 }

  /// To the nearest point that is shown in a direction; what lies aside counts double.
  ///
  /// - Parameters: the direction, 1 to the right and upwards.
  package mutating func move(_ x: Float, _ y: Float) {
    guard let embedding, let here = point else { return }
    var best: (index: Int, distance: Float)?
    for (index, other) in embedding.points.enumerated() where index != cursor && isShown(other) {
      let (dx, dy) = (other.x - here.x, other.y - here.y)
      let ahead = dx * x + dy * y, aside = abs(dx * y) + abs(dy * x)
      guard ahead > 0, aside <= 2 * ahead else { continue }
      let distance = ahead + 2 * aside
      if best.map({ distance < $0.distance }) ?? true { best = (index, distance) }
    }
    if let best { cursor = best.index }
  }

  /// The same image before and after the attack.
  package mutating func toTwin() {
    guard let embedding, let here = point else { return }
    let twin = embedding.points.firstIndex {
      $0.sliceNumber == here.sliceNumber && ($0.attack == nil) != (here.attack == nil)
    }
    if let twin { cursor = twin }
  }

  /// Keeps the cursor on a point that is shown.
  package mutating func settle() {
    guard let embedding, let here = point, !isShown(here) else { return }
    if let next = embedding.points.firstIndex(where: isShown) { cursor = next }
  }
}
