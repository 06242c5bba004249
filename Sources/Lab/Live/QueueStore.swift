import Core
import Foundation
import Synchronization

/// What waits in this process, and its file, so that it survives the program. Each process has a file of its own beside a
/// lock that dies with it: none rewrites, or trains, what waits in another that lives.
package final class QueueStore: Sendable {
  private let folder: URL
  private let contents: Mutex<Contents>

  /// What earlier sessions left is taken over, and held until the user lets it go on.
  package init(folder: URL) {
    self.folder = folder
    contents = Mutex(Contents(takingOver: folder))
  }

  package var value: RunQueue { contents.withLock { $0.queue } }

  @discardableResult
  package func change(_ body: (inout RunQueue) -> Void) -> RunQueue {
    contents.withLock { contents in
      body(&contents.queue)
      contents.save(in: folder)
      return contents.queue
    }
  }

  /// The first that may begin. It stays in the file until it is settled.
  package func takeFirst() -> RunQueue.Entry? {
    contents.withLock { contents in
      guard let entry = contents.queue.takeFirst() else { return nil }
      contents.taken = entry
      contents.save(in: folder)
      return entry
    }
  }

  /// What was taken is on the disk as a run or a set by now, or is given up.
  package func settle() {
    contents.withLock { contents in
      guard contents.taken != nil else { return }
      contents.taken = nil
      contents.save(in: folder)
    }
  }
}

/// A queue and the file that it has while anything waits.
private struct Contents: Sendable {
  var queue = RunQueue()
  /// Has its turn, and has left nothing on the disk yet: in the file it still waits, so that a crash does not lose it.
  var taken: RunQueue.Entry?
  private var file: QueueFile?

  /// Moves what dead processes left into one file: it is written here before it goes away there, so a crash loses
  /// nothing, and says meanwhile which files it replaces, so that a crash doubles nothing.
  init(takingOver folder: URL) {
    let left = QueueFile.left(in: folder)
    guard !left.isEmpty else { return }
    let replaced = Set(left.flatMap { $0.kept.replaces })
    for (file, kept) in left where !replaced.contains(file.name) {
      for entry in kept.queue.entries { queue.append(entry.work, isHeld: true) }
    }
    guard save(in: folder, replacing: left.map { $0.file.name }) else {
      // On a full disk it stays where it is, for a later session.
      queue = RunQueue()
      return
    }
    // The locks are held until the last file has gone.
    withExtendedLifetime(left) { for (file, _) in left { file.remove() } }
    save(in: folder)
  }

  /// A queue that cannot be written lives as long as the program.
  ///
  /// - Returns: whether it is kept.
  @discardableResult
  mutating func save(in folder: URL, replacing others: [String] = []) -> Bool {
    var queue = queue
    if let taken { queue.putBack(taken) }
    guard !queue.entries.isEmpty else {
      file?.remove()
      file = nil
      return true
    }
    try? RunStore.makeFolder(folder)
    if file == nil { file = QueueFile(folder.appendingPathComponent(QueueFile.newName())) }
    return file?.write(KeptQueue(queue: queue, replaces: others)) ?? false
  }
}

/// What a queue's file holds.
private struct KeptQueue: Codable {
  var queue: RunQueue
  /// Files whose entries are in this one already, though they may still be there.
  var replaces: [String] = []
}

/// A queue's file whose lock this process holds. A name is never used again, and a file goes before its lock does: who got
/// the lock of a file that has gone meanwhile finds nothing to take.
private struct QueueFile: Sendable {
  private let url: URL
  private let lockPath: String
  private let lock: RunLock

  var name: String { url.lastPathComponent }

  /// Nil where the process whose file it is lives, or where no lock can be made.
  init?(_ url: URL) {
    let lockPath = url.deletingPathExtension().appendingPathExtension("lock").path
    guard let lock = try? RunLock.take(lockPath) else { return nil }
    (self.url, self.lockPath, self.lock) = (url, lockPath, lock)
  }

  /// Names sort by the time at which they were made.
  static func newName() -> String { "queue-\(RunLock.moment)-\(UUID().uuidString.prefix(8)).json" }

  /// The files of processes that have ended, the oldest first. `queue.json` is of versions that had one file for all.
  static func left(in folder: URL) -> [(file: QueueFile, kept: KeptQueue)] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let old = names.filter { $0 == "queue.json" }
    let own = names.filter { $0.hasPrefix("queue-") && $0.hasSuffix(".json") }.sorted()
    return (old + own).compactMap { name in
      guard let file = QueueFile(folder.appendingPathComponent(name)) else { return nil }
      if let kept = file.read() { return (file, kept) }
      if !file.exists { file.remove() }
      return nil
    }
  }

  private var exists: Bool { FileManager.default.fileExists(atPath: url.path) }

  /// Nil where it is gone, or not what Quaver writes; such a file stays.
  private func read() -> KeptQueue? {
    guard let data = try? Data(contentsOf: url) else { return nil }
    let decoder = JSON.decoder()
    if let kept = try? decoder.decode(KeptQueue.self, from: data) { return kept }
    return (try? decoder.decode(RunQueue.self, from: data)).map { KeptQueue(queue: $0) }
  }

  /// - Returns: whether it was written; what was there before stays where it was not.
  func write(_ kept: KeptQueue) -> Bool {
    do {
      try AtomicFile.write(url, try JSON.encoder(pretty: true).encode(kept))
      return true
    } catch { return false }
  }

  func remove() {
    unlink(url.path)
    unlink(lockPath)
  }
}
