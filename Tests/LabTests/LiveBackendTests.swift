import Attacks
import Core
import Foundation
import Lab
import Pipeline
import Testing

/// The workbench's door to the engine, without a screen.
@Suite(.trainedOnce, .serialized) struct LiveBackendTests {
  private let small = SmallLaboratory()

  /// All events until one is wanted; fails after a quarter of an hour, since all suites share one engine.
  private func events(
    of backend: LiveBackend, until isWanted: (Event) -> Bool
  ) async throws -> [Event] {
    var all: [Event] = []
    for _ in 0..<18_000 {
      // A newer state takes an older one's place in the queue, and so may come before what was told earlier.
      let new = backend.drain()
      all += new
      if new.contains(where: isWanted) { return all }
      try await Task.sleep(for: .milliseconds(50))
    }
    Issue.record("nothing came that was waited for, only \(all.map { "\($0)".prefix(80) })")
    return all
  }

  private static let fgsm = AttackPoint(attack: "fgsm", settings: AttackSettings())

  @Test func aMapIsSeenOnItsWay() async throws {
    defer { small.remove() }
    let backend = LiveBackend(try TrainedOnce.laboratory("r", at: small))
    let wish = EmbeddingWish(run: "r", attack: Self.fgsm)
    backend.send(.embed(wish))
    let all = try await events(of: backend) { $0 == .embedding(nil) }
    let soFar = all.compactMap { if case .embeddingSoFar(wish, let map) = $0 { map } else { nil } }
    let whole = all.compactMap { if case .embedded(wish, let map) = $0 { map } else { nil } }
    let map = try #require(whole.first), early = try #require(soFar.first)
    #expect(whole.count == 1 && map.points.count == 32 && map.trustworthiness != nil)
    #expect(early.points.count == 32 && early.trustworthiness == nil && early.iterations <= map.iterations)
    #expect(early.points.map(\.sliceNumber) == map.points.map(\.sliceNumber))
    #expect(early.points.allSatisfy { $0.x.isFinite && $0.y.isFinite })
  }

  @Test func attentionIsAveragedAndTheEngineIsBusyMeanwhile() async throws {
    defer { small.remove() }
    let backend = LiveBackend(try TrainedOnce.laboratory("r", at: small))
    var wish = AttentionWish(run: "r", attacks: [Self.fgsm])
    (wish.part, wish.limit) = (.merged, 12)
    backend.send(.attend(wish))
    #expect(backend.isTraining)
    backend.send(.embed(EmbeddingWish(run: "r")))
    let all = try await events(of: backend) { $0 == .attending(nil) }
    #expect(all.contains(.failed(LabError.engineBusy.description)))
    let report = try #require(all.compactMap { if case .attended(wish, let report) = $0 { report } else { nil } }.first)
    #expect(report.classes.reduce(0) { $0 + $1.images } == 12 && report.part == .merged)
    #expect(report.attacks.count == 1 && report.rows.contains { $0.emotion == nil })
    // Stopped at once, it says so and leaves no report; the engine is free again.
    (wish.limit, wish.method) = (nil, .gradCAM)
    backend.send(.attend(wish))
    backend.send(.stopSurvey)
    let stopped = try await events(of: backend) { $0 == .attending(nil) }
    #expect(!stopped.contains { if case .attended = $0 { true } else { false } })
    #expect(!backend.isTraining)
  }

  /// Another process attacks: first nothing, then one that is under way, then a complete one.
  @Test func attacksOfOthersAppearWhileTheyAreUnderWay() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let backend = LiveBackend(laboratory)
    func results(_ isWanted: ([RunResults]) -> Bool) async throws {
      _ = try await events(of: backend) { if case .results(let results) = $0 { isWanted(results) } else { false } }
    }
    backend.send(.loadResults)
    try await results(\.isEmpty)
    // The watcher has looked once.
    try await Task.sleep(for: .seconds(3.5))
    var wish = AttackWish(run: "r", point: Self.fgsm)
    (wish.limit, wish.batch, wish.part) = (12, 4, .merged)
    let subject = try laboratory.subject("r"), order = try wish.order()
    let control = RunControl(stoppingAfterReads: 8)
    await #expect(throws: PipelineError.stopped) {
      _ = try await laboratory.attack(subject, order, control: control) { _ in }
    }
    try await results { $0.first?.partial.first?.done == 4 && $0.first?.reports.isEmpty == true }
    _ = try await laboratory.attack(subject, order, control: RunControl()) { _ in }
    try await results { $0.first?.reports.count == 1 && $0.first?.partial.isEmpty == true }
  }

  /// The run's files are links to another's: what is changed is written anew.
  private func changeJob(of folder: URL, _ change: (inout [String: Any]) -> Void) throws {
    let file = folder.appendingPathComponent("job.json")
    let read = try JSONSerialization.jsonObject(with: try Data(contentsOf: file))
    var record = try #require(read as? [String: Any])
    var job = try #require(record["job"] as? [String: Any])
    change(&job)
    record["job"] = job
    try FileManager.default.removeItem(at: file)
    try JSONSerialization.data(withJSONObject: record).write(to: file)
  }

  /// What a CSV puts into a part is counted: the cost of an attack is that of its slices, and not of a fifth of all.
  @Test func anAttackIsPricedByTheSplitsOwnParts() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let (_, corpus) = try laboratory.library.add(path: SmallLaboratory.samples, name: "german", adapter: nil)
    let tested = corpus.utterances[0], folder = small.home.appendingPathComponent("data/runs/r")
    let rows = corpus.utterances.map { "\($0.file),\($0.file == tested.file ? "test" : "train")" }
    try Data(("file,part\n" + rows.joined(separator: "\n")).utf8).write(to: folder.appendingPathComponent("split.csv"))
    try changeJob(of: folder) { job in
      job["corpus"] = "german"
      job["split"] = "gone.csv"
      job["limit"] = nil
    }
    let backend = LiveBackend(laboratory)
    backend.send(.loadCorpora)
    _ = try await events(of: backend) { if case .corpora(let corpora) = $0 { !corpora.isEmpty } else { false } }
    backend.send(.estimate(.attack(AttackWish(run: "r", point: Self.fgsm))))
    let all = try await events(of: backend) { if case .estimate = $0 { true } else { false } }
    let told = all.compactMap { if case .estimate(_, let estimate) = $0 { estimate.basis } else { nil } }
    let slices = try Slicer(strideMilliseconds: 500).count(samples: tested.samples)
    #expect(told.first?.contains("for \(slices) slices") == true, "\(told)")
  }

  /// The end of an own training is told as one's own, and then that the engine is free.
  @Test func theEndOfATrainingIsTold() async throws {
    defer { small.remove() }
    let backend = LiveBackend(try TrainedOnce.laboratory("r", at: small))
    backend.send(.train(small.job { $0.seed = 3 }))
    let all = try await events(of: backend) { $0 == .engineFree }
    let runs = all.compactMap { if case .run(let run) = $0 { run } else { nil } }
    let last = try #require(runs.last)
    #expect(last.isOwn && last.status == .finished && last.epochs.count == 1)
    #expect(!backend.isTraining && backend.shutdown(waiting: 1) == nil)
  }

  /// Whoever pauses a run and leaves, or loses the terminal, does not want it trained on.
  @Test func aPausedRunStaysStopped() async throws {
    defer { small.remove() }
    let backend = LiveBackend(try TrainedOnce.laboratory("r", at: small))
    backend.send(
      .train(
        small.job {
          $0.seed = 5
          $0.epochs = 100
        }))
    let began = try await events(of: backend) { if case .run(let run) = $0 { run.isOwn } else { false } }
    let id = try #require(began.compactMap { if case .run(let run) = $0, run.isOwn { run.id } else { nil } }.last)
    #expect(backend.task == .training)
    for wish in [RunControl.Wish.pause, .stopAfterEpoch] { backend.send(.control(run: id, wish)) }
    // On a thread of its own: what ends the run needs those that the tests share.
    let left: (run: String, staysStopped: Bool)? = await withCheckedContinuation { done in
      DispatchQueue.global().async { done.resume(returning: backend.shutdown(waiting: 900)) }
    }
    #expect(left?.run == id && left?.staysStopped == true)
    #expect(backend.task == nil)
  }

  /// Of a measurement nothing is kept, so that leaving does not wait for it.
  @Test func aMeasurementIsNotWaitedFor() async throws {
    defer { small.remove() }
    let backend = LiveBackend(try TrainedOnce.laboratory("r", at: small))
    // The engine is held, so that the measurement cannot end by itself.
    let gate = RunControl()
    gate.wish = .pause
    defer { gate.wish = .proceed }
    let (begun, start) = AsyncStream<Void>.makeStream()
    let holder = Task.detached {
      await Engine.run {
        start.yield()
        _ = gate.waitsOrStops()
      }
    }
    for await _ in begun { break }
    backend.send(.measureModel("cnn-lstm"))
    #expect(backend.shutdown(waiting: 60) == nil && backend.task == .measurement)
    gate.wish = .proceed
    await holder.value
    let all = try await events(of: backend) { $0 == .engineFree }
    #expect(all.contains(.failed("the measurement of cnn-lstm was stopped")))
  }

  /// A training that is asked for during a survey begins when that ends.
  @Test func whatIsQueuedBehindASurveyBegins() async throws {
    defer { small.remove() }
    let backend = LiveBackend(try TrainedOnce.laboratory("r", at: small))
    backend.send(.embed(EmbeddingWish(run: "r")))
    #expect(backend.isTraining)
    backend.send(.train(small.job { $0.seed = 4 }))
    let all = try await events(of: backend) { $0 == .engineFree }
    #expect(all.contains { if case .embedded = $0 { true } else { false } })
    #expect(all.contains { if case .run(let run) = $0 { run.isOwn && run.status == .finished } else { false } })
  }

  /// Who leaves keeps what waits: nothing begins behind the run that is stopped, unless the user stays after all.
  @Test func aHeldQueueBeginsWhenItIsLetGo() async throws {
    defer { small.remove() }
    let backend = LiveBackend(try TrainedOnce.laboratory("r", at: small))
    backend.send(.embed(EmbeddingWish(run: "r")))
    #expect(backend.isTraining)
    var wish = AttackWish(run: "r", point: Self.fgsm)
    (wish.limit, wish.batch, wish.part) = (12, 4, .merged)
    backend.send(.attack(wish))
    backend.send(.holdQueue(true))
    let held = try await events(of: backend) { $0 == .engineFree }
    let waiting = held.compactMap { if case .queue(let queue) = $0 { queue.entries.count } else { nil } }
    #expect(waiting.last == 1)
    #expect(!held.contains { if case .attacking = $0 { true } else { false } })
    backend.send(.holdQueue(false))
    let freed = try await events(of: backend) { $0 == .engineFree }
    #expect(freed.contains { if case .attacking = $0 { true } else { false } })
    let left = freed.compactMap { if case .queue(let queue) = $0 { queue.entries.count } else { nil } }
    #expect(left.last == 0)
  }

  /// A sound file that its header does not give away ends the run within its first second, and nothing is left of it:
  /// the list of runs must not keep it.
  @Test func aRunThatIsGoneBeforeItBeganLeavesTheList() async throws {
    defer { small.remove() }
    let backend = LiveBackend(try small.open())
    let corpus = small.home.appendingPathComponent("corpus")
    try FileManager.default.createDirectory(at: small.home, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: SmallLaboratory.samples, toPath: corpus.path)
    let files = try FileManager.default.contentsOfDirectory(atPath: corpus.path).filter { $0.hasSuffix(".flac") }
    let victim = corpus.appendingPathComponent(try #require(files.min()))
    var bytes = try Data(contentsOf: victim)
    for index in bytes.count / 2..<bytes.count { bytes[index] = 0xFF }
    try bytes.write(to: victim)
    backend.send(.train(small.job { $0.corpus = corpus.path }))
    let all = try await events(of: backend) { if case .runs(let runs) = $0 { runs.isEmpty } else { false } }
    #expect(all.contains { if case .run(let run) = $0 { run.isOwn && run.status == .running } else { false } })
    #expect(all.contains { if case .failed = $0 { true } else { false } })
  }

  /// Whoever stops an attack hears that it can be gone on with only where there is something to go on with.
  @Test func aStoppedAttackPromisesNoMoreThanThereIs() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let backend = LiveBackend(laboratory)
    var settings = AttackSettings()
    // So that it is still under way when it is stopped.
    settings.steps = 100
    var wish = AttackWish(run: "r", point: AttackPoint(attack: "pgd", settings: settings))
    (wish.batch, wish.part) = (4, .merged)
    backend.send(.attack(wish))
    _ = try await events(of: backend) { if case .attacking(_?) = $0 { true } else { false } }
    backend.send(.controlAttack(.stopNow))
    let all = try await events(of: backend) { $0 == .engineFree }
    let said = all.compactMap { if case .log(let line) = $0 { line.text } else { nil } }
    let sentence = try #require(said.first { $0.contains(": stopped") })
    let hasSet = try laboratory.store.open("r").results().partial.contains { $0.wish == wish }
    #expect(sentence.contains("goes on with it") == hasSet)
    #expect(sentence.contains("before its first batch") == !hasSet)
  }

  /// Of which attack the slices cannot be read is told, so that nobody waits for them.
  @Test func slicesThatCannotBeReadAreToldByTheirName() async throws {
    defer { small.remove() }
    let backend = LiveBackend(try TrainedOnce.laboratory("r", at: small))
    backend.send(.loadSlices(run: "r", set: "nothing"))
    let all = try await events(of: backend) {
      if case .slicesFailed("r", "nothing", let sentence) = $0 { !sentence.isEmpty } else { false }
    }
    #expect(!all.contains { if case .failed = $0 { true } else { false } })
  }

  /// Neither what has begun nor what waits for its turn is resumed a second time; what was taken out may be.
  @Test func aRunIsResumedOnce() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    _ = try await laboratory.train(small.job(), name: "cut", control: RunControl(stoppingAfterReads: 1)) { _ in }
    let backend = LiveBackend(laboratory), refusal = Event.failed(LabError.runIsResumed("cut").description)
    for _ in 0..<2 { backend.send(.resume(run: "cut")) }
    let all = try await events(of: backend) { $0 == .engineFree }
    let refusals = all.filter { $0 == refusal }
    #expect(refusals.count == 1)
    #expect(all.contains { if case .run(let run) = $0 { run.isOwn && run.status == .finished } else { false } })
    // Behind a map it waits for its turn.
    backend.send(.embed(EmbeddingWish(run: "r")))
    #expect(backend.isTraining)
    backend.send(.resume(run: "cut"))
    let first = backend.drain()
    backend.send(.resume(run: "cut"))
    let second = backend.drain()
    #expect(!first.contains(refusal) && second.contains(refusal))
    let queues = first.compactMap { if case .queue(let queue) = $0 { queue } else { nil } }
    let entry = try #require(queues.last?.entries.first)
    backend.send(.queue(.remove(entry.id)))
    backend.send(.resume(run: "cut"))
    #expect(!backend.drain().contains(refusal))
    backend.send(.stopSurvey)
    _ = try await events(of: backend) { $0 == .engineFree }
  }
}
