import Core
import Glibc

/// Zeroed memory for `count` elements, freed with this object; loops take `base` as a local pointer.
package final class Storage<Element: BitwiseCopyable> {
  package let base: UnsafeMutablePointer<Element>
  package let count: Int

  /// - Parameter Element: a type for which zero bytes are a value.
  /// - Throws: `CoreError.outOfMemory`.
  package init(_ count: Int) throws {
    precondition(count >= 0, "storage cannot hold \(count) elements")
    guard let memory = calloc(max(1, count), MemoryLayout<Element>.stride) else {
      throw CoreError.outOfMemory(bytes: count * MemoryLayout<Element>.stride)
    }
    self.count = count
    base = memory.bindMemory(to: Element.self, capacity: max(1, count))
  }

  deinit { free(base) }
}
