/// Reads the JSON header of a safetensors file: exactly the grammar of that format, so that nothing in it can nest,
/// repeat a name, or cost more memory than a small multiple of its own length.
struct SafeTensorsHeader {
  /// What is wrong, without the file's name.
  struct Malformed: Error { let reason: String }

  /// More tensors or dimensions than these are an attack or damage: real files have a few thousand of at most five.
  static let greatestCount = 100_000
  static let greatestRank = 32
  static let longestName = 4_096

  private(set) var metadata: [String: String] = [:]
  private(set) var entries: [String: SafeTensors.Entry] = [:]
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  /// - Parameters:
  ///   - bytes: the header.
  ///   - available: length of the data section in bytes.
  /// - Throws: `Malformed`.
  init(_ bytes: UnsafeRawBufferPointer, available: Int) throws {
    self.bytes = bytes
    try object { header, name in
      if name == "__metadata__" {
        guard header.metadata.isEmpty else { throw Malformed(reason: "two __metadata__ objects") }
        try header.object { header, key in
          guard header.metadata.count < Self.greatestCount else {
            throw Malformed(reason: "more than \(Self.greatestCount) lines of metadata")
          }
          header.metadata[key] = try header.string()
        }
      } else {
        try header.tensor(name, available: available)
      }
    }
    skipSpace()
    guard position == bytes.count else { throw unexpected() }
    try checkCoverage(available: available)
  }

  /// The format wants the data section covered without holes or overlaps.
  private func checkCoverage(available: Int) throws {
    var end = 0
    let inOrder = entries.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound) < ($1.value.range.lowerBound, $1.value.range.upperBound)
    }
    for (name, entry) in inOrder {
      guard entry.range.lowerBound == end else {
        let problem = entry.range.lowerBound < end ? "overlaps the tensor before it" : "leaves a hole before it"
        throw Malformed(reason: "tensor “\(name.printable())” \(problem)")
      }
      end = entry.range.upperBound
    }
    guard end == available else {
      throw Malformed(reason: "\(end) bytes of data are described, the file has \(available)")
    }
  }

  // MARK: One tensor

  private mutating func tensor(_ name: String, available: Int) throws {
    guard name.utf8.count <= Self.longestName else { throw Malformed(reason: "a name of \(name.utf8.count) bytes") }
    guard entries.count < Self.greatestCount else { throw Malformed(reason: "more than \(Self.greatestCount) tensors") }
    guard entries[name] == nil else { throw Malformed(reason: "two tensors are named “\(name.printable())”") }
    var typeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    do {
      try object { header, key in
        switch key {
        case "dtype" where typeName == nil: typeName = try header.string()
        case "shape" where shape == nil: shape = try header.integers(atMost: Self.greatestRank)
        case "data_offsets" where offsets == nil: offsets = try header.integers(atMost: 2)
        default: throw Malformed(reason: "unexpected “\(key.printable())”")
        }
      }
      entries[name] = try Self.entry(typeName, shape, offsets, available: available)
    } catch let error as Malformed {
      throw Malformed(reason: "tensor “\(name.printable())”: \(error.reason)")
    }
  }

  private static func entry(
    _ typeName: String?, _ shape: [Int]?, _ offsets: [Int]?, available: Int
  ) throws -> SafeTensors.Entry {
    guard let typeName else { throw Malformed(reason: "no dtype") }
    guard let type = SafeTensors.ElementType(rawValue: typeName) else {
      throw Malformed(reason: "dtype \(typeName.printable()) is not known")
    }
    guard let shape, let offsets, offsets.count == 2 else { throw Malformed(reason: "no shape or no data_offsets") }
    guard offsets[0] <= offsets[1], offsets[1] <= available else {
      throw Malformed(reason: "bytes \(offsets[0])..<\(offsets[1]) of \(available)")
    }
    // Without sizes of 0, which would hide what the others come to: strides are products too.
    var extent = type.bytes
    for size in shape where size != 0 {
      let (product, overflow) = extent.multipliedReportingOverflow(by: size)
      guard !overflow else { throw Malformed(reason: "shape \(shape) is impossible") }
      extent = product
    }
    let bytes = shape.contains(0) ? 0 : extent
    guard bytes == offsets[1] - offsets[0] else {
      throw Malformed(
        reason: "shape \(shape) of \(typeName) needs \(bytes) bytes, \(offsets[1] - offsets[0]) are given")
    }
    return SafeTensors.Entry(type: type, shape: shape, range: offsets[0]..<offsets[1])
  }

  // MARK: JSON

  private func unexpected() -> Malformed {
    Malformed(
      reason: position < bytes.count ? "the header is no JSON at byte \(position)" : "the header ends too early")
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  /// Consumes `character` after white space, if it is next.
  private mutating func accept(_ character: Character) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Character) throws {
    guard accept(character) else { throw unexpected() }
  }

  /// Reads `{"key": value, …}`; `value` consumes each value.
  private mutating func object(_ value: (inout Self, String) throws -> Void) throws {
    try expect("{")
    if accept("}") { return }
    repeat {
      let key = try string()
      try expect(":")
      try value(&self, key)
    } while accept(",")
    try expect("}")
  }

  /// Reads an array of non-negative integers.
  private mutating func integers(atMost limit: Int) throws -> [Int] {
    try expect("[")
    var values: [Int] = []
    if accept("]") { return values }
    repeat {
      guard values.count < limit else { throw Malformed(reason: "an array of more than \(limit) numbers") }
      values.append(try integer())
    } while accept(",")
    try expect("]")
    return values
  }

  private mutating func integer() throws -> Int {
    skipSpace()
    let start = position
    var value = 0
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(bytes[position]) - 0x30)
      guard !overflow, !carry else { throw Malformed(reason: "a number beyond 64 bits") }
      value = sum
      position += 1
    }
    guard position > start, position - start == 1 || bytes[start] != 0x30 else { throw unexpected() }
    return value
  }

  private mutating func string() throws -> String {
    try expect("\"")
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard let valid = String(validating: text, as: UTF8.self) else {
          throw Malformed(reason: "text that is not UTF-8")
        }
        return valid
      case UInt8(ascii: "\\"):
        position += 1
        try escape(into: &text)
      case 0..<0x20: throw unexpected()
      default:
        text.append(byte)
        position += 1
      }
    }
    throw unexpected()
  }

  private mutating func escape(into text: inout [UInt8]) throws {
    guard position < bytes.count else { throw unexpected() }
    let simple: [UInt8: UInt8] = [
      0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 0x08, 0x66: 0x0C, 0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09,
    ]
    if let byte = simple[bytes[position]] {
      text.append(byte)
      position += 1
      return
    }
    guard bytes[position] == UInt8(ascii: "u") else { throw unexpected() }
    position += 1
    var code = try hexadecimal()
    if (0xD800..<0xDC00).contains(code) {
      guard position + 1 < bytes.count, bytes[position] == 0x5C, bytes[position + 1] == 0x75 else { throw unexpected() }
      position += 2
      let low = try hexadecimal()
      guard (0xDC00..<0xE000).contains(low) else { throw unexpected() }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw unexpected() }
    text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
  }

  private mutating func hexadecimal() throws -> UInt32 {
    guard position + 4 <= bytes.count else { throw unexpected() }
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else { throw unexpected() }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
