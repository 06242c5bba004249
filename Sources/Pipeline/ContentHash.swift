import Core
import Foundation

/// A 128-bit fingerprint of bytes: two chains of the splitmix64 permutation. Not for adversaries; two different files
/// of a corpus collide with a chance of 2⁻¹²⁸ a pair.
package struct ContentHash: Hashable, Sendable, Codable, CustomStringConvertible {
  private var a: UInt64 = 0x243F_6A88_85A3_08D3
  private var b: UInt64 = 0x1319_8A2E_0370_7344

  package init() {}

  package init(_ bytes: UnsafeRawBufferPointer) {
    self.init()
    combine(bytes)
  }

  package init(_ text: String) {
    var text = text
    self = text.withUTF8 { ContentHash(UnsafeRawBufferPointer($0)) }
  }

  /// - Throws: `CoreError.cannotRead`.
  package init(contentsOf url: URL) throws {
    do {
      self = try Data(contentsOf: url, options: .mappedIfSafe).withUnsafeBytes { ContentHash($0) }
    } catch {
      throw CoreError.cannotRead(path: url.path, reason: (error as NSError).localizedDescription)
    }
  }

  /// Appends a block; its length counts, so blocks do not run into each other.
  package mutating func combine(_ bytes: UnsafeRawBufferPointer) {
    let whole = bytes.count / 8
    var (a, b) = (a, b)
    func add(_ word: UInt64) {
      a = splitmix64(a ^ word)
      b = splitmix64(b ^ (word << 32 | word >> 32))
    }
    for i in 0..<whole { add(bytes.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self)) }
    var last: UInt64 = 0
    for i in (8 * whole)..<bytes.count { last = last << 8 | UInt64(bytes[i]) }
    add(last)
    add(UInt64(bytes.count))
    (self.a, self.b) = (a, b)
  }

  /// 32 hexadecimal digits.
  package var description: String {
    [a, b].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
