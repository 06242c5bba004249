import Core
import Foundation
import NN
import Synchronization

/// The workbench's door to this process's engine and to the runs of every process.
package final class LiveBackend: Backend {
  private let laboratory: Laboratory
  private let mailbox = Mailbox()
  private let watcher: RunWatcher
  /// Decodes, transforms and colours for the screen; one thread, in order.
  private let viewing: DispatchQueue
  /// Scans corpora.
  private let reading = DispatchQueue(label: "quaver.library", qos: .userInitiated)
  private let pendingPicture = Mutex<PictureRequest?>(nil)
  private let viewer: ViewerBox
  private let controls = OwnRuns()

  package let transforms = Laboratory.transforms
  package let models = Laboratory.models

  package init(_ laboratory: Laboratory) {
    self.laboratory = laboratory
    viewing = DispatchQueue(label: "quaver.viewer", qos: .userInteractive)
    viewer = ViewerBox(laboratory)
    let (mailbox, controls) = (mailbox, controls)
    watcher = RunWatcher(store: laboratory.store) { event in
      let own = controls.ids
      switch event {
      // The follower of an own run knows more, and sooner, than its folder.
      case .run(let run) where own.contains(run.id): break
      case .runs(let runs):
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
    case .loadCorpora: loadCorpora()
    case .openUtterance(let corpus, let utterance):
      viewing.async { [self] in
        attempt { mailbox.post(.waveform(try viewer.use { try $0.waveform(corpus: corpus, utterance: utterance) })) }
      }
    case .picture(let picture): makePicture(picture)
    case .loadRuns: watcher.tellAll()
    case .loadModels:
      reading.async { [self] in attempt { mailbox.post(.models(try ModelSurvey.all(laboratory.weights))) } }
    case .measureModel(let name): measure(name)
    case .train(let job): start { try await self.laboratory.train(job, control: $0, report: $1) }
    case .resume(let run): start { try await self.laboratory.resume(run, control: $0, report: $1) }
    case .control(let run, let wish): ask(run, wish)
    }
  }

  /// True while this process trains, or is about to.
  package var isTraining: Bool { controls.isBusy }

  /// Stops this process's run with a checkpoint and waits for it; at most `seconds`.
  ///
  /// - Returns: names of the runs that were asked to stop; one that did not within the time leaves `isTraining` true.
  package func shutdown(waiting seconds: Double = 120) -> [String] {
    let live = controls.ids
    controls.stopAll()
    let deadline = RateMeter.now() + seconds
    while RateMeter.now() < deadline, controls.isBusy { usleep(20_000) }
    return live.sorted()
  }

  // MARK: corpora and pictures

  private func loadCorpora() {
    reading.async { [self] in
      viewing.async { [self] in viewer.use { $0.forgetCorpora() } }
      var corpora: [CorpusInfo] = []
      for registration in laboratory.library.registrations() {
        attempt { corpora.append(try laboratory.library.info(registration)) }
        mailbox.post(.corpora(corpora))
      }
      if corpora.isEmpty { mailbox.post(.corpora([])) }
    }
  }

  /// Only the newest wish counts: holding a key down asks for more pictures than anyone can look at.
  private func makePicture(_ picture: PictureRequest) {
    let isIdle = pendingPicture.withLock { pending in
      defer { pending = picture }
      return pending == nil
    }
    guard isIdle else { return }
    viewing.async { [self] in
      let picture = pendingPicture.withLock { pending in
        defer { pending = nil }
        return pending
      }
      guard let picture else { return }
      do { mailbox.post(.picture(try viewer.use { try $0.picture(picture) { log(.info, $0) } })) } catch {
        mailbox.post(.pictureFailed(picture, "\(error)"))
      }
    }
  }

  // MARK: runs

  private typealias Work =
    @Sendable (RunControl, @escaping @Sendable (TrainingEvent) -> Void) async throws -> RunInfo

  private func start(_ work: @escaping Work) {
    let control = RunControl()
    guard controls.begin(control) else { return mailbox.post(.failed(LabError.engineBusy.description)) }
    let follower = RunFollower(mailbox: mailbox) { [controls] in controls.name($0.id) }
    Task.detached(priority: .utility) { [self] in
      do {
        let ended = try await work(control) { follower.hear($0) }
        mailbox.post(.run(ended))
        log(ended.status == .failed ? .error : .info, "\(ended.id): \(ended.failure ?? ended.status.rawValue)")
      } catch {
        mailbox.post(.failed("\(error)"))
      }
      controls.end()
    }
  }

  /// The engine belongs to one task at a time, so that a measurement counts as one.
  private func measure(_ name: String) {
    let control = RunControl()
    guard controls.begin(control) else { return mailbox.post(.failed(LabError.engineBusy.description)) }
    Task.detached(priority: .utility) { [self] in
      do {
        let entry = try Networks.named(name)
        let weights = laboratory.weights.all().weights.filter { $0.origin.network == name }.map(\.name)
        var info = try ModelSurvey.info(entry, weights: weights)
        info.measures = try await Engine.run {
          try ModelSurvey.measure(entry, batch: Job.defaults.batch, times: true)
        }
        mailbox.post(.model(info))
      } catch {
        mailbox.post(.failed("\(error)"))
      }
      controls.end()
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

/// The one run that this process trains: its control from the first moment, its name once its folder exists.
private final class OwnRuns: Sendable {
  private let current = Mutex<(control: RunControl, id: String?)?>(nil)

  var ids: Set<String> { current.withLock { Set([$0?.id].compactMap(\.self)) } }
  var isBusy: Bool { current.withLock { $0 != nil } }

  /// - Returns: false when another run is under way.
  func begin(_ control: RunControl) -> Bool {
    current.withLock { current in
      guard current == nil else { return false }
      current = (control, nil)
      return true
    }
  }

  func name(_ id: String) { current.withLock { $0?.id = id } }
  func end() { current.withLock { $0 = nil } }
  func stopAll() { current.withLock { $0?.control.wish = .stopNow } }
  func control(of id: String) -> RunControl? { current.withLock { $0?.id == id ? $0?.control : nil } }
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

/// Turns a run's events into whole `RunInfo` values, so that the workbench needs no memory of what came before.
private final class RunFollower: Sendable {
  private let mailbox: Mailbox
  private let began: @Sendable (RunInfo) -> Void
  private let current = Mutex<RunInfo?>(nil)

  init(mailbox: Mailbox, began: @escaping @Sendable (RunInfo) -> Void) { (self.mailbox, self.began) = (mailbox, began) }

  func hear(_ event: TrainingEvent) {
    let changed: RunInfo? = current.withLock { current in
      switch event {
      case .began(let run):
        current = run
        current?.isOwn = true
      case .progress(let progress, let paused):
        current?.progress = progress
        current?.status = paused ? .paused : .running
      case .epoch(let epoch):
        // A resumed run repeats epochs whose lines a kill left after its checkpoint.
        current?.epochs.removeAll { $0.epoch >= epoch.epoch }
        current?.epochs.append(epoch)
      case .note: break
      }
      return current
    }
    if case .began(let run) = event { began(run) }
    if case .note(let text) = event { mailbox.post(.log(LogLine(time: Date(), level: .info, text: text))) }
    if let changed { mailbox.post(.run(changed)) }
  }
}
