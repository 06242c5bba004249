import Lab

/// How the attack pane looks: words above, pictures side by side, classes and attention's drift below.
enum AttackDrawing {
  static func draw(_ state: State, _ surface: inout Surface) {
    let (pane, look) = (state.attackPane, state.look)
    // What cannot be attacked is said, rather than an image shown that is another's.
    let problem = pane.failure ?? (state.viewPane.isEmpty || state.selectedRun == nil ? nil : AttackPane.whyNot(state))
    guard problem == nil, let shown = pane.shown else {
      let words =
        problem ?? (pane.wanted == nil ? welcome(state) : "Attacking … (the first time also reads the weights)")
      let used = Paragraph.draw(words, in: surface.bounds, look.style(problem == nil ? .dim : .error), look, &surface)
      if let progress = pane.progress {
        WorkBar.draw(progress, Rect(x: 0, y: used, width: surface.width, height: 1), look, &surface)
      }
      return
    }
    let emotions = shown.explanation.emotions.count
    let (words, rest) = surface.bounds.splitTop(surface.height >= 6 ? 2 : 0)
    let hasClasses = rest.height >= emotions + 7
    let (pictures, below) = rest.splitTop(rest.height - (hasClasses ? emotions + 1 : rest.height >= 4 ? 1 : 0))
    describe(state, shown, words, &surface)
    draw(state, shown, pictures, &surface)
    if hasClasses {
      let (bars, numbers) = below.splitLeft(max(38, below.width - 34))
      classes(state, shown.explanation, bars, &surface)
      drift(state, shown, numbers, &surface)
    } else {
      verdict(state, shown.explanation, below, &surface)
    }
  }

  private static func welcome(_ state: State) -> String {
    if state.selectedRun == nil { return "Train a network first (t), or choose a run in the training pane (3)." }
    if state.viewPane.isEmpty { return "Choose an utterance in the corpus pane (1); Enter here attacks it." }
    return
      "Enter attacks the slice of the view pane with the selected run; then [ and ] step its strength, j and k the attack."
  }

  // MARK: Words

  private static func describe(_ state: State, _ shown: ScrubPicture, _ rect: Rect, _ surface: inout Surface) {
    let (explanation, look) = (shown.explanation, state.look)
    guard rect.height >= 2 else { return }
    let truth = explanation.emotions[explanation.truth]
    let mark = look.mark(of: truth, among: explanation.emotions)
    var x = surface.put("\(mark) \(truth)", 0, rect.y, look.style(emotion: truth)) + 2
    let place =
      "\(explanation.request.utterance) slice \(explanation.request.slice + 1)/\(explanation.sliceCount) · \(explanation.request.run)"
    x = surface.put(
      TextWidth.cut(look.glyphs.plain(place), to: rect.width - x, ellipsis: look.glyphs.ellipsis), x, rect.y,
      look.style(.text))
    var words: [String] = []
    if let attack = explanation.request.attack {
      words = [Scrub.words(attack) + (Scrub.reach(attack).map { " (\($0))" } ?? "")]
      if let change = explanation.perturbation { words += measured(change) }
    } else {
      words = ["the clean image", "] attacks it"]
    }
    words.append("\(Numbers.fixed(explanation.seconds * 1000, 0)) ms")
    // Last, so that a narrow screen cuts them and not what was measured.
    if let settings = explanation.request.attack.map(Scrub.settings), !settings.isEmpty { words.append(settings) }
    if let progress = state.attackPane.progress {
      return WorkBar.draw(
        progress, Rect(x: 0, y: rect.y + 1, width: surface.width, height: 1), look, &surface)
    }
    if let age = AttackPane.age(explanation, state) { words.insert(age, at: 0) }
    if state.attackPane.wanted != nil { words.insert("attacking …", at: 0) }
    let text = TextWidth.cut(
      look.glyphs.plain(words.joined(separator: " · ")), to: rect.width, ellipsis: look.glyphs.ellipsis)
    surface.put(text, 0, rect.y + 1, look.style(.dim))
  }

  private static func measured(_ change: Perturbation) -> [String] {
    let ratio = change.signalToNoise.map { ", SNR \(Numbers.fixed($0, 1)) dB" } ?? ""
    let size = "L∞ \(Numbers.fixed(change.linf * 255, 1))/255, L2 \(Numbers.fixed(change.l2, 2))\(ratio)"
    return change.queries > 0 ? [size, "\(change.queries) queries"] : [size]
  }

  // MARK: Pictures

  private struct Panel {
    let title: String
    /// Behind the title, where there is room.
    var remark = ""
    let raster: Raster?
    let colormap: ScreenColormap
    /// Where the network looks in it, for the overlay.
    var attention: Raster?
  }

  private static func panels(_ state: State, _ shown: ScrubPicture, attention: Bool) -> [Panel] {
    let eye = ScreenColormap.named(state.viewPane.colormap), heat = ScreenColormap.named("magma")
    let signs = state.look.depth > .ansi16 ? ", blue down, orange up" : ""
    let target = shown.explanation.emotions[shown.explanation.request.target ?? shown.explanation.truth]
    return attention
      ? [
        Panel(title: "attention to \(target)", raster: shown.attention, colormap: heat),
        Panel(title: "attacked", raster: shown.attackedAttention, colormap: heat),
        Panel(title: "its change", remark: signs, raster: shown.attentionChange, colormap: .change),
      ]
      : [
        Panel(title: "clean", raster: shown.clean, colormap: eye, attention: shown.attention),
        Panel(title: "attacked", raster: shown.attacked, colormap: eye, attention: shown.attackedAttention),
        Panel(
          title: shown.change.map { "change, ±\(Int($0.range.upperBound)) levels" } ?? "change", remark: signs,
          raster: shown.change, colormap: .change),
      ]
  }

  /// Images above attention where both fit, else one of the two; two columns where three would be too narrow.
  private static func draw(_ state: State, _ shown: ScrubPicture, _ rect: Rect, _ surface: inout Surface) {
    let both = rect.height >= 24
    let rows = both ? [false, true] : [state.attackPane.showsAttention]
    for (index, attention) in rows.enumerated() {
      let top = rect.y + index * rect.height / rows.count
      let band = Rect(
        x: rect.x, y: top, width: rect.width, height: rect.y + (index + 1) * rect.height / rows.count - top)
      var panels = panels(state, shown, attention: attention)
      if rect.width < 48 { panels.removeFirst() }
      if rect.width < 24 { panels.removeLast() }
      draw(state, shown, panels, band, &surface)
    }
  }

  private static func draw(
    _ state: State, _ shown: ScrubPicture, _ panels: [Panel], _ band: Rect, _ surface: inout Surface
  ) {
    let look = state.look
    let gutter = band.width >= 60 ? 5 : 0, axis = band.height >= 6 ? 1 : 0
    let width = (band.width - gutter - 2 * (panels.count - 1)) / panels.count
    for (index, panel) in panels.enumerated() {
      let x = band.x + gutter + index * (width + 2)
      let title = look.glyphs.plain(panel.title), whole = title + look.glyphs.plain(panel.remark)
      let words = TextWidth.of(whole) <= width ? whole : title
      surface.put(TextWidth.cut(words, to: width, ellipsis: look.glyphs.ellipsis), x, band.y, look.style(.heading))
      let plot = Rect(x: x, y: band.y + 1, width: width, height: band.height - 1 - axis)
      guard !plot.isEmpty else { continue }
      guard let raster = panel.raster else {
        Paragraph.draw("nothing is attacked yet", in: plot, look.style(.dim), look, &surface)
        continue
      }
      Heatmap(colormap: panel.colormap, look: look).draw(raster, range: raster.range, in: plot, &surface)
      if let attention = panel.attention {
        Spotlight.draw(attention, AttackState.overlays[state.attackPane.overlay], in: plot, look, &surface)
      }
      if axis > 0 {
        TimeAxis.draw(
          shown.explanation.time, unit: index == 0 ? "s" : "", in: Rect(x: x, y: plot.maxY, width: width, height: 1),
          hasLine: false,
          look,
          &surface)
      }
      if index == 0, gutter > 0 { rowAxis(shown.explanation, plot, look, &surface) }
    }
  }

  private static func rowAxis(
    _ explanation: Explanation, _ plot: Rect, _ look: Look, _ surface: inout Surface
  ) {
    for (y, value) in Ticks.rows(explanation.rowValues, height: plot.height) {
      surface.putRight(Ticks.short(value), plot.x, plot.y + y, look.style(.axis))
    }
  }

  // MARK: Classes and drift

  private static func classes(
    _ state: State, _ explanation: Explanation, _ rect: Rect, _ surface: inout Surface
  ) {
    let look = state.look
    let clean = explanation.clean.probabilities, attacked = explanation.attacked?.probabilities
    let names = 13, bar = max(0, (rect.width - names - 14) / 2), marks = look.marks(of: explanation.emotions)
    surface.put("clean", rect.x + names, rect.y, look.style(.axis))
    surface.put("attacked", rect.x + names + bar + 7, rect.y, look.style(.axis))
    for (index, emotion) in explanation.emotions.enumerated() {
      let y = rect.y + 1 + index, style = look.style(emotion: emotion)
      let mark = index == explanation.truth ? look.glyphs.pick("▸", ">") : " "
      surface.put(
        TextWidth.fit("\(mark)\(marks.mark(of: emotion)) \(emotion)", to: names - 1, ellipsis: look.glyphs.ellipsis),
        rect.x, y, style)
      draw(clean[index], index == explanation.clean.prediction, rect.x + names, y, bar, style, look, &surface)
      if let attacked, let image = explanation.attacked {
        draw(attacked[index], index == image.prediction, rect.x + names + bar + 7, y, bar, style, look, &surface)
      }
    }
  }

  /// A bar and its percentage; the prediction's is bold.
  private static func draw(
    _ share: Double, _ isPrediction: Bool, _ x: Int, _ y: Int, _ width: Int, _ style: CellStyle, _ look: Look,
    _ surface: inout Surface
  ) {
    var text = look.style(isPrediction ? .accent : .text)
    if isPrediction { text.attributes.insert(.bold) }
    surface.putRight(share.isFinite ? "\(Int((share * 100).rounded())) %" : "NaN", x + 5, y, text)
    let filled = share.isFinite ? Int((share * Double(width)).rounded()) : 0
    surface.fill(Rect(x: x + 6, y: y, width: min(width, filled), height: 1), look.glyphs.pick("█", "#"), style)
  }

  private static func drift(_ state: State, _ shown: ScrubPicture, _ rect: Rect, _ surface: inout Surface) {
    let look = state.look, explanation = shown.explanation
    guard rect.width >= 20, explanation.attacked != nil else { return }
    func number(_ value: Double?) -> String { value.map { Numbers.fixed($0, 2) } ?? "none" }
    func percent(_ value: Double?) -> String { value.map { Numbers.percent($0, 0) } ?? "none" }
    var lines: [(String, String)] = []
    if let drift = explanation.drift {
      lines = [
        ("rank correlation", number(drift.rankCorrelation)), ("overlap of top 20 %", number(drift.overlap)),
        ("moved in frequency", percent(drift.frequencyShift)),
        ("moved in time", percent(drift.timeShift)),
      ]
    }
    if let distance = shown.distance {
      lines.append(
        ("off the jet curve", "\(Numbers.fixed(Double(distance.mean), 3)), \(Numbers.fixed(Double(distance.most), 2))"))
    }
    surface.put("attention", rect.x + 1, rect.y, look.style(.axis))
    for (index, line) in lines.prefix(max(0, rect.height - 1)).enumerated() {
      surface.put(look.glyphs.plain(line.0), rect.x + 1, rect.y + 1 + index, look.style(.dim))
      surface.putRight(line.1, rect.maxX, rect.y + 1 + index, look.style(.text))
    }
  }

  /// One line where the classes do not fit.
  private static func verdict(_ state: State, _ explanation: Explanation, _ rect: Rect, _ surface: inout Surface) {
    guard !rect.isEmpty else { return }
    let look = state.look
    func words(_ image: ExplainedImage) -> String {
      "\(explanation.emotions[image.prediction]) \(Numbers.percent(image.probabilities[image.prediction], 0))"
    }
    let after = explanation.attacked.map { " \(look.glyphs.pick("→", ">")) \(words($0))" } ?? ""
    surface.put(
      TextWidth.cut(words(explanation.clean) + after, to: rect.width, ellipsis: look.glyphs.ellipsis), rect.x, rect.y,
      look.style(.accent))
  }
}
