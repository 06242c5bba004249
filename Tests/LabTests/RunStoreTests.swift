import Core
import Foundation
import Lab
import Testing

@Suite struct RunStoreTests {
  private let root = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-runs-\(UUID().uuidString)")

  private func record(_ corpus: String = "c") -> RunRecord {
    RunRecord(
      job: Job(corpus: corpus), emotions: ["anger", "fear"], notes: ["split utterance, 1 seed"],
      created: Date(timeIntervalSince1970: 1_000), machine: Machine(processor: "p", threads: 2, libraries: [:]),
      fingerprint: "f")
  }

  private func metrics(_ epoch: Int, loss: Double = 1) -> EpochMetrics {
    EpochMetrics(
      epoch: epoch, step: epoch * 10, trainLoss: loss, trainAccuracy: 0.5, validLoss: loss, validAccuracy: 0.4,
      validUAR: 0.3, averageAccuracy: nil, confusion: [[1, 2], [3, 4]], seconds: 1)
  }

  @Test func aRunTellsWhatItIs() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let store = RunStore(root: root)
    let folder = try store.create(name: "a", job: Job(corpus: "c"), now: Date())
    #expect(store.ids().isEmpty, "a folder without job.json is no run yet")
    let lock = try folder.lock()
    try folder.begin(record())
    #expect(try folder.info().status == .running)
    try folder.append(metrics(1))
    try folder.append(metrics(2, loss: .nan))
    let info = try store.open("a").info()
    #expect(info.epochs.map(\.epoch) == [1, 2])
    #expect(info.epochs[1].trainLoss.isNaN)
    folder.report(RunProgress(phase: "training", epoch: 3, done: 1, total: 2, rate: 5, secondsLeft: nil), paused: true)
    #expect(try folder.info().status == .paused)
    #expect(try folder.info().progress?.done == 1)
    #expect(throws: LabError.runIsLive("a")) { _ = try folder.lock() }
    try folder.end(RunOutcome(status: .failed, failure: "why"))
    withExtendedLifetime(lock) {}
  }

  @Test func aDeadTrainerIsNotLive() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let store = RunStore(root: root)
    let folder = try store.create(name: "a", job: Job(corpus: "c"), now: Date())
    do {
      let lock = try folder.lock()
      try folder.begin(record())
      withExtendedLifetime(lock) { #expect(folder.isLive) }
    }
    #expect(try folder.info().status == .interrupted)
    #expect(throws: LabError.runIsNotLive("a")) { try folder.ask(.stopNow) }
  }

  /// A process that is being started holds copies of all descriptors until its exec, and with them the lock.
  @Test func aLockIsGivenBackWhileACopyOfItsDescriptorIsOpen() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let folder = try RunStore(root: root).create(name: "a", job: Job(corpus: "c"), now: Date())
    var copy: Int32 = -1
    defer { close(copy) }
    do {
      let lock = try folder.lock()
      let path = folder.url.appendingPathComponent("lock").resolvingSymlinksInPath().path
      let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
      let own = descriptors.first {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path
      }
      copy = dup(try #require(own))
      withExtendedLifetime(lock) { #expect(copy >= 0 && folder.isLive) }
    }
    #expect(!folder.isLive)
    withExtendedLifetime(try folder.lock()) {}
  }

  @Test func aCutLastLineIsLeftOutAndNotJoined() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let folder = try RunStore(root: root).create(name: "a", job: Job(corpus: "c"), now: Date())
    try folder.append(metrics(1))
    let file = folder.url.appendingPathComponent("metrics.jsonl")
    let whole = try Data(contentsOf: file)
    try (whole + whole.prefix(20)).write(to: file)
    #expect(folder.metrics().map(\.epoch) == [1])
    try folder.append(metrics(2))
    #expect(folder.metrics().map(\.epoch) == [1, 2])
    try folder.append(metrics(3))
    try folder.keepMetrics(through: 2)
    #expect(folder.metrics().map(\.epoch) == [1, 2])
  }

  @Test func predictionsComeBackWhateverTheFilesAreCalled() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let folder = try RunStore(root: root).create(name: "p", job: Job(corpus: "c"), now: Date())
    let names = ["a", "a, b", "two\nlines", "a \"quoted\" one", "\"", " blanks "]
    let kept = RunPredictions(
      run: "p", epoch: 3,
      slices: names.enumerated().map {
        RunPredictions.Slice(utterance: $1, slice: $0, truth: 0, predicted: 1)
      })
    try folder.keep(kept)
    #expect(try folder.predictions() == kept)
    let text = try String(contentsOf: folder.url.appendingPathComponent("predictions.csv"), encoding: .utf8)
    #expect(text.contains("3,1,0,1,\"a, b\"\n"))
    // Of a version that quoted nothing.
    try Data("epoch,slice,truth,predicted,utterance\n2,0,1,1,a,b\n2,1,0,1,c \"d\"\n".utf8)
      .write(to: folder.url.appendingPathComponent("predictions.csv"))
    let old = try folder.predictions()
    #expect(old.epoch == 2 && old.slices.map(\.utterance) == ["a,b", "c \"d\""])
  }

  @Test func namesAreCheckedAndTakenOnce() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let store = RunStore(root: root)
    for name in ["", "../x", ".hidden", "a/b", "-x", "a b", String(repeating: "a", count: 200)] {
      #expect(throws: LabError.badName(name)) { _ = try store.create(name: name, job: Job(corpus: "c"), now: Date()) }
    }
    try store.create(name: "alex-1", job: Job(corpus: "c"), now: Date()).begin(record())
    #expect(throws: LabError.runExists("alex-1")) {
      _ = try store.create(name: "alex-1", job: Job(corpus: "c"), now: Date())
    }
    let now = Date(timeIntervalSince1970: 0)
    let first = try store.create(name: nil, job: Job(corpus: "c"), now: now)
    try first.begin(record())
    let second = try store.create(name: nil, job: Job(corpus: "c"), now: now)
    #expect(first.id == "19700101-000000-cnn-lstm-mel-s0" && second.id == first.id + "-2")
  }

  /// A folder that holds anything else is neither taken for what a crash left nor ever taken away.
  @Test func aFolderOfSomeoneElseIsNoRun() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let store = RunStore(root: root), own = root.appendingPathComponent("corpus/wav/a.wav")
    try FileManager.default.createDirectory(at: own.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data("sound".utf8).write(to: own)
    #expect(throws: LabError.runExists("corpus")) {
      _ = try store.claim(name: "corpus", job: Job(corpus: "c"), now: Date())
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: root.path + "/corpus") == ["wav"])
    // What a crash left between the folder and its first word.
    let left = root.appendingPathComponent("left")
    try FileManager.default.createDirectory(at: left, withIntermediateDirectories: true)
    for name in ["lock", "split.csv", ".job.json.1.partial"] {
      try Data().write(to: left.appendingPathComponent(name))
    }
    #expect(try store.create(name: "left", job: Job(corpus: "c"), now: Date()).url.path == left.path)
  }

  /// Of many that want a run at the same moment, each gets a folder of its own, or the sentence.
  @Test func aNameIsClaimedOnce() async throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let store = RunStore(root: root), now = Date(timeIntervalSince1970: 0)
    let record = record()
    func claim(_ name: String?) async -> [String] {
      await withTaskGroup(of: (String, RunLock)?.self) { group in
        for _ in 0..<8 {
          group.addTask {
            guard let (folder, lock) = try? store.claim(name: name, job: Job(corpus: "c"), now: now) else { return nil }
            try? folder.begin(record)
            return (folder.id, lock)
          }
        }
        // The locks live until all have tried.
        var claimed: [(String, RunLock)] = []
        for await one in group { claimed += [one].compactMap(\.self) }
        return claimed.map(\.0)
      }
    }
    let free = await claim(nil), named = await claim("one")
    #expect(free.count == 8 && Set(free).count == 8)
    #expect(named == ["one"])
  }

  @Test func wishesWaitInTheirOrder() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let (folder, lock) = try RunStore(root: root).claim(name: "a", job: Job(corpus: "c"), now: Date())
    try withExtendedLifetime(lock) {
      for wish in [RunControl.Wish.stopAfterEpoch, .pause, .proceed] { try folder.ask(wish) }
    }
    #expect(folder.takeWishes() == [.stopAfterEpoch, .pause, .proceed])
    #expect(folder.takeWishes().isEmpty)
  }

  @Test func aRunIsRemovedByItsWholeNameUnlessItIsLive() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let store = RunStore(root: root)
    let folder = try store.create(name: "abc", job: Job(corpus: "c"), now: Date())
    try folder.begin(record())
    for name in ["ab", "abcd", "."] { #expect { try store.remove(name) } throws: { $0 is any UserError } }
    do {
      let lock = try folder.lock()
      #expect(throws: LabError.runIsLive("abc")) { try store.remove("abc") }
      withExtendedLifetime(lock) { #expect(store.ids() == ["abc"]) }
    }
    #expect(try store.remove("abc") > 0)
    let left = try FileManager.default.contentsOfDirectory(atPath: root.path)
    #expect(store.ids().isEmpty && left.isEmpty)
  }

  @Test func runsAreFoundByPrefix() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let store = RunStore(root: root)
    for name in ["alex-1", "alex-2", "cnn-1"] {
      try store.create(name: name, job: Job(corpus: "c"), now: Date()).begin(record())
    }
    #expect(try store.open("cnn").id == "cnn-1")
    #expect(throws: LabError.ambiguousRun("alex", matches: ["alex-2", "alex-1"])) { _ = try store.open("alex") }
    #expect(throws: LabError.self) { _ = try store.open("../alex-1") }
  }

  @Test func aMangledJobIsOneSentence() throws {
    defer { try? FileManager.default.removeItem(at: root) }
    let store = RunStore(root: root)
    let folder = try store.create(name: "a", job: Job(corpus: "c"), now: Date())
    try Data("{}".utf8).write(to: folder.url.appendingPathComponent("job.json"))
    #expect(throws: LabError.runUnreadable("a", reason: "job.json: “job” is missing")) { _ = try folder.info() }
  }

  @Test func aReadOnlyHomeIsOneSentence() {
    #expect(throws: CoreError.self) {
      _ = try RunStore(root: URL(fileURLWithPath: "/proc/quaver")).create(name: nil, job: Job(corpus: "c"), now: Date())
    }
  }
}
