import Core
import Lab
import TUI
import Testing

@Suite("How runs end, and how they go on")
struct EndingTests {
  /// Leaves after the epoch, with a run that does not answer yet.
  private static func leaving() -> Bench {
    var bench = Bench()
    for key: Key in [.character("q"), .character("e")] { _ = Reducer.reduce(&bench.state, .key(key)) }
    return bench
  }

  private static func ended(_ status: RunStatus, _ failure: String? = nil) -> RunInfo {
    var run = Bench.runs[0]
    (run.status, run.failure, run.progress) = (status, failure, nil)
    return run
  }

  /// What a key asks for, without the fake's answer.
  private static func asked(_ key: Character, _ bench: inout Bench) -> [Request] {
    Reducer.reduce(&bench.state, .key(.character(key))).compactMap { effect -> Request? in
      if case .request(let request) = effect { request } else { nil }
    }
  }

  @Test("Who leaves keeps what waits: it is held before the run is told to stop, and the run's end leaves")
  func held() {
    for key: Character in ["s", "e"] {
      var bench = Bench()
      var queue = RunQueue()
      queue.append(.resume(run: "next"))
      bench.act(.event(.queue(queue)))
      _ = Self.asked("q", &bench)
      let asked = Self.asked(key, &bench)
      let wish: RunControl.Wish = key == "s" ? .stopNow : .stopAfterEpoch
      #expect(asked == [.holdQueue(true), .control(run: Bench.runs[0].id, wish)])
      let effects = Reducer.reduce(&bench.state, .event(.run(Self.ended(.stopped))))
      #expect(effects == [.leave(.quit)])
    }
  }

  @Test("A run that fails says why, and what it says is read before anyone leaves; what waits goes on")
  func failed() throws {
    var bench = Self.leaving()
    #expect(bench.state.isLeaving)
    let run = Self.ended(.failed, "the disk is full")
    let effects = Reducer.reduce(&bench.state, .event(.run(run)))
    #expect(effects.contains(.request(.holdQueue(false))) && !effects.contains(.leave(.quit)))
    let notice = try #require(bench.state.notice)
    #expect(notice.text == "\(run.id) failed: the disk is full; r in the training pane goes on")
    #expect(notice.level == .error && !bench.state.isLeaving)
    // Without leaving it is said too, and once.
    var other = Bench()
    other.act(.event(.run(run)))
    #expect(other.state.notice == notice)
    other.state.notice = nil
    other.act(.event(.run(run)))
    #expect(other.state.notice == nil && !other.effects.contains(.request(.holdQueue(false))))
  }

  @Test("The list of runs may come first; a run that is gone before it began keeps nobody from reading why")
  func lists() {
    for runs in [[Self.ended(.failed, "why")], [Self.ended(.interrupted)], []] {
      var bench = Self.leaving()
      bench.act(.event(.failed("03a01Wa.wav: cannot be read")))
      let effects = Reducer.reduce(&bench.state, .event(.runs(runs + Bench.runs.dropFirst())))
      #expect(!bench.state.isLeaving && !effects.contains(.leave(.quit)))
      #expect(bench.state.notice?.level == .error)
    }
    var stopped = Self.leaving()
    let effects = Reducer.reduce(&stopped.state, .event(.runs([Self.ended(.stopped)])))
    #expect(effects.contains(.leave(.quit)))
  }

  @Test("A run that begins and ends between two looks says how it ended, and is waited for no longer")
  func endsAtOnce() {
    var bench = Bench(runs: [])
    bench.press("t")
    _ = Reducer.reduce(&bench.state, .key(.enter))
    #expect(bench.state.trainingPane.awaitsNew)
    var run = Fake.run("new", epochs: 0, status: .failed, isOwn: true)
    run.failure = "why"
    bench.act(.event(.run(run)))
    #expect(!bench.state.isBusy && bench.state.selectedRun?.id == "new")
    #expect(bench.state.notice?.text == "new failed: why; r in the training pane goes on")
    let asked = Self.asked("r", &bench)
    #expect(asked == [.resume(run: "new")] && bench.state.notice?.text == "resuming new …")
    bench.act(.event(.run(run)))
    #expect(!bench.state.isBusy && bench.state.trainingPane.resuming.isEmpty)
    #expect(bench.state.notice?.text == "new failed: why; r in the training pane goes on")
    // Behind another run too, whose selection stays.
    var behind = Bench()
    behind.press("3", "j")
    run = Bench.runs[1]
    run.isOwn = true
    _ = Self.asked("r", &behind)
    behind.press("k")
    behind.act(.event(.run(run)))
    #expect(behind.state.notice?.text.hasPrefix("\(run.id) failed: ") == true)
    #expect(behind.state.selectedRun?.id == Bench.runs[0].id && behind.state.trainingPane.resuming.isEmpty)
  }

  @Test("r asks once: while the run is on its way it says so, and a failure lets it be asked for again")
  func resumesOnce() {
    var bench = Bench(runs: Array(Bench.runs.dropFirst()))
    bench.press("3")
    let id = Bench.runs[1].id
    let first = Self.asked("r", &bench)
    #expect(first == [.resume(run: id)] && bench.state.isBusy)
    #expect(bench.state.notice?.text == "resuming \(id) …")
    let again = Self.asked("r", &bench)
    #expect(again.isEmpty && bench.state.notice?.text == "\(id) is being resumed already")
    bench.act(.event(.failed("the corpus has changed")))
    let third = Self.asked("r", &bench)
    #expect(third == [.resume(run: id)])
    var run = Bench.runs[1]
    (run.status, run.isOwn) = (.running, true)
    bench.act(.event(.run(run)))
    #expect(bench.state.notice?.text == "\(id) goes on" && bench.state.trainingPane.resuming.isEmpty)
    run.status = .stopped
    bench.act(.event(.run(run)))
    let last = Self.asked("r", &bench)
    #expect(last == [.resume(run: id)], "it was stopped meanwhile")
  }

  @Test("Behind a live run r queues once; what is taken out of the queue may be asked for again")
  func resumesBehind() {
    var bench = Bench()
    bench.press("3", "j")
    let id = Bench.runs[1].id
    let first = Self.asked("r", &bench)
    #expect(first == [.resume(run: id)] && !bench.state.trainingPane.awaitsNew)
    #expect(bench.state.notice?.text.contains("queued") == true)
    var queue = RunQueue()
    queue.append(.resume(run: id))
    bench.act(.event(.queue(queue)))
    let again = Self.asked("r", &bench)
    #expect(again.isEmpty && bench.state.notice?.text.contains("waits for its turn already") == true)
    bench.press("w", "x", "t")
    bench.act(.event(.queue(RunQueue())))
    bench.press("esc")
    let third = Self.asked("r", &bench)
    #expect(third == [.resume(run: id)])
    // A failure of something else does not let what waits be queued twice.
    bench.act(.event(.queue(queue)))
    bench.act(.event(.failed("aplay could not play this")))
    let fourth = Self.asked("r", &bench)
    #expect(fourth.isEmpty)
  }
}
