import Kernels
import OpenMP

/// Runs `body` on every thread of a team (Kernels/parallel.c, which takes the closure apart: no allocation).
@_silgen_name("quaver_parallel") private func runOnTeam(_ team: UInt32, _ body: (Int, Int) -> Void)

/// Loops on the pool that oneDNN and OpenBLAS use too (libgomp), so that none competes with another.
package enum Parallel {
  /// Sets the pool's size for the calling thread; called on the engine's thread before any library call.
  package static func setThreads(_ count: Int) {
    omp_set_dynamic(0)
    omp_set_num_threads(Int32(max(1, count)))
  }

  /// Runs `body` while the calling thread's pool has `count` threads; what is made then is made for that many.
  package static func with<Result>(threads count: Int, _ body: () throws -> Result) rethrows -> Result {
    let before = threads
    setThreads(count)
    defer { setThreads(before) }
    return try body()
  }

  /// Pool size of the calling thread.
  package static var threads: Int { Int(omp_get_max_threads()) }

  /// Runs `body(thread, threads)` once on every thread of the pool and waits for all.
  package static func run(_ body: (Int, Int) -> Void) {
    let team = omp_in_parallel() != 0 ? 1 : omp_get_max_threads()
    guard team > 1 else { return body(0, 1) }
    runOnTeam(UInt32(team), body)
  }

  /// Splits 0..<count into one contiguous range a thread. The split depends only on `count` and the pool's size,
  /// so floating-point results repeat to the bit.
  package static func forEach(_ count: Int, _ body: (Range<Int>) -> Void) {
    run { thread, threads in
      let lower = count * thread / threads
      let upper = count * (thread + 1) / threads
      if lower < upper { body(lower..<upper) }
    }
  }
}
