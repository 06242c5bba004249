import Lab

/// Several utterances on one time axis.
enum ViewBeside {
  private static let isBeside: @Sendable (State) -> Bool = { $0.viewPane.tiles.count > 1 }

  static let bindings: [Binding] = [
    Binding(
      "view.emotions", ["A"], "all emotions",
      "The sentence as this speaker says it in every emotion, four of them side by side.", hint: 12,
      isEnabled: ViewPane.isOpen
    ) { state in
      guard let info = state.corpora.first(where: { $0.name == state.viewPane.corpus }),
        let utterance = info.utterances.firstIndex(where: { $0.id == state.viewPane.utterance })
      else { return [] }
      return CorpusMarks.show(utterance, info, &state)
    },
    Binding(
      "view.beside", ["v"], "side by side", "Shows the marked utterances side by side, or one alone again.",
      isEnabled: { isBeside($0) || !$0.corpusPane.marks.isEmpty },
      whyNot: { _ in "nothing is marked; space marks an utterance in the corpus pane" }
    ) { state in
      if isBeside(state) {
        return state.viewPane.show(corpus: state.viewPane.corpus, utterance: state.viewPane.utterance)
      }
      return state.viewPane.show(state.corpusPane.marks)
    },
    Binding(
      "view.beside-next", ["o"], "next of these", "To the next of those side by side, and on through the marks.",
      hint: 0, isEnabled: isBeside
    ) { step(1, &$0) },
    Binding(
      "view.beside-previous", ["O"], "one before", "To the one before of those side by side.", isEnabled: isBeside
    ) {
      step(-1, &$0)
    },
  ]

  /// At the last of those that are shown, the next four marks come.
  private static func step(_ distance: Int, _ state: inout State) -> [Effect] {
    let view = state.viewPane
    let next = view.active + distance
    let marks = state.corpusPane.marks
    guard !view.tiles.indices.contains(next), marks.count > view.tiles.count,
      let index = marks.firstIndex(of: view.tile.reference)
    else {
      state.viewPane.activate(distance)
      return []
    }
    let count = ViewState.mostTiles
    let first = distance > 0 ? index + 1 : index - count
    let shown = (0..<count).map { marks[(first + $0 + 2 * marks.count) % marks.count] }
    let effects = state.viewPane.show(shown)
    if distance < 0 { state.viewPane.activate(-1) }
    return effects
  }
}

/// The view's place as text.
enum ViewMemory {
  static let memory = Pane.Memory(
    save: { state in
      let view = state.viewPane
      return [
        "utterances": view.tiles.map { "\($0.corpus)\t\($0.utterance)" }.joined(separator: "\n"),
        "slice": String(view.slice), "stride": String(view.stride), "transform": view.transform,
        "stage": view.stage.rawValue, "whole": view.isWhole ? "yes" : "", "colours": view.colormap,
      ]
    },
    restore: { state, saved in
      var references: [UtteranceReference] = []
      for line in (saved["utterances"] ?? "").split(separator: "\n") {
        let words = line.split(separator: "\t").map(String.init)
        guard words.count == 2, let info = state.corpora.first(where: { $0.name == words[0] }),
          info.utterances.contains(where: { $0.id == words[1] })
        else { continue }
        references.append(UtteranceReference(corpus: words[0], utterance: words[1]))
      }
      if let name = saved["transform"], state.transforms.contains(name) { state.viewPane.transform = name }
      if let stage = saved["stage"].flatMap(Stage.init) { state.viewPane.stage = stage }
      if let stride = saved["stride"].flatMap({ Int($0) }), JobFields.strides.contains(stride) {
        state.viewPane.stride = stride
      }
      if let name = saved["colours"], ScreenColormap.all.contains(where: { $0.name == name }) {
        state.viewPane.colormap = name
      }
      state.viewPane.isWhole = saved["whole"] == "yes"
      guard !references.isEmpty else { return [] }
      let opening = state.viewPane.show(references).filter {
        if case .request(.picture) = $0 { false } else { true }
      }
      state.viewPane.slice = max(0, saved["slice"].flatMap { Int($0) } ?? 0)
      return opening + state.viewPane.ask()
    })
}

/// The active picture as a table: a row a bin from the highest down, a column a moment.
enum ViewTable {
  static let table: @Sendable (State) -> ResultTable? = { state in
    let view = state.viewPane
    guard let picture = view.picture, let raster = view.raster, raster.rows == picture.rows, raster.columns > 0 else {
      return nil
    }
    let span = picture.time.upperBound - picture.time.lowerBound
    let times = (0..<raster.columns).map {
      Numbers.fixed(picture.time.lowerBound + span * (Double($0) + 0.5) / Double(raster.columns), 4)
    }
    let rows = (0..<raster.rows).reversed().map { row in
      [
        ResultTable.Cell.number(
          picture.rowValues.indices.contains(row) ? picture.rowValues[row] : Double(row), decimals: 2)
      ]
        + (0..<raster.columns).map { .number(Double(raster.values[row * raster.columns + $0]), decimals: 3) }
    }
    let request = picture.request
    return ResultTable(
      title: "\(request.corpus) \(request.utterance), \(request.transform), \(request.stage.label)",
      columns: ([picture.rowUnit + " \\ s"] + times).map { ResultTable.Column($0) }, rows: rows,
      notes: ["slice \(request.slice + 1) at a stride of \(request.strideMilliseconds) ms"])
  }
}
