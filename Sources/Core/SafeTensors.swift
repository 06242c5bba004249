import Foundation

/// A safetensors file, memory-mapped: 8 bytes of header length, a JSON header, raw little-endian tensors.
package struct SafeTensors: Sendable {
  package enum ElementType: String, Sendable {
    case f64 = "F64", f32 = "F32", f16 = "F16", bf16 = "BF16"
    case i64 = "I64", i32 = "I32", i16 = "I16", i8 = "I8", u8 = "U8", bool = "BOOL"

    package var bytes: Int {
      switch self {
      case .f64, .i64: 8
      case .f32, .i32: 4
      case .f16, .bf16, .i16: 2
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
    path = url.path
    do { data = try Data(contentsOf: url, options: .alwaysMapped) } catch {
      throw CoreError.cannotRead(path: url.path, reason: (error as NSError).localizedDescription)
    }
    let path = path
    func malformed(_ reason: String) -> CoreError { .malformedTensors(path: path, reason: reason) }
    guard data.count >= 8 else { throw malformed("\(data.count) bytes; a header needs at least 8") }
    let length = data.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
    guard length <= 100_000_000, length <= UInt64(data.count - 8) else {
      throw malformed("a header of \(length) bytes in a file of \(data.count)")
    }
    dataStart = 8 + Int(length)
    let json = try? JSONSerialization.jsonObject(with: data.subdata(in: 8..<dataStart))
    guard let header = json as? [String: Any] else { throw malformed("the header is not a JSON object") }
    metadata = header["__metadata__"] as? [String: String] ?? [:]
    var entries: [String: Entry] = [:]
    for (name, value) in header where name != "__metadata__" {
      do { entries[name] = try Self.entry(value, available: data.count - dataStart) } catch let reason as Reason {
        throw malformed("tensor “\(name)”: \(reason.text)")
      }
    }
    self.entries = entries
  }

  private struct Reason: Error { let text: String }

  private static func entry(_ value: Any, available: Int) throws -> Entry {
    guard let value = value as? [String: Any], let typeName = value["dtype"] as? String else {
      throw Reason(text: "no dtype")
    }
    guard let type = ElementType(rawValue: typeName) else { throw Reason(text: "dtype \(typeName) is not known") }
    guard let shape = value["shape"] as? [Int], let offsets = value["data_offsets"] as? [Int], offsets.count == 2 else {
      throw Reason(text: "no shape or no data_offsets")
    }
    guard offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= available else {
      throw Reason(text: "bytes \(offsets[0])..<\(offsets[1]) of \(available)")
    }
    var bytes = type.bytes
    for size in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else { throw Reason(text: "shape \(shape) is impossible") }
      bytes = product
    }
    guard bytes == offsets[1] - offsets[0] else {
      throw Reason(text: "shape \(shape) of \(typeName) needs \(bytes) bytes, \(offsets[1] - offsets[0]) are given")
    }
    return Entry(type: type, shape: shape, range: offsets[0]..<offsets[1])
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
      throw CoreError.malformedTensors(path: path, reason: "tensor “\(name)” is \(entry.type.rawValue), not \(T.self)")
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
    var header: [String: Any] = ["__metadata__": metadata]
    var offset = 0
    for item in items {
      header[item.name] = [
        "dtype": item.type.rawValue, "shape": item.shape, "data_offsets": [offset, offset + item.bytes.count],
      ]
      offset += item.bytes.count
    }
    var json = try JSONSerialization.data(withJSONObject: header, options: [.sortedKeys, .withoutEscapingSlashes])
    json.append(contentsOf: Array(repeating: UInt8(ascii: " "), count: (64 - (json.count + 8) % 64) % 64))
    try AtomicFile.write(url) { handle in
      try handle.write(contentsOf: withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) })
      try handle.write(contentsOf: json)
      for item in items { try writeAll(item.bytes, to: handle.fileDescriptor, path: url.path) }
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
