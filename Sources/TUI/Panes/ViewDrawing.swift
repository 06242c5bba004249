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
    package let left: Int

    package init(_ whole: Rect) {
      let size = Size(width: whole.width, height: whole.height)
      var rest: Rect
      (info, rest) = whole.splitTop(size.height >= 4 ? 1 : 0)
      (reading, rest) = rest.splitTop(size.height >= 8 ? 1 : 0)
      left = whole.x
      gutter = size.width >= 24 ? 6 : 0
      let barWidth = size.width >= 50 ? 10 : 0
      let plots = Rect(x: whole.x + gutter, y: rest.y, width: size.width - gutter - barWidth, height: rest.height)
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

  /// The places of each utterance: side by side where there is room, else in two rows, else one above the other.
  package static func places(_ state: State, _ size: Size) -> [Places] {
    let count = state.viewPane.tiles.count
    let whole = Rect(x: 0, y: 0, width: size.width, height: size.height)
    guard count > 1 else { return [Places(whole)] }
    let columns = size.width / count >= 30 ? count : size.width >= 60 ? 2 : 1
    let rows = (count + columns - 1) / columns
    return (0..<count).map { index in
      let (x, y) = (index % columns, index / columns)
      let rect = Rect(
        x: x * size.width / columns, y: y * size.height / rows,
        width: (x + 1) * size.width / columns - x * size.width / columns - (x + 1 < columns ? 1 : 0),
        height: (y + 1) * size.height / rows - y * size.height / rows)
      return Places(rect)
    }
  }

  package static func draw(_ state: State, _ surface: inout Surface) {
    let (view, look) = (state.viewPane, state.look)
    guard !view.isEmpty else {
      let there = state.focus == .corpus ? "" : "1 goes there, "
      let words = "Choose an utterance in the corpus pane: \(there)Enter unfolds, j and k move."
      Paragraph.draw(words, in: surface.bounds, look.style(.dim), look, &surface)
      return
    }
    let all = places(state, Size(width: surface.width, height: surface.height))
    for (index, places) in all.enumerated() { draw(state, index, places, &surface) }
  }

  private static func draw(_ state: State, _ index: Int, _ places: Places, _ surface: inout Surface) {
    let (view, look, tile) = (state.viewPane, state.look, state.viewPane.tiles[index])
    info(state, index, places, &surface)
    guard let picture = tile.picture, let raster = tile.raster else {
      let words = tile.failure ?? "Computing …"
      let style = look.style(tile.failure == nil ? .dim : .error)
      Paragraph.draw(words, in: places.spectrogram, style, look, &surface)
      return
    }
    readingLine(state, index, picture, places, &surface)
    ViewWaves.draw(state, tile, picture, places, &surface)
    let isNetwork = picture.request.stage == .network || picture.request.stage == .augmented
    let heatmap = Heatmap(colormap: isNetwork ? .jet : .named(view.colormap), look: look)
    let range = view.colorRange(raster)
    heatmap.draw(raster, part: view.viewport, range: range, in: places.spectrogram, &surface)
    heatmap.bar(range, unit: unit(of: picture), in: places.bar, &surface)
    rowAxis(picture, view.viewport, places, look, &surface)
    TimeAxis.draw(
      view.viewport.time(of: picture.time), unit: "s", in: places.timeAxis, hasLine: places.hasAxisLine, look, &surface)
    cursor(state, picture, places, &surface)
  }

  private static func unit(of picture: Picture) -> String {
    if case .scalar(_, let unit, _) = picture.content { unit } else { "" }
  }

  // MARK: Words

  private static func info(_ state: State, _ index: Int, _ places: Places, _ surface: inout Surface) {
    let (view, look, tile) = (state.viewPane, state.look, state.viewPane.tiles[index])
    let corpus = state.corpora.first { $0.name == tile.corpus }
    let utterance = corpus?.utterances.first { $0.id == tile.utterance }
    let (x, y) = (places.info.x, places.info.y)
    guard !places.info.isEmpty else { return }
    var column = x
    let isBeside = view.tiles.count > 1
    if isBeside {
      let isMarked = index == view.active && !look.isFigure
      column = surface.put(isMarked ? look.glyphs.mark : " ", x, y, look.style(.accent)) + 1
    }
    if let corpus, let utterance {
      let emotion = corpus.emotionName(utterance.emotion)
      let mark = look.mark(of: emotion, among: corpus.emotions)
      column = surface.put("\(mark) \(emotion)", column, y, look.style(emotion: emotion)) + 2
      if isBeside {
        column = surface.put(tile.utterance, column, y, look.style(.heading), width: places.info.maxX - column) + 2
      }
      column =
        surface.put("speaker \(utterance.speaker)", column, y, look.style(.text), width: places.info.maxX - column) + 2
    }
    let slice = (tile.picture?.request.slice ?? view.slice) + 1
    var words =
      view.showsWhole ? ["whole utterance"] : ["slice \(slice)/\(view.sliceCount)", "stride \(view.stride) ms"]
    if view.stage == .augmented { words.append("seed \(view.seed)") }
    if view.floor != 0, view.stage == .decibels {
      words.append("floor \(view.floor > 0 ? "+" : "")\(Int(view.floor)) dB")
    }
    if !view.viewport.isWhole {
      words.append(
        "\(look.glyphs.times)\(Int((1 / view.viewport.width).rounded())) time, "
          + "\(look.glyphs.times)\(Int((1 / view.viewport.height).rounded())) Hz")
    }
    let text = look.glyphs.plain(words.joined(separator: " · "))
    if !isBeside || column + TextWidth.of(text) <= places.info.maxX {
      column = surface.put(text, column, y, look.style(.dim), width: places.info.maxX - column) + 2
    }
    if corpus?.isSynthetic == true, column + 16 <= places.info.maxX {
      surface.put("synthetic speech", column, y, look.style(.synthetic))
    }
  }

  private static func readingLine(
    _ state: State, _ index: Int, _ picture: Picture, _ places: Places, _ surface: inout Surface
  ) {
    let look = state.look
    guard !places.reading.isEmpty, !look.isFigure, let reading = state.viewPane.reading(index) else { return }
    let row =
      picture.rowUnit == "Hz" ? Numbers.hertz(reading.row) : "\(picture.rowUnit) \(Numbers.fixed(reading.row, 0))"
    let words = [
      "\(look.glyphs.pick("✛", "+")) t \(Numbers.fixed(reading.time, 3)) s", row, look.glyphs.plain(reading.value),
    ]
    let gap = places.reading.width >= 40 ? "   " : " "
    surface.put(
      words.joined(separator: gap), places.reading.x, places.reading.y, look.style(.accent), width: places.reading.width
    )
  }

  // MARK: Axis and cursor

  private static func rowAxis(
    _ picture: Picture, _ viewport: Viewport, _ places: Places, _ look: Look, _ surface: inout Surface
  ) {
    let plot = places.spectrogram
    guard places.gutter > 0, plot.height > 0, picture.rowValues.count == picture.rows else { return }
    let (style, x) = (look.style(.axis), places.left + places.gutter)
    surface.fill(Rect(x: x - 1, y: plot.y, width: 1, height: plot.height), look.glyphs.vertical, style)
    let values = Array(picture.rowValues[viewport.rows(of: picture.rows)])
    for (y, value) in Ticks.rows(values, height: plot.height) {
      surface.set(x - 1, plot.y + y, Cell(look.glyphs.tickLeft, style))
      surface.putRight(Ticks.short(value), x - 1, plot.y + y, style)
    }
    let unit = picture.rowUnit == "Hz" ? "Hz" : "coeff"
    if places.hasAxisLine { surface.put(unit, places.left, places.timeAxis.y, style) }
  }

  private static func cursor(_ state: State, _ picture: Picture, _ places: Places, _ surface: inout Surface) {
    let (view, look, plot) = (state.viewPane, state.look, places.spectrogram)
    guard let marker = look.picked(.cursor), plot.width > 0, plot.height > 0, picture.columns > 0, picture.rows > 0
    else { return }
    let (columns, rows) = (view.viewport.columns(of: picture.columns), view.viewport.rows(of: picture.rows))
    guard columns.contains(view.cursor.x), rows.contains(view.cursor.y) else { return }
    let x = plot.x + min(plot.width - 1, (view.cursor.x - columns.lowerBound) * plot.width / columns.count)
    let y = plot.maxY - 1 - min(plot.height - 1, (view.cursor.y - rows.lowerBound) * plot.height / rows.count)
    var style = marker
    style.attributes.insert(.bold)
    surface.set(x, y, Cell(look.glyphs.pick("┼", "+"), style))
    // The same moment above and the same place on both axes.
    surface.restyle(Rect(x: x, y: places.wave.y, width: 1, height: places.wave.height)) { $0 = marker }
    if places.gutter > 0 {
      surface.restyle(Rect(x: places.left + places.gutter - 1, y: y, width: 1, height: 1)) { $0 = marker }
    }
    if places.hasAxisLine { surface.restyle(Rect(x: x, y: places.timeAxis.y, width: 1, height: 1)) { $0 = marker } }
  }
}

/// The waveform above a spectrogram, and the overview of the whole utterance.
enum ViewWaves {
  static func draw(
    _ state: State, _ tile: Tile, _ picture: Picture, _ places: ViewDrawing.Places, _ surface: inout Surface
  ) {
    let look = state.look
    guard let wave = tile.waveform, (wave.corpus, wave.utterance) == (tile.corpus, tile.utterance),
      (picture.request.corpus, picture.request.utterance) == (tile.corpus, tile.utterance), !wave.samples.isEmpty
    else { return }
    let peak = wave.samples.reduce(Float(0)) { $1.isFinite ? max($0, abs($1)) : $0 }
    let time = state.viewPane.viewport.time(of: picture.time)
    Envelope.draw(wave.samples, time: time, peak: peak, in: places.wave, look.style(.wave), look, &surface)
    let right = places.left + places.gutter - 1
    if places.gutter > 0, places.wave.height >= 2 {
      let text = Numbers.fixed(Double(peak), 2)
      surface.putRight(text, right, places.wave.y, look.style(.axis))
      surface.putRight("\(look.glyphs.minus)\(text)", right, places.wave.maxY - 1, look.style(.axis))
    }
    guard !places.overview.isEmpty else { return }
    overview(wave, time, peak, right, places.overview, hasRoom: !places.bar.isEmpty, look, &surface)
  }

  /// The whole utterance in one row; what is shown below is marked.
  private static func overview(
    _ wave: Waveform, _ time: ClosedRange<Double>, _ peak: Float, _ right: Int, _ rect: Rect, hasRoom: Bool,
    _ look: Look, _ surface: inout Surface
  ) {
    let length = Double(wave.samples.count) / Double(Waveform.sampleRate)
    Envelope.draw(wave.samples, time: 0...max(length, 0.001), peak: peak, in: rect, look.style(.dim), look, &surface)
    let whole = 0...max(length, time.upperBound, 0.001)
    let from = TimeAxis.position(time.lowerBound, whole, rect.width)
    let to = TimeAxis.position(time.upperBound, whole, rect.width)
    surface.restyle(Rect(x: rect.x + from, y: rect.y, width: to - from + 1, height: 1)) {
      $0.foreground = look.style(.accent).foreground
      $0.attributes.insert(look.depth == .mono ? .reverse : .bold)
    }
    surface.putRight("all", right, rect.y, look.style(.axis))
    if hasRoom { surface.put(Numbers.seconds(length), rect.maxX + 1, rect.y, look.style(.axis)) }
  }
}
