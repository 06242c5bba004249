import Core
import Foundation

/// A folder of files that can be made again: whole or absent, bounded in size, least recently used first out.
struct CacheFolder: Sendable {
  let url: URL
  /// Bytes that all entries may take together.
  let limit: Int

  private static let partialSuffix = ".partial"
  /// Extensions of entries; whatever else lies in the folder is not ours to delete.
  private static let kinds: Set<String> = ["images", "levels"]

  /// - Throws: `CoreError.cannotWrite`.
  init(_ url: URL, limit: Int) throws {
    (self.url, self.limit) = (url, limit)
    do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
      throw CoreError.cannotWrite(path: url.path, reason: AtomicFile.reason(of: error))
    }
    removeOrphans()
  }

  /// The whole content of entry `name`, memory-mapped, and marks it as used; nil where there is none.
  func open(_ name: String) -> Data? {
    let file = url.appendingPathComponent(name)
    guard let data = try? Data(contentsOf: file, options: .alwaysMapped) else { return nil }
    // Both times to now; eviction goes by them.
    utimensat(AT_FDCWD, file.path, nil, 0)
    return data
  }

  func remove(_ name: String) { unlink(url.appendingPathComponent(name).path) }

  /// - Throws: `PipelineError.cacheTooSmall` where an entry of that size can never be kept.
  func check(_ size: Int) throws {
    guard size <= limit else { throw PipelineError.cacheTooSmall(needed: size, limit: limit) }
  }

  /// Makes room for `size` bytes, lets `body` fill a file beside, and gives it its name once it is whole and on disk.
  ///
  /// - Parameter body: gets an open descriptor; it may write from several threads.
  /// - Throws: `PipelineError.cacheTooSmall`, `CoreError.cannotWrite`, what `body` throws.
  func store(_ name: String, size: Int, _ body: (Int32) throws -> Void) throws {
    try check(size)
    evict(toFit: size)
    let file = url.appendingPathComponent(name)
    let beside = url.appendingPathComponent("\(name).\(getpid())-\(UInt32.random(in: 0...(.max)))\(Self.partialSuffix)")
    let descriptor = Foundation.open(beside.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw cannotWrite(file) }
    defer { close(descriptor) }
    // Held while this process lives; whoever gets the lock later has found an orphan.
    flock(descriptor, LOCK_EX | LOCK_NB)
    do {
      try body(descriptor)
      guard fsync(descriptor) == 0, rename(beside.path, file.path) == 0 else { throw cannotWrite(file) }
    } catch {
      unlink(beside.path)
      throw error
    }
  }

  /// Writes all of `bytes` at `offset`.
  ///
  /// - Throws: `CoreError.cannotWrite`, naming the folder.
  func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int) throws {
    var done = 0
    while done < bytes.count {
      guard let base = bytes.baseAddress else { return }
      let count = pwrite(descriptor, base + done, bytes.count - done, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw cannotWrite(url) }
      done += count
    }
  }

  /// Removes least recently used entries until `size` more bytes fit. Maps that others hold stay valid.
  private func evict(toFit size: Int) {
    let keys: [URLResourceKey] = [.fileSizeKey, .contentModificationDateKey, .isRegularFileKey]
    let files = (try? FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: keys)) ?? []
    var entries = files.compactMap { file -> (url: URL, size: Int, used: Date)? in
      guard let values = try? file.resourceValues(forKeys: Set(keys)), values.isRegularFile == true else { return nil }
      return (file, values.fileSize ?? 0, values.contentModificationDate ?? .distantPast)
    }
    entries = entries.filter { Self.kinds.contains($0.url.pathExtension) }.sorted { $0.used < $1.used }
    var total = entries.reduce(0) { $0 + $1.size }
    for entry in entries where total + size > limit {
      unlink(entry.url.path)
      total -= entry.size
    }
  }

  /// Deletes what a process left behind that died while writing.
  private func removeOrphans() {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    where name.hasSuffix(Self.partialSuffix) && !name.hasPrefix(".") {
      let path = url.appendingPathComponent(name).path
      let descriptor = Foundation.open(path, O_RDWR | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
      close(descriptor)
    }
  }

  private func cannotWrite(_ file: URL) -> CoreError {
    .cannotWrite(path: file.path, reason: AtomicFile.lastSystemError())
  }
}
