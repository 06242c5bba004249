import Lab

/// How the view pane looks.
package enum ViewDrawing {
  /// Who gets which rows and columns; smaller panes lose the overview, then the waveform, the colour bar, the axes.
  package struct Places: Sendable {
    package let info: Rect
    package let reading: Rect
    package let overview: Rect
    package let wave: Rect
    package let spectrogram: Rect
    package let timeAxis: Rect
    package let hasAxisLine: Bool
    package let bar: Rect
    /// Columns left of the plots.
    package let gutter: Int

    package init(_ size: Size) {
      let whole = Rect(x: 0, y: 0, width: size.width, height: size.height)
      var rest: Rect
      (info, rest) = whole.splitTop(size.height >= 4 ? 1 : 0)
      (reading, rest) = rest.splitTop(size.height >= 8 ? 1 : 0)
      gutter = size.width >= 24 ? 6 : 0
      let barWidth = size.width >= 50 ? 10 : 0
      let plots = Rect(x: gutter, y: rest.y, width: size.width - gutter - barWidth, height: rest.height)
      hasAxisLine = size.height >= 14
      let axisHeight = size.height >= 14 ? 2 : size.height >= 7 ? 1 : 0
      let (upper, axis) = plots.splitTop(plots.height - axisHeight)
      timeAxis = axis
      var below: Rect
      (overview, below) = upper.splitTop(size.height >= 22 ? 1 : 0)
      (wave, below) = below.splitTop(size.height >= 12 ? max(2, size.height / 6) : 0)
      spectrogram = below
      bar = Rect(x: below.maxX + 1, y: below.y, width: barWidth - 1, height: below.height)
    }
  }

  package static func draw(_ state: State, _ surface: inout Surface) {
    let (view, look) = (state.viewPane, state.look)
    guard !view.isEmpty else {
      let words = "Choose an utterance in the corpus pane: Tab goes there, Enter unfolds, j and k move."
      Paragraph.draw(words, in: surface.bounds, look.style(.dim), look, &surface)
      return
    }
    let places = Places(Size(width: surface.width, height: surface.height))
    info(state, places, &surface)
    guard let picture = view.picture, let raster = view.raster else {
      let words = view.failure ?? "Computing …"
      let style = look.style(view.failure == nil ? .dim : .error)
      Paragraph.draw(words, in: places.spectrogram, style, look, &surface)
      return
    }
    readingLine(state, picture, places, &surface)
    waves(state, picture, places, &surface)
    let isNetwork = picture.request.stage == .network || picture.request.stage == .augmented
    let heatmap = Heatmap(colormap: isNetwork ? .jet : .named(view.colormap), look: look)
    let range = view.colorRange(raster)
    heatmap.draw(raster, range: range, in: places.spectrogram, &surface)
    heatmap.bar(range, unit: unit(of: picture), in: places.bar, &surface)
    rowAxis(picture, places, look, &surface)
    TimeAxis.draw(picture.time, unit: "s", in: places.timeAxis, hasLine: places.hasAxisLine, look, &surface)
    cursor(state, picture, places, &surface)
  }

  private static func unit(of picture: Picture) -> String {
    if case .scalar(_, let unit, _) = picture.content { unit } else { "" }
  }

  // MARK: Words

  private static func info(_ state: State, _ places: Places, _ surface: inout Surface) {
    let (view, look) = (state.viewPane, state.look)
    let corpus = state.corpora.first { $0.name == view.corpus }
    let utterance = corpus?.utterances.first { $0.id == view.utterance }
    let (x, y) = (places.info.x, places.info.y)
    guard !places.info.isEmpty else { return }
    var column = x
    if let corpus, let utterance {
      let emotion = corpus.emotionName(utterance.emotion)
      column = surface.put("\(look.mark(of: emotion)) \(emotion)", x, y, look.style(emotion: emotion)) + 2
      column = surface.put("speaker \(utterance.speaker)", column, y, look.style(.text)) + 2
    }
    var words = ["slice \(view.slice + 1)/\(view.sliceCount)", "stride \(view.stride) ms"]
    if view.stage == .augmented { words.append("seed \(view.seed)") }
    if view.floor != 0, view.stage == .decibels {
      words.append("floor \(view.floor > 0 ? "+" : "")\(Int(view.floor)) dB")
    }
    column = surface.put(look.glyphs.plain(words.joined(separator: " · ")), column, y, look.style(.dim)) + 2
    if corpus?.isSynthetic == true, column + 16 <= surface.width {
      surface.put("synthetic speech", column, y, look.style(.synthetic))
    }
  }

  private static func readingLine(_ state: State, _ picture: Picture, _ places: Places, _ surface: inout Surface) {
    guard !places.reading.isEmpty, let reading = state.viewPane.reading else { return }
    let look = state.look
    let row =
      picture.rowUnit == "Hz" ? Numbers.hertz(reading.row) : "\(picture.rowUnit) \(Numbers.fixed(reading.row, 0))"
    let words = [
      "\(look.glyphs.pick("✛", "+")) t \(Numbers.fixed(reading.time, 3)) s", row, look.glyphs.plain(reading.value),
    ]
    surface.put(words.joined(separator: "   "), places.reading.x, places.reading.y, look.style(.accent))
  }

  // MARK: Waves

  private static func waves(_ state: State, _ picture: Picture, _ places: Places, _ surface: inout Surface) {
    let (view, look) = (state.viewPane, state.look)
    guard let wave = view.waveform, (wave.corpus, wave.utterance) == (view.corpus, view.utterance),
      (picture.request.corpus, picture.request.utterance) == (view.corpus, view.utterance), !wave.samples.isEmpty
    else { return }
    let peak = wave.samples.reduce(Float(0)) { $1.isFinite ? max($0, abs($1)) : $0 }
    let length = Double(wave.samples.count) / Double(Waveform.sampleRate)
    Envelope.draw(wave.samples, time: picture.time, peak: peak, in: places.wave, look.style(.wave), look, &surface)
    if places.gutter > 0, places.wave.height >= 2 {
      surface.putRight(Numbers.fixed(Double(peak), 2), places.gutter - 1, places.wave.y, look.style(.axis))
      surface.putRight(
        "\(look.glyphs.minus)\(Numbers.fixed(Double(peak), 2))", places.gutter - 1, places.wave.maxY - 1,
        look.style(.axis))
    }
    guard !places.overview.isEmpty else { return }
    let rect = places.overview
    Envelope.draw(wave.samples, time: 0...max(length, 0.001), peak: peak, in: rect, look.style(.dim), look, &surface)
    let whole = 0...max(length, picture.time.upperBound, 0.001)
    let (from, to) = (
      TimeAxis.position(picture.time.lowerBound, whole, rect.width),
      TimeAxis.position(picture.time.upperBound, whole, rect.width)
    )
    surface.restyle(Rect(x: rect.x + from, y: rect.y, width: to - from + 1, height: 1)) {
      $0.foreground = look.style(.accent).foreground
      $0.attributes.insert(look.depth == .mono ? .reverse : .bold)
    }
    surface.putRight("all", places.gutter - 1, rect.y, look.style(.axis))
    surface.put(Numbers.seconds(length), rect.maxX + 1, rect.y, look.style(.axis))
  }

  // MARK: Axis and cursor

  private static func rowAxis(_ picture: Picture, _ places: Places, _ look: Look, _ surface: inout Surface) {
    let plot = places.spectrogram
    guard places.gutter > 0, plot.height > 0 else { return }
    let style = look.style(.axis)
    surface.fill(Rect(x: places.gutter - 1, y: plot.y, width: 1, height: plot.height), look.glyphs.vertical, style)
    for (y, value) in Ticks.rows(picture.rowValues, height: plot.height) {
      surface.set(places.gutter - 1, plot.y + y, Cell(look.glyphs.tickLeft, style))
      surface.putRight(Ticks.short(value), places.gutter - 1, plot.y + y, style)
    }
    let unit = picture.rowUnit == "Hz" ? "Hz" : "coeff"
    if places.hasAxisLine { surface.put(unit, 0, places.timeAxis.y, style) }
  }

  private static func cursor(_ state: State, _ picture: Picture, _ places: Places, _ surface: inout Surface) {
    let (view, look, plot) = (state.viewPane, state.look, places.spectrogram)
    guard plot.width > 0, plot.height > 0, picture.columns > 0, picture.rows > 0 else { return }
    let x = plot.x + min(plot.width - 1, view.cursor.x * plot.width / picture.columns)
    let y = plot.maxY - 1 - min(plot.height - 1, view.cursor.y * plot.height / picture.rows)
    var style = look.style(.cursor)
    style.attributes.insert(.bold)
    surface.set(x, y, Cell(look.glyphs.pick("┼", "+"), style))
    // The same moment above and the same place on both axes.
    let marker = look.style(.cursor)
    surface.restyle(Rect(x: x, y: places.wave.y, width: 1, height: places.wave.height)) { $0 = marker }
    if places.gutter > 0 { surface.restyle(Rect(x: places.gutter - 1, y: y, width: 1, height: 1)) { $0 = marker } }
    if places.hasAxisLine { surface.restyle(Rect(x: x, y: places.timeAxis.y, width: 1, height: 1)) { $0 = marker } }
  }
}
