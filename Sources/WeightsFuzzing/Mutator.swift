import Core
import Weights

/// Makes damaged files out of good ones, the same for the same seed and number: bits flipped, lengths attacked, files
/// cut and spliced, opcodes put into pickles, archives built again around a damaged entry so that the damage gets past
/// the archive's own checks.
package struct Mutator: Sendable {
  private let seeds: [[UInt8]]
  private let seed: UInt64

  /// - Parameters:
  ///   - seeds: good files, at least one.
  ///   - seed: of the stream of damage.
  package init(seeds: [[UInt8]], seed: UInt64) {
    precondition(!seeds.isEmpty, "a mutator needs files to damage")
    // A stored checksum of 0 means "none", so that damage to an entry's bytes is read and not only noticed.
    self.seeds = seeds + seeds.compactMap(Self.withoutChecksums)
    self.seed = seed
  }

  /// The damaged file number `index`.
  package func file(_ index: Int) -> [UInt8] {
    var dice = Dice(RandomStream(seed: seed, purpose: "fuzz", index))
    var bytes = seeds[dice.below(seeds.count)]
    if dice.below(2) == 0 { damageInside(&bytes, &dice) } else { damage(&bytes, &dice) }
    return bytes
  }

  // MARK: Damage

  private func damage(_ bytes: inout [UInt8], _ dice: inout Dice) {
    // Mostly one wound: a second one is seldom reached.
    for _ in 0...max(0, dice.below(8) - 4) {
      guard !bytes.isEmpty else { return }
      switch dice.below(10) {
      case 0, 1: bytes[dice.below(bytes.count)] ^= 1 << UInt8(dice.below(8))
      case 2: bytes[dice.below(bytes.count)] = Self.opcodes[dice.below(Self.opcodes.count)]
      case 3, 4: attackLength(&bytes, &dice)
      case 5: bytes.removeLast(dice.below(bytes.count))
      case 6: bytes.removeSubrange(dice.range(of: bytes.count, atMost: 64))
      case 7: duplicate(&bytes, &dice)
      case 8: splice(&bytes, &dice)
      default:
        let opcode = Self.opcodes[dice.below(Self.opcodes.count)]
        bytes.insert(contentsOf: repeatElement(opcode, count: 1 << dice.below(10)), at: dice.below(bytes.count + 1))
      }
    }
  }

  /// Overwrites 1, 2, 4 or 8 bytes with a number that lengths and offsets break on.
  private func attackLength(_ bytes: inout [UInt8], _ dice: inout Dice) {
    let size = 1 << dice.below(4)
    let values: [UInt64] = [
      0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF, .max,
      0x4000_0000_0000_0000, UInt64(bytes.count), UInt64(bytes.count) &- 1, UInt64(dice.below(4096)),
    ]
    let value = values[dice.below(values.count)]
    let start = dice.below(bytes.count)
    for offset in 0..<size where start + offset < bytes.count {
      bytes[start + offset] = UInt8(truncatingIfNeeded: value >> UInt64(8 * offset))
    }
  }

  private func duplicate(_ bytes: inout [UInt8], _ dice: inout Dice) {
    let piece = Array(bytes[dice.range(of: bytes.count, atMost: 256)])
    let place = dice.below(bytes.count + 1)
    for _ in 0...dice.below(3) { bytes.insert(contentsOf: piece, at: place) }
  }

  /// The start of one file and the end of another.
  private func splice(_ bytes: inout [UInt8], _ dice: inout Dice) {
    let other = seeds[dice.below(seeds.count)]
    bytes = bytes.prefix(dice.below(bytes.count + 1)) + other.suffix(dice.below(other.count + 1))
  }

  /// Damages what a file's frame protects: an archive's entries, a safetensors header; and mends the frame around it.
  private func damageInside(_ bytes: inout [UInt8], _ dice: inout Dice) {
    if var entries = Self.entries(of: bytes) {
      let target = dice.below(2) == 0 ? entries.firstIndex { $0.name.hasSuffix("data.pkl") } : nil
      damage(&entries[target ?? dice.below(entries.count)].bytes, &dice)
      bytes = StoredZip.archive(entries)
    } else if bytes.count > 8, bytes[8] == UInt8(ascii: "{") {
      let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - 8 else { return }
      var header = Array(bytes[8..<(8 + length)])
      damage(&header, &dice)
      bytes = StoredZip.littleEndian(UInt64(header.count)) + header + bytes[(8 + length)...]
    } else {
      damage(&bytes, &dice)
    }
  }

  /// Opcodes of pickles and characters of JSON, which carry damage further than other bytes.
  private static let opcodes: [UInt8] =
    Array("(.012NJKMGXUTCB)t]ae}sucRbQqrhj{\"[,:".utf8) + Array(0x80...0x98)

  // MARK: Archives

  private static func entries(of bytes: [UInt8]) -> [StoredZip.Entry]? {
    bytes.withUnsafeBytes { raw in
      guard let archive = try? ZipArchive(raw), !archive.entries.isEmpty else { return nil }
      return archive.entries.map { StoredZip.Entry(name: $0.name, bytes: Array(raw[$0.range])) }
    }
  }

  private static func withoutChecksums(_ bytes: [UInt8]) -> [UInt8]? {
    entries(of: bytes).map { StoredZip.archive($0) }
  }
}

/// Draws from a counter-based stream, one after the other.
struct Dice {
  private let stream: RandomStream
  private var drawn = 0

  init(_ stream: RandomStream) { self.stream = stream }

  /// Uniform in 0..<bound.
  mutating func below(_ bound: Int) -> Int {
    defer { drawn += 1 }
    return stream.integer(drawn, below: bound)
  }

  /// A range within 0..<count, at most `limit` long.
  mutating func range(of count: Int, atMost limit: Int) -> Range<Int> {
    let start = below(count)
    return start..<min(count, start + below(limit + 1))
  }
}
