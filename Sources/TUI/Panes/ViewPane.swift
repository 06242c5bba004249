import Lab

extension PaneID {
  package static let view = PaneID("view")
}

/// Waveform above spectrogram on one time axis, with a cursor that reads out.
package enum ViewPane {
  package static let pane: Pane = {
    var pane = Pane(id: .view, name: "View", title: title, bindings: bindings, draw: ViewDrawing.draw)
    pane.receive = { state, event in
      switch event {
      case .waveform(let waveform): state.viewPane.take(waveform)
      case .picture(let picture): state.viewPane.take(picture)
      default: break
      }
      return []
    }
    pane.settle = { state, size in
      let plot = ViewDrawing.places(state, size)[state.viewPane.active].spectrogram
      state.viewPane.plot = Size(width: plot.width, height: plot.height)
    }
    pane.click = { state, point, size in
      guard let (index, picture) = place(&state, point, size) else { return [] }
      state.viewPane.activate(index - state.viewPane.active)
      state.viewPane.cursor = picture
      state.viewPane.move(0, 0)
      return []
    }
    pane.wheel = { state, point, size, steps in
      guard let (_, picture) = place(&state, point, size) else { return [] }
      state.viewPane.cursor = picture
      state.viewPane.zoom(time: steps)
      return []
    }
    pane.table = ViewTable.table
    pane.tableRow = { state in state.viewPane.picture.map { $0.rows - 1 - state.viewPane.cursor.y } }
    pane.memory = ViewMemory.memory
    return pane
  }()

  /// The tile and the picture's pixel under a cell.
  private static func place(_ state: inout State, _ point: Point, _ size: Size) -> (Int, Point)? {
    for (index, places) in ViewDrawing.places(state, size).enumerated() where places.spectrogram.contains(point) {
      guard let picture = state.viewPane.tiles[index].picture else { return nil }
      let plot = places.spectrogram
      let columns = state.viewPane.viewport.columns(of: picture.columns)
      let rows = state.viewPane.viewport.rows(of: picture.rows)
      return (
        index,
        Point(
          x: columns.lowerBound + (2 * (point.x - plot.x) + 1) * columns.count / (2 * plot.width),
          y: rows.lowerBound + (2 * (plot.maxY - 1 - point.y) + 1) * rows.count / (2 * plot.height))
      )
    }
    return nil
  }

  private static func title(_ state: State) -> String {
    let view = state.viewPane
    if view.isEmpty { return "View" }
    guard let shown = view.picture?.request else { return "View \(view.utterance) …" }
    if view.tiles.count > 1 {
      return "\(view.tiles.count) utterances · \(shown.transform) · \(shown.stage.label)"
    }
    let wanted = view.isStale ? " → \(view.utterance) \(view.transform) \(view.stage.label) …" : ""
    return "\(shown.utterance) · \(shown.transform) · \(shown.stage.label)\(wanted)"
  }

  // MARK: Keys

  static let isOpen: @Sendable (State) -> Bool = { !$0.viewPane.isEmpty }
  static let hasPicture: @Sendable (State) -> Bool = { $0.viewPane.picture != nil }
  static let whyNoSound: @Sendable (State) -> String? = { state in
    state.player == nil
      ? "no sound here: neither aplay nor ffplay nor $QUAVER_PLAYER was found" : "choose an utterance first"
  }

  private static let bindings: [Binding] =
    choosing + slicing + looking + moving + ViewZoom.bindings + ViewBeside.bindings

  private static func next<T: Equatable>(_ value: T, in all: [T], _ distance: Int) -> T {
    guard !all.isEmpty else { return value }
    return all[((all.firstIndex(of: value) ?? 0) + distance + all.count) % all.count]
  }

  private static func transform(_ distance: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      state.viewPane.transform = next(state.viewPane.transform, in: state.transforms, distance)
      return state.viewPane.ask()
    }
  }

  private static func stage(_ distance: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      state.viewPane.stage = next(state.viewPane.stage, in: Stage.allCases, distance)
      return state.viewPane.ask()
    }
  }

  private static let choosing: [Binding] = [
    Binding(
      "view.stage", ["s"], "stage", "Next stage: raw dB, normalised, network's jet image, augmented.", hint: 1,
      isEnabled: isOpen, run: stage(1)),
    Binding("view.stage-back", ["S"], "stage back", "The stage before.", isEnabled: isOpen, run: stage(-1)),
    Binding("view.transform", ["f"], "transform", "Next transform.", hint: 2, isEnabled: isOpen, run: transform(1)),
    Binding(
      "view.transform-back", ["F"], "transform back", "The transform before.", isEnabled: isOpen, run: transform(-1)),
    Binding(
      "view.seed", ["a"], "new seed", "Draws SpecAugment anew, with the next seed, which is shown.", hint: 6,
      isEnabled: isOpen
    ) { state in
      if state.viewPane.stage == .augmented { state.viewPane.seed += 1 } else { state.viewPane.stage = .augmented }
      return state.viewPane.ask()
    },
  ]

  private static func slice(_ distance: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      state.viewPane.slice = max(0, min(state.viewPane.sliceCount - 1, state.viewPane.slice + distance))
      return state.viewPane.ask()
    }
  }

  private static func stride(_ distance: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      let view = state.viewPane
      let wanted = next(view.stride, in: JobFields.strides, distance)
      state.viewPane.slice = view.slice * view.stride / wanted
      state.viewPane.stride = wanted
      return state.viewPane.ask()
    }
  }

  private static let slicing: [Binding] = [
    Binding(
      "view.slice-next", [".", ">"], "next slice", "To the next slice.", hint: 3,
      isEnabled: { $0.viewPane.slice + 1 < $0.viewPane.sliceCount }, run: slice(1)),
    Binding(
      "view.slice-previous", [",", "<"], "slice before", "To the slice before.",
      isEnabled: { $0.viewPane.slice > 0 }, run: slice(-1)),
    Binding("view.stride", ["d"], "stride", "Next stride between slices.", hint: 7, isEnabled: isOpen, run: stride(1)),
    Binding("view.stride-back", ["D"], "stride back", "The stride before.", isEnabled: isOpen, run: stride(-1)),
    Binding("view.utterance-next", ["J"], "next utterance", "To the corpus's next utterance.", isEnabled: isOpen) {
      utterance(&$0, 1)
    },
    Binding("view.utterance-previous", ["K"], "utterance before", "To the utterance before.", isEnabled: isOpen) {
      utterance(&$0, -1)
    },
  ]

  private static func utterance(_ state: inout State, _ distance: Int) -> [Effect] {
    guard state.corpusPane.step(distance), case .utterance(let corpus, let index) = state.corpusPane.selected else {
      state.say("no further utterance is unfolded in the corpus pane")
      return []
    }
    let info = state.corpora[corpus]
    return state.viewPane.show(corpus: info.name, utterance: info.utterances[index].id)
  }

  private static func floor(_ change: Float) -> @Sendable (inout State) -> [Effect] {
    { state in
      state.viewPane.floor = max(-20, min(70, state.viewPane.floor + change))
      return []
    }
  }

  private static let isRaw: @Sendable (State) -> Bool = { $0.viewPane.picture != nil && $0.viewPane.stage == .decibels }

  private static let looking: [Binding] = [
    Binding(
      "view.colormap", ["c"], "colours", "Next colour map; the network's images keep jet.", hint: 4,
      isEnabled: hasPicture
    ) { state in
      state.viewPane.colormap = next(state.viewPane.colormap, in: ScreenColormap.all.map(\.name), 1)
      return []
    },
    Binding("view.floor-up", ["]"], "floor up", "Raises the dB floor by 5.", isEnabled: isRaw, run: floor(5)),
    Binding("view.floor-down", ["["], "floor down", "Lowers the dB floor by 5.", isEnabled: isRaw, run: floor(-5)),
  ]

  private static func move(_ x: Int, _ y: Int) -> @Sendable (inout State) -> [Effect] {
    { state in
      state.viewPane.move(x, y)
      return []
    }
  }

  private static let far = 100_000

  private static let moving: [Binding] = [
    Binding("view.left", ["h", "left"], "left", "Cursor to earlier.", isEnabled: hasPicture, run: move(-1, 0)),
    Binding("view.right", ["l", "right"], "right", "Cursor to later.", isEnabled: hasPicture, run: move(1, 0)),
    Binding("view.up", ["k", "up"], "up", "Cursor to higher.", isEnabled: hasPicture, run: move(0, 1)),
    Binding("view.down", ["j", "down"], "down", "Cursor to lower.", isEnabled: hasPicture, run: move(0, -1)),
    Binding(
      "view.far-up", ["ctrl-u", "pageup"], "far up", "Cursor ten cells higher.", isEnabled: hasPicture, run: move(0, 10)
    ),
    Binding(
      "view.far-down", ["ctrl-d", "pagedown"], "far down", "Cursor ten cells lower.", isEnabled: hasPicture,
      run: move(0, -10)),
    Binding("view.far-left", ["H"], "far left", "Cursor ten cells earlier.", isEnabled: hasPicture, run: move(-10, 0)),
    Binding("view.far-right", ["L"], "far right", "Cursor ten cells later.", isEnabled: hasPicture, run: move(10, 0)),
    Binding(
      "view.start", ["^", "home"], "start", "Cursor to the slice's start.", isEnabled: hasPicture, run: move(-far, 0)),
    Binding("view.end", ["$", "end"], "end", "Cursor to the slice's end.", isEnabled: hasPicture, run: move(far, 0)),
    Binding("view.top", ["g g"], "top", "Cursor to the highest row.", isEnabled: hasPicture, run: move(0, far)),
    Binding("view.bottom", ["G"], "bottom", "Cursor to the lowest row.", isEnabled: hasPicture, run: move(0, -far)),
    Binding(
      "view.train", ["t"], "train", "Trains on this corpus, after a short form.", hint: 8, isEnabled: isOpen,
      run: TrainingPane.openForm),
  ]
}
