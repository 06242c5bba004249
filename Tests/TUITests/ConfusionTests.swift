import Lab
import TUI
import Testing

@Suite("Confusion")
struct ConfusionTests {
  /// Marks the run below the selected one and returns to the matrix.
  private static func marked() -> Bench {
    var bench = Bench.inTheMiddle(of: .confusion)
    bench.press("3", "k", "space", "j", "4")
    return bench
  }

  @Test("d holds the run against each of its attacks, then marked runs, then nothing; D goes back")
  func against() throws {
    var bench = Self.marked()
    let run = try #require(bench.state.selectedRun)
    let mark = try #require(bench.state.trainingPane.marks.first)
    let sets = try #require(bench.state.resultsPane.results.first { $0.run == run.id }).reports.map(\.set)
    #expect(sets.count > 1 && mark != run.id)
    for set in sets {
      bench.press("d")
      #expect(bench.state.confusionPane.against == .attack(run: run.id, set: set))
      #expect(ConfusionPane.pair(bench.state)?.isDifference == true)
    }
    bench.press("d")
    #expect(bench.state.confusionPane.against == .run(mark))
    bench.press("d")
    #expect(bench.state.confusionPane.against == nil)
    bench.press("D")
    #expect(bench.state.confusionPane.against == .run(mark))
  }

  @Test("A difference is clean minus attacked in counts and shares, and its rows sum to 0")
  func difference() throws {
    var bench = Self.marked()
    bench.press("d")
    let slices = try #require(bench.state.confusionPane.slices)
    let pair = try #require(ConfusionPane.pair(bench.state))
    for truth in pair.emotions.indices {
      var (sum, shares, ofTruth) = (0, 0.0, 0)
      for slice in slices.slices where slice.truth == truth { ofTruth += 1 }
      for predicted in pair.emotions.indices {
        var expected = 0
        for slice in slices.slices where slice.truth == truth {
          if slice.clean == predicted { expected += 1 }
          if slice.attacked == predicted { expected -= 1 }
        }
        #expect(pair.count(truth, predicted) == expected)
        let share = try #require(pair.share(truth, predicted))
        #expect(abs(share - Double(expected) / Double(max(1, ofTruth))) < 1e-12)
        sum += pair.count(truth, predicted)
        shares += share
      }
      #expect(sum == 0 && abs(shares) < 1e-12)
    }
    #expect(bench.text.contains("+") && bench.text.contains("-"), "signs carry it without colour")
  }

  @Test("A class that one of two runs was not judged by has no share there, and differs by none")
  func absent() throws {
    func pair(_ side: ConfusionState.Side, _ measure: ConfusionState.Measure) -> ConfusionPair {
      ConfusionPair(
        emotions: ["a", "b"], first: [[3, 1], [0, 0]], second: [[4, 0], [1, 1]], firstName: "x", secondName: "y",
        side: side, measure: measure)
    }
    #expect(pair(.difference, .rows).share(0, 0) == -0.25 && pair(.difference, .rows).share(1, 0) == nil)
    #expect(pair(.first, .rows).share(1, 0) == nil && pair(.second, .rows).share(1, 0) == 0.5)
    #expect(pair(.difference, .columns).share(0, 1) == 1 && pair(.difference, .rows).scale == 0.25)
    #expect(pair(.difference, .counts).count(1, 0) == -1)
    var runs = [Fake.run("x", epochs: 1, status: .finished), Fake.run("y", epochs: 1, status: .finished)]
    runs[0].epochs[0].confusion[3] = [Int](repeating: 0, count: 7)
    var bench = Bench(runs: runs)
    bench.press("3", "j", "space", "k", "4", "D", "m")
    let table = try #require(Panes.named(.confusion)?.table(bench.state))
    #expect(table.rows[3].dropFirst().prefix(7).allSatisfy { $0 == .none } && table.rows[2][1] == .share(0))
    let row = try #require(bench.text.split(separator: "\n").first { $0.contains("fear") && $0.contains("–") })
    #expect(!row.contains { $0.isNumber })
  }

  @Test("v shows the difference, the clean matrix, the attacked one; the table holds the same numbers")
  func sides() throws {
    var bench = Self.marked()
    bench.press("d")
    let slices = try #require(bench.state.confusionPane.slices)
    let matrices = slices.matrices(classes: 7)
    for (side, expected) in [(ConfusionState.Side.first, matrices.clean), (.second, matrices.attacked)] {
      bench.press("v")
      #expect(bench.state.confusionPane.side == side)
      let table = try #require(Panes.named(.confusion)?.table(bench.state))
      let pair = try #require(ConfusionPane.pair(bench.state))
      for truth in 0..<7 {
        for predicted in 0..<7 {
          #expect(pair.count(truth, predicted) == expected[truth][predicted])
          #expect(table.rows[truth][predicted + 1] == .integer(expected[truth][predicted]))
        }
      }
    }
    bench.press("v")
    #expect(bench.state.confusionPane.side == .difference)
  }

  @Test("A cell of a difference leads to the utterances that are in one matrix only, and Backspace back")
  func drill() throws {
    var bench = Self.marked()
    bench.press("d", "g g", "home")
    for _ in 0..<7 { bench.press("h") }
    let slices = try #require(bench.state.confusionPane.slices)
    var expected: Set<String> = []
    for slice in slices.slices where slice.truth == 0 && (slice.clean == 0) != (slice.attacked == 0) {
      expected.insert(slice.utterance)
    }
    let against = bench.state.confusionPane.against
    bench.press("enter")
    #expect(bench.state.focus == .corpus)
    #expect(bench.state.corpusPane.only?.utterances == expected && !expected.isEmpty)
    bench.press("backspace")
    #expect(bench.state.focus == .confusion && bench.state.confusionPane.against == against)
    bench.press("D", "D", "enter")
    #expect(bench.state.focus == .confusion, "two runs with the same predictions differ nowhere")
    #expect(bench.state.notice?.text.contains("in one of them only") == true)
  }

  @Test("Without an attack or a mark d says why; another run forgets an attack on this one")
  func none() {
    var bench = Bench.inTheMiddle(of: .confusion)
    bench.press("3", "g g", "4", "d")
    #expect(bench.state.confusionPane.against == nil)
    #expect(bench.state.notice?.text.contains("no attack on this run") == true)
    bench = Self.marked()
    bench.press("d", "3", "k", "4")
    #expect(bench.state.confusionPane.against == nil && ConfusionPane.pair(bench.state) != nil)
  }

  @Test("What the matrix is held against comes back with the place; nonsense does not")
  func memory() throws {
    for text in ["", "attack", "attack x", "run", "run a b", "other x y"] {
      #expect(ConfusionState.Against(text: text) == nil, "\(text)")
    }
    for against in [ConfusionState.Against.attack(run: "r", set: "s"), .run("r")] {
      #expect(ConfusionState.Against(text: against.text) == against)
    }
  }

  @Test(
    "Two runs that other slices judged are not subtracted without a word; a split that is a file is the same for all")
  func otherSlices() throws {
    func bench(_ change: (inout Job) -> Void) throws -> Bench {
      var job = Job(corpus: "emodb")
      change(&job)
      let other = Fake.run("20261122-0900-linear", job: job, epochs: 15, status: .finished)
      var bench = Bench(120, 40, runs: [Fake.run("20261124-2210-mel", epochs: 6, status: .finished), other])
      bench.press("3", "j", "space", "k", "4", "D")
      #expect(bench.state.confusionPane.against == .run(other.id))
      return bench
    }
    let same = try bench { _ in }
    #expect(try #require(ConfusionPane.pair(same.state)).caution == nil)
    let seeds = try bench { $0.seed = 1 }
    let caution = try #require(ConfusionPane.pair(seeds.state)?.caution)
    #expect(
      caution.contains("other seeds of the split") && seeds.text.contains("! not the same validation"))
    let strides = try bench { $0.strideMilliseconds = 250 }
    #expect(ConfusionPane.pair(strides.state)?.caution?.contains("other strides") == true)
    var (drawn, file) = (Job(corpus: "x"), Job(corpus: "x"))
    (drawn.split, file.split) = ("speaker", "/splits/mine.csv")
    #expect(drawn.drawsSplit && !file.drawsSplit)
  }
}
