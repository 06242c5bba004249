import Foundation

/// Files that are never seen half-written: written beside the target, fsynced, renamed, and the folder fsynced.
package enum AtomicFile {
  /// Replaces `url` by what `body` writes through the handle, or leaves everything as it was.
  ///
  /// - Throws: `CoreError.cannotWrite` with the system's reason (a full disk, a read-only folder …).
  package static func write(_ url: URL, _ body: (FileHandle) throws -> Void) throws {
    let beside = url.deletingLastPathComponent()
      .appendingPathComponent(".\(url.lastPathComponent).\(getpid()).partial")
    let descriptor = open(beside.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw CoreError.cannotWrite(path: url.path, reason: lastSystemError()) }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
    do {
      try body(handle)
      guard fsync(descriptor) == 0 else { throw CoreError.cannotWrite(path: url.path, reason: lastSystemError()) }
      close(descriptor)
    } catch {
      close(descriptor)
      unlink(beside.path)
      if let error = error as? any UserError { throw error }
      throw CoreError.cannotWrite(path: url.path, reason: reason(of: error))
    }
    guard rename(beside.path, url.path) == 0 else {
      let reason = lastSystemError()
      unlink(beside.path)
      throw CoreError.cannotWrite(path: url.path, reason: reason)
    }
    syncFolder(of: url)
  }

  package static func write(_ url: URL, _ data: Data) throws {
    try write(url) { try $0.write(contentsOf: data) }
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
