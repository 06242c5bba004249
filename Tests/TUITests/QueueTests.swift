import Lab
import TUI
import Testing

@Suite("What an earlier session left")
struct QueueTests {
  private func left(_ works: RunQueue.Work...) -> RunQueue {
    var queue = RunQueue()
    for work in works { queue.append(work, isHeld: true) }
    return queue
  }

  @Test("It holds up nothing that is asked for now, and the list tells them apart")
  func mixed() {
    var bench = Bench(runs: [])
    var queue = left(.resume(run: "old"))
    bench.act(.event(.queue(queue)))
    bench.press("3")
    #expect(!bench.state.isBusy && bench.text.contains("1 waits for you"))
    queue.append(.resume(run: "new"))
    bench.act(.event(.queue(queue)))
    bench.press("w")
    #expect(bench.state.isBusy && bench.text.contains("held: resume old"))
    #expect(bench.text.contains("Enter lets it begin"))
    bench.press("enter")
    #expect(bench.effects.last == .request(.queue(.proceed)) && !bench.state.trainingPane.awaitsNew)
  }

  @Test("A run that is let go on is waited for")
  func run() {
    var bench = Bench(runs: [])
    bench.act(.event(.queue(left(.resume(run: "old")))))
    bench.press("3", "w")
    #expect(bench.text.contains("Left by an earlier session: Enter lets them begin."))
    bench.press("enter")
    #expect(bench.effects.last == .request(.queue(.proceed)) && bench.state.trainingPane.awaitsNew)
  }

  @Test("A training that is asked for meanwhile starts at once")
  func training() {
    var bench = Bench(runs: [])
    bench.act(.event(.queue(left(.resume(run: "old")))))
    bench.press("t")
    #expect(bench.text.contains("Enter starts it"))
    _ = Reducer.reduce(&bench.state, .key(.enter))
    #expect(bench.state.trainingPane.awaitsNew)
  }

  @Test("r on a run that an earlier session left to be resumed takes that out and asks anew; so does plain mode")
  func held() {
    var bench = Bench(runs: Array(Bench.runs.dropFirst()))
    let id = Bench.runs[1].id
    bench.act(.event(.queue(left(.resume(run: "other"), .resume(run: id)))))
    var mode = PlainMode(bench.state)
    #expect(mode.answer("resume \(id)").requests == [.queue(.remove(2)), .resume(run: id)])
    bench.press("3")
    let effects = Reducer.reduce(&bench.state, .key(.character("r")))
    #expect(effects == [.request(.queue(.remove(2))), .request(.resume(run: id))])
    #expect(bench.state.trainingPane.awaitsNew)
  }

  @Test("In the list the selection stays on its run while others begin, and what K did twice at once adds up")
  func selection() {
    var bench = Bench()
    var queue = RunQueue()
    for name in ["a", "b", "c"] { queue.append(.resume(run: name)) }
    bench.act(.event(.queue(queue)))
    bench.press("3", "w", "j", "j", "K", "K")
    let twice: [Effect] = [.request(.queue(.advance(3))), .request(.queue(.advance(3)))]
    #expect(Array(bench.effects.suffix(2)) == twice)
    for _ in twice { queue.obey(.advance(3)) }
    bench.act(.event(.queue(queue)))
    bench.press("x", "t")
    #expect(bench.effects.last == .request(.queue(.remove(3))), "it is the first now")
    bench.press("j")
    _ = queue.takeFirst()
    bench.act(.event(.queue(queue)))
    bench.press("x", "t")
    #expect(bench.effects.last == .request(.queue(.remove(1))), "the one before it has begun")
    queue.obey(.remove(1))
    bench.act(.event(.queue(queue)))
    bench.press("x", "t")
    #expect(bench.effects.last == .request(.queue(.remove(2))), "what has its place now")
  }

  @Test("x asks before it takes a run out; the list is there again afterwards, whatever was answered")
  func asks() {
    var bench = Bench()
    var queue = RunQueue()
    for name in ["a", "b"] { queue.append(.resume(run: name)) }
    bench.act(.event(.queue(queue)))
    bench.press("3", "w", "j")
    let (list, before) = (bench.state.modal, bench.effects)
    bench.press("x")
    #expect(bench.text.contains("Take it out?") && bench.text.contains("resume b") && bench.effects == before)
    bench.press("c")
    #expect(bench.state.modal == list && bench.effects == before)
    bench.press("x", "t")
    #expect(bench.state.modal == list && bench.effects.last == .request(.queue(.remove(2))))
    bench.press("x")
    queue.obey(.remove(2))
    bench.act(.event(.queue(queue)))
    let asked = bench.effects
    bench.press("t")
    #expect(bench.effects == asked && bench.state.notice?.text.contains("waits no longer") == true)
  }

  private static let progress = RunProgress(
    phase: "refinement", epoch: 0, done: 30, total: 60, rate: 12, secondsLeft: 2.5)

  @Test("Behind a map, means or a measurement a training is queued, and not waited for as if it began")
  func surveys() {
    let takes: [(inout State) -> Void] = [
      { $0.mapPane.progress = Self.progress }, { $0.explainPane.progress = Self.progress },
      { $0.modelsPane.measuring = "alexnet" },
    ]
    for take in takes {
      var bench = Bench(runs: [])
      take(&bench.state)
      var mode = PlainMode(bench.state)
      #expect(mode.answer("train emodb").lines == ["queued behind the run that is live"])
      #expect(!mode.state.trainingPane.awaitsNew)
      bench.press("t")
      #expect(bench.text.contains("Enter queues it"))
      _ = Reducer.reduce(&bench.state, .key(.enter))
      #expect(bench.state.notice?.text.contains("queued") == true && !bench.state.trainingPane.awaitsNew)
      bench.act(.event(.queue(left(.resume(run: "old")))))
      bench.press("w", "enter")
      #expect(bench.effects.last == .request(.queue(.proceed)) && !bench.state.trainingPane.awaitsNew)
    }
  }

  @Test("An attack that goes on behind a map is queued too")
  func attack() {
    var bench = Bench(runs: Array(Bench.runs.dropFirst()))
    bench.press("3", "8", "G")
    bench.act(.event(.embedding(Self.progress)))
    let effects = Reducer.reduce(&bench.state, .key(.character("r")))
    #expect(effects.count == 1 && bench.state.notice?.text.contains("queued") == true)
  }

  @Test("Who takes the awaited run out of the queue waits for it no longer; who takes out another still does")
  func takenOut() {
    for isMapMade in [true, false] {
      var bench = Bench(runs: [])
      bench.press("t")
      _ = Reducer.reduce(&bench.state, .key(.enter))
      // A map that was asked for before may tell of itself only now.
      if isMapMade { bench.act(.event(.embedding(Self.progress))) }
      var queue = RunQueue()
      queue.append(.train(Job(corpus: "emodb")))
      bench.act(.event(.queue(queue)))
      var mode = PlainMode(bench.state)
      _ = mode.answer("queue remove 1")
      #expect(mode.state.trainingPane.awaitsNew == !isMapMade)
      bench.press("w", "x", "t")
      #expect(bench.effects.last == .request(.queue(.remove(1))))
      #expect(bench.state.trainingPane.awaitsNew == !isMapMade)
    }
  }
}
