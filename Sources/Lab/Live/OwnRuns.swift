import Core
import Foundation
import Synchronization

/// What the engine of this process is busy with.
package enum EngineTask: Sendable, Equatable {
  case training, attack
  /// A map, or mean attention.
  case survey
  /// Of a network; nothing of it is kept.
  case measurement
}

/// The one run that this process trains: its control from the first moment, its name once its folder exists.
final class OwnRuns: Sendable {
  private let current = Mutex<(control: RunControl, task: EngineTask, id: String?)?>(nil)

  var ids: Set<String> { current.withLock { Set([$0?.id].compactMap(\.self)) } }
  var isBusy: Bool { current.withLock { $0 != nil } }
  var task: EngineTask? { current.withLock { $0?.task } }

  /// - Returns: false when another run is under way.
  func begin(_ control: RunControl, _ task: EngineTask) -> Bool {
    current.withLock { current in
      guard current == nil else { return false }
      current = (control, task, nil)
      return true
    }
  }

  func name(_ id: String) { current.withLock { $0?.id = id } }
  func turn(to task: EngineTask) { current.withLock { $0?.task = task } }
  func end() { current.withLock { $0 = nil } }

  /// - Returns: the run that is stopped by this, and whether its user had asked it to stop or to pause before.
  func stopAll() -> (run: String, staysStopped: Bool)? {
    current.withLock { current in
      let wish = current?.control.wish
      current?.control.wish = .stopNow
      return current?.id.map { ($0, wish != .proceed) }
    }
  }

  /// What is under way, where it is one of these.
  func stop(_ tasks: EngineTask...) {
    current.withLock { current in
      guard let current, tasks.contains(current.task) else { return }
      current.control.wish = .stopNow
    }
  }

  func control(of id: String) -> RunControl? { current.withLock { $0?.id == id ? $0?.control : nil } }
}

/// Turns a run's events into whole `RunInfo` values, so that the workbench needs no memory of what came before.
final class RunFollower: Sendable {
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
