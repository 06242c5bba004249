import Glibc

/// A block of 64-byte-aligned floats that lives as long as this object. The owner of all tensor memory:
/// everything else holds views (`UnsafeMutablePointer<Float>`) into an arena that outlives it.
///
/// Memory comes zeroed and untouched pages cost nothing until written.
package final class Arena {
  package let base: UnsafeMutablePointer<Float>
  /// Capacity in floats.
  package let count: Int

  /// - Parameter count: number of floats; 0 is allowed and reserves one cache line.
  /// - Throws: `CoreError.outOfMemory`.
  package init(count: Int) throws {
    precondition(count >= 0, "an arena cannot hold \(count) floats")
    let bytes = max(64, Self.rounded(count) * MemoryLayout<Float>.stride)
    let address = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let address, address != MAP_FAILED else { throw CoreError.outOfMemory(bytes: bytes) }
    // Huge pages keep the TLB out of the way of memory-bound passes such as Adam.
    madvise(address, bytes, MADV_HUGEPAGE)
    base = address.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
    self.count = count
  }

  deinit {
    munmap(base, max(64, Self.rounded(count) * MemoryLayout<Float>.stride))
  }

  /// Floats rounded up to whole cache lines (16 floats).
  package static func rounded(_ count: Int) -> Int { (count + 15) & ~15 }
}
