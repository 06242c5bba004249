import Core
import Foundation
import Pipeline
import Synchronization

/// Attacks on whole parts of runs for the workbench, and what they have shown.
final class AttackRunner: Sendable {
  private let laboratory: Laboratory
  private let mailbox: Mailbox
  /// Reads results: never behind a picture, nor before one.
  private let reading = DispatchQueue(label: "quaver.results", qos: .userInitiated)
  private let current = Mutex<(control: RunControl, status: AttackStatus)?>(nil)

  init(_ laboratory: Laboratory, _ mailbox: Mailbox) { (self.laboratory, self.mailbox) = (laboratory, mailbox) }

  /// Refuses what cannot be done, when it is asked for and not when its turn comes.
  ///
  /// - Throws: `LabError`, `AttackError`.
  func check(_ wish: AttackWish) throws -> AttackOrder {
    _ = try laboratory.store.open(wish.run)
    return try wish.order()
  }

  func tellResults() { reading.async { [self] in mailbox.post(.results(laboratory.results())) } }

  func tellSlices(_ run: String, _ set: String) {
    reading.async { [self] in
      do { mailbox.post(.attackedSlices(try laboratory.attackedSlices(run: run, set: set))) } catch {
        mailbox.post(.slicesFailed(run: run, set: set, sentence: "\(error)"))
        log("\(error)", .error)
      }
    }
  }

  func ask(_ wish: RunControl.Wish) {
    let status = current.withLock { current in
      current?.control.wish = wish
      current?.status.isPaused = wish == .pause
      return current?.status
    }
    if let status { mailbox.post(.attacking(status)) }
  }

  /// Attacks; what was done before of the same order is not done again. A stop is no failure.
  ///
  /// - Parameter began: called when the set is about to be written that can be gone on with.
  /// - Throws: as `Laboratory.attack`.
  func run(_ wish: AttackWish, _ control: RunControl, began: @escaping @Sendable () -> Void) async throws {
    let order = try check(wish)
    let status = AttackStatus(wish: wish)
    current.withLock { $0 = (control, status) }
    mailbox.post(.attacking(status))
    defer {
      current.withLock { $0 = nil }
      mailbox.post(.attacking(nil))
      tellResults()
    }
    do {
      let subject = try laboratory.subject(wish.run, checkpoint: wish.checkpoint)
      let reports = try await laboratory.attack(subject, order, control: control) { [self] event in
        if case .estimate = event { began() }
        hear(event)
      }
      for report in reports { log(Self.sentence(report)) }
    } catch PipelineError.stopped {
      let next =
        hasBegun(wish)
        ? "stopped; r in the results pane (8) goes on with it"
        : "stopped before its first batch; A in the results pane (8) begins it again"
      log("\(wish.label): \(next)")
    }
  }

  /// Whether a set is there that can be gone on with: none is while the network is read and timed.
  private func hasBegun(_ wish: AttackWish) -> Bool {
    guard let results = try? laboratory.store.open(wish.run).results(), let choice = try? wish.choice() else {
      return false
    }
    // As the set's record tells it.
    var begun = wish
    begun.point = AttackPoint(choice)
    return results.partial.contains { $0.wish == begun }
  }

  private func hear(_ event: AttackEvent) {
    let status = current.withLock { current in
      switch event {
      case .progress(let progress): current?.status.progress = progress
      case .estimate(let estimate): current?.status.estimate = estimate.seconds
      case .began, .resumed, .finished: break
      }
      return current?.status
    }
    if case .resumed(let attack, let done, let all) = event {
      log("\(attack): \(done) of \(all) images were done before")
    }
    if let status { mailbox.post(.attacking(status)) }
  }

  private static func sentence(_ report: AttackReport) -> String {
    guard let effect = report.effect else { return "\(report.title) on \(report.run) is done" }
    return "\(report.title) on \(report.run), \(report.images) slices of the \(report.part.words) part: accuracy "
      + "\(Numbers.percent(effect.clean.accuracy)) → \(Numbers.percent(effect.attacked.accuracy))"
  }

  private func log(_ text: String, _ level: LogLine.Level = .info) {
    mailbox.post(.log(LogLine(time: Date(), level: level, text: text)))
  }
}
