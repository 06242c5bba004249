import Pipeline

/// Points in the plane, a glyph and a colour for each emotion: t-SNE.
package struct Scatter: Panel {
  package struct Group: Sendable {
    package var emotion: String
    package var points: [SIMD2<Float>]
    /// Drawn small and pale, as a second state of the same emotions (attacked images).
    package var isFaint: Bool
    /// In the legend; the emotion's name when nil.
    package var name: String?

    package init(_ emotion: String, _ points: [SIMD2<Float>], isFaint: Bool = false, name: String? = nil) {
      (self.emotion, self.points, self.isFaint, self.name) = (emotion, points, isFaint, name)
    }
  }

  package var caption: String
  package var groups: [Group]
  /// Thin lines, from where a point was to where it went.
  package var moves: [(from: SIMD2<Float>, to: SIMD2<Float>)] = []
  /// What the axes go around, where panels beside each other share them; the groups' own points when nil.
  package var around: [SIMD2<Float>]?
  package var size: Size

  package init(_ caption: String, _ groups: [Group], size: Size = Size(470, 380)) {
    (self.caption, self.groups, self.size) = (caption, groups, size)
  }

  package func draw(in box: Box, _ pen: Pen, _ style: Style) {
    let all = around ?? groups.flatMap(\.points)
    let x = Axis("", around: all.map { Double($0.x) }), y = Axis("", around: all.map { Double($0.y) })
    let looks = looks(style)
    let legend = Legend(
      zip(groups, looks).map { group, look in
        Legend.Entry(group.name ?? group.emotion, look.color, .glyph(look.glyph))
      })
    let plot = box.inset(left: 2, top: caption.isEmpty ? 6 : 18, right: legend.width(pen) + 16, bottom: 4)
    func place(_ point: SIMD2<Float>) -> Point {
      Point(
        plot.x + plot.width * x.position(Double(point.x)), plot.maxY - plot.height * y.position(Double(point.y)))
    }
    pen.frame(plot, style.dim, width: 0.75)
    if !caption.isEmpty {
      pen.text(caption, at: Point(plot.x, plot.y - 9), size: Frame.titleSize, style.ink, bold: true)
    }
    pen.clipped(to: plot) {
      for move in moves { pen.line([place(move.from), place(move.to)], style.dim.faded(to: 0.25), width: 0.5) }
      for (group, look) in zip(groups, looks) {
        for point in group.points where point.x.isFinite && point.y.isFinite {
          pen.glyph(look.glyph, at: place(point), size: group.isFaint ? 5 : 7, look.color)
        }
      }
    }
    legend.draw(at: Point(plot.maxX + 10, plot.y + 6), pen, style)
  }

  /// What each group is drawn with; groups of one emotion have its mark and its colour.
  private func looks(_ style: Style) -> [(glyph: String, color: Ink)] {
    let emotions = groups.map(\.emotion)
    let marks = EmotionMark.marks(of: emotions), colors = style.colors(ofEmotions: emotions)
    return groups.map { group in
      let mark = marks[group.emotion] ?? EmotionMark.of(group.emotion)
      let color = colors[group.emotion] ?? style.ink
      return (String(Character(mark.glyph)), color.faded(to: group.isFaint ? 0.55 : 0.9))
    }
  }
}
