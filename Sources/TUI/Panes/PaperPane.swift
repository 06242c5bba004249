import Lab

extension PaneID {
  package static let paper = PaneID("paper")
}

/// The paper's tables, its numbers beside ours: what the runs of this machine fill, and what is still to be made.
package enum PaperPane {
  package static let pane: Pane = {
    var pane = Pane(id: .paper, name: "Paper", title: title, bindings: bindings, draw: PaperDrawing.draw)
    pane.settle = { state, size in
      guard let wish = state.paperWish else { return }
      let info = state.corpora.first { $0.name == wish.corpus }
      let known = state
      state.paperPane.make(wish, known.runs, known.resultsPane.results, info) { known.named($0) }
      state.paperPane.list.settle(
        count: count(state), height: PaperDrawing.listHeight(state, size))
      state.paperPane.column = max(0, min(state.paperPane.column, PaperDrawing.columnCount(state) - 1))
    }
    pane.click = { state, point, size in
      let row = point.y - PaperDrawing.head
      guard row >= 0, row < PaperDrawing.listHeight(state, size), state.paperPane.list.top + row < count(state) else {
        return []
      }
      state.paperPane.list.selection = state.paperPane.list.top + row
      return []
    }
    pane.table = { $0.paperPane.board?.table }
    pane.tableRow = { count($0) > 0 ? $0.paperPane.list.selection : nil }
    pane.whole = PaperDrawing.whole
    pane.notes = { $0.paperPane.board?.table.notes ?? [] }
    pane.memory = Pane.Memory(
      save: {
        [
          "table": $0.paperPane.table.rawValue, "corpus": $0.paperPane.corpus ?? "",
          "transform": $0.paperPane.transform,
        ]
      },
      restore: { state, saved in
        if let table = saved["table"].flatMap(PaperBoard.Table.init) { state.paperPane.table = table }
        if let corpus = saved["corpus"], !corpus.isEmpty { state.paperPane.corpus = corpus }
        if let transform = saved["transform"], state.transforms.contains(transform) {
          state.paperPane.transform = transform
        }
        return []
      })
    return pane
  }()

  static func count(_ state: State) -> Int { state.paperPane.board?.next.count ?? 0 }

  private static func title(_ state: State) -> String {
    guard let wish = state.paperWish else { return "Paper" }
    let transform = wish.table == .networks ? "" : ", \(wish.transform)"
    return "Paper · table \(wish.table.rawValue) · \(wish.corpus)\(transform) · \(PaperBoard.words(wish.recipe))"
  }

  // MARK: Keys

  private static func next<T: Equatable>(_ value: T, in all: [T]) -> T? {
    guard !all.isEmpty else { return nil }
    return all[((all.firstIndex(of: value) ?? -1) + 1) % all.count]
  }

  private static let hasRows: @Sendable (State) -> Bool = { count($0) > 0 }

  private static let choosing: [Binding] = [
    Binding("paper.table", ["t"], "table", "The paper's next table: 1, 2a, 2b.", hint: 1) { state in
      state.paperPane.table = next(state.paperPane.table, in: PaperBoard.Table.allCases) ?? .networks
      (state.paperPane.list, state.paperPane.column) = (ListState(), 0)
      return []
    },
    Binding(
      "paper.corpus", ["c"], "corpus", "The next corpus.", hint: 3, isEnabled: { $0.corpora.count > 1 }
    ) { state in
      guard let wish = state.paperWish else { return [] }
      state.paperPane.corpus = next(wish.corpus, in: state.corpora.map(\.name))
      return []
    },
    Binding(
      "paper.transform", ["s"], "spectrogram", "The next spectrogram, of tables 2a and 2b.", hint: 4,
      isEnabled: { $0.paperPane.table != .networks },
      whyNot: { _ in "table 1 has all spectrograms" }
    ) { state in
      state.paperPane.transform = next(state.paperPane.transform, in: state.transforms) ?? state.paperPane.transform
      return []
    },
    Binding(
      "paper.recipe", ["r"], "recipe", "Networks trained by the next recipe that any run has.", hint: 5,
      isEnabled: { $0.paperWish != nil }
    ) { state in
      guard let wish = state.paperWish else { return [] }
      state.paperPane.recipe = next(wish.recipe, in: PaperBoard.recipes(of: state.runs))
      return []
    },
    Binding("paper.right", ["l", "right"], "columns right", "To the columns further right.", isEnabled: hasRows) {
      state in
      state.paperPane.column += 1
      return []
    },
    Binding("paper.left", ["h", "left"], "columns left", "To the columns further left.", isEnabled: hasRows) { state in
      state.paperPane.column -= 1
      return []
    },
  ]

  private static let filling: [Binding] = [
    Binding(
      "paper.fill", ["f"], "fill", "Trains the line's network, or attacks it; of a full line another seed.", hint: 2,
      isEnabled: hasRows
    ) { state in
      let line = state.paperPane.list.selection
      let requests = state.paperRequests(line..<line + 1, isWanted: true)
      guard !requests.isEmpty else {
        state.say("that is on its way; w in the training pane shows what waits")
        return []
      }
      state.say("asked for \(words(requests))")
      return requests.map { .request($0) }
    },
    Binding(
      "paper.fill-all", ["F"], "fill all", "Trains or attacks what the table misses, after a question.",
      isEnabled: hasRows
    ) { state in
      let requests = state.paperRequests(0..<count(state), isWanted: false)
      guard !requests.isEmpty else {
        state.say("nothing is missing that is not on its way")
        return []
      }
      state.modal = .confirm(
        Confirmation(
          title: "Fill table \(state.paperPane.table.rawValue)?",
          text:
            "\(words(requests)). They are made one after the other; trained networks are attacked when this is asked again.",
          choices: [
            .init(key: "f", label: "fill it", answer: .send(requests)),
            .init(key: "c", label: "cancel", answer: .cancel),
          ]))
      return []
    },
    Binding(
      "paper.open", ["enter"], "run", "To the line's run.", hint: 6,
      isEnabled: { !runs($0).isEmpty }, whyNot: { _ in "its network is not trained yet; f trains it" }
    ) { state in
      guard let index = state.runs.firstIndex(where: { $0.id == runs(state).first }) else { return [] }
      state.go(to: .training)
      state.trainingPane.list.selection = index
      return TrainingPane.moved(&state)
    },
  ]

  private static func runs(_ state: State) -> [String] {
    let (runs, line) = (state.paperPane.board?.runs ?? [], state.paperPane.list.selection)
    return runs.indices.contains(line) ? runs[line] : []
  }

  /// "12 trainings and 5 attacks".
  private static func words(_ requests: [Request]) -> String {
    let trainings = requests.count { if case .train = $0 { true } else { false } }
    let attacks = requests.count - trainings
    return [(trainings, "training"), (attacks, "attack")].filter { $0.0 > 0 }
      .map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }.joined(separator: " and ")
  }

  private static let bindings: [Binding] =
    choosing + filling + ListMotion.bindings("paper", \.paperPane.list, count: count)
}
