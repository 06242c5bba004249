/// CRC-32 of zip archives (polynomial 0xEDB88320, reflected), eight bytes a step ("slicing by 8", Kounavis and Berry
/// 2005).
enum CRC32 {
  /// Eight tables of 256 in a row: table k advances a byte by k further bytes.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      tables[byte] = (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 != 0 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    for index in 256..<(8 * 256) {
      let before = tables[index - 256]
      tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    return tables
  }()

  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    tables.withUnsafeBufferPointer { table in
      var crc = UInt32.max
      var position = 0
      while position + 8 <= bytes.count {
        let low = crc ^ UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
        let high = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position + 4, as: UInt32.self))
        crc = 0
        for k in 0..<4 {
          crc ^= table[(7 - k) << 8 | Int(low >> UInt32(8 * k) & 0xFF)]
          crc ^= table[(3 - k) << 8 | Int(high >> UInt32(8 * k) & 0xFF)]
        }
        position += 8
      }
      while position < bytes.count {
        crc = crc >> 8 ^ table[Int((crc ^ UInt32(bytes[position])) & 0xFF)]
        position += 1
      }
      return ~crc
    }
  }
}
