import Core
import Foundation
import NN
import Pipeline

extension Laboratory {
  /// Trains a network in a new run folder, on the engine's thread, until it is finished, stopped or failed.
  ///
  /// - Parameter report: called on the engine's thread.
  /// - Throws: mistakes in the job, before anything is written. What goes wrong later is the run's outcome.
  package func train(
    _ job: Job, name: String? = nil, control: RunControl, report: @escaping @Sendable (TrainingEvent) -> Void
  ) async throws -> RunInfo {
    try job.check()
    let registration = try library.find(job.corpus)
    let plan = try TrainingPlan(job: job, corpus: try library.scan(registration))
    try plan.checkSteps(of: job)
    _ = try job.options?.lossWeights([], classes: plan.corpus.emotions.count)
    // Usable from any folder, and one corpus has one name; a split file's path stays usable too.
    var job = job
    job.corpus = library.registrations().contains(registration) ? registration.name : registration.path
    let start = try StartingPoint(job, weights, parts: plan.parts, emotions: plan.corpus.emotions)
    let sounds = try sounds(of: plan.corpus)
    job.weights = try start.recorded()
    var split: Data?
    if case .file(let url) = SplitKind(job.split) {
      job.split = url.standardizedFileURL.path
      split = try? Data(contentsOf: url)
    }
    let (folder, lock) = try store.claim(name: name, job: job, now: Date())
    // Of what a crash has left here.
    folder.clearOutcome()
    folder.clearWishes()
    if let split { try AtomicFile.write(folder.splitCopy, split) } else { unlink(folder.splitCopy.path) }
    try folder.begin(
      RunRecord(
        job: job, emotions: plan.corpus.emotions,
        notes: plan.notes(job: job) + [start.note] + (job.options?.words ?? []),
        created: Date(), machine: .current, fingerprint: plan.fingerprint, sounds: sounds))
    return try await work(
      folder, lock: lock, job: job, plan: plan, isNew: true, control: control, report: report)
  }

  /// Goes on with a run from its last checkpoint, or from its beginning when it has none, to the same bits.
  ///
  /// - Throws: `LabError.runIsLive`, `LabError.runIsFinished`, `LabError.corpusChanged` …
  package func resume(
    _ id: String, control: RunControl, report: @escaping @Sendable (TrainingEvent) -> Void
  ) async throws -> RunInfo {
    let folder = try store.open(id)
    let lock = try folder.lock()
    // From here on the run counts as live, and what is asked of it is meant for this process.
    folder.clearWishes()
    let record = try folder.record()
    if folder.outcome()?.status == .finished {
      throw LabError.runIsFinished(folder.id, epochs: folder.metrics().last?.epoch ?? record.job.epochs)
    }
    if !FileManager.default.fileExists(atPath: folder.lastCheckpoint.path) {
      try StartingPoint.check(record.job, weights, run: folder.id)
    }
    let job = folder.job(of: record)
    try job.check()
    let plan = try TrainingPlan(job: job, corpus: try library.scan(try library.find(record.job.corpus)))
    guard plan.fingerprint == record.fingerprint, plan.corpus.emotions == record.emotions else {
      throw LabError.corpusChanged(
        run: folder.id, reason: "files, classes or parts of “\(record.job.corpus)” are not those it began with")
    }
    guard try hasSounds(of: record, plan.corpus) else {
      throw LabError.corpusChanged(
        run: folder.id, reason: "the sound files of “\(record.job.corpus)” are not byte for byte those it began with")
    }
    folder.clearOutcome()
    if record.machine != .current {
      report(
        .note(
          "this run began with \(record.machine), and goes on with \(Machine.current): its bits may differ from here on"
        ))
    }
    return try await work(folder, lock: lock, job: record.job, plan: plan, control: control, report: report)
  }

  private func work(
    _ folder: RunFolder, lock: RunLock, job: Job, plan: TrainingPlan, isNew: Bool = false, control: RunControl,
    report: @escaping @Sendable (TrainingEvent) -> Void
  ) async throws -> RunInfo {
    report(.began(try folder.info()))
    report(.note(Self.threadsNote))
    let outcome: RunOutcome
    do {
      let status = try await Engine.run { [paths, weights] in
        try Self.run(
          folder, job: job, plan: plan, images: paths.images, weights: weights, control: control, report: report)
      }
      outcome = RunOutcome(status: status)
    } catch PipelineError.stopped {
      outcome = RunOutcome(status: .stopped)
    } catch let error as PipelineError where isNew && folder.metrics().isEmpty {
      // A sound file that its header did not give away: nothing is trained yet, so nothing is left behind.
      folder.removeBeginning()
      throw error
    } catch let error as any UserError {
      outcome = RunOutcome(status: .failed, failure: error.description)
    }
    try folder.end(outcome)
    withExtendedLifetime(lock) {}
    var info = try folder.info()
    info.status = outcome.status
    return info
  }

  private static var threadsNote: String {
    let (threads, limit) = (Engine.settings.threads, ProcessorLimit.current)
    let why = threads == limit.count ? " (as many as \(limit.source.rawValue) allows)" : ""
    return "\(threads) thread\(threads == 1 ? "" : "s")\(why)"
  }

  @Engine private static func run(
    _ folder: RunFolder, job: Job, plan: TrainingPlan, images: URL, weights: WeightStore, control: RunControl,
    report: @escaping @Sendable (TrainingEvent) -> Void
  ) throws -> RunStatus {
    let progress = PreparationProgress(folder: folder, control: control, report: report)
    let request = try plan.request(for: job)
    let set = try ImageCache(folder: images).images(for: request, control: control) { phase, done, total in
      progress.tell(phase, done, total)
    }
    let data = TrainingData(plan: plan, images: set)
    let network = try Network(try job.entry(), classes: plan.corpus.emotions.count)
    try network.freeze(job.options?.freeze ?? [])
    let optimiser = try Adam(network)
    let loop = try TrainingLoop(
      folder: folder, job: job, data: data, network: network, optimiser: optimiser, control: control, report: report)
    if FileManager.default.fileExists(atPath: folder.lastCheckpoint.path) {
      try loop.resume(from: folder.lastCheckpoint)
    } else {
      let note = try StartingPoint.fill(network, job, emotions: plan.corpus.emotions, weights, run: folder.id)
      if let note { report(.note(note)) }
      try folder.keepMetrics(through: 0)
    }
    return try loop.run()
  }
}

/// Progress of the images, told at most a few times a second from whichever pool thread comes by.
private final class PreparationProgress: Sendable {
  private let folder: RunFolder
  private let report: @Sendable (TrainingEvent) -> Void
  private let control: RunControl
  private let meter = SharedRateMeter()

  init(folder: RunFolder, control: RunControl, report: @escaping @Sendable (TrainingEvent) -> Void) {
    (self.folder, self.control, self.report) = (folder, control, report)
  }

  func tell(_ phase: String, _ done: Int, _ total: Int) {
    guard let rate = meter.mark(done) else { return }
    // Stops are heard here too. A pause would have nobody to end it, so it waits for the first batch.
    if folder.wishes.contains(.stopNow) { for wish in folder.takeWishes() { control.wish = wish } }
    let progress = RunProgress(
      phase: phase, epoch: 0, done: done, total: total, rate: max(0, rate), secondsLeft: nil)
    report(.progress(progress, paused: false))
    folder.report(progress, paused: false)
  }
}
