import Core
import Foundation
import Synchronization

/// The queue and its file, so that what waits survives the program.
final class QueueStore: Sendable {
  private let file: URL
  private let queue: Mutex<RunQueue>

  /// What an earlier session left is held until the user lets it go on.
  init(file: URL) {
    self.file = file
    var queue = (try? JSON.decoder().decode(RunQueue.self, from: Data(contentsOf: file))) ?? RunQueue()
    queue.isHeld = !queue.entries.isEmpty
    self.queue = Mutex(queue)
  }

  var value: RunQueue { queue.withLock { $0 } }

  @discardableResult
  func change(_ body: (inout RunQueue) -> Void) -> RunQueue {
    queue.withLock { queue in
      body(&queue)
      save(queue)
      return queue
    }
  }

  func takeFirst() -> RunQueue.Entry? {
    queue.withLock { queue in
      guard let entry = queue.takeFirst() else { return nil }
      save(queue)
      return entry
    }
  }

  /// A queue that cannot be written lives as long as the program.
  private func save(_ queue: RunQueue) {
    if queue.entries.isEmpty {
      try? FileManager.default.removeItem(at: file)
    } else if let data = try? JSON.encoder(pretty: true).encode(queue) {
      try? RunStore.makeFolder(file.deletingLastPathComponent())
      try? AtomicFile.write(file, data)
    }
  }
}
