import Core
import Foundation
import Pipeline
import Synchronization

/// Explains one image at a time for the screen. Holding a key down asks for more than anyone can look at: only the newest
/// wish counts, and it stops an attack that is under way. The last answers are kept, so that stepping back is instant.
final class Scrubber: Sendable {
  private struct Wish: Sendable {
    let request: ExplainRequest
    let control: RunControl
  }

  /// An answer, as the run's weights then were.
  private struct Kept: Sendable {
    let request: ExplainRequest
    let weights: String
    let explanation: Explanation
  }

  private let laboratory: Laboratory
  private let mailbox: Mailbox
  private let held = HeldExplainer()
  private let pending = Mutex<Wish?>(nil)
  private let current = Mutex<RunControl?>(nil)
  private let kept = Mutex<[Kept]>([])

  /// Answers that are kept, some 0.8 MB each.
  private static let most = 48

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

  /// Answers at once where this was asked before and the weights are the same, and stops what is under way.
  func remembers(_ request: ExplainRequest) -> Bool {
    guard let weights = weights(request) else { return false }
    let known = kept.withLock { kept -> Kept? in
      guard let index = kept.firstIndex(where: { $0.request == request && $0.weights == weights }) else { return nil }
      let found = kept.remove(at: index)
      kept.append(found)
      return found
    }
    guard let known else { return false }
    stop()
    mailbox.post(.explained(known.explanation))
    return true
  }

  /// What waits is dropped; what is under way ends at its next step.
  func stop() {
    let dropped = pending.withLock { $0.take() }
    if let dropped { tellStop(dropped.request) }
    current.withLock { $0?.wish = .stopNow }
  }

  private func tellStop(_ request: ExplainRequest) { mailbox.post(.explainFailed(request, "the attack was stopped")) }

  private func weights(_ request: ExplainRequest) -> String? {
    guard let folder = try? laboratory.store.open(request.run) else { return nil }
    return ExplainedRun.stamp(request.checkpoint == .last ? folder.lastCheckpoint : folder.bestCheckpoint)
  }

  @Engine private func answer() {
    guard let wish = pending.withLock({ $0.take() }) else { return }
    current.withLock { $0 = wish.control }
    defer { current.withLock { $0 = nil } }
    do {
      let weights = weights(wish.request)
      let explanation = try held.explainer(laboratory).explain(wish.request, control: wish.control, tell: teller(wish))
      if let weights { keep(Kept(request: wish.request, weights: weights, explanation: explanation)) }
      mailbox.post(.explained(explanation))
    } catch PipelineError.stopped {
      // Where a newer wish is on its way nobody waits for this one any more.
      if pending.withLock({ $0 == nil }) { tellStop(wish.request) }
    } catch {
      mailbox.post(.explainFailed(wish.request, "\(error)"))
    }
  }

  private func keep(_ answer: Kept) {
    kept.withLock { kept in
      kept.append(answer)
      if kept.count > Self.most { kept.removeFirst() }
    }
  }

  /// Tells progress of what takes longer than a moment.
  private func teller(_ wish: Wish) -> (Int, Int) -> Void {
    let title = wish.request.attack.map { Scrub.title($0.attack) } ?? ""
    let began = RateMeter.now()
    var last = began
    return { [mailbox] done, most in
      let now = RateMeter.now()
      guard now - last >= 0.2 else { return }
      last = now
      let rate = Double(done) / max(1e-3, now - began)
      let left = done > 0 ? Double(max(0, most - done)) / rate : nil
      mailbox.post(
        .explaining(
          wish.request,
          RunProgress(phase: title, epoch: 0, done: min(done, most), total: most, rate: rate, secondsLeft: left)))
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
