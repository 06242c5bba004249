import Core
import Foundation
import Synchronization

/// A file of weights, opened: the names, types and shapes of its tensors, whose elements are read when asked for.
/// The file is mapped into memory; opening one reads its descriptions alone.
package struct WeightFile: Sendable {
  package enum Format: String, Sendable {
    case safetensors
    /// PyTorch 1.6 and later: a zip archive.
    case torchArchive = "PyTorch"
    /// PyTorch before 1.6: pickles and raw storages in a row.
    case torchLegacy = "PyTorch before 1.6"
  }

  package let path: String
  package let format: Format
  package let tensors: [String: WeightTensor]
  /// What the writer said about the file; safetensors only.
  package let metadata: [String: String]

  private enum Contents {
    case safetensors(SafeTensors)
    case torch(Data)
  }

  private let contents: Contents
  private let checked = CheckedEntries()

  /// Places in the file of the archive's entries whose checksums have been found right.
  private final class CheckedEntries: Sendable {
    let places = Mutex<Set<Int>>([])
  }

  /// - Throws: `CoreError`, `WeightError`.
  package init(contentsOf url: URL) throws {
    try self.init(try MappedFile.data(url), path: url.path)
  }

  /// - Parameters:
  ///   - data: the whole file; its format is told by its first bytes, never by its name.
  ///   - path: what sentences about the file call it.
  /// - Throws: `CoreError`, `WeightError`.
  package init(_ data: Data, path: String) throws {
    self.path = path
    guard let format = Self.format(data) else { throw WeightError.unknownFormat(path: path) }
    self.format = format
    switch format {
    case .safetensors:
      let file = try SafeTensors(data, path: path)
      tensors = Dictionary(
        uniqueKeysWithValues: file.entries.map { name, entry in
          (name, WeightTensor(type: entry.type, layout: StridedLayout(contiguous: entry.shape), block: .named(name)))
        })
      (contents, metadata) = (.safetensors(file), file.metadata)
    case .torchArchive, .torchLegacy:
      tensors = try Self.sentence(path) {
        try data.withUnsafeBytes { bytes in
          try format == .torchArchive ? TorchArchive.read(bytes) : TorchLegacy.read(bytes)
        }
      }
      (contents, metadata) = (.torch(data), [:])
    }
    guard !tensors.isEmpty else { throw WeightError.noTensors(path: path) }
  }

  /// A safetensors header begins with "{" at byte 8; no zip of stored entries and no pickle of PyTorch has that there.
  private static func format(_ data: Data) -> Format? {
    let start = [UInt8](data.prefix(9))
    if start.count == 9, start[8] == UInt8(ascii: "{") { return .safetensors }
    if start.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return .torchArchive }
    if start.count >= 2, start[0] == 0x80, (2...5).contains(start[1]) { return .torchLegacy }
    return nil
  }

  /// Puts the file's name to what the readers found wrong.
  private static func sentence<R>(_ path: String, _ body: () throws -> R) throws -> R {
    do { return try body() } catch let fault as PickleFault {
      throw WeightError.pickle(path: path, fault)
    } catch let fault as ArchiveFault {
      throw WeightError.archive(path: path, fault)
    } catch let fault as TorchLegacy.Fault {
      throw WeightError.oldFormat(path: path, reason: fault.reason)
    } catch let fault as TensorTree.Fault {
      throw WeightError.names(path: path, reason: fault.reason)
    } catch let fault as StorageFault {
      throw WeightError.missingStorage(path: path, tensor: fault.tensor, reason: fault.reason)
    }
  }

  package func tensor(_ name: String) throws -> WeightTensor {
    guard let tensor = tensors[name] else { throw WeightError.missingTensor(path: path, name: name) }
    return tensor
  }

  // MARK: Elements

  /// Reads a tensor as 32-bit floats in row-major order.
  ///
  /// - Parameter output: exactly as many floats as the tensor has elements.
  /// - Returns: how many of them are not finite.
  /// - Throws: `WeightError`.
  @discardableResult
  package func read(_ name: String, into output: UnsafeMutableBufferPointer<Float>) throws -> NonFinite {
    let tensor = try tensor(name)
    precondition(output.count == tensor.count, "\(name) has \(tensor.count) elements, not \(output.count)")
    try withBlock(tensor) { block in
      ElementConversion.floats(block, type: tensor.type, layout: tensor.layout, into: output)
    }
    return ElementConversion.nonFinite(output)
  }

  /// The tensor as 32-bit floats in row-major order.
  ///
  /// - Throws: `WeightError`.
  package func floats(_ name: String) throws -> [Float] {
    let count = try tensor(name).count
    return try [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      try read(name, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      filled = count
    }
  }

  /// Row-major bytes of the tensor, in its own type, little-endian.
  func rowMajorBytes(_ tensor: WeightTensor, into output: UnsafeMutableRawBufferPointer) throws {
    try withBlock(tensor) { block in
      ElementConversion.bytes(block, type: tensor.type, layout: tensor.layout, into: output)
    }
  }

  /// The block of elements that a tensor views, its checksum checked the first time where the format has one
  /// (safetensors and the old format have none).
  private func withBlock<R>(_ tensor: WeightTensor, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    switch (contents, tensor.block) {
    case (.safetensors(let file), .named(let name)): return try file.withBytes(name, body)
    case (.torch(let data), .range(let range)):
      return try data.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    case (.torch(let data), .entry(let entry)):
      return try data.withUnsafeBytes { bytes in
        try check(entry, in: bytes)
        return try body(UnsafeRawBufferPointer(rebasing: bytes[entry.range]))
      }
    default: preconditionFailure("a tensor of another file")
    }
  }

  private func check(_ entry: ZipArchive.Entry, in bytes: UnsafeRawBufferPointer) throws {
    let place = entry.range.lowerBound
    guard !checked.places.withLock({ $0.contains(place) }) else { return }
    try Self.sentence(path) { try ZipArchive.check(entry, in: bytes) }
    _ = checked.places.withLock { $0.insert(place) }
  }
}
