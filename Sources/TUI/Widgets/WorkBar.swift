import Lab

/// Work on its way, in one line: what it does, a bar, its rate and the time that is left.
package enum WorkBar {
  package static func draw(_ progress: RunProgress, _ rect: Rect, _ look: Look, _ surface: inout Surface) {
    let share = Double(progress.done) / Double(max(1, progress.total))
    let left = progress.secondsLeft.map { "  \(Numbers.clock($0)) left" } ?? ""
    let rate = progress.rate > 0 ? "  \(Numbers.fixed(progress.rate, 0))/s" : ""
    let right = "\(Numbers.percent(share, 0))\(rate)\(left)  x stops"
    let x = surface.put("\(progress.phase) ", rect.x, rect.y, look.style(.accent))
    surface.putRight(right, rect.maxX, rect.y, look.style(.text))
    ProgressBar.draw(share, x, rect.y, width: rect.maxX - x - TextWidth.of(right) - 1, look, &surface)
  }
}
