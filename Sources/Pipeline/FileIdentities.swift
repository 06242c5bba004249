import Core
import Foundation

/// Content hashes of files, remembered while a file's size, times and inode stay what they were. The change time cannot
/// be set back by a program, so a file that was replaced is always read again.
struct FileIdentities {
  private struct Stamp: Codable, Equatable {
    let size: Int
    let inode: UInt64
    let modified: [Int]
    let changed: [Int]

    init?(_ url: URL) {
      var status = stat()
      guard stat(url.path, &status) == 0 else { return nil }
      (size, inode) = (Int(status.st_size), UInt64(status.st_ino))
      modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
      changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }

    /// A file changed this lately could change again within the clock's tick and keep its stamp.
    var isSettled: Bool { time(nil) - changed[0] > 2 }
  }

  private struct Known: Codable {
    let stamp: Stamp
    let hash: ContentHash
  }

  private let memory: URL
  private var known: [String: Known]
  private var grew = false

  /// - Parameter cache: the folder of a JSON file; one that is missing or unreadable is begun anew.
  init(cache: URL) {
    memory = cache.appendingPathComponent("identities.json")
    known = (try? JSONDecoder().decode([String: Known].self, from: Data(contentsOf: memory))) ?? [:]
  }

  /// - Throws: `CoreError.cannotRead`, `PipelineError.cannotOpen`.
  mutating func hash(of url: URL) throws -> ContentHash {
    guard let stamp = Stamp(url) else {
      throw PipelineError.cannotOpen(path: url.path, reason: AtomicFile.lastSystemError())
    }
    if let known = known[url.path], known.stamp == stamp { return known.hash }
    let hash = try ContentHash(contentsOf: url)
    if stamp.isSettled, Stamp(url) == stamp {
      known[url.path] = Known(stamp: stamp, hash: hash)
      grew = true
    }
    return hash
  }

  /// Forgetting costs time, not truth, so a folder that cannot be written is no failure.
  mutating func save() {
    guard grew, let data = try? JSONEncoder().encode(known) else { return }
    if (try? AtomicFile.write(memory, data)) != nil { grew = false }
  }
}

extension Corpus {
  /// Changes with every byte of its sound files. Their names and classes do not count, their order does.
  ///
  /// - Parameter cache: the image cache's folder, where the hashes of files are remembered.
  /// - Throws: `CoreError.cannotRead`, `PipelineError.cannotOpen`.
  package func contentHash(cache: URL) throws -> ContentHash {
    var identities = FileIdentities(cache: cache)
    let hashes = try utterances.map { try identities.hash(of: url(of: $0)).description }
    identities.save()
    return ContentHash(hashes.joined(separator: "\n"))
  }
}
