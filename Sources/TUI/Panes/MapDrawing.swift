import Lab

/// How the map looks: the plane, a legend beside it where there is room, and what the point with the cursor is.
enum MapDrawing {
  static func draw(_ state: State, _ surface: inout Surface) {
    let (pane, look) = (state.mapPane, state.look)
    let (body, foot) = surface.bounds.splitTop(surface.height - (pane.progress == nil ? 0 : 1))
    if let progress = pane.progress { WorkBar.draw(progress, foot, look, &surface) }
    guard let embedding = pane.embedding else {
      let words =
        state.selectedRun == nil
        ? "Train a network first (t), or choose a run in the training pane (3)."
        : "Enter (or r) lays out by t-SNE what \(state.selectedRun?.id ?? "") makes of \(MapPane.words(state))."
      _ = Paragraph.draw(words, in: body, look.style(.dim), look, &surface)
      return
    }
    let (plane, words) = body.splitTop(max(1, body.height - (body.height >= 8 ? 2 : 0)))
    let legend = plane.width >= 64 ? 24 : 0
    let (field, side) = plane.splitLeft(plane.width - legend)
    points(state, embedding, field, &surface)
    if legend > 0 { self.legend(state, embedding, side, &surface) }
    readOut(state, embedding, words, &surface)
  }

  // MARK: Points

  /// Attacked images are letters, clean ones the emotions' marks, so that colour is not all that tells them apart.
  private static func points(_ state: State, _ embedding: RunEmbedding, _ rect: Rect, _ surface: inout Surface) {
    let (pane, look) = (state.mapPane, state.look)
    guard rect.width > 0, rect.height > 0 else { return }
    let window = pane.window, marks = look.marks(of: embedding.emotions)
    func cell(_ point: EmbeddedPoint) -> Point? {
      guard window.x.contains(point.x), window.y.contains(point.y) else { return nil }
      let across =
        (point.x - window.x.lowerBound) / max(window.x.upperBound - window.x.lowerBound, .leastNormalMagnitude)
      let up = (point.y - window.y.lowerBound) / max(window.y.upperBound - window.y.lowerBound, .leastNormalMagnitude)
      return Point(
        x: rect.x + min(rect.width - 1, Int(across * Float(rect.width))),
        y: rect.maxY - 1 - min(rect.height - 1, Int(up * Float(rect.height))))
    }
    // Clean points last, over the attacked ones.
    for clean in [false, true] {
      for point in embedding.points where (point.attack == nil) == clean && pane.isShown(point) {
        guard let place = cell(point) else { continue }
        let emotion = embedding.emotions[point.emotion]
        var style = look.style(emotion: emotion)
        if !clean { style.attributes.insert(.dim) }
        surface.put(clean ? marks.mark(of: emotion) : marks.letter(of: emotion), place.x, place.y, style)
      }
    }
    guard let style = look.picked(.cursor), let point = pane.point, pane.isShown(point), let place = cell(point) else {
      return
    }
    let emotion = embedding.emotions[point.emotion]
    surface.put(point.attack == nil ? marks.mark(of: emotion) : marks.letter(of: emotion), place.x, place.y, style)
  }

  // MARK: Words

  private static func legend(_ state: State, _ embedding: RunEmbedding, _ rect: Rect, _ surface: inout Surface) {
    let (pane, look) = (state.mapPane, state.look)
    let x = rect.x + 2, marks = look.marks(of: embedding.emotions)
    for (index, emotion) in embedding.emotions.enumerated() where index < rect.height {
      let count = embedding.points.count { $0.emotion == index && $0.attack == nil }
      var style = look.style(emotion: emotion)
      if pane.only != nil, pane.only != index { style = look.style(.dim) }
      surface.put("\(marks.mark(of: emotion)) \(marks.letter(of: emotion)) \(emotion)", x, rect.y + index, style)
      surface.putRight("\(count)", rect.maxX, rect.y + index, look.style(.dim))
    }
    var lines = ["marks are clean images,", "letters attacked ones"]
    if embedding.attacks.isEmpty { lines = ["clean images alone"] }
    if pane.isUnfinished { lines.append(pane.progress == nil ? "stopped; r begins anew" : "still forming") }
    lines.append("perplexity \(Numbers.fixed(embedding.perplexity, 0))")
    lines.append("KL \(Numbers.fixed(embedding.divergence, 2))")
    if let trust = embedding.trustworthiness { lines.append("trust (k 12) \(Numbers.fixed(trust, 3))") }
    if pane.shown != .both { lines.append("\(pane.shown.rawValue) alone") }
    if pane.zoom > 1 { lines.append("\(Numbers.fixed(pane.zoom, 1)) times nearer") }
    for (index, line) in lines.enumerated() where embedding.emotions.count + 1 + index < rect.height {
      surface.put(line, x, rect.y + embedding.emotions.count + 1 + index, look.style(.dim), width: rect.maxX - x)
    }
  }

  private static func readOut(_ state: State, _ embedding: RunEmbedding, _ rect: Rect, _ surface: inout Surface) {
    guard rect.height >= 2, let point = state.mapPane.point else { return }
    let look = state.look, truth = embedding.emotions[point.emotion]
    let attack = point.attack.map { embedding.attacks[$0] } ?? "clean"
    let verdict =
      point.prediction == point.emotion ? "recognised" : "taken for \(embedding.emotions[point.prediction])"
    let text = "\(point.utterance) slice \(point.slice + 1) · \(truth), \(verdict) · \(attack)"
    func line(_ text: String, _ y: Int, _ style: CellStyle) {
      surface.put(
        TextWidth.cut(look.glyphs.plain(text), to: rect.width, ellipsis: look.glyphs.ellipsis), rect.x, rect.y + y,
        style)
    }
    if !look.isFigure { line(text, 0, look.style(emotion: truth)) }
    line(embedding.notes.dropFirst().prefix(2).joined(separator: " · "), 1, look.style(.dim))
  }
}
