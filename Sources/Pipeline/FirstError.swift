import Synchronization

/// Carries the first failure out of a parallel loop, whose body cannot throw.
final class FirstError: Sendable {
  private let error = Mutex<(any Error)?>(nil)

  var isSet: Bool { error.withLock { $0 != nil } }

  func catching(_ body: () throws -> Void) {
    do { try body() } catch { record(error) }
  }

  func record(_ failure: any Error) {
    error.withLock { if $0 == nil { $0 = failure } }
  }

  func rethrow() throws {
    if let failure = error.withLock({ $0 }) { throw failure }
  }
}
