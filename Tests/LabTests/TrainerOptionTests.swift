import Core
import Foundation
import Lab
import NN
import Pipeline
import Synchronization
import Testing

/// Trainings with everything that the trainer can do beside the paper's recipe.
@Suite(.serialized) struct TrainerOptionTests {
  private let home = Scratch.folder("quaver-lab")
  private static let samples = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Samples/german").path

  private func laboratory() throws -> Laboratory {
    func folder(_ name: String) -> URL { home.appendingPathComponent(name) }
    return try Laboratory(
      paths: Paths(data: folder("data"), state: folder("state"), cache: folder("cache"), config: folder("config")))
  }

  private func job(epochs: Int = 2, limit: Int = 24, _ change: (inout TrainerOptions) -> Void = { _ in }) -> Job {
    var job = Job(corpus: Self.samples)
    (job.epochs, job.batch, job.limit) = (epochs, 8, limit)
    var options = TrainerOptions()
    change(&options)
    if options != TrainerOptions() { job.options = options }
    return job
  }

  private typealias Choice = (String, @Sendable (inout TrainerOptions) -> Void)
  private static let bf16: Choice = ("bf16", { $0.precision = Precision.bf16.rawValue })
  private static let plain: [Choice] = [
    (
      "freeze, cosine, clip",
      {
        $0.freeze = ["features.*", "lstm.*"]
        ($0.schedule, $0.warmup, $0.clip) = ("cosine", 0.5, 0.5)
      }
    ),
    (
      "accumulate, weights, normalised",
      { ($0.accumulate, $0.classWeights, $0.normalisation) = (2, "balanced", "imagenet") }
    ),
    ("early stop", { $0.earlyStop = 1 }),
  ]
  private static let choices = Precision.bf16.isAvailable ? plain + [bf16] : plain

  /// Stopped again and again, each run ends with the bits of one that was never stopped.
  @Test(arguments: choices.map(\.0))
  func everyOptionResumesToTheSameBits(_ name: String) async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let change = try #require(Self.choices.first { $0.0 == name }).1
    let laboratory = try laboratory()
    let job = job(change)
    _ = try await laboratory.train(job, name: "whole", control: RunControl()) { _ in }
    var run = try await laboratory.train(job, name: "cut", control: RunControl(stoppingAfterReads: 2)) { _ in }
    // Within the first epoch, within the second (whose first validation is behind it), and to the end.
    for reads in [4, 26] {
      #expect(run.status == .stopped)
      run = try await laboratory.resume("cut", control: RunControl(stoppingAfterReads: reads)) { _ in }
    }
    if run.status == .stopped { run = try await laboratory.resume("cut", control: RunControl()) { _ in } }
    #expect(run.status == .finished)
    let (whole, cut) = (try laboratory.store.open("whole"), try laboratory.store.open("cut"))
    #expect(try Data(contentsOf: whole.lastCheckpoint) == Data(contentsOf: cut.lastCheckpoint))
    #expect(try Data(contentsOf: whole.bestCheckpoint) == Data(contentsOf: cut.bestCheckpoint))
    #expect(run.epochs.last?.averageAccuracy != nil)
    #expect(run.job.options == job.options && !run.notes.isEmpty)
  }

  @Test func aRunStartsFromImportedWeights() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory()
    let scratch = try await laboratory.train(job(epochs: 1), name: "scratch", control: RunControl()) { _ in }
    #expect(scratch.job.weights == StartingWeights.none)
    #expect(scratch.notes.contains { $0.contains("from scratch: no weights are imported") })
    let file = home.appendingPathComponent("x.safetensors")
    _ = try laboratory.export("scratch", to: file)
    var options = WeightStore.ImportOptions()
    options.name = "x"
    let stored = try laboratory.weights.store(
      try laboratory.weights.examine(file, options), options, now: Date())
    // By default from what is there; a rate of 0 and frozen layers keep it.
    var job = job(epochs: 1) { $0.freeze = ["features.*"] }
    job.learningRate = 0
    let run = try await laboratory.train(job, name: "tuned", control: RunControl()) { _ in }
    #expect(run.job.weights == StartingWeights("x", sha256: try stored.identity()))
    #expect(run.notes.contains { $0.contains("fine-tuned from weights “x”") })
    // Under another seed the split is another, and what validates was trained on.
    let words = "trained on this corpus under another split (utterance, seed 0)"
    #expect(!run.notes.contains { $0.contains(words) })
    var reseeded = job
    reseeded.seed = 1
    let leaking = try await laboratory.train(reseeded, name: "leaking", control: RunControl()) { _ in }
    #expect(leaking.notes.contains { $0.contains(words) })
    // What came before that is not forgotten: the second generation has seen both parts too.
    let second = home.appendingPathComponent("y.safetensors")
    _ = try laboratory.export("leaking", to: second)
    var names = WeightStore.ImportOptions()
    names.name = "y2"
    _ = try laboratory.weights.store(try laboratory.weights.examine(second, names), names, now: Date())
    reseeded.weights = StartingWeights("y2")
    let grandchild = try await laboratory.train(reseeded, name: "grandchild", control: RunControl()) { _ in }
    #expect(grandchild.notes.contains { $0.contains(words) })
    try laboratory.weights.remove("y2")
    let (before, after) = (
      try SafeTensors(contentsOf: laboratory.store.open("scratch").bestCheckpoint),
      try SafeTensors(contentsOf: laboratory.store.open("tuned").lastCheckpoint)
    )
    for name in ["features.0.0.weight", "features.0.1.running_mean", "lstm.weight_ih_l0", "fc2.bias"] {
      #expect(try before.array(name, as: Float.self) == after.array(name, as: Float.self), "\(name)")
    }
    #expect(after.entries["adam.m.fc2.bias"] != nil && after.entries["adam.m.features.0.0.weight"] == nil)
    var none = job
    none.weights = StartingWeights.none
    let other = try await laboratory.train(none, name: "none", control: RunControl()) { _ in }
    #expect(other.job.weights == StartingWeights.none && other.notes.contains { $0.contains("random weights") })
    none.weights = StartingWeights("y")
    let wrong = none
    await #expect(throws: LabError.unknownWeights("y", known: ["x"])) {
      _ = try await laboratory.train(wrong, control: RunControl()) { _ in }
    }
    none.weights = StartingWeights("x")
    none.model = "alexnet"
    let alien = none
    await #expect(throws: LabError.weightsOfAnother("x", network: "cnn-lstm", wanted: "alexnet")) {
      _ = try await laboratory.train(alien, control: RunControl()) { _ in }
    }
  }

  /// Files of one name may hold other folds.
  @Test func anotherFoldIsToldWhateverItsFileIsCalled() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory()
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.samples).filter { $0.hasSuffix(".flac") }
    func fold(_ name: String, testing rest: Int) throws -> Job {
      let folder = home.appendingPathComponent(name), url = folder.appendingPathComponent("split.csv")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let lines = files.sorted().enumerated().map { "\($1),\($0 % 5 == rest ? "test" : "train")" }
      try Data((["file,part"] + lines).joined(separator: "\n").utf8).write(to: url)
      var wish = job(epochs: 1, limit: 8)
      wish.split = url.path
      return wish
    }
    _ = try await laboratory.train(try fold("fold1", testing: 0), name: "first", control: RunControl()) { _ in }
    let file = home.appendingPathComponent("x.safetensors")
    _ = try laboratory.export("first", to: file)
    let options = WeightStore.ImportOptions()
    _ = try laboratory.weights.store(try laboratory.weights.examine(file, options), options, now: Date())
    func note(_ job: Job, _ name: String) async throws -> String {
      let run = try await laboratory.train(job, name: name, control: RunControl(stoppingAfterReads: 1)) { _ in }
      return try #require(run.notes.first { $0.contains("fine-tuned from weights “x”") })
    }
    let words = "trained on this corpus under another split (split.csv, seed 0)"
    let same = try await note(try fold("copy", testing: 0), "same")
    let other = try await note(try fold("fold2", testing: 1), "other")
    #expect(!same.contains(words) && other.contains(words))
  }

  /// Without a checkpoint a run needs the weights that it began with; with one it does not.
  @Test func missingWeightsAreOneSentence() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory()
    _ = try await laboratory.train(job(epochs: 1), name: "scratch", control: RunControl()) { _ in }
    let file = home.appendingPathComponent("x.safetensors")
    _ = try laboratory.export("scratch", to: file)
    let options = WeightStore.ImportOptions()
    _ = try laboratory.weights.store(try laboratory.weights.examine(file, options), options, now: Date())
    _ = try await laboratory.train(job(), name: "early", control: RunControl(stoppingAfterReads: 1)) { _ in }
    let later = try await laboratory.train(job(), name: "later", control: RunControl(stoppingAfterReads: 5)) { _ in }
    #expect(later.status == .stopped)
    try? FileManager.default.removeItem(at: laboratory.store.open("early").lastCheckpoint)
    try laboratory.weights.remove("x")
    await #expect(throws: LabError.weightsChanged("x", run: "early")) {
      _ = try await laboratory.resume("early", control: RunControl()) { _ in }
    }
    let resumed = try await laboratory.resume("later", control: RunControl()) { _ in }
    #expect(resumed.status == .finished)
  }

  /// A batch norm over single values has no variance in a step of one image.
  @Test(arguments: [(9, 8), (24, 1)]) func aStepOfOneImageIsRefused(slices: Int, batch: Int) async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let several = Networks.all.filter { $0.graph().trainsOnSeveralImages() }
    #expect(several.map(\.name) == ["levit"])
    // Norms that are frozen go by what they have learnt.
    let frozen = try Freezing.names(["head*"], of: several[0])
    #expect(!several[0].graph().trainsOnSeveralImages(frozen: frozen))
    let laboratory = try laboratory()
    var wish = job(limit: slices)
    (wish.batch, wish.model) = (batch, "levit")
    let job = wish
    await #expect(throws: LabError.loneImage(network: several[0].title, slices: slices, batch: batch)) {
      _ = try await laboratory.train(job, name: "lone", control: RunControl()) { _ in }
    }
    #expect(throws: LabError.self) { _ = try laboratory.store.open("lone") }
  }

  @Test func earlyStoppingEndsARun() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory()
    var job = job(epochs: 9) { $0.earlyStop = 2 }
    job.learningRate = 0
    let notes = Mutex<[String]>([])
    let run = try await laboratory.train(job, name: "e", control: RunControl()) { event in
      if case .note(let text) = event { notes.withLock { $0.append(text) } }
    }
    #expect(run.status == .finished && run.epochs.count < 9 && run.epochs.count >= 3)
    #expect(run.epochs.last?.averageAccuracy != nil)
    #expect(notes.withLock { $0.contains { $0.contains("stopped early") } && $0.contains { $0.contains("thread") } })
    await #expect(throws: LabError.runIsFinished("e", epochs: run.epochs.count)) {
      _ = try await laboratory.resume("e", control: RunControl()) { _ in }
    }
  }

  @Test func mistakesAreRefusedBeforeAnythingIsWritten() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory()
    let wrong: [@Sendable (inout TrainerOptions) -> Void] = [
      { $0.freeze = ["conv1.*"] }, { $0.freeze = ["*"] }, { $0.schedule = "step" }, { $0.warmup = -1 },
      { $0.warmup = 3 },
      { $0.warmup = .nan }, { $0.clip = 0 }, { $0.clip = .nan }, { $0.clip = .infinity }, { $0.earlyStop = 0 },
      { $0.accumulate = 0 }, { $0.classWeights = "1,2" }, { $0.classWeights = "1,1,1,1,1,1,0" },
      { $0.classWeights = "even" }, { $0.normalisation = "cifar" },
    ]
    for change in wrong {
      let job = job(change)
      await #expect("\(job.options?.words ?? [])") {
        _ = try await laboratory.train(job, control: RunControl()) { _ in }
      } throws: {
        $0 is any UserError
      }
    }
    #expect(laboratory.store.ids().isEmpty)
  }

  @Test func aDamagedSoundFileLeavesNoRun() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let laboratory = try laboratory()
    let corpus = home.appendingPathComponent("corpus")
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: Self.samples, toPath: corpus.path)
    let files = try FileManager.default.contentsOfDirectory(atPath: corpus.path).filter { $0.hasSuffix(".flac") }
    let victim = corpus.appendingPathComponent(try #require(files.min()))
    var bytes = try Data(contentsOf: victim)
    // The header stays good.
    for i in bytes.count / 2..<bytes.count { bytes[i] = 0xFF }
    try bytes.write(to: victim)
    var job = job(epochs: 1)
    job.corpus = corpus.path
    let damaged = job
    await #expect {
      _ = try await laboratory.train(damaged, name: "d", control: RunControl()) { _ in }
    } throws: {
      $0 is any UserError
    }
    #expect(laboratory.store.ids().isEmpty)
  }

  /// Old jobs know nothing of all this.
  @Test func anOldJobIsRead() throws {
    let text = """
      {"augment":"specaugment","batch":32,"corpus":"emodb","epochs":15,"learningRate":0.0001,"model":"alexnet",\
      "normalise":"corpus","seed":1,"split":"utterance","strideMilliseconds":500,"transform":"mel","weightDecay":0.001}
      """
    let job = try JSON.decoder().decode(Job.self, from: Data(text.utf8))
    #expect(job.weights == nil && job.options == nil && job.model == "alexnet")
    #expect(try job.entry().normalisation == nil)
    let trained = #"{"corpus":"emodb","seed":1,"split":"a.csv","strideMilliseconds":500}"#
    #expect(try JSON.decoder().decode(TrainedOn.self, from: Data(trained.utf8)).parts == nil)
  }
}

/// Predictions of a run, and of weights.
@Suite(.serialized) struct PredictorTests {
  private let home = Scratch.folder("quaver-lab")
  private static let samples = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Samples/german")

  /// As evaluations do it: the mean would follow the one sure slice.
  @Test func anUtteranceIsWhatMostSlicesSay() {
    let utterance = Predictor.Utterance(
      file: "f", emotions: ["anger", "fear"], starts: [0, 0.5, 1], logits: [[1, 0], [1, 0], [0, 9]])
    #expect(utterance.emotion == "anger" && utterance.votes == 2 && utterance.mean[0] < utterance.mean[1])
    #expect(utterance.slices.map(\.start) == [0, 0.5, 1])
  }

  @Test func aRunIsAskedAboutSound() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    func folder(_ name: String) -> URL { home.appendingPathComponent(name) }
    let laboratory = try Laboratory(
      paths: Paths(data: folder("data"), state: folder("state"), cache: folder("cache"), config: folder("config")))
    var job = Job(corpus: Self.samples.path)
    (job.epochs, job.batch, job.limit) = (1, 16, 32)
    _ = try await laboratory.train(job, name: "r", control: RunControl()) { _ in }
    let predictor = try laboratory.predictor("r")
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.samples.path).filter { $0.hasSuffix(".flac") }
    let urls = files.sorted().prefix(2).map { Self.samples.appendingPathComponent($0) }
    let told = Mutex<[Predictor.Utterance]>([]), skipped = Mutex<[PipelineError]>([])
    let broken = home.appendingPathComponent("broken.wav")
    try Data("no sound".utf8).write(to: broken)
    try await Engine.run {
      // The one in the middle keeps nobody from being asked.
      try predictor.utterances([urls[0], broken, urls[1]]) { utterance in
        told.withLock { $0.append(utterance) }
      } skip: { error in
        skipped.withLock { $0.append(error) }
      }
    }
    let utterances = told.withLock { $0 }
    #expect(utterances.map(\.file) == urls.map(\.path) && skipped.withLock { $0.count } == 1)
    #expect(skipped.withLock { $0.allSatisfy { $0.description.hasPrefix(broken.path) } })
    for utterance in utterances {
      #expect(!utterance.slices.isEmpty && predictor.emotions.contains(utterance.emotion))
      #expect(utterance.slices.allSatisfy { abs($0.probabilities.reduce(0, +) - 1) < 1e-9 })
      #expect(abs(utterance.mean.reduce(0, +) - 1) < 1e-9)
    }
    #expect(throws: LabError.self) { _ = try laboratory.predictor("nobody") }
    let images = home.appendingPathComponent("images.safetensors")
    let pixels = [Float](repeating: 0.5, count: 3 * 224 * 224)
    try pixels.withUnsafeBytes {
      try SafeTensorsWriter.write(
        [.init(name: "images", type: .f32, shape: [1, 3, 224, 224], bytes: $0)], metadata: [:], to: images)
    }
    let file = try SafeTensors(contentsOf: images)
    let logits = try await Engine.run { try predictor.logits(file, tensor: "images") }
    #expect(logits.count == 1 && logits[0].count == 7 && logits[0].allSatisfy(\.isFinite))
    await #expect(throws: CoreError.self) { _ = try await Engine.run { try predictor.logits(file, tensor: "x") } }
    // The run's weights, exported and imported, are asked the same.
    let out = home.appendingPathComponent("w.safetensors")
    _ = try laboratory.export("r", to: out)
    let options = WeightStore.ImportOptions()
    _ = try laboratory.weights.store(try laboratory.weights.examine(out, options), options, now: Date())
    let again = try laboratory.predictor("w")
    #expect(try await Engine.run { try again.logits(file, tensor: "images") } == logits)
    await #expect(throws: LabError.weightsHearNothing("w")) {
      try await Engine.run {
        try again.utterances([]) { _ in
        } skip: { _ in
        }
      }
    }
  }
}
