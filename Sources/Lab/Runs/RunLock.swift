import Core
import Foundation
import Kernels

/// What one process alone may do: train a run, write a queue's file. Released when this object, or the process, goes.
package final class RunLock: Sendable {
  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit {
    quaver_unlock(descriptor)
    close(descriptor)
  }

  /// - Returns: nil where another process, or another object of this one, holds it.
  /// - Throws: `CoreError.cannotWrite` where no lock can be made.
  static func take(_ path: String) throws -> RunLock? {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw CoreError.cannotWrite(path: path, reason: AtomicFile.lastSystemError()) }
    if quaver_try_lock(descriptor) == 0 { return RunLock(descriptor) }
    let number = errno
    close(descriptor)
    if number == EAGAIN || number == EACCES { return nil }
    // A file system without locks is no other process.
    throw CoreError.cannotWrite(path: path, reason: "it cannot be locked: \(String(cString: strerror(number)))")
  }

  static func isHeld(_ path: String) -> Bool {
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return quaver_is_locked(descriptor) == 1
  }

  /// Nanoseconds of the wall clock, for names that sort by when they were made, whichever process made them.
  static var moment: Int {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}
