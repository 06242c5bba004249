/// Writes zip archives of stored entries, all checksums 0.
package enum StoredZip {
  package struct Entry: Sendable {
    package var name: String
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) { (self.name, self.bytes) = (name, bytes) }
  }

  package static func archive(_ entries: [Entry]) -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let name = Array(entry.name.utf8)
      let common =
        littleEndian(UInt16(20)) + littleEndian(UInt16(0x0800)) + littleEndian(UInt16(0)) + littleEndian(UInt32(0))
        + littleEndian(UInt32(0)) + littleEndian(UInt32(entry.bytes.count)) + littleEndian(UInt32(entry.bytes.count))
        + littleEndian(UInt16(name.count)) + littleEndian(UInt16(0))
      directory += littleEndian(UInt32(0x0201_4B50)) + littleEndian(UInt16(20)) + common
      directory += [UInt8](repeating: 0, count: 10) + littleEndian(UInt32(file.count)) + name
      file += littleEndian(UInt32(0x0403_4B50)) + common + name + entry.bytes
    }
    let start = file.count
    file += directory
    file += littleEndian(UInt32(0x0605_4B50)) + littleEndian(UInt32(0))
    file += littleEndian(UInt16(entries.count)) + littleEndian(UInt16(entries.count))
    file += littleEndian(UInt32(directory.count)) + littleEndian(UInt32(start)) + littleEndian(UInt16(0))
    return file
  }

  package static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
