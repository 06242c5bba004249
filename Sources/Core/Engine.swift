import Foundation
import Kernels
import Synchronization

/// The one thread on which networks live. libgomp keeps a pool per calling thread, so every call into oneDNN, OpenBLAS
/// or `Parallel` that belongs to a network is made here, or by this pool's threads while this one works among them; isolation to the
/// global actor `Engine` proves it at compile time.
package final class EngineThread: SerialExecutor {
  private let queue = Mutex<[UnownedJob]>([])
  private let signal = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - nice: priority of the thread and of the pool that it starts (0 … 19); the workbench uses 10 so that keys win.
  ///   - threads: size of the pool; nil takes what the process may use.
  init(nice: Int32, threads: Int) {
    let thread = Thread { [self] in
      quaver_mark_engine_thread(true)
      quaver_flush_denormals()
      _ = quaver_set_nice(nice)
      Parallel.setThreads(threads)
      while true {
        signal.wait()
        guard let job = queue.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { continue }
        job.runSynchronously(on: asUnownedSerialExecutor())
      }
    }
    thread.name = "quaver-engine"
    thread.stackSize = 16 << 20
    thread.start()
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.withLock { $0.append(job) }
    signal.signal()
  }

  package func checkIsolated() {
    precondition(quaver_is_engine_thread(), "the engine's state was touched off the engine's thread")
  }
}

/// Isolation of everything that computes on networks. `@Engine` code runs on one dedicated thread, in order.
@globalActor package actor Engine {
  package static let shared = Engine()

  /// What the engine's thread starts with; set before the first use of `Engine`, ignored afterwards.
  package static let settings = EngineSettings()

  private let thread: EngineThread

  private init() {
    thread = EngineThread(nice: Self.settings.nice, threads: Self.settings.threads)
  }

  package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Runs `body` on the engine's thread and returns what it returns.
  package static func run<T: Sendable>(_ body: @Engine @Sendable () throws -> T) async rethrows -> T {
    try await Self.hop(body)
  }

  @Engine private static func hop<T: Sendable>(_ body: @Engine @Sendable () throws -> T) async rethrows -> T {
    try body()
  }
}

/// Start-up settings of the engine's thread.
package final class EngineSettings: Sendable {
  private let values = Mutex<(nice: Int32, threads: Int)>((0, EngineSettings.availableThreads))

  package var nice: Int32 {
    get { values.withLock { $0.nice } }
    set { values.withLock { $0.nice = newValue } }
  }

  package var threads: Int {
    get { values.withLock { $0.threads } }
    set { values.withLock { $0.threads = max(1, newValue) } }
  }

  /// Processors that this process may keep busy.
  package static var availableThreads: Int { ProcessorLimit.current.count }
}
