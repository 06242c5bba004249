import Foundation

/// A safetensors file, memory-mapped: 8 bytes of header length, a JSON header, raw little-endian tensors.
package struct SafeTensors: Sendable {
  package enum ElementType: String, Sendable {
    case f64 = "F64", f32 = "F32", f16 = "F16", bf16 = "BF16"
    case i64 = "I64", i32 = "I32", i16 = "I16", i8 = "I8", u8 = "U8", bool = "BOOL"
    case u64 = "U64", u32 = "U32", u16 = "U16"

    package var bytes: Int {
      switch self {
      case .f64, .i64, .u64: 8
      case .f32, .i32, .u32: 4
      case .f16, .bf16, .i16, .u16: 2
      case .i8, .u8, .bool: 1
      }
    }
  }

  package struct Entry: Sendable {
    package let type: ElementType
    package let shape: [Int]
    /// Byte range within the data section.
    package let range: Range<Int>
  }

  package let path: String
  package let metadata: [String: String]
  package let entries: [String: Entry]
  private let data: Data
  private let dataStart: Int

  /// - Throws: `CoreError.cannotRead`, `CoreError.malformedTensors`.
  package init(contentsOf url: URL) throws {
    try self.init(try MappedFile.data(url), path: url.path)
  }

  /// - Parameter path: what sentences about the file call it.
  /// - Throws: `CoreError.malformedTensors`.
  package init(_ data: Data, path: String) throws {
    func malformed(_ reason: String) -> CoreError { .malformedTensors(path: path, reason: reason) }
    guard data.count >= 8 else { throw malformed("\(data.count) bytes; a header needs at least 8") }
    let length = data.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
    guard length <= 100_000_000, length <= UInt64(data.count - 8) else {
      throw malformed("a header of \(length) bytes in a file of \(data.count)")
    }
    let dataStart = 8 + Int(length)
    do {
      let header = try data.withUnsafeBytes { raw in
        try SafeTensorsHeader(UnsafeRawBufferPointer(rebasing: raw[8..<dataStart]), available: raw.count - dataStart)
      }
      (metadata, entries) = (header.metadata, header.entries)
    } catch let error as SafeTensorsHeader.Malformed {
      throw malformed(error.reason)
    }
    (self.path, self.data, self.dataStart) = (path, data, dataStart)
  }

  /// All of the file, valid during `body`.
  package func withWholeFile<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try data.withUnsafeBytes(body)
  }

  package func entry(_ name: String) throws -> Entry {
    guard let entry = entries[name] else { throw CoreError.missingTensor(path: path, name: name) }
    return entry
  }

  /// Raw bytes of a tensor, valid during `body`.
  package func withBytes<R>(_ name: String, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    let entry = try entry(name)
    return try data.withUnsafeBytes { raw in
      try body(
        UnsafeRawBufferPointer(
          rebasing: raw[(dataStart + entry.range.lowerBound)..<(dataStart + entry.range.upperBound)]))
    }
  }

  /// The tensor's elements as `T`; `T` must be the stored type's Swift counterpart.
  package func array<T: BitwiseCopyable>(_ name: String, as type: T.Type = T.self) throws -> [T] {
    let entry = try entry(name)
    guard entry.type.bytes == MemoryLayout<T>.size else {
      throw CoreError.malformedTensors(
        path: path, reason: "tensor “\(name.printable())” is \(entry.type.rawValue), not \(T.self)")
    }
    return try withBytes(name) { raw in
      let count = raw.count / MemoryLayout<T>.size
      return [T](unsafeUninitializedCapacity: count) { buffer, filled in
        UnsafeMutableRawBufferPointer(buffer).copyMemory(from: raw)
        filled = count
      }
    }
  }
}

/// Writes safetensors files without a second copy of the tensors in memory.
package struct SafeTensorsWriter {
  package struct Item {
    package let name: String
    package let type: SafeTensors.ElementType
    package let shape: [Int]
    package let bytes: UnsafeRawBufferPointer

    package init(name: String, type: SafeTensors.ElementType, shape: [Int], bytes: UnsafeRawBufferPointer) {
      precondition(bytes.count == shape.reduce(type.bytes, *), "\(name): \(bytes.count) bytes for shape \(shape)")
      (self.name, self.type, self.shape, self.bytes) = (name, type, shape, bytes)
    }
  }

  /// Replaces `url` atomically. Items are laid out in the order given; the header is padded to 64 bytes.
  ///
  /// - Throws: `CoreError.cannotWrite`.
  package static func write(_ items: [Item], metadata: [String: String], to url: URL) throws {
    try write(items.map { ($0.name, $0.type, $0.shape) }, metadata: metadata, to: url) { index, put in
      try put(items[index].bytes)
    }
  }

  /// Replaces `url` atomically by tensors that need not be in memory together.
  ///
  /// - Parameter body: hands the bytes of tensor `index` to its second argument, in one piece or several.
  /// - Throws: `CoreError.cannotWrite`, and what `body` throws.
  package static func write(
    _ tensors: [(name: String, type: SafeTensors.ElementType, shape: [Int])], metadata: [String: String], to url: URL,
    _ body: (_ index: Int, _ put: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    let sizes = tensors.map { $0.shape.reduce($0.type.bytes, *) }
    var header: [String: Any] = ["__metadata__": metadata]
    var offset = 0
    for (tensor, size) in zip(tensors, sizes) {
      header[tensor.name] = [
        "dtype": tensor.type.rawValue, "shape": tensor.shape, "data_offsets": [offset, offset + size],
      ]
      offset += size
    }
    var json = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys, .withoutEscapingSlashes])
    json.append(contentsOf: Array(repeating: UInt8(ascii: " "), count: (64 - (json.count + 8) % 64) % 64))
    try AtomicFile.write(url) { handle in
      try handle.write(contentsOf: withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) })
      try handle.write(contentsOf: json)
      for (index, size) in sizes.enumerated() {
        var written = 0
        try body(index) { bytes in
          try writeAll(bytes, to: handle.fileDescriptor, path: url.path)
          written += bytes.count
        }
        precondition(written == size, "\(tensors[index].name): \(written) bytes for shape \(tensors[index].shape)")
      }
    }
  }

  private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = Foundation.write(descriptor, rest.baseAddress, min(rest.count, 64 << 20))
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw CoreError.cannotWrite(path: path, reason: AtomicFile.lastSystemError()) }
      rest = rest.dropFirst(written)
    }
  }
}

extension Slice where Base == UnsafeRawBufferPointer {
  fileprivate var baseAddress: UnsafeRawPointer? { UnsafeRawBufferPointer(rebasing: self).baseAddress }
}
