import Core
import Foundation
import NN
import Pipeline
import Synchronization

/// The workbench's door to this process's engine and to the runs of every process.
package final class LiveBackend: Backend {
  private let laboratory: Laboratory
  private let mailbox = Mailbox()
  private let watcher: RunWatcher
  private let library: LibraryReader
  /// Decodes, transforms and colours for the screen; one thread, in order.
  private let viewing: DispatchQueue
  /// The newest wish for each place on the screen.
  private let pendingPictures = Mutex<[Int: PictureRequest]>([:])
  private let viewer: ViewerBox
  private let controls = OwnRuns()
  /// What was taken out of the queue and has not ended; nil while something else, or nothing, has the engine.
  private let begun = Mutex<RunQueue.Work?>(nil)
  private let queue: QueueStore
  private let speaker: SoundPlayer?
  private let estimator: Estimator
  private let usage: UsageTeller
  private let scrubber: Scrubber
  private let surveys: SurveyRunner
  private let attacks: AttackRunner
  /// Leaving: what waits stays in its file.
  private let isLeaving = Mutex(false)

  package let transforms = Laboratory.transforms
  package let models = Laboratory.models
  package var player: String? { speaker?.name }

  /// - Parameter player: a program for sound, before those that are found.
  package init(_ laboratory: Laboratory, player: String? = nil) {
    self.laboratory = laboratory
    viewing = DispatchQueue(label: "quaver.viewer", qos: .userInteractive)
    viewer = ViewerBox(laboratory)
    queue = QueueStore(folder: laboratory.paths.state)
    speaker = SoundPlayer(wanted: player, folder: laboratory.paths.cache)
    estimator = Estimator(folder: laboratory.paths.cache)
    let (mailbox, controls) = (mailbox, controls)
    scrubber = Scrubber(laboratory, mailbox)
    surveys = SurveyRunner(laboratory, mailbox, controls)
    attacks = AttackRunner(laboratory, mailbox)
    usage = UsageTeller { mailbox.post(.usage($0)) }
    let usage = usage
    library = LibraryReader(laboratory.library) { mailbox.post($0) }
    let attacks = attacks
    watcher = RunWatcher(store: laboratory.store, resultsChanged: { attacks.tellResults() }) { event in
      let own = controls.ids
      switch event {
      // The follower of an own run knows more, and sooner, than its folder.
      case .run(let run) where own.contains(run.id): break
      case .run(let run):
        usage.isWanted(run.status == .running || controls.isBusy)
        mailbox.post(event)
      case .runs(let runs):
        usage.isWanted(controls.isBusy || runs.contains { $0.status == .running })
        mailbox.post(
          .runs(
            runs.map { run in
              var run = run
              run.isOwn = own.contains(run.id)
              return run
            }))
      default: mailbox.post(event)
      }
    }
    for warning in laboratory.warnings { log(.warning, warning) }
  }

  package var wakeDescriptor: Int32 { mailbox.wakeDescriptor }
  package func drain() -> [Event] { mailbox.drain() }

  package func send(_ request: Request) {
    switch request {
    case .loadCorpora:
      library.load { [viewing, viewer] corpora in viewing.async { viewer.use { $0.take(corpora) } } }
      mailbox.post(.queue(queue.value))
    case .openUtterance(let corpus, let utterance):
      viewing.async { [self] in
        attempt { mailbox.post(.waveform(try viewer.use { try $0.waveform(corpus: corpus, utterance: utterance) })) }
      }
    case .picture(let picture): makePicture(picture)
    case .loadRuns: watcher.tellAll()
    case .loadModels:
      viewing.async { [self] in attempt { mailbox.post(.models(try ModelSurvey.all(laboratory.weights))) } }
    case .measureModel(let name): measure(name)
    case .explain(let request):
      // What was made before needs no engine.
      if scrubber.remembers(request) { return }
      if controls.isBusy {
        mailbox.post(.explainFailed(request, LabError.engineBusy.description))
      } else {
        scrubber.explain(request)
      }
    case .mapNodes(let run): if !controls.isBusy { scrubber.tellNodes(run) }
    case .embed(let wish): surveys.embed(wish) { [self] in engineFreed() }
    case .attend(let wish): surveys.attend(wish) { [self] in engineFreed() }
    case .stopSurvey: controls.stop(.survey, .measurement)
    case .stopExplaining: scrubber.stop()
    case .openRun(let run): watcher.open(run)
    case .train(let job): attempt { try enqueue(.train(job)) { try job.check() } }
    case .resume(let run): attempt { try enqueue(.resume(run: run)) { _ = try laboratory.store.open(run) } }
    case .removeRun(let run):
      attempt {
        // What this process makes of it, or is about to make, would fail.
        let isWanted = begun.withLock { $0?.run } == run || queue.value.entries.contains { $0.work.run == run }
        if isWanted { throw LabError.runIsLive(run) }
        let bytes = try laboratory.store.remove(run)
        log(.info, "\(run) was removed, \(SizeText.bytes(bytes))")
      }
      watcher.tellAll()
    case .queue(let wish):
      mailbox.post(.queue(queue.change { $0.obey(wish) }))
      startNext()
    case .holdQueue(let isHeld):
      isLeaving.withLock { $0 = isHeld }
      if !isHeld { startNext() }
    case .attack(let wish): attempt { try enqueue(.attack(wish)) { _ = try attacks.check(wish) } }
    case .controlAttack(let wish): attacks.ask(wish)
    case .loadResults:
      watcher.watchResults()
      attacks.tellResults()
    case .loadSlices(let run, let set): attacks.tellSlices(run, set)
    case .estimate(let work): estimate(work)
    case .predictions(let run):
      viewing.async { [self] in attempt { mailbox.post(.predictions(try laboratory.store.open(run).predictions())) } }
    case .play(let corpus, let utterance, let part): play(corpus, utterance, part)
    case .stopPlaying: speaker?.stop()
    case .control(let run, let wish): ask(run, wish)
    }
  }

  package var isTraining: Bool { controls.isBusy }
  /// nil where nothing is under way.
  package var task: EngineTask? { controls.task }

  /// Stops this process's run with a checkpoint and waits for it; at most `seconds`. What waits stays in its file. Of a
  /// measurement nothing is kept, so it is not waited for.
  ///
  /// - Returns: the run, and whether it stays stopped, since its user had asked it to stop or to pause before; one that
  ///   did not stop within the time leaves `isTraining` true.
  package func shutdown(waiting seconds: Double = 120) -> (run: String, staysStopped: Bool)? {
    isLeaving.withLock { $0 = true }
    speaker?.stop()
    let live = controls.stopAll()
    let deadline = RateMeter.now() + seconds
    while RateMeter.now() < deadline, let task = controls.task, task != .measurement { usleep(20_000) }
    return live
  }

  // MARK: pictures and sound

  /// Only the newest wish of a place counts: holding a key down asks for more pictures than anyone can look at.
  private func makePicture(_ picture: PictureRequest) {
    let isIdle = pendingPictures.withLock { pending in
      defer { pending[picture.place] = picture }
      return pending[picture.place] == nil
    }
    guard isIdle else { return }
    viewing.async { [self] in
      guard let picture = pendingPictures.withLock({ $0.removeValue(forKey: picture.place) }) else { return }
      do { mailbox.post(.picture(try viewer.use { try $0.picture(picture) { log(.info, $0) } })) } catch {
        mailbox.post(.pictureFailed(picture, "\(error)"))
      }
    }
  }

  private func play(_ corpus: String, _ utterance: String, _ part: ClosedRange<Double>?) {
    guard let speaker else { return }
    viewing.async { [self] in
      attempt {
        let wave = try viewer.use { try $0.waveform(corpus: corpus, utterance: utterance) }
        try speaker.play(wave.samples, part: part) { [mailbox] in mailbox.post(.failed("\($0)")) }
      }
    }
  }

  // MARK: runs

  /// Checks first, so that a mistake is told at once and not when its turn comes.
  private func enqueue(_ work: RunQueue.Work, check: () throws -> Void) throws {
    try check()
    mailbox.post(.queue(try begun.withLock { try append(work, besides: $0) }))
    startNext()
  }

  /// What the user asks for now does not wait for what an earlier session left, and a run is resumed once.
  private func append(_ work: RunQueue.Work, besides begun: RunQueue.Work?) throws -> RunQueue {
    if case .resume(let run) = work {
      let isWaiting = queue.value.entries.contains { !$0.isHeld && $0.work == work }
      if isWaiting || begun == work { throw LabError.runIsResumed(run) }
    }
    return queue.change { $0.append(work) }
  }

  /// The first that may begin; under the lock, so that it never is neither in the queue nor begun.
  private func takeFirst() -> RunQueue.Entry? {
    begun.withLock { begun in
      let entry = queue.takeFirst()
      begun = entry?.work
      return entry
    }
  }

  private func startNext() {
    guard !isLeaving.withLock({ $0 }) else { return }
    let control = RunControl()
    guard controls.begin(control, .training) else { return }
    guard let entry = takeFirst() else { return controls.end() }
    if case .attack = entry.work { controls.turn(to: .attack) }
    mailbox.post(.queue(queue.value))
    usage.isWanted(true)
    let follower = RunFollower(mailbox: mailbox) { [controls, queue] in
      controls.name($0.id)
      queue.settle()
    }
    Task.detached(priority: .utility) { [self] in
      var hasThrown = false
      do {
        if var ended = try await run(entry.work, control, follower) {
          ended.isOwn = true
          mailbox.post(.run(ended))
          log(ended.status == .failed ? .error : .info, "\(ended.id): \(ended.failure ?? ended.status.rawValue)")
        }
      } catch {
        mailbox.post(.failed("\(error)"))
        hasThrown = true
      }
      // A stop because the workbench closes, before anything began, is no answer to what was asked.
      if !isLeaving.withLock({ $0 }) { queue.settle() }
      controls.end()
      // A run that went as it came, between two looks of the watcher, would stay in the list.
      if hasThrown { watcher.tellAll() }
      usage.isWanted(false)
      engineFreed()
    }
  }

  /// What waits begins, whatever has ended; where nothing does, everyone may ask again.
  private func engineFreed() {
    startNext()
    if !controls.isBusy { mailbox.post(.engineFree) }
  }

  /// - Returns: the run that was trained; nil for an attack.
  private func run(_ work: RunQueue.Work, _ control: RunControl, _ follower: RunFollower) async throws -> RunInfo? {
    // Before its end is told, so that who reads of it may resume it at once.
    defer { begun.withLock { $0 = nil } }
    switch work {
    case .attack(let wish):
      try await attacks.run(wish, control) { [queue] in queue.settle() }
      return nil
    case .train(let job): return try await laboratory.train(job, control: control) { follower.hear($0) }
    case .resume(let run): return try await laboratory.resume(run, control: control) { follower.hear($0) }
    }
  }

  private func estimate(_ work: RunQueue.Work) {
    Task.detached(priority: .utility) { [self] in
      let mayTry = !controls.isBusy
      let estimate: Estimate? =
        switch work {
        case .train(let job): await estimator.estimate(job, corpus: library.corpus(job.corpus), mayTry: mayTry)
        case .attack(let wish): await self.estimate(wish, mayTry: mayTry)
        case .resume: nil
        }
      if let estimate { mailbox.post(.estimate(work, estimate)) }
    }
  }

  private func estimate(_ wish: AttackWish, mayTry: Bool) async -> Estimate? {
    guard let folder = try? laboratory.store.open(wish.run), let record = try? folder.record() else { return nil }
    let job = folder.job(of: record)
    return await estimator.estimate(wish, of: job, corpus: library.corpus(job.corpus), mayTry: mayTry)
  }

  /// The engine belongs to one task at a time, so that a measurement counts as one.
  private func measure(_ name: String) {
    let control = RunControl()
    guard controls.begin(control, .measurement) else { return mailbox.post(.failed(LabError.engineBusy.description)) }
    Task.detached(priority: .utility) { [self] in
      do {
        let entry = try Networks.named(name)
        let weights = laboratory.weights.all().weights.filter { $0.origin.network == name }.map(\.name)
        var info = try ModelSurvey.info(entry, weights: weights)
        info.measures = try await Engine.run {
          try ModelSurvey.measure(entry, batch: Job.defaults.batch, times: true) { try control.obey() }
        }
        mailbox.post(.model(info))
      } catch PipelineError.stopped {
        mailbox.post(.failed("the measurement of \(name) was stopped"))
      } catch {
        mailbox.post(.failed("\(error)"))
      }
      controls.end()
      engineFreed()
    }
  }

  private func ask(_ run: String, _ wish: RunControl.Wish) {
    if let control = controls.control(of: run) {
      control.wish = wish
    } else {
      attempt { try laboratory.store.open(run).ask(wish) }
    }
  }

  private func attempt(_ body: () throws -> Void) {
    do { try body() } catch {
      mailbox.post(.failed("\(error)"))
    }
  }

  private func log(_ level: LogLine.Level, _ text: String) {
    mailbox.post(.log(LogLine(time: Date(), level: level, text: text)))
  }
}

/// The viewer behind a lock that is never contended: only the viewing queue takes it.
private final class ViewerBox: Sendable {
  private let viewer: Mutex<Viewer>

  init(_ laboratory: Laboratory) {
    viewer = Mutex(Viewer(library: laboratory.library, levels: LevelStore(folder: laboratory.paths.cache)))
  }

  func use<R>(_ body: (Viewer) throws -> sending R) rethrows -> sending R {
    try viewer.withLock { try body($0) }
  }
}
