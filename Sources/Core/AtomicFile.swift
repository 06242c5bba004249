import Foundation
import Synchronization

/// Files that are never seen half-written: written beside the target, fsynced, renamed, and the folder fsynced.
package enum AtomicFile {
  /// Replaces `url` by what `body` writes through the handle, or leaves everything as it was. A link there is replaced
  /// itself: what it leads to may belong to another run.
  ///
  /// - Throws: `CoreError.cannotWrite` with the system's reason (a full disk, a read-only folder …).
  package static func write(_ url: URL, _ body: (FileHandle) throws -> Void) throws {
    try replace(url, of: url, body)
  }

  package static func write(_ url: URL, _ data: Data) throws {
    try write(url) { try $0.write(contentsOf: data) }
  }

  /// As `write`, where a user says what is written: a link stays, and what it leads to is replaced. Devices, pipes and
  /// what this process has open cannot be replaced: `body` writes straight into them.
  ///
  /// - Throws: `CoreError.cannotWrite`.
  package static func export(_ url: URL, _ body: (FileHandle) throws -> Void) throws {
    let descriptor: Int32
    switch try target(of: url) {
    case .file(let place): return try replace(place, of: url, body)
    case .own(let own): descriptor = try opened(fcntl(own, F_DUPFD_CLOEXEC, 3), of: url)
    case .device(let place): descriptor = try opened(open(place.path, O_WRONLY | O_CLOEXEC), of: url)
    }
    defer { close(descriptor) }
    do { try body(FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)) } catch {
      throw told(error, of: url)
    }
  }

  package static func export(_ url: URL, _ data: Data) throws {
    try export(url) { (handle: FileHandle) in try handle.write(contentsOf: data) }
  }

  /// Whether `export` writes straight into what is there, which is then neither whole nor absent, and perhaps where
  /// this process prints. What cannot be told is no stream: writing it says why.
  package static func isStream(_ url: URL) -> Bool {
    guard let found = try? target(of: url) else { return false }
    if case .file = found { return false }
    return true
  }

  /// `export` for what only knows how to write a file: it is given the one that a link leads to, or a passing one whose
  /// contents then go into the device or the pipe.
  ///
  /// - Throws: `CoreError`, and what `write` throws.
  package static func export<Answer>(_ url: URL, by write: (URL) throws -> Answer) throws -> Answer {
    if case .file(let place) = try target(of: url) { return try write(place) }
    let passing = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-\(UUID().uuidString)")
    defer { unlink(passing.path) }
    let answer = try write(passing)
    let whole: Data
    do { whole = try Data(contentsOf: passing, options: .alwaysMapped) } catch {
      throw CoreError.cannotRead(path: passing.path, reason: reason(of: error))
    }
    try export(url, whole)
    return answer
  }

  private enum Target {
    case file(URL)
    /// What this process has open.
    case own(Int32)
    /// A device or a pipe.
    case device(URL)
  }

  /// Follows links, dangling ones too, to what is written.
  private static func target(of url: URL) throws -> Target {
    var place = url
    var links = 0
    while let link = try? FileManager.default.destinationOfSymbolicLink(atPath: place.path) {
      let folder = place.deletingLastPathComponent()
      if let own = Int32(place.lastPathComponent), folder.resolvingSymlinksInPath().path == descriptors {
        // /dev/stdout and its like: goes on where it stands, also where it leads to a file.
        return .own(own)
      }
      links += 1
      // The kernel follows no more of them either.
      guard links <= 40 else { throw CoreError.cannotWrite(path: url.path, reason: String(cString: strerror(ELOOP))) }
      place = link.hasPrefix("/") ? URL(fileURLWithPath: link) : folder.appendingPathComponent(link)
    }
    var status = stat()
    guard stat(place.path, &status) == 0 else { return .file(place) }
    let kind = status.st_mode & S_IFMT
    return kind == S_IFREG || kind == S_IFDIR ? .file(place) : .device(place)
  }

  /// The folder of what this process has open.
  private static var descriptors: String { URL(fileURLWithPath: "/proc/self/fd").resolvingSymlinksInPath().path }

  private static func opened(_ descriptor: Int32, of url: URL) throws -> Int32 {
    guard descriptor >= 0 else { throw CoreError.cannotWrite(path: url.path, reason: lastSystemError()) }
    return descriptor
  }

  private static func told(_ error: any Error, of url: URL) -> any Error {
    if error is any UserError { return error }
    return CoreError.cannotWrite(path: url.path, reason: reason(of: error))
  }

  /// - Parameter url: what the file is called in an error.
  private static func replace(_ place: URL, of url: URL, _ body: (FileHandle) throws -> Void) throws {
    removeOrphans(of: place)
    let beside = place.deletingLastPathComponent().appendingPathComponent("\(prefix(place))\(getpid())\(suffix)")
    let descriptor = try opened(open(beside.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644), of: url)
    // Tells other machines that share the folder that it is being written.
    flock(descriptor, LOCK_EX | LOCK_NB)
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
    do {
      try body(handle)
      guard fsync(descriptor) == 0, rename(beside.path, place.path) == 0 else {
        throw CoreError.cannotWrite(path: url.path, reason: lastSystemError())
      }
      // The lock goes last.
      close(descriptor)
    } catch {
      unlink(beside.path)
      close(descriptor)
      throw told(error, of: url)
    }
    syncFolder(of: place)
  }

  private static let suffix = ".partial"
  private static func prefix(_ place: URL) -> String { ".\(place.lastPathComponent)." }

  /// Files whose folders this process has looked through.
  private static let swept = Mutex<Set<String>>([])

  /// Takes away what killed processes left beside a file: none of that number lives, and nobody holds it. Once a process, or a file
  /// that is written twice a second would have its folder listed as often.
  private static func removeOrphans(of place: URL) {
    guard swept.withLock({ $0.insert(place.path).inserted }) else { return }
    let folder = place.deletingLastPathComponent(), prefix = prefix(place)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
      guard let process = pid_t(name.dropFirst(prefix.count).dropLast(suffix.count)), kill(process, 0) != 0,
        errno == ESRCH
      else { continue }
      let path = folder.appendingPathComponent(name).path
      let descriptor = open(path, O_RDWR | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0, isStill(descriptor, at: path) { unlink(path) }
      close(descriptor)
    }
  }

  /// Whether no other file has taken the name meanwhile.
  private static func isStill(_ descriptor: Int32, at path: String) -> Bool {
    var (open, there) = (stat(), stat())
    return fstat(descriptor, &open) == 0 && stat(path, &there) == 0 && open.st_ino == there.st_ino
      && open.st_dev == there.st_dev
  }

  /// Makes the rename itself durable. A file system that cannot sync a folder is no reason to fail.
  private static func syncFolder(of url: URL) {
    let folder = open(url.deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }

  package static func lastSystemError() -> String { String(cString: strerror(errno)) }

  /// The system's own words for what Foundation reports.
  package static func reason(of error: any Error) -> String {
    let cocoa = error as NSError
    if let posix = cocoa.userInfo[NSUnderlyingErrorKey] as? NSError, posix.domain == NSPOSIXErrorDomain {
      return String(cString: strerror(Int32(posix.code)))
    }
    switch (cocoa.domain, cocoa.code) {
    case (NSCocoaErrorDomain, NSFileNoSuchFileError), (NSCocoaErrorDomain, NSFileReadNoSuchFileError):
      return String(cString: strerror(ENOENT))
    case (NSCocoaErrorDomain, NSFileReadNoPermissionError), (NSCocoaErrorDomain, NSFileWriteNoPermissionError):
      return String(cString: strerror(EACCES))
    case (NSCocoaErrorDomain, NSFileWriteOutOfSpaceError): return String(cString: strerror(ENOSPC))
    case (NSCocoaErrorDomain, NSFileWriteVolumeReadOnlyError): return String(cString: strerror(EROFS))
    default: return cocoa.localizedDescription
    }
  }
}
