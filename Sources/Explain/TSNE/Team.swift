import Core

/// Who works on one iteration: the pool, or the calling thread alone where waking the others costs more than they save.
/// On a busy machine each wait for a thread that is not running costs milliseconds, and there are two an iteration.
enum Team {
  private static let enough = 2048

  /// Runs `body(thread)` on every member; the members share the work out among themselves.
  static func run(for points: Int, _ body: (Int) -> Void) {
    if points < enough { body(0) } else { Parallel.run { thread, _ in body(thread) } }
  }
}
