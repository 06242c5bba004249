import Glibc

package enum Stopwatch {
  /// Nanoseconds of a clock that only goes forward.
  package static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Nanoseconds that `body` takes, the shortest first; runs it for `seconds`, at least `least` times.
  package static func times(seconds: Double, least: Int = 1, _ body: () throws -> Void) rethrows -> [UInt64] {
    var times: [UInt64] = []
    let begin = now()
    while times.count < least || Double(now() - begin) < seconds * 1e9 {
      let start = now()
      try body()
      times.append(now() - start)
    }
    return times.sorted()
  }
}
