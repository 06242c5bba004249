import Lab

extension PaneID {
  package static let corpus = PaneID("corpus")
}

/// Corpora, emotions, speakers, utterances as a tree with counts.
package enum CorpusPane {
  package static let pane: Pane = {
    var pane = Pane(id: .corpus, name: "Corpus", title: title, bindings: bindings, draw: draw)
    pane.filter = Pane.Filter(
      text: { $0.corpusPane.filter },
      apply: { state, text in
        state.corpusPane.filter = text
        state.corpusPane.search(state.corpora)
        return []
      },
      step: { state, distance in
        if !state.corpusPane.step(distance) { state.say("no further match") }
        return moved(&state)
      })
    pane.receive = receive
    pane.settle = { state, size in
      state.corpusPane.setStride(state.viewPane.stride, state.corpora)
      let height = size.height - CorpusNotes.lines(state, size).count
      state.corpusPane.list.settle(count: state.corpusPane.rows.count, height: height)
    }
    pane.click = { state, point, _ in
      let row = state.corpusPane.list.top + point.y
      guard state.corpusPane.rows.indices.contains(row), point.y < state.corpusPane.list.height else { return [] }
      let isAgain = state.corpusPane.list.selection == row
      state.corpusPane.list.selection = row
      return isAgain ? enter(&state) : moved(&state)
    }
    pane.table = CorpusTable.table
    pane.tableRow = CorpusTable.row
    pane.memory = Pane.Memory(
      save: { $0.corpusPane.save($0.corpora) },
      restore: { state, saved in
        state.corpusPane.restore(saved, state.corpora)
        return []
      })
    return pane
  }()

  private static let receive: @Sendable (inout State, Event) -> [Effect] = { state, event in
    switch event {
    case .corpora: state.corpusPane.take(state.corpora, before: state.corporaBefore)
    default: break
    }
    return []
  }

  // MARK: Keys

  private static let hasRows: @Sendable (State) -> Bool = { !$0.corpusPane.rows.isEmpty }
  private static let bindings: [Binding] =
    opening + CorpusMarks.bindings
    + ListMotion.bindings("corpus", \.corpusPane.list, count: { $0.corpusPane.rows.count }, moved: moved)

  private static let opening: [Binding] = [
    Binding(
      "corpus.enter", ["enter"], "open", "Unfolds or folds; shows an utterance in the view.", hint: 1,
      isEnabled: hasRows, run: enter),
    Binding(
      "corpus.train", ["t"], "train", "Trains a network on this corpus, after a short form.", hint: 2,
      isEnabled: { !$0.corpora.isEmpty }, whyNot: { _ in "no corpus yet; add one: quaver corpus add PATH" },
      run: TrainingPane.openForm),
    Binding(
      "corpus.unfold", ["l", "right"], "unfold", "Unfolds, an utterance into its slices, or goes one level in.",
      isEnabled: hasRows, run: unfold),
    Binding("corpus.fold", ["h", "left"], "fold", "Folds, or goes one level out.", isEnabled: hasRows, run: fold),
    Binding("corpus.unfold-all", ["E"], "unfold all", "Unfolds everything in this corpus.", isEnabled: hasRows) {
      unfoldAll(&$0, true)
    },
    Binding("corpus.fold-all", ["C"], "fold all", "Folds everything in this corpus.", isEnabled: hasRows) {
      unfoldAll(&$0, false)
    },
    Binding(
      "corpus.order", ["o"], "order", "Sorts a speaker's utterances by name, duration, longest first, sentence.",
      hint: 50, isEnabled: hasRows
    ) { state in
      state.corpusPane.order = state.corpusPane.order.next
      state.corpusPane.rebuild(state.corpora)
      state.say("sorted by \(state.corpusPane.order.rawValue)")
      return []
    },
    Binding(
      "corpus.all", ["u"], "show all", "Shows all utterances again, not only those behind another pane's number.",
      hint: 3, isEnabled: { $0.corpusPane.only != nil }
    ) { state in
      state.corpusPane.only = nil
      state.corpusPane.search(state.corpora)
      return []
    },
  ]

  private static let unfold: @Sendable (inout State) -> [Effect] = { state in
    guard let row = state.corpusPane.selected else { return [] }
    guard let node = state.corpusPane.node(row, state.corpora) else { return enter(&state) }
    if state.corpusPane.isUnfolded(node) {
      state.corpusPane.list.selection += 1
      return moved(&state)
    }
    state.corpusPane.unfolded.insert(node)
    state.corpusPane.rebuild(state.corpora)
    return []
  }

  private static let fold: @Sendable (inout State) -> [Effect] = { state in
    guard let row = state.corpusPane.selected else { return [] }
    if let node = state.corpusPane.node(row, state.corpora),
      state.corpusPane.matches == nil || CorpusState.depth(row) == 3,
      state.corpusPane.unfolded.remove(node) != nil
    {
      state.corpusPane.rebuild(state.corpora)
    } else {
      state.corpusPane.toParent()
    }
    return moved(&state)
  }

  private static func unfoldAll(_ state: inout State, _ isOpen: Bool) -> [Effect] {
    guard let row = state.corpusPane.selected else { return [] }
    let corpus = CorpusState.corpus(of: row)
    if !isOpen { while CorpusState.depth(state.corpusPane.selected ?? .corpus(0)) > 1 { state.corpusPane.toParent() } }
    state.corpusPane.unfoldAll(corpus, state.corpora[corpus], isOpen)
    state.corpusPane.rebuild(state.corpora)
    return []
  }

  private static let enter: @Sendable (inout State) -> [Effect] = { state in
    guard let row = state.corpusPane.selected else { return [] }
    if CorpusState.depth(row) >= 3 {
      let effects = moved(&state)
      state.go(to: .view)
      return effects
    }
    // A filter holds it open: folding would be seen only when the filter is gone.
    if state.corpusPane.matches != nil { return unfold(&state) }
    guard let node = state.corpusPane.node(row, state.corpora) else { return [] }
    if state.corpusPane.unfolded.remove(node) == nil { state.corpusPane.unfolded.insert(node) }
    state.corpusPane.rebuild(state.corpora)
    return []
  }

  /// What is selected is shown at once.
  static let moved: @Sendable (inout State) -> [Effect] = { state in
    switch state.corpusPane.selected {
    case .utterance(let corpus, let utterance):
      let info = state.corpora[corpus]
      return state.viewPane.show(corpus: info.name, utterance: info.utterances[utterance].id)
    case .slice(let corpus, let utterance, let slice):
      let info = state.corpora[corpus]
      let effects = state.viewPane.show(corpus: info.name, utterance: info.utterances[utterance].id)
      if state.viewPane.slice == slice, !state.viewPane.isWhole { return effects }
      (state.viewPane.slice, state.viewPane.isWhole) = (slice, false)
      return effects.filter { if case .request(.picture) = $0 { false } else { true } } + state.viewPane.ask()
    default: return []
    }
  }

  /// Some utterances alone, such as those behind another pane's number; Backspace goes back.
  static func show(_ selection: CorpusState.Selection, _ state: inout State) {
    state.mark()
    state.corpusPane.only = selection
    state.corpusPane.filter = ""
    state.corpusPane.search(state.corpora)
    state.corpusPane.list.selection = 0
    _ = state.corpusPane.step(1)
    state.show(.corpus)
  }

  // MARK: Drawing

  private static func title(_ state: State) -> String {
    let pane = state.corpusPane
    var words = ["Corpus"]
    if let only = pane.only { words.append(only.title) }
    if !pane.filter.isEmpty { words.append("/\(pane.filter)") }
    if pane.order != .name { words.append("by \(pane.order.rawValue)") }
    if !pane.marks.isEmpty { words.append("\(pane.marks.count) marked") }
    return words.joined(separator: " · ")
  }

  private static func draw(_ state: State, _ surface: inout Surface) {
    let pane = state.corpusPane
    guard !pane.rows.isEmpty else {
      let words =
        if !state.hasCorpora {
          "Loading corpora …"
        } else if pane.only != nil {
          "None of these utterances is in a corpus that is registered. u shows all."
        } else if !pane.filter.isEmpty {
          "Nothing contains “\(pane.filter)”. Esc or Backspace in / widens it."
        } else {
          "No corpus yet. Add one in another terminal: quaver corpus add PATH. It appears here by itself."
        }
      Paragraph.draw(words, in: surface.bounds, state.look.style(.dim), state.look, &surface)
      return
    }
    let notes = CorpusNotes.lines(state, Size(width: surface.width, height: surface.height))
    let height = surface.height - notes.count
    for (y, line) in notes.enumerated() { surface.put(line, 0, height + y, state.look.style(.warning)) }
    for (y, index) in pane.list.visible(count: pane.rows.count, height: height).enumerated() {
      draw(pane.rows[index], y, state, &surface)
      if index == pane.list.selection {
        RowHighlight.draw(y, isFocused: state.focus == .corpus, state.look, &surface)
      }
    }
    ScrollBar.draw(pane.list.top, pane.rows.count, rows: height, state.look, &surface)
  }

  private static func draw(_ row: CorpusState.Row, _ y: Int, _ state: State, _ surface: inout Surface) {
    let (pane, look) = (state.corpusPane, state.look)
    var (text, style, right, isMarked) = ("", look.style(.text), "", false)
    switch row {
    case .corpus(let corpus):
      (text, style) = (state.corpora[corpus].name, look.style(.heading))
      right = String(pane.count(corpus: corpus))
      if state.corpora[corpus].isSynthetic { text += " (synthetic)" }
    case .emotion(let corpus, let emotion):
      let info = state.corpora[corpus]
      let name = info.emotionName(pane.indices[corpus].emotions[emotion].emotion)
      (text, style) = ("\(look.mark(of: name, among: info.emotions)) \(name)", look.style(emotion: name))
      right = String(pane.count(corpus: corpus, emotion: emotion))
    case .speaker(let corpus, let emotion, let speaker):
      text = "speaker \(pane.indices[corpus].emotions[emotion].speakers[speaker].name)"
      right = String(pane.count(corpus: corpus, emotion: emotion, speaker: speaker))
    case .utterance(let corpus, let utterance):
      let info = state.corpora[corpus].utterances[utterance]
      (text, style) = (info.id, look.style(emotion: state.corpora[corpus].emotionName(info.emotion)))
      right = Numbers.seconds(info.duration)
      isMarked = pane.isMarked(UtteranceReference(corpus: state.corpora[corpus].name, utterance: info.id))
    case .slice(let corpus, let utterance, let slice):
      let start = Double(slice * pane.stride) / 1000
      text = "slice \(slice + 1)"
      right = Numbers.fixed(start, 2) + "–" + Numbers.fixed(start + 1, 2) + " s"
      right = look.glyphs.plain(right)
      style = look.style(state.corpora[corpus].utterances.indices.contains(utterance) ? .dim : .error)
    }
    let indent = 2 * CorpusState.depth(row)
    if let node = pane.node(row, state.corpora) {
      surface.put(pane.isUnfolded(node) ? look.glyphs.expanded : look.glyphs.collapsed, indent, y, look.style(.dim))
    }
    if isMarked { surface.put(look.glyphs.pick("◉", "*"), indent + 1, y, look.style(.match)) }
    let room = surface.width - 1 - right.count
    surface.put(
      TextWidth.cut(text, to: max(0, room - indent - 3), ellipsis: look.glyphs.ellipsis), indent + 2, y, style)
    surface.putRight(right, surface.width - 1, y, look.style(.dim))
  }
}
