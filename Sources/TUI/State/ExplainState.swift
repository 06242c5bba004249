import Lab

/// Attention as small multiples: a row an emotion, a column an attack or a run; a cell at a time is asked for.
package struct ExplainState: Sendable, Equatable {
  package enum Across: String, CaseIterable, Sendable { case attacks, runs }

  package enum Shown: String, CaseIterable, Sendable {
    /// What the network sees, darkened where it does not look.
    case overlay
    case attention
    /// How the attention differs from that of the first column.
    case change
  }

  package struct Row: Sendable, Equatable {
    package let emotion: Int
    package let utterance: String
  }

  package struct Column: Sendable, Equatable {
    package let title: String
    package let run: String
    /// Nil for the clean image.
    package let point: AttackPoint?
  }

  package enum Cell: Sendable, Equatable {
    case picture(ScrubPicture)
    case failed(String)
  }

  package var across = Across.attacks
  package var shown = Shown.overlay
  /// Index of `AttackState.overlays`.
  package var overlay = 3
  package var method = CAMMethod.gradCAMPlusPlus
  /// Nil for the network's own choice.
  package private(set) var node: String?
  /// The emotion whose evidence is shown in every row; nil for each row's own.
  package var target: Int?
  /// Rows by the drift of the selected column rather than by emotion.
  package var sortsByDrift = false

  /// "speaker 03, sentence a02".
  package private(set) var subject = ""
  package private(set) var slice = 0
  package private(set) var emotions: [String] = []
  package private(set) var rows: [Row] = []
  package private(set) var columns: [Column] = []
  private var cells: [Int: Cell] = [:]
  /// Asked for, and not answered yet.
  package private(set) var wanted: (request: ExplainRequest, cell: Int)?
  package private(set) var isRunning = false
  /// Nodes that a map can be made at, of `nodesOf`.
  package private(set) var nodes: [String] = []
  package private(set) var nodesOf = ""
  package private(set) var standardNode = ""

  /// In the order that is shown, and among all columns.
  package var cursor = Point(x: 0, y: 0)
  package var corner = Point(x: 0, y: 0)

  package init() {}

  package static func == (a: ExplainState, b: ExplainState) -> Bool {
    (a.across, a.shown, a.overlay, a.method, a.node, a.target) == (
      b.across, b.shown, b.overlay, b.method, b.node, b.target
    )
      && (a.sortsByDrift, a.subject, a.slice, a.emotions, a.rows) == (
        b.sortsByDrift, b.subject, b.slice, b.emotions, b.rows
      )
      && (a.columns, a.isRunning, a.cursor, a.corner, a.nodes) == (b.columns, b.isRunning, b.cursor, b.corner, b.nodes)
      && a.cells == b.cells && a.wanted?.request == b.wanted?.request && a.wanted?.cell == b.wanted?.cell
  }

  // MARK: Cells

  private func key(_ row: Int, _ column: Int) -> Int { row * columns.count + column }

  package func cell(_ row: Int, _ column: Int) -> Cell? { cells[key(row, column)] }

  package func picture(_ row: Int, _ column: Int) -> ScrubPicture? {
    if case .picture(let picture) = cell(row, column) { picture } else { nil }
  }

  /// How far the attack of a column moved the attention of a row.
  package func drift(_ row: Int, _ column: Int) -> AttentionDrift? { picture(row, column)?.explanation.drift }

  /// Rows as they are shown: those whose attention moved most first, where that is wished and known.
  package var order: [Int] {
    let all = Array(rows.indices)
    guard sortsByDrift, columns.indices.contains(cursor.x) else { return all }
    let ranks = all.map { drift($0, cursor.x)?.rankCorrelation ?? 2 }
    return all.sorted { (ranks[$0], $0) < (ranks[$1], $1) }
  }

  package var done: Int { cells.count }
  package var total: Int { rows.count * columns.count }

  /// Emotions in which the speaker does not say the sentence.
  package var missing: [String] {
    emotions.indices.filter { emotion in !rows.contains { $0.emotion == emotion } }.map { emotions[$0] }
  }

  /// Mean seconds that a cell took.
  package var seconds: Double? {
    let times = cells.values.compactMap {
      if case .picture(let picture) = $0 { picture.explanation.seconds } else { nil }
    }
    return times.isEmpty ? nil : times.reduce(0, +) / Double(times.count)
  }

  // MARK: Work

  package mutating func begin(
    rows: [Row], columns: [Column], emotions: [String], subject: String, slice: Int
  ) {
    (self.rows, self.columns, self.emotions, self.subject, self.slice) = (rows, columns, emotions, subject, slice)
    if columns.first?.run != nodesOf { (nodes, nodesOf, node) = ([], columns.first?.run ?? "", nil) }
    cursor = Point(x: min(cursor.x, max(0, columns.count - 1)), y: min(cursor.y, max(0, rows.count - 1)))
    restart()
  }

  /// Everything anew, with what was chosen meanwhile.
  package mutating func restart() { (cells, wanted, isRunning) = ([:], nil, !rows.isEmpty && !columns.isEmpty) }

  package mutating func stop() { (wanted, isRunning) = (nil, false) }

  package mutating func goOn() { isRunning = done < total }

  /// The next cell's question, column by column, so that a run's weights are read once; nil when all is done.
  package mutating func next() -> ExplainRequest? {
    guard isRunning, wanted == nil else { return nil }
    for column in columns.indices {
      for row in rows.indices {
        guard cells[key(row, column)] == nil else { continue }
        var request = ExplainRequest(
          run: columns[column].run, utterance: rows[row].utterance, slice: slice, target: target, node: node,
          attack: columns[column].point)
        request.method = method
        wanted = (request, key(row, column))
        return request
      }
    }
    isRunning = false
    return nil
  }

  /// Whether an answer is the one that is waited for; the answer has filled in what the question left open.
  package mutating func take(_ explanation: Explanation) -> Bool {
    guard let wanted else { return false }
    let (own, answer) = (wanted.request, explanation.request)
    guard (own.run, own.utterance, own.method) == (answer.run, answer.utterance, answer.method),
      own.attack == answer.attack, own.node == nil || own.node == answer.node,
      own.target == nil || own.target == answer.target, answer.adversarialSet == nil
    else { return false }
    cells[wanted.cell] = .picture(ScrubPicture(explanation))
    self.wanted = nil
    return true
  }

  package mutating func fail(_ request: ExplainRequest, _ sentence: String) -> Bool {
    guard let wanted, wanted.request == request else { return false }
    cells[wanted.cell] = .failed(sentence)
    self.wanted = nil
    return true
  }

  /// A newer question of another pane took the place of ours.
  package mutating func forgetQuestion() { wanted = nil }

  // MARK: Layers

  package mutating func take(_ nodes: MapNodes) {
    guard nodes.run == nodesOf else { return }
    (self.nodes, standardNode) = (nodes.names, nodes.standard)
  }

  package mutating func turnNode(_ distance: Int) {
    guard !nodes.isEmpty else { return }
    let here = nodes.firstIndex(of: node ?? standardNode) ?? nodes.count - 1
    node = nodes[(here + distance + nodes.count) % nodes.count]
    restart()
  }
}
