import Lab

/// Which table of the paper is shown, and what of it is there.
package struct PaperState: Sendable, Equatable {
  package var table = PaperBoard.Table.networks
  /// The first one while it is nil.
  package var corpus: String?
  package var transform = PaperValues.mainTransform
  /// The one that was trained by last from here, or else the paper's, while it is nil.
  package var recipe: Job?
  package var list = ListState()
  /// Columns of numbers that are scrolled away.
  package var column = 0
  package private(set) var board: PaperBoard?
  /// Why there is none.
  package private(set) var failure: String?

  /// What `board` was made from.
  private struct Source: Equatable {
    let wish: PaperBoard.Wish
    let finished: [String]
    let results: [RunResults]
    let isKnown: Bool
  }

  private var source: Source?

  package init() {}

  /// How a line stands.
  package enum Standing: Sendable, Equatable { case missing, waiting, running, trained, done }

  /// Makes the table anew where something that it depends on has changed.
  ///
  /// - Parameter named: a job with its corpus by the name that it has here.
  mutating func make(
    _ wish: PaperBoard.Wish, _ runs: [RunInfo], _ results: [RunResults], _ info: CorpusInfo?, named: (Job) -> Job
  ) {
    let finished = runs.filter { $0.status == .finished }
    let now = Source(wish: wish, finished: finished.map(\.id), results: results, isKnown: info != nil)
    guard now != source else { return }
    source = now
    do {
      (board, failure) = (try PaperBoard(wish, runs: finished, results: results, info: info, named: named), nil)
    } catch {
      (board, failure) = (nil, "\(error)")
    }
  }
}

extension State {
  /// What the paper pane shows; nil without a corpus.
  package var paperWish: PaperBoard.Wish? {
    let names = corpora.map(\.name)
    guard let corpus = names.first(where: { $0 == paperPane.corpus }) ?? names.first else { return nil }
    var wish = PaperBoard.Wish(
      corpus: corpus, recipe: paperPane.recipe ?? lastJob.map(PaperBoard.recipe) ?? PaperBoard.papers)
    (wish.table, wish.transform) = (paperPane.table, paperPane.transform)
    return wish
  }

  /// The job with its corpus by its name: a run that was trained on a folder fills the lines of the corpus that it is.
  func named(_ job: Job) -> Job {
    var job = job
    job.corpus = corpus(of: job)?.name ?? job.corpus
    return job
  }

  /// How each line stands.
  package var paperStandings: [PaperState.Standing] {
    guard let board = paperPane.board else { return [] }
    let live = Set(runs.filter(\.isLive).map { PaperBoard.key(named($0.job)) })
    let waiting = queue.entries.reduce(into: (jobs: Set<String>(), attacks: [AttackWish]())) { waiting, entry in
      switch entry.work {
      case .train(let job): waiting.jobs.insert(PaperBoard.key(named(job)))
      case .attack(let wish): waiting.attacks.append(wish)
      case .resume: break
      }
    }
    return board.next.indices.map { line in
      let key = board.keys[line]
      switch board.next[line] {
      case .train, .another:
        if live.contains(key) { return .running }
        if waiting.jobs.contains(key) { return .waiting }
        if case .another = board.next[line] { return .done }
        return .missing
      case .attack(let wishes):
        if let attacking = resultsPane.attacking, wishes.contains(attacking.wish) { return .running }
        return waiting.attacks.contains { wishes.contains($0) } ? .waiting : .trained
      }
    }
  }

  /// What fills lines of the paper's table, where nothing is on its way to them.
  ///
  /// - Parameter isWanted: whether a line that is full gets another seed.
  func paperRequests(_ lines: Range<Int>, isWanted: Bool) -> [Request] {
    guard let board = paperPane.board else { return [] }
    let standings = paperStandings
    let requests = lines.filter(board.next.indices.contains).flatMap { line -> [Request] in
      switch (standings[line], board.next[line]) {
      case (.missing, .train(let job)): [.train(job)]
      case (.done, .another(let job)): isWanted ? [.train(job)] : []
      case (.trained, .attack(let wishes)): wishes.map { .attack($0) }
      default: []
      }
    }
    return requests.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}
