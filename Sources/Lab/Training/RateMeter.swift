import Foundation
import Synchronization

/// Items a second over the last few seconds, and when to speak of it.
package struct RateMeter {
  private var marks: [(time: Double, done: Int)] = []
  private var lastReport = -Double.infinity
  private let window: Double
  private let interval: Double

  package init(window: Double = 10, interval: Double = 0.25) { (self.window, self.interval) = (window, interval) }

  package static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  package mutating func mark(_ done: Int) {
    let now = Self.now()
    marks.append((now, done))
    // The oldest mark outside of the window stays: a rate needs two.
    while marks.count > 2, now - marks[1].time > window { marks.removeFirst() }
  }

  package var rate: Double {
    guard let first = marks.first, let last = marks.last, last.time > first.time else { return 0 }
    return Double(last.done - first.done) / (last.time - first.time)
  }

  /// True at most once an interval.
  package mutating func isDue() -> Bool {
    let now = Self.now()
    guard now - lastReport >= interval else { return false }
    lastReport = now
    return true
  }
}

/// A meter for progress that is told from several threads.
package final class SharedRateMeter: Sendable {
  private let meter = Mutex(RateMeter())

  package init() {}

  /// - Returns: the rate when it is time to speak of it, else nil.
  package func mark(_ done: Int) -> Double? {
    meter.withLock { meter in
      meter.mark(done)
      return meter.isDue() ? meter.rate : nil
    }
  }
}
