import Lab

/// Attention as small multiples: a row an emotion, a column an attack or a run. Of one sentence, a cell at a time is asked
/// for; the means over all images of each class come at once.
package struct ExplainState: Sendable, Equatable {
  package enum Across: String, CaseIterable, Sendable { case attacks, runs, means }

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

    static func clean(and attacks: [AttackPoint], on run: String) -> [Column] {
      [Column(title: "clean", run: run, point: nil)]
        + attacks.map { Column(title: Scrub.title($0.attack), run: run, point: $0) }
    }
  }

  package enum Cell: Sendable, Equatable {
    case picture(ScrubPicture)
    case failed(String)
  }

  /// What a cell shows, of one image or the mean of many.
  package struct Tile: Sendable, Equatable {
    package let image: Raster
    package let attention: Raster
  }

  package var across = Across.attacks
  package var shown = Shown.overlay
  /// Index of `AttackState.overlays`.
  package var overlay = 2
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
  /// Means over classes, with a tile for each of the report's classes, clean and under each attack.
  package private(set) var means: (report: AttentionReport, tiles: [[Tile]])?
  /// Of the means that are being made.
  package var progress: RunProgress?
  /// Instead of those that cost a few gradients, at the attack pane's ε.
  package var attacks: [AttackPoint]?
  /// Whose images are averaged.
  package var part = EvaluationPart.valid
  /// Asked for, and not answered yet.
  package private(set) var wanted: (request: ExplainRequest, cell: Int)?
  package private(set) var isRunning = false
  /// Nodes that a map can be made at, of `nodesOf`.
  package private(set) var nodes: [String] = []
  package private(set) var nodesOf = ""
  package private(set) var standardNode = ""

  /// In the order that is shown, and among all columns.
  package private(set) var cursor = Point(x: 0, y: 0)
  /// Of `rows`, under the cursor: the order changes with every answer and every column.
  private var row = 0
  package var corner = Point(x: 0, y: 0)

  package init() {}

  package static func == (a: ExplainState, b: ExplainState) -> Bool {
    guard a.attacks == b.attacks, a.row == b.row else { return false }
    return (a.across, a.shown, a.overlay, a.method, a.node, a.target) == (
      b.across, b.shown, b.overlay, b.method, b.node, b.target
    )
      && (a.sortsByDrift, a.subject, a.slice, a.emotions, a.rows) == (
        b.sortsByDrift, b.subject, b.slice, b.emotions, b.rows
      )
      && (a.columns, a.isRunning, a.cursor, a.corner, a.nodes) == (b.columns, b.isRunning, b.cursor, b.corner, b.nodes)
      && (a.means?.report, a.progress, a.part) == (b.means?.report, b.progress, b.part) && a.cells == b.cells
      && a.wanted?.request == b.wanted?.request && a.wanted?.cell == b.wanted?.cell
  }

  // MARK: Cells

  private func key(_ row: Int, _ column: Int) -> Int { row * columns.count + column }

  package func cell(_ row: Int, _ column: Int) -> Cell? { cells[key(row, column)] }

  package func picture(_ row: Int, _ column: Int) -> ScrubPicture? {
    if case .picture(let picture) = cell(row, column) { picture } else { nil }
  }

  /// The slice that a row shows instead of the one that was asked for, and how many its take has; nil where they agree.
  package func otherSlice(_ row: Int) -> (index: Int, count: Int)? {
    for column in columns.indices {
      guard let explanation = picture(row, column)?.explanation, explanation.request.slice != slice else { continue }
      return (explanation.request.slice, explanation.sliceCount)
    }
    return nil
  }

  package func tile(_ row: Int, _ column: Int) -> Tile? {
    if let means { return means.tiles[row][column] }
    return picture(row, column).map {
      Tile(image: $0.attacked ?? $0.clean, attention: $0.attackedAttention ?? $0.attention)
    }
  }

  /// What the report says about a row's class under a column's attack; nil for the clean column.
  package func mean(_ row: Int, _ column: Int) -> AttentionRow? {
    means?.report.rows.first { $0.emotion == rows[row].emotion && $0.attack == column - 1 }
  }

  /// Rank correlation of a row's attention before and under the attack of a column.
  private func correlation(_ row: Int, _ column: Int) -> Double? {
    means != nil ? mean(row, column)?.rankCorrelation : picture(row, column)?.explanation.drift?.rankCorrelation
  }

  /// Rows as they are shown: those whose attention moved most first, where that is wished and known.
  package var order: [Int] {
    let all = Array(rows.indices)
    guard sortsByDrift, columns.indices.contains(cursor.x) else { return all }
    let ranks = all.map { correlation($0, cursor.x) ?? 2 }
    return all.sorted { (ranks[$0], $0) < (ranks[$1], $1) }
  }

  package var done: Int { means == nil ? cells.count : total }
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
    ask(nodesOf: columns.first?.run ?? "")
    means = nil
    keepCursor()
    restart()
  }

  private mutating func ask(nodesOf run: String) {
    if run != nodesOf { (nodes, nodesOf, node) = ([], run, nil) }
  }

  private mutating func keepCursor() {
    cursor = Point(x: min(cursor.x, max(0, columns.count - 1)), y: min(cursor.y, max(0, rows.count - 1)))
    row = min(row, max(0, rows.count - 1))
  }

  /// Puts the cursor on a cell, by the order that is shown.
  package mutating func select(_ cell: Point) {
    let order = self.order
    if order.indices.contains(cell.y) { row = order[cell.y] }
    cursor = cell
    keepRow()
  }

  /// Keeps the cursor on its row, wherever that is now.
  package mutating func keepRow() {
    if let y = order.firstIndex(of: row) { cursor.y = y }
  }

  /// What was there is of another question.
  package mutating func clear(for run: String) {
    (rows, columns, means) = ([], [], nil)
    ask(nodesOf: run)
    restart()
  }

  /// - Parameter wish: whose attacks are the report's, in its order.
  package mutating func take(_ report: AttentionReport, _ wish: AttentionWish) {
    guard across == .means else { return }
    let count = report.classes.reduce(0) { $0 + $1.images }
    (emotions, subject) = (report.emotions, "means of \(count) slices, \(report.part.rawValue)")
    rows = report.classes.map { Row(emotion: $0.emotion, utterance: "\($0.images) slices") }
    columns = Column.clean(and: wish.attacks, on: report.run)
    let side = 224
    let tiles = report.classes.map { one in
      let image = Raster(rows: side, columns: side, values: one.levels, range: 0...255)
      return ([one.clean] + one.attacked).map { values in
        // A mean of many maps never reaches 1: each is shown on its own scale, as in the figure of `quaver explain`.
        let top = max(values.max() ?? 0, 1e-6)
        return Tile(
          image: image,
          attention: Raster(rows: side, columns: side, values: values.map { $0 / top }, range: 0...1))
      }
    }
    means = (report, tiles)
    (cells, wanted, isRunning) = ([:], nil, false)
    keepCursor()
  }

  /// Everything anew, with what was chosen meanwhile.
  package mutating func restart() { (cells, wanted, isRunning) = ([:], nil, !rows.isEmpty && !columns.isEmpty) }

  package mutating func stop() { (wanted, isRunning) = (nil, false) }

  /// With what was not asked yet; then with what failed.
  package mutating func goOn() {
    if done == total { cells = cells.filter { if case .failed = $0.value { false } else { true } } }
    isRunning = done < total
  }

  package var hasFailures: Bool { cells.values.contains { if case .failed = $0 { true } else { false } } }

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
      own.target == nil || own.target == answer.target, answer.adversarialSet == nil,
      // A take that is shorter answers with its last slice.
      answer.slice == own.slice || (answer.slice < own.slice && answer.slice == explanation.sliceCount - 1)
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
  }
}
