import Lab
import TUI
import Testing

@Suite("Curves")
struct CurveTests {
  private func run(_ id: String, seed: UInt64, offset: Double = 0) -> RunInfo {
    var job = Job(corpus: "emodb")
    job.seed = seed
    var run = Fake.run(id, job: job, epochs: 5, status: .finished)
    for index in run.epochs.indices { run.epochs[index].validLoss = Double(index) + offset }
    return run
  }

  @Test("Seeds join to their mean with a band from the least to the most")
  func seeds() throws {
    var settings = CurveSettings()
    settings.joinsSeeds = true
    let runs = [run("a", seed: 0), run("b", seed: 1, offset: 3), run("c", seed: 2, offset: 6)]
    #expect(CurveMaker.grouped(runs).count == 1)
    #expect(CurveMaker.grouped(runs + [run("again", seed: 1)]).map { $0.map(\.id) } == [["a", "b", "c"]])
    let curves = CurveMaker.curves(runs, CurveMeasure.loss, settings)
    let valid = try #require(curves.first { $0.name == "valid" })
    #expect(valid.points.map(\.y) == [3, 4, 5, 6, 7])
    #expect(valid.band.map(\.low) == [0, 1, 2, 3, 4] && valid.band.map(\.high) == [6, 7, 8, 9, 10])
    var other = run("d", seed: 9)
    other = RunInfo(
      id: "d", job: Job(corpus: "another"), status: other.status, started: other.started, emotions: other.emotions,
      notes: [], epochs: other.epochs, progress: nil, failure: nil)
    let both = CurveMaker.curves(runs + [other], CurveMeasure.loss, settings)
    #expect(both.map(\.name) == ["a (3 seeds)", "b"])
    #expect(Set(both.map(\.role)).count == 2 && Set(both.map(\.mark)).count == 2)
    // What is drawn alone has no letter that could tell how many it is of.
    func title(_ runs: [RunInfo]) -> String { CurveMaker.title("Loss", runs, CurveMeasure.loss, settings) }
    #expect(title(runs) == "Loss, 3 seeds" && title([other]) == "Loss" && title(runs + [other]) == "Loss, valid")
  }

  @Test("The list of runs has the letters of the curves, whether seeds are joined or not")
  func letters() {
    let other = Fake.run("d", job: Job(corpus: "another"), epochs: 5, status: .finished)
    let runs = [run("a", seed: 0), other, run("b", seed: 1)]
    var settings = CurveSettings()
    func all() -> [String] {
      runs.map { CurveMaker.letter(of: $0.id, in: runs, settings).map { String($0) } ?? "none" }
    }
    #expect(all() == ["a", "b", "c"])
    #expect(CurveMaker.curves(runs, CurveMeasure.loss, settings).map(\.name) == ["a", "b", "c"])
    settings.joinsSeeds = true
    #expect(all() == ["a", "b", "a"])
    #expect(CurveMaker.curves(runs, CurveMeasure.loss, settings).map(\.name) == ["a (2 seeds)", "b"])
    #expect(CurveMaker.letter(of: "x", in: runs, settings) == nil)
    var bench = Bench(runs: runs)
    bench.press("3", "space", "j", "space", "j", "space", "S")
    #expect(bench.text.contains("✓a d ") && bench.text.contains("✓b b ") && bench.text.contains("✓b a "))
  }

  @Test("Smoothing is free of its start, keeps what is no number, and the band keeps the raw values")
  func smoothing() throws {
    #expect(CurveSettings.smoothed([4, 4, 4], weight: 0.9).allSatisfy { abs($0 - 4) < 1e-12 })
    let smooth = CurveSettings.smoothed([1, .nan, 3], weight: 0.5)
    #expect(smooth[0] == 1 && smooth[1].isNaN && abs(smooth[2] - 7.0 / 3) < 1e-12)
    var settings = CurveSettings()
    settings.smoothing = 2
    let curve = try #require(CurveMaker.curves([run("a", seed: 0)], CurveMeasure.loss, settings).last)
    #expect(curve.band.map(\.high) == [0, 1, 2, 3, 4])
    #expect((curve.points.last?.y ?? 9) < 4)
  }

  @Test("Against epoch, step or time")
  func across() {
    var settings = CurveSettings()
    let one = [run("a", seed: 0)]
    func xs() -> [Double] { CurveMaker.curves(one, CurveMeasure.loss, settings)[0].points.map(\.x) }
    #expect(xs() == [1, 2, 3, 4, 5])
    settings.across = .step
    #expect(xs() == [54, 108, 162, 216, 270])
    settings.across = .time
    #expect(xs() == [61, 122, 183, 244, 305])
  }

  @Test("The only epoch of a run stands in the middle of an axis of one")
  func oneEpoch() throws {
    var job = Job(corpus: "emodb")
    job.epochs = 1
    var bench = Bench(runs: [Fake.run("one", job: job, epochs: 1, status: .finished)])
    bench.press("3")
    for keys in [[], ["X"]] {
      for key in keys { bench.press(key) }
      let line = try #require(bench.text.split(separator: "\n").first { $0.hasPrefix("│epoch") })
      #expect(line.split { " │".contains($0) } == ["epoch", "1", "epoch", "1"])
    }
    #expect(AxisScale(0.5...20, isLog: true).ticks(maximum: 9, least: 1).values.first == 1)
  }

  @Test("A logarithmic axis puts equal ratios at equal distances and survives zero and less")
  func scale() {
    let scale = AxisScale(1...1000, isLog: true)
    #expect(abs(scale.fraction(10) - 1.0 / 3) < 1e-9 && scale.fraction(0) == 0 && scale.fraction(-4) == 0)
    #expect(scale.fraction(5000) == 1)
    #expect(AxisScale(0...10, isLog: true).range.lowerBound > 0)
    #expect(!AxisScale(-3...0, isLog: true).isLog)
    #expect(Ticks.logarithmic(1...1000, maximum: 4) == [1, 10, 100, 1000])
    #expect(Ticks.logarithmic(0.02...0.4, maximum: 6) == [0.02, 0.05, 0.1, 0.2])
    #expect(Ticks.logarithmic(1e-9...1e9, maximum: 4).count <= 5)
    #expect(Ticks.logarithmic(0...1, maximum: 4).isEmpty)
  }

  @Test("A number on the axis is never cut: it is written shorter, or not at all")
  func labels() {
    let scale = AxisScale(0...1)
    let cases: [(value: Double, step: Double, text: String?)] = [
      (0.0005, 0.0005, "5e-4"), (0.001, 0.0005, "1e-3"), (0.0015, 0.0005, "15e-4"), (0, 0.0005, "0"),
      (-0.00015, 0.00005, nil), (0.5, 0.5, "0.5"), (1, 0.5, "1.0"), (50_000, 50_000, "50000"),
      (100_000, 50_000, "100k"), (1_000_000, 200_000, "1e6"), (1_200_000, 200_000, "1200k"), (123_456, 1, nil),
    ]
    for (value, step, text) in cases { #expect(scale.text(value, step: step, width: 5) == text, "\(value)") }
    #expect(AxisScale(1e-4...1, isLog: true).text(0.0002, step: nil, width: 5) == "2e-4")
    func drawn(_ loss: Double) -> String {
      var run = Fake.run("a", epochs: 3, status: .finished)
      for index in run.epochs.indices { (run.epochs[index].trainLoss, run.epochs[index].validLoss) = (loss, loss) }
      var bench = Bench(80, 24, runs: [run])
      bench.press("3")
      return bench.text
    }
    let (small, large) = (drawn(0.001), drawn(100_000))
    #expect(small.contains(" 5e-4┤") && small.contains(" 1e-3┤") && !small.contains("0.00┤"))
    #expect(large.contains(" 100k┤") && large.contains("50000┤") && !large.contains(" 1000┤"))
  }

  @Test("All settings draw all kinds of runs", arguments: GlyphRung.allCases)
  func product(rung: GlyphRung) {
    var flawed = Fake.run("flawed", epochs: 6, status: .failed)
    for index in flawed.epochs.indices { flawed.epochs[index].trainLoss = index % 2 == 0 ? .nan : -.infinity }
    let runs = [flawed, Fake.run("none", epochs: 0, status: .running), Fake.run("one", epochs: 1, status: .stopped)]
    for size in [Size(width: 10, height: 4), Size(width: 80, height: 24), Size(width: 200, height: 60)] {
      var bench = Bench(size.width, size.height, rung: rung, runs: runs + Bench.runs)
      bench.press("3", "space", "j", "space", "j", "space", "j", "space")
      for key in ["L", "X", "a", "a", "s", "s", "S", "m", "m", "M", "m", "S", "X", "L"] {
        bench.press(key)
        #expect(bench.canvas.size == size)
      }
    }
  }

  @Test("A long run shows its last epoch at once and the others when it is looked at")
  func long() {
    var long = Fake.run("long", epochs: 15, status: .finished)
    let whole = long
    long.epochs = [long.epochs[14]]
    long.isWhole = false
    var bench = Bench(runs: [long])
    #expect(bench.effects.isEmpty && bench.state.runs[0].epochs.count == 1)
    bench.act(.event(.runs([long])))
    let asked = bench.effects.filter { $0 == .request(.openRun("long")) }
    #expect(asked.count <= 1)
    bench.act(.event(.run(whole)))
    #expect(bench.state.runs[0].epochs.count == 15)
    bench.press("4", "[", "[")
    #expect(ConfusionPane.metrics(bench.state)?.epoch == 13)
  }
}
