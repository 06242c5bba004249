import Foundation
import Synchronization

/// What a long task is asked to do, read at every batch. Set from any thread.
///
/// Pausing and stopping are apart: a pause keeps a wish to stop after the epoch, and going on from a pause does too.
package final class RunControl: Sendable {
  package enum Wish: Int, Sendable {
    case proceed, pause, stopAfterEpoch, stopNow
  }

  private struct Wishes {
    var isPaused = false
    var stop: Wish?
  }

  private let wishes = Mutex(Wishes())
  /// Readings left before this control wishes to stop by itself; negative for never.
  private let readsLeft: Atomic<Int>

  package init() { readsLeft = Atomic(-1) }

  /// A control that wishes to stop now from its `count`-th reading on: for tests of resuming.
  package init(stoppingAfterReads count: Int) { readsLeft = Atomic(count) }

  /// What comes first of all that was wished: to stop now, to pause, to stop after the epoch, to go on.
  ///
  /// Setting `proceed` ends a pause; without one it takes back a wish to stop.
  package var wish: Wish {
    get {
      if readsLeft.load(ordering: .relaxed) > 0, readsLeft.subtract(1, ordering: .relaxed).newValue == 0 {
        wishes.withLock { $0.stop = .stopNow }
      }
      return wishes.withLock { $0.stop == .stopNow ? .stopNow : $0.isPaused ? .pause : $0.stop ?? .proceed }
    }
    set {
      wishes.withLock { wishes in
        switch newValue {
        case .pause: wishes.isPaused = true
        case .proceed where wishes.isPaused: wishes.isPaused = false
        case .proceed: wishes.stop = nil
        case .stopAfterEpoch, .stopNow: wishes.stop = newValue
        }
      }
    }
  }

  /// Waits while paused.
  ///
  /// - Returns: true when the work is to stop now.
  package func waitsOrStops() -> Bool {
    var wish = wish
    while wish == .pause {
      Thread.sleep(forTimeInterval: 0.05)
      wish = self.wish
    }
    return wish == .stopNow
  }
}
