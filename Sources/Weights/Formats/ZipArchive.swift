import Core

/// The directory of a zip archive (PKWARE's APPNOTE 6.3, zip64 included). `torch.save` stores its entries without
/// compressing them; nothing here uncompresses any. Names are keys of a dictionary and nothing else: no file is ever made from one.
package struct ZipArchive {
  package struct Entry: Sendable {
    package let name: String
    /// Where the entry's bytes are in the file.
    package let range: Range<Int>
    let checksum: UInt32
    let isCompressed: Bool
  }

  static let greatestCount: UInt64 = 100_000
  static let longestName = 1_024

  /// In the order of the directory.
  package private(set) var entries: [Entry] = []
  private let bytes: UnsafeRawBufferPointer

  /// - Throws: `ArchiveFault`.
  package init(_ bytes: UnsafeRawBufferPointer) throws {
    self.bytes = bytes
    let directory = try findDirectory()
    // Of every entry: where its local header begins, where its data end, which it is.
    var extents: [(start: Int, end: Int, index: Int)] = []
    var names: Set<String> = []
    var position = directory.start
    for _ in 0..<directory.count {
      let (entry, start) = try readEntry(at: &position, directory: directory)
      guard names.insert(entry.name).inserted else { throw ArchiveFault.duplicate(entry: entry.name) }
      extents.append((start, entry.range.upperBound, entries.count))
      entries.append(entry)
    }
    extents.sort { $0.start < $1.start }
    for (before, after) in zip(extents, extents.dropFirst()) where before.end > after.start {
      throw ArchiveFault.overlap(entry: entries[after.index].name)
    }
  }

  /// Checks the bytes of `entry`. A stored 0 is what `torch.serialization.set_crc32_options(False)` writes for every
  /// entry: there is nothing to check then.
  ///
  /// - Throws: `ArchiveFault.checksum`.
  static func check(_ entry: Entry, in bytes: UnsafeRawBufferPointer) throws {
    guard entry.checksum != 0 else { return }
    guard CRC32.of(UnsafeRawBufferPointer(rebasing: bytes[entry.range])) == entry.checksum else {
      throw ArchiveFault.checksum(entry: entry.name)
    }
  }

  // MARK: Directory

  private struct Directory {
    let start: Int
    let end: Int
    let count: Int
  }

  private func number<T: FixedWidthInteger>(_ position: Int, _ type: T.Type) -> T? {
    guard position >= 0, position <= bytes.count - MemoryLayout<T>.size else { return nil }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
  }

  /// The end record is the last thing in the file, before a comment of at most 65,535 bytes.
  private func findDirectory() throws -> Directory {
    let least = max(0, bytes.count - 22 - 65_535)
    for position in stride(from: bytes.count - 22, through: least, by: -1) {
      guard number(position, UInt32.self) == 0x0605_4B50, let comment = number(position + 20, UInt16.self),
        position + 22 + Int(comment) == bytes.count
      else { continue }
      return try readDirectory(endRecord: position)
    }
    throw ArchiveFault.noDirectory
  }

  private func readDirectory(endRecord: Int) throws -> Directory {
    guard number(endRecord + 4, UInt32.self) == 0 || number(endRecord + 4, UInt32.self) == .max,
      let shortCount = number(endRecord + 10, UInt16.self), let shortSize = number(endRecord + 12, UInt32.self),
      let shortStart = number(endRecord + 16, UInt32.self)
    else { throw ArchiveFault.severalDisks }
    var (count, size, start) = (UInt64(shortCount), UInt64(shortSize), UInt64(shortStart))
    var limit = UInt64(endRecord)
    if shortCount == .max || shortSize == .max || shortStart == .max {
      guard number(endRecord - 20, UInt32.self) == 0x0706_4B50, let place = number(endRecord - 12, UInt64.self),
        place <= UInt64(endRecord - 20), number(Int(place), UInt32.self) == 0x0606_4B50,
        let longCount = number(Int(place) + 32, UInt64.self), let longSize = number(Int(place) + 40, UInt64.self),
        let longStart = number(Int(place) + 48, UInt64.self)
      else { throw ArchiveFault.truncated(what: "zip64 directory") }
      (count, size, start, limit) = (longCount, longSize, longStart, place)
    }
    guard count <= Self.greatestCount else { throw ArchiveFault.tooMany(entries: count) }
    let (end, overflow) = start.addingReportingOverflow(size)
    guard !overflow, end <= limit else { throw ArchiveFault.truncated(what: "directory") }
    return Directory(start: Int(start), end: Int(end), count: Int(count))
  }

  // MARK: Entries

  /// Reads the directory's record at `position` and steps over it; `start` is where the entry's local header is.
  private func readEntry(at position: inout Int, directory: Directory) throws -> (entry: Entry, start: Int) {
    guard position + 46 <= directory.end, number(position, UInt32.self) == 0x0201_4B50,
      let flags = number(position + 8, UInt16.self), let method = number(position + 10, UInt16.self),
      let checksum = number(position + 16, UInt32.self), let nameLength = number(position + 28, UInt16.self),
      let extraLength = number(position + 30, UInt16.self), let commentLength = number(position + 32, UInt16.self)
    else { throw ArchiveFault.truncated(what: "directory") }
    let nameStart = position + 46
    let extraStart = nameStart + Int(nameLength)
    let next = extraStart + Int(extraLength) + Int(commentLength)
    guard next <= directory.end else { throw ArchiveFault.truncated(what: "directory") }
    let name = try self.name(nameStart..<extraStart)
    guard flags & 1 == 0 else { throw ArchiveFault.encrypted(entry: name) }
    let sizes = try self.sizes(record: position, extra: extraStart..<(extraStart + Int(extraLength)), name: name)
    guard method != 0 || sizes.stored == sizes.full else { throw ArchiveFault.disagreement(entry: name) }
    let range = try dataRange(
      sizes.offset, sizes.stored, name: nameStart..<extraStart, text: name, limit: directory.start)
    position = next
    return (Entry(name: name, range: range, checksum: checksum, isCompressed: method != 0), Int(sizes.offset))
  }

  private func name(_ range: Range<Int>) throws -> String {
    let raw = UnsafeRawBufferPointer(rebasing: bytes[range])
    let text = String(decoding: raw, as: UTF8.self)
    guard range.count <= Self.longestName, String(validating: raw, as: UTF8.self) != nil, !text.hasPrefix("/"),
      !text.contains("\\"), !text.contains("\0"), !text.split(separator: "/").contains("..")
    else { throw ArchiveFault.hostileName(entry: text) }
    return text
  }

  /// Sizes and place of an entry; a field of ones says that zip64's extra field (tag 1) has it, in this order.
  private func sizes(
    record: Int, extra: Range<Int>, name: String
  ) throws -> (stored: UInt64, full: UInt64, offset: UInt64) {
    guard let stored = number(record + 20, UInt32.self), let full = number(record + 24, UInt32.self),
      let offset = number(record + 42, UInt32.self)
    else { throw ArchiveFault.truncated(what: "directory") }
    var long = zip64Fields(extra)
    func widened(_ value: UInt32) throws -> UInt64 {
      guard value == .max else { return UInt64(value) }
      guard long.count >= 8, let wide = number(long.lowerBound, UInt64.self) else {
        throw ArchiveFault.disagreement(entry: name)
      }
      long = (long.lowerBound + 8)..<long.upperBound
      return wide
    }
    let wideFull = try widened(full)
    return (try widened(stored), wideFull, try widened(offset))
  }

  private func zip64Fields(_ extra: Range<Int>) -> Range<Int> {
    var position = extra.lowerBound
    while position + 4 <= extra.upperBound, let tag = number(position, UInt16.self),
      let length = number(position + 2, UInt16.self), position + 4 + Int(length) <= extra.upperBound
    {
      if tag == 1 { return (position + 4)..<(position + 4 + Int(length)) }
      position += 4 + Int(length)
    }
    return extra.upperBound..<extra.upperBound
  }

  /// Where the data are: after the local header, whose name must be the directory's. `torch.save` leaves the local
  /// sizes 0, so only the directory's count. Data end before the directory begins.
  private func dataRange(
    _ offset: UInt64, _ size: UInt64, name: Range<Int>, text: String, limit: Int
  ) throws -> Range<Int> {
    guard offset <= UInt64(limit), let signature = number(Int(offset), UInt32.self),
      let nameLength = number(Int(offset) + 26, UInt16.self), let extraLength = number(Int(offset) + 28, UInt16.self)
    else { throw ArchiveFault.truncated(what: "entry “\(text.printable())”") }
    let nameStart = Int(offset) + 30
    guard signature == 0x0403_4B50, Int(nameLength) == name.count, nameStart + name.count <= limit,
      bytes[name].elementsEqual(bytes[nameStart..<(nameStart + name.count)])
    else { throw ArchiveFault.disagreement(entry: text) }
    let start = nameStart + name.count + Int(extraLength)
    guard start <= limit, size <= UInt64(limit - start) else {
      throw ArchiveFault.truncated(what: "entry “\(text.printable())”")
    }
    return start..<(start + Int(size))
  }
}
