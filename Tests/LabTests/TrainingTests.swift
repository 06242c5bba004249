import Core
import Foundation
import Lab
import NN
import Pipeline
import Synchronization
import Testing

/// Real trainings of CNN-LSTM on a few slices of the sample corpus.
@Suite(.serialized) struct TrainingTests {
  private let home = Scratch.folder("quaver-lab")
  private static let samples = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Samples/german").path

  private func laboratory() throws -> Laboratory {
    func folder(_ name: String) -> URL { home.appendingPathComponent(name) }
    return try Laboratory(
      paths: Paths(data: folder("data"), state: folder("state"), cache: folder("cache"), config: folder("config")))
  }

  private func smallJob(epochs: Int = 1, limit: Int = 64) -> Job {
    var job = Job(corpus: Self.samples)
    (job.epochs, job.batch, job.limit) = (epochs, 16, limit)
    return job
  }

  @Test func oneEpochOn64Slices() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory()
    let epochs = Mutex<[EpochMetrics]>([])
    let run = try await laboratory.train(smallJob(), name: "one", control: RunControl()) { event in
      if case .epoch(let metrics) = event { epochs.withLock { $0.append(metrics) } }
    }
    #expect(run.status == .finished)
    let metrics = try #require(run.epochs.last)
    #expect(epochs.withLock { $0 } == [metrics])
    #expect(metrics.trainLoss.isFinite && metrics.trainLoss < 10)
    #expect(metrics.step == 4)
    let valid = metrics.confusion.flatMap(\.self).reduce(0, +)
    #expect(valid > 0 && valid <= 64)
    #expect(abs(Confusion(counts: metrics.confusion).accuracy - metrics.validAccuracy) < 1e-12)
    #expect(metrics.averageAccuracy != nil)
    #expect(run.notes.contains { $0.contains("synthetic") })
    let folder = try laboratory.store.open("one")
    let best = try SafeTensors(contentsOf: folder.bestCheckpoint)
    #expect(best.metadata["quaver.scaling"] != nil && best.metadata["quaver.emotions"] != nil)
    #expect(best.entries.keys.allSatisfy { !$0.hasPrefix("adam.") })
    await #expect(throws: LabError.runIsFinished("one", epochs: 1)) {
      _ = try await laboratory.resume("one", control: RunControl()) { _ in }
    }
  }

  /// Stopped in the middle of each epoch and during a validation, and resumed: every byte of both checkpoints is equal
  /// to the undisturbed run's.
  @Test func aResumedRunEndsWithTheSameBits() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory()
    let job = smallJob(epochs: 2, limit: 40)
    _ = try await laboratory.train(job, name: "whole", control: RunControl()) { _ in }
    var stops = 0
    var run = try await laboratory.train(job, name: "cut", control: Self.stopping(after: 1)) { _ in }
    while run.status == .stopped, stops < 20 {
      // Two readings a batch: stops within an epoch, within a validation, and late enough to get past one.
      let control = Self.stopping(after: [3, 9, 20][stops % 3])
      stops += 1
      run = try await laboratory.resume("cut", control: control) { _ in }
    }
    #expect(run.status == .finished && stops >= 3)
    let (whole, cut) = (try laboratory.store.open("whole"), try laboratory.store.open("cut"))
    #expect(try Data(contentsOf: whole.lastCheckpoint) == Data(contentsOf: cut.lastCheckpoint))
    #expect(try Data(contentsOf: whole.bestCheckpoint) == Data(contentsOf: cut.bestCheckpoint))
    func withoutTime(_ folder: RunFolder) -> [EpochMetrics] {
      folder.metrics().map { metrics in
        var metrics = metrics
        metrics.seconds = 0
        return metrics
      }
    }
    #expect(withoutTime(whole) == withoutTime(cut))
  }

  /// A control that wishes to stop the `count`-th time that a batch reads it.
  private static func stopping(after count: Int) -> RunControl {
    RunControl(stoppingAfterReads: count)
  }

  @Test func mistakesAreRefusedBeforeAnythingIsWritten() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory()
    func refuses<E: Error>(_ type: E.Type, _ change: (inout Job) -> Void) async {
      var job = smallJob()
      change(&job)
      let changed = job
      await #expect(throws: type) { _ = try await laboratory.train(changed, control: RunControl()) { _ in } }
    }
    await refuses(LabError.self) { $0.corpus = "nowhere" }
    await refuses(NNError.self) { $0.model = "resnet" }
    await refuses(PipelineError.self) { $0.transform = "wavelet" }
    await refuses(LabError.self) { $0.split = "/nonexistent.csv" }
    await refuses(LabError.self) { $0.epochs = 0 }
    await refuses(LabError.self) { $0.batch = -1 }
    await refuses(LabError.self) { $0.strideMilliseconds = 0 }
    await refuses(LabError.self) { $0.learningRate = .nan }
    await refuses(LabError.self) { $0.augment = "mixup" }
    #expect(laboratory.store.ids().isEmpty)
  }

  @Test func aChangedCorpusIsNotResumed() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory()
    let corpus = home.appendingPathComponent("corpus")
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: Self.samples, toPath: corpus.path)
    var job = smallJob(epochs: 2, limit: 32)
    job.corpus = corpus.path
    let run = try await laboratory.train(job, name: "r", control: Self.stopping(after: 2)) { _ in }
    #expect(run.status == .stopped)
    let file = try #require(
      FileManager.default.contentsOfDirectory(atPath: corpus.path).first { $0.hasSuffix(".flac") })
    try FileManager.default.removeItem(at: corpus.appendingPathComponent(file))
    await #expect(throws: LabError.self) { _ = try await laboratory.resume("r", control: RunControl()) { _ in } }
  }

  /// Another sound of the same name, length and rate is other data: it is told beside numbers, and a training does not go on with it.
  @Test func aReplacedSoundIsNotWhatWasTrainedOn() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory(), files = FileManager.default
    let corpus = home.appendingPathComponent("corpus")
    try files.createDirectory(at: home, withIntermediateDirectories: true)
    try files.copyItem(atPath: Self.samples, toPath: corpus.path)
    var job = smallJob(limit: 8)
    job.corpus = corpus.path
    _ = try await laboratory.train(job, name: "whole", control: RunControl()) { _ in }
    _ = try await laboratory.train(job, name: "cut", control: Self.stopping(after: 1)) { _ in }
    #expect(try !Self.tellsOfSounds(laboratory.subject("whole")))
    let folder = try laboratory.store.open("whole")
    #expect(try laboratory.info(of: folder).notes == folder.info().notes)
    let names = try files.contentsOfDirectory(atPath: corpus.path).filter { $0.hasSuffix(".flac") }
    let victim = corpus.appendingPathComponent(try #require(names.min()))
    let audio = try Audio.decode(victim)
    try Self.wave(audio.samples.reversed(), rate: audio.sampleRate).write(to: victim)
    #expect(try Audio.probe(victim).frames == audio.header.frames)
    let subject = try laboratory.subject("whole")
    #expect(try Self.tellsOfSounds(subject))
    #expect(try laboratory.info(of: folder).notes == [RunRecord.otherSounds] + folder.info().notes)
    let explainer = try await Explainer(laboratory), utterance = try #require(subject.corpus.utterances.first).id
    let explanation = try await explainer.explain(ExplainRequest(run: "whole", utterance: utterance))
    #expect(ExplainTables.answers([explanation]).notes.contains { $0.hasPrefix(RunRecord.otherSounds) })
    let resumption = await #expect(throws: LabError.self) {
      _ = try await laboratory.resume("cut", control: RunControl()) { _ in }
    }
    #expect(resumption?.description.contains("the sound files") == true)
    // Runs of earlier versions do not tell.
    var record = try folder.record()
    record.sounds = nil
    try folder.begin(record)
    #expect(try !Self.tellsOfSounds(laboratory.subject("whole")))
    // Nor can runs whose corpus is gone.
    try files.removeItem(at: corpus)
    let other = try laboratory.store.open("cut")
    #expect(try laboratory.info(of: other).notes == other.info().notes)
  }

  private static func tellsOfSounds(_ subject: RunSubject) throws -> Bool {
    let selection = try subject.select(.valid, limit: nil, seed: 0)
    return subject.notes(selection).contains { $0.hasPrefix(RunRecord.otherSounds) }
  }

  /// 16-bit PCM, mono.
  private static func wave(_ samples: [Float], rate: Int) -> Data {
    var data = Data("RIFF".utf8)
    func add(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
    }
    add(UInt32(36 + 2 * samples.count))
    data.append(contentsOf: "WAVEfmt ".utf8)
    for value in [16, 0x1_0001, rate, 2 * rate, 0x10_0002] { add(UInt32(value)) }
    data.append(contentsOf: "data".utf8)
    add(UInt32(2 * samples.count))
    for sample in samples { add(Int16(max(-1, min(1, sample)) * 32_767)) }
    return data
  }

  /// One corpus has one name in all its runs, however it was given.
  @Test func aRegisteredCorpusIsRecordedByItsName() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory()
    _ = try laboratory.library.add(path: Self.samples, name: "de", adapter: nil)
    var job = smallJob(epochs: 1, limit: 8)
    job.corpus = Self.samples + "/../german/"
    let run = try await laboratory.train(job, name: "r", control: Self.stopping(after: 2)) { _ in }
    #expect(run.job.corpus == "de")
  }

  /// Copies of training files among the test files are a leak, whatever they are called.
  @Test func equalSoundsInBothPartsAreTold() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory(), files = FileManager.default
    let corpus = home.appendingPathComponent("corpus"), csv = home.appendingPathComponent("split.csv")
    try files.createDirectory(at: home, withIntermediateDirectories: true)
    try files.copyItem(atPath: Self.samples, toPath: corpus.path)
    let names = try files.contentsOfDirectory(atPath: corpus.path).filter { $0.hasSuffix("a.flac") }.sorted()
    let copies = names.prefix(3).map { $0.replacingOccurrences(of: "a.flac", with: "z.flac") }
    var job = smallJob(limit: 8)
    (job.corpus, job.split) = (corpus.path, csv.path)
    func notes(_ test: [String], _ name: String) async throws -> [String] {
      let all = try files.contentsOfDirectory(atPath: corpus.path).filter { $0.hasSuffix(".flac") }
      let lines = all.map { "\($0),\(test.contains($0) ? "test" : "train")" }
      try Data((["file,part"] + lines).joined(separator: "\n").utf8).write(to: csv)
      return try await laboratory.train(job, name: name, control: Self.stopping(after: 1)) { _ in }.notes
    }
    let alone = try await notes(Array(names.prefix(6)), "alone")
    #expect(!alone.contains { $0.contains("the very sound") })
    for (name, copy) in zip(names, copies) {
      try files.copyItem(at: corpus.appendingPathComponent(name), to: corpus.appendingPathComponent(copy))
    }
    let twice = try await notes(copies + names.suffix(4), "twice")
    #expect(twice.contains { $0.hasPrefix("3 of the test files: the very sound") && $0.contains(copies[0]) })
    // Both in one part are no leak.
    let together = try await notes(copies + names.prefix(3), "together")
    #expect(!together.contains { $0.contains("the very sound") })
  }

  @Test func aRunOutlivesTheFileThatItWasSplitBy() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory()
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    let csv = home.appendingPathComponent("split.csv")
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.samples).filter { $0.hasSuffix(".flac") }
    let lines = files.sorted().enumerated().map { "\($1),\($0 % 5 == 0 ? "test" : "train")" }
    try Data((["file,part"] + lines).joined(separator: "\n").utf8).write(to: csv)
    var job = smallJob(limit: 32)
    job.split = csv.path
    let run = try await laboratory.train(job, name: "s", control: Self.stopping(after: 3)) { _ in }
    #expect(run.status == .stopped)
    try FileManager.default.removeItem(at: csv)
    let resumed = try await laboratory.resume("s", control: RunControl()) { _ in }
    #expect(resumed.status == .finished && resumed.job.split == csv.path)
  }

  @Test func aDivergedRunFailsAndKeepsItsLastGoodCheckpoint() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory()
    var job = smallJob(epochs: 2, limit: 32)
    job.learningRate = 1e30
    let run = try await laboratory.train(job, name: "d", control: RunControl()) { _ in }
    #expect(run.status == .failed)
    #expect(run.failure?.contains("NaN or infinite") == true)
    let folder = try laboratory.store.open("d")
    #expect(!FileManager.default.fileExists(atPath: folder.bestCheckpoint.path))
    #expect(folder.metrics().count == 1)
  }

  /// Nor does a stop in the middle of an epoch write weights that are no numbers.
  @Test func aDivergedRunThatIsStoppedWritesNoCheckpoint() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory()
    var job = smallJob(epochs: 2, limit: 32)
    job.learningRate = 1e30
    // Makes the images, which read the wish to stop too.
    _ = try await laboratory.train(job, name: "whole", control: RunControl()) { _ in }
    let run = try await laboratory.train(job, name: "d", control: Self.stopping(after: 8)) { _ in }
    #expect(run.status == .failed && run.failure?.contains("NaN or infinite") == true)
    let folder = try laboratory.store.open("d")
    #expect(!FileManager.default.fileExists(atPath: folder.lastCheckpoint.path) && folder.metrics().isEmpty)
  }

  @Test func aCheckpointOfAnotherNetworkIsRefused() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    let url = home.appendingPathComponent("a.safetensors")
    await #expect(throws: NNError.self) {
      try await Engine.run {
        let small = try Network(try Networks.named("cnn-lstm"))
        small.initialise(seed: 1)
        try Checkpoint.save(small, metadata: [:], to: url)
        let other = try Network(try Networks.named("cnn-lstm"), classes: 4)
        try Checkpoint.load(url, into: other)
      }
    }
  }

  @Test func limitedSlicesKeepTheClassesShares() {
    let labels = (0..<100).map { $0 < 50 ? 0 : $0 < 80 ? 1 : 2 }
    let slices = TrainingPlan.limited(Array(0..<100), to: 10, labels: labels, seed: 3)
    #expect(slices.count == 10 && slices == slices.sorted() && Set(slices).count == 10)
    #expect((0..<3).map { label in slices.count { labels[$0] == label } } == [5, 3, 2])
    #expect(TrainingPlan.limited(Array(0..<100), to: 200, labels: labels, seed: 3).count == 100)
    #expect(TrainingPlan.limited(Array(0..<100), to: 10, labels: labels, seed: 4) != slices)
  }
}
