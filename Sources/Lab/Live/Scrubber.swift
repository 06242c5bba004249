import Core
import Foundation
import Pipeline
import Synchronization

/// Explains one image at a time for the screen. Holding a key down asks for more than anyone can look at: only the newest
/// wish counts, and it stops an attack that is under way.
final class Scrubber: Sendable {
  private struct Wish: Sendable {
    let request: ExplainRequest
    let control: RunControl
  }

  private let laboratory: Laboratory
  private let mailbox: Mailbox
  private let held = HeldExplainer()
  private let pending = Mutex<Wish?>(nil)
  private let current = Mutex<RunControl?>(nil)

  init(_ laboratory: Laboratory, _ mailbox: Mailbox) { (self.laboratory, self.mailbox) = (laboratory, mailbox) }

  func explain(_ request: ExplainRequest) {
    let wish = Wish(request: request, control: RunControl())
    current.withLock { $0?.wish = .stopNow }
    let isIdle = pending.withLock { pending in
      defer { pending = wish }
      return pending == nil
    }
    guard isIdle else { return }
    Task.detached(priority: .userInitiated) { [self] in
      await Engine.run { [self] in answer() }
    }
  }

  @Engine private func answer() {
    guard let wish = pending.withLock({ $0.take() }) else { return }
    current.withLock { $0 = wish.control }
    defer { current.withLock { $0 = nil } }
    do {
      mailbox.post(.explained(try held.explainer(laboratory).explain(wish.request, control: wish.control)))
    } catch PipelineError.stopped {
      // A newer wish is on its way.
    } catch {
      mailbox.post(.explainFailed(wish.request, "\(error)"))
    }
  }
}

/// Made at the first use: it holds two images.
@Engine private final class HeldExplainer {
  private var explainer: Explainer?

  nonisolated init() {}

  func explainer(_ laboratory: Laboratory) throws -> Explainer {
    if let explainer { return explainer }
    let made = try Explainer(laboratory)
    explainer = made
    return made
  }
}
