import Synchronization

/// What a long task is asked to do, read at every batch. Set from any thread.
package final class RunControl: Sendable {
  package enum Wish: Int, Sendable {
    case proceed, pause, stopAfterEpoch, stopNow
  }

  private let value = Atomic<Int>(0)
  /// Readings left before this control wishes to stop by itself; negative for never.
  private let readsLeft: Atomic<Int>

  package init() { readsLeft = Atomic(-1) }

  /// A control that wishes to stop now from its `count`-th reading on: for tests of resuming.
  package init(stoppingAfterReads count: Int) { readsLeft = Atomic(count) }

  package var wish: Wish {
    get {
      if readsLeft.load(ordering: .relaxed) > 0, readsLeft.subtract(1, ordering: .relaxed).newValue == 0 {
        value.store(Wish.stopNow.rawValue, ordering: .relaxed)
      }
      return Wish(rawValue: value.load(ordering: .relaxed)) ?? .proceed
    }
    set { value.store(newValue.rawValue, ordering: .relaxed) }
  }
}
