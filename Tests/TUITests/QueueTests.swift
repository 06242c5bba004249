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
}
