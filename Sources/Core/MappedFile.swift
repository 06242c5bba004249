import Foundation

/// Read-only files in memory without reading them: pages come from the file when touched.
package enum MappedFile {
  /// Maps a regular file. Devices, pipes and folders are refused: they have no size to check lengths against.
  ///
  /// A file that another process cuts short while it is mapped ends this process with SIGBUS, as with any mapping;
  /// our own files are replaced by renaming, which leaves a mapping whole.
  ///
  /// - Throws: `CoreError.cannotRead`.
  package static func data(_ url: URL) throws -> Data {
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw CoreError.cannotRead(path: url.path, reason: AtomicFile.lastSystemError())
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw CoreError.cannotRead(path: url.path, reason: AtomicFile.lastSystemError())
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw CoreError.cannotRead(path: url.path, reason: "not a regular file")
    }
    let count = Int(status.st_size)
    guard count > 0 else { return Data() }
    guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
      throw CoreError.cannotRead(path: url.path, reason: AtomicFile.lastSystemError())
    }
    return Data(bytesNoCopy: address, count: count, deallocator: .custom { address, count in munmap(address, count) })
  }
}
