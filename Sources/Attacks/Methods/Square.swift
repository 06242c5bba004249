import Core
import Kernels
import NN

extension Attacks {
  static let square = Square()
}

/// Random squares of full strength, kept where they lower the margin (Andriushchenko et al. 2020).
struct Square: Attack {
  let name = "square"
  let title = "Square"
  let isWhiteBox = false
  let knobs: [AttackKnob] = [.epsilon, .norm, .queries, .restarts, .squareShare, .seed]
  let norms = [Norm.linf, .l2]
  let help = [
    "Begins with vertical stripes of ±ε and then tries squares of ±ε that shrink as the queries run out, keeping one where the "
      + "label's margin over the next class falls. In L2, bumps that take over the strength of the two windows they "
      + "are drawn in. As torchattacks' Square with its margin loss; an image that the network gets wrong already is left alone.",
    "Departs from torchattacks, which draws one square for the whole batch and the same squares for every batch: here each "
      + "image has its own. There an image that withstands is returned clean, here as the closest try; there the "
      + "stripes come on top of the queries, here they are the first of them.",
    "In L2, torchattacks takes the two windows' length over all channels together; here each channel has its own, as in the "
      + "article.",
  ]

  func cost(_ settings: AttackSettings) -> AttackCost {
    AttackCost(queries: settings.restarts * settings.queries + 1)
  }

  @Engine func engine(_ settings: AttackSettings, _ network: Network, batch: Int) throws -> any AttackEngine {
    QuerySearch(network, batch: batch, rule: try SquareRule(settings, network.entry.input))
  }
}

@Engine private final class SquareRule: QueryRule {
  private struct Search {
    /// Queries made; −1 before the one about the image itself.
    var asked = -1
    /// The smallest margin of this restart.
    var margin = Float.infinity
    /// Of several restarts: the queries of this one that were kept, and those of the closest one before.
    var kept: [Int] = []
    var closest = (margin: Float.infinity, kept: [Int]())

    /// Ends a restart.
    mutating func close() {
      if margin < closest.margin { closest = (margin, kept) }
      kept.removeAll(keepingCapacity: true)
    }
  }

  private let settings: AttackSettings
  private let size: quaver_image
  private let epsilon: Float
  private let stream: RandomStream
  private let bumps: Bumps?
  /// Side of the square at each query of a restart.
  private let sides: [Int]
  private var searches: [Search] = []

  init(_ settings: AttackSettings, _ input: Shape) throws {
    let size = quaver_image(input)
    (self.settings, self.size, epsilon) = (settings, size, Float(settings.epsilon))
    stream = RandomStream(seed: settings.seed, purpose: "attack.square")
    let smallest = min(size.height, size.width), isL2 = settings.norm == .l2
    sides = (0..<settings.queries).map { query in
      let share = settings.squareShare * Self.shrinkage(query, of: settings.queries)
      let side = Int((share * Double(size.height * size.width)).squareRoot().rounded())
      // Bumps have a middle, so their sides are odd.
      return isL2 ? Bumps.side(side, within: smallest) : min(max(1, side), smallest)
    }
    bumps = isL2 ? try Bumps(sides: Set(sides + [max(1, smallest / 5)])) : nil
  }

  /// The article's schedule for 10 000 queries, stretched to `queries`.
  private static func shrinkage(_ query: Int, of queries: Int) -> Double {
    let at = (query - 1) * 10_000 / queries
    let halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000].count { at > $0 }
    return 1 / Double(1 << halvings)
  }

  func begin(_ work: AttackWork) {
    searches.removeAll(keepingCapacity: true)
    for _ in 0..<work.count { searches.append(Search()) }
  }

  func propose(_ n: Int, into candidate: UnsafeMutablePointer<Float>, _ work: AttackWork) {
    candidate.update(from: work.adversarial + n * work.elements, count: work.elements)
    if searches[n].asked >= 0 { perturb(n, query: searches[n].asked, candidate, work) }
  }

  /// `judge` has counted the query by then.
  func adopt(_ n: Int, into best: UnsafeMutablePointer<Float>, _ work: AttackWork) {
    perturb(n, query: searches[n].asked - 1, best, work)
  }

  func judge(_ n: Int, _ logits: UnsafePointer<Float>, _ classes: Int, _ work: AttackWork) -> QueryAnswer {
    let label = work.labels[n], misleads = Prediction.of(logits, classes) != label
    let query = searches[n].asked
    searches[n].asked += 1
    guard query >= 0 else { return QueryAnswer(keeps: false, isDone: misleads) }
    work.efforts[n].queries += 1
    let margin = Prediction.margin(logits, label: label, classes)
    // A restart begins with its stripes, whatever they are worth.
    let begins = query.isMultiple(of: settings.queries)
    if begins { searches[n].close() }
    let keeps = misleads || begins || margin < searches[n].margin
    if keeps { searches[n].margin = margin }
    if keeps, settings.restarts > 1 { searches[n].kept.append(query) }
    guard !misleads, query + 1 == settings.restarts * settings.queries else {
      return QueryAnswer(keeps: keeps, isDone: misleads)
    }
    let returns = returnsToClosest(n, work)
    return QueryAnswer(keeps: keeps && !returns, isDone: true)
  }

  /// Makes the image of an earlier restart again where it came closer than the last: what was kept follows from the image
  /// and the queries' numbers.
  private func returnsToClosest(_ n: Int, _ work: AttackWork) -> Bool {
    let search = searches[n]
    guard search.closest.margin < search.margin else { return false }
    let image = work.adversarial + n * work.elements
    image.update(from: work.images + n * work.elements, count: work.elements)
    for query in search.closest.kept { perturb(n, query: query, image, work) }
    return true
  }

  /// Writes the candidate of a query over the best image.
  private func perturb(_ n: Int, query: Int, _ image: UnsafeMutablePointer<Float>, _ work: AttackWork) {
    let random = stream.child(work.ids[n]).child(query), clean = work.images + n * work.elements
    let step = query % settings.queries, side = sides[step]
    var size = size
    func place(_ draw: Int) -> quaver_place {
      quaver_place(
        row: random.integer(draw, below: size.height - side + 1),
        column: random.integer(draw + 1, below: size.width - side + 1), side: side)
    }
    guard let bumps else {
      if step == 0 { return quaver_stripes(clean, image, &size, epsilon, random.key) }
      return quaver_square(clean, image, &size, place(0), epsilon, random.child(0).key)
    }
    guard step > 0 else {
      let tile = max(1, min(size.height, size.width) / 5)
      return quaver_bump_tiles(clean, image, &size, bumps.pattern(tile), tile, epsilon, random.key)
    }
    quaver_bump(clean, image, &size, place(0), place(2), bumps.pattern(side), epsilon, random.child(0).key)
  }
}

/// The article's η: two bumps of opposite sign, one above the other, of length 1, for each side that a search needs.
@Engine private final class Bumps {
  private let memory: Arena
  private let offsets: [Int: Int]

  nonisolated static func side(_ side: Int, within smallest: Int) -> Int {
    let odd = max(3, side) | 1
    return odd <= smallest ? odd : max(1, (smallest - 1) | 1)
  }

  init(sides: Set<Int>) throws {
    memory = try Arena(count: sides.reduce(0) { $0 + $1 * $1 })
    var offsets: [Int: Int] = [:], next = 0
    for side in sides.sorted() {
      offsets[side] = next
      Self.fill(memory.base + next, side)
      next += side * side
    }
    self.offsets = offsets
  }

  func pattern(_ side: Int) -> UnsafePointer<Float> {
    guard let offset = offsets[side] else { preconditionFailure("no bumps of side \(side)") }
    return UnsafePointer(memory.base + offset)
  }

  private static func fill(_ pattern: UnsafeMutablePointer<Float>, _ side: Int) {
    let upper = side / 2
    bump(pattern, rows: upper, columns: side, sign: 1)
    bump(pattern + upper * side, rows: side - upper, columns: side, sign: -1)
    normalise(pattern, side * side)
  }

  /// A bump at (row, column) is Σ 1/(k + 1)² over the rings k from that cell's to the outermost.
  private static func bump(_ cells: UnsafeMutablePointer<Float>, rows: Int, columns: Int, sign: Float) {
    let middle = (row: rows / 2, column: columns / 2), rings = max(rows, columns) / 2 + 1
    for row in 0..<rows {
      for column in 0..<columns {
        let ring = max(abs(row - middle.row), abs(column - middle.column))
        var height: Float = 0
        for k in stride(from: ring, to: rings, by: 1) { height += 1 / Float((k + 1) * (k + 1)) }
        cells[row * columns + column] = sign * height
      }
    }
    normalise(cells, rows * columns)
  }

  private static func normalise(_ cells: UnsafeMutablePointer<Float>, _ count: Int) {
    var squares: Float = 0
    for i in 0..<count { squares += cells[i] * cells[i] }
    guard squares > 0 else { return }
    let scale = 1 / squares.squareRoot()
    for i in 0..<count { cells[i] *= scale }
  }
}
