import Core
import Foundation
import Pipeline
import Synchronization

/// Makes one embedding at a time for the screen. What a stopped one had of features is kept in the run's folder.
final class EmbeddingRunner: Sendable {
  private let laboratory: Laboratory
  private let mailbox: Mailbox
  private let controls: OwnRuns
  private let current = Mutex<RunControl?>(nil)

  init(_ laboratory: Laboratory, _ mailbox: Mailbox, _ controls: OwnRuns) {
    (self.laboratory, self.mailbox, self.controls) = (laboratory, mailbox, controls)
  }

  func stop() { current.withLock { $0?.wish = .stopNow } }

  /// The engine belongs to one task at a time: refused while a run is live here.
  func embed(_ wish: EmbeddingWish) {
    let control = RunControl()
    guard controls.begin(control) else { return mailbox.post(.failed(LabError.engineBusy.description)) }
    current.withLock { $0 = control }
    mailbox.post(.embedding(RunProgress(phase: "reading", epoch: 0, done: 0, total: 1, rate: 0, secondsLeft: nil)))
    Task.detached(priority: .utility) { [self] in
      do {
        let subject = try laboratory.subject(wish.run)
        let embedding = try await laboratory.embed(subject, try wish.order(), control: control) { [mailbox] in
          mailbox.post(.embedding($0))
        }
        mailbox.post(.embedded(wish, embedding))
      } catch PipelineError.stopped {
        mailbox.post(.log(LogLine(time: Date(), level: .info, text: "the map of \(wish.run) was stopped; r goes on")))
      } catch { mailbox.post(.failed("\(error)")) }
      current.withLock { $0 = nil }
      controls.end()
      mailbox.post(.embedding(nil))
    }
  }
}
