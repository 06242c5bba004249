import Synchronization

/// What a long task is asked to do, read at every batch. Set from any thread.
package final class RunControl: Sendable {
  package enum Wish: Int, Sendable {
    case proceed, pause, stopAfterEpoch, stopNow
  }

  private let value = Atomic<Int>(0)

  package init() {}

  package var wish: Wish {
    get { Wish(rawValue: value.load(ordering: .relaxed)) ?? .proceed }
    set { value.store(newValue.rawValue, ordering: .relaxed) }
  }
}
