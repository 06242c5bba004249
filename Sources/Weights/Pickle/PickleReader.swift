/// A cursor over the bytes of a pickle. Lengths are checked against what is left before anything is taken.
struct PickleReader {
  let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func byte() throws -> UInt8 {
    guard position < bytes.count else { throw PickleFault.truncated(offset: position) }
    defer { position += 1 }
    return bytes[position]
  }

  /// A little-endian unsigned integer of `size` (1 … 8) bytes.
  mutating func unsigned(_ size: Int) throws -> UInt64 {
    let range = try take(UInt64(size))
    return range.reversed().reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
  }

  /// Big-endian, as pickled floats are.
  mutating func skipReal() throws { _ = try take(8) }

  /// The next `count` bytes.
  mutating func take(_ count: UInt64) throws -> Range<Int> {
    guard count <= UInt64(bytes.count - position) else { throw PickleFault.truncated(offset: position) }
    defer { position += Int(count) }
    return position..<(position + Int(count))
  }

  /// Text up to a line end, as GLOBAL has it.
  mutating func line(atMost limit: Int) throws -> Range<Int> {
    let start = position
    while try byte() != UInt8(ascii: "\n") {
      guard position - start <= limit else {
        throw PickleFault.limit(what: "a name of more than \(limit) bytes", offset: start)
      }
    }
    return start..<(position - 1)
  }

  /// The UTF-8 text in `range`, nil when it is none.
  func text(_ range: Range<Int>) -> String? {
    String(validating: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
  }

  /// A two's-complement little-endian integer, nil beyond 64 bits.
  func signed(_ range: Range<Int>) -> Int? {
    guard range.count <= 8, let last = range.last else { return range.isEmpty ? 0 : nil }
    let fill: UInt64 = bytes[last] & 0x80 != 0 ? .max : 0
    let value = range.reversed().reduce(fill) { $0 << 8 | UInt64(bytes[$1]) }
    return Int(Int64(bitPattern: value))
  }
}
