import Foundation

/// Reads lines of `metrics.jsonl` some twenty times as fast as Foundation's decoder, so that the curves of a run of ten
/// thousand epochs are there at once. Knows plain numbers and the matrix of counts; a line that holds anything else (a NaN,
/// which is a string, or a field of a later version) goes to the decoder.
struct EpochLine {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0

  static func decode(_ line: Data, _ decoder: JSONDecoder) -> EpochMetrics? {
    let quick = line.withUnsafeBytes { buffer -> EpochMetrics? in
      var reader = EpochLine(bytes: buffer.bindMemory(to: UInt8.self))
      return reader.metrics()
    }
    return quick ?? (try? decoder.decode(EpochMetrics.self, from: line))
  }

  private mutating func metrics() -> EpochMetrics? {
    var metrics = EpochMetrics(
      epoch: 0, step: 0, trainLoss: 0, trainAccuracy: 0, validLoss: 0, validAccuracy: 0, validUAR: 0,
      averageAccuracy: nil, confusion: [], seconds: 0)
    var found = 0
    guard take(UInt8(ascii: "{")) else { return nil }
    repeat {
      guard let key = key() else { return nil }
      if key == "confusion" {
        guard let matrix = matrix() else { return nil }
        metrics.confusion = matrix
      } else {
        guard let value = number(), Self.set(key, value, &metrics) else { return nil }
      }
      if key != "averageAccuracy", key != "attackedAccuracy" { found += 1 }
    } while take(UInt8(ascii: ","))
    // All that are not optional, each once.
    return take(UInt8(ascii: "}")) && found == 9 ? metrics : nil
  }

  private static func set(_ key: String, _ value: Double, _ metrics: inout EpochMetrics) -> Bool {
    switch key {
    case "epoch", "step":
      guard let whole = Int(exactly: value) else { return false }
      if key == "epoch" { metrics.epoch = whole } else { metrics.step = whole }
    case "trainLoss": metrics.trainLoss = value
    case "trainAccuracy": metrics.trainAccuracy = value
    case "validLoss": metrics.validLoss = value
    case "validAccuracy": metrics.validAccuracy = value
    case "validUAR": metrics.validUAR = value
    case "averageAccuracy": metrics.averageAccuracy = value
    case "attackedAccuracy": metrics.attackedAccuracy = value
    case "seconds": metrics.seconds = value
    default: return false
    }
    return true
  }

  // MARK: Pieces

  private mutating func skipBlanks() {
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipBlanks()
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func key() -> String? {
    guard take(UInt8(ascii: "\"")) else { return nil }
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
      if bytes[position] == UInt8(ascii: "\\") { return nil }
      position += 1
    }
    guard position < bytes.count else { return nil }
    let key = String(decoding: bytes[start..<position], as: UTF8.self)
    position += 1
    return take(UInt8(ascii: ":")) ? key : nil
  }

  private mutating func number() -> Double? {
    skipBlanks()
    let start = position
    while position < bytes.count, Self.isNumeric(bytes[position]) { position += 1 }
    guard start < position, position < bytes.count, let base = bytes.baseAddress else { return nil }
    // strtod stops at the byte after the number, which is there.
    var end: UnsafeMutablePointer<CChar>?
    return (base + start).withMemoryRebound(to: CChar.self, capacity: position - start + 1) { text in
      let value = strtod(text, &end)
      return end.map { UnsafePointer($0) } == text + (position - start) ? value : nil
    }
  }

  private static func isNumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || byte == 0x2B || byte == 0x2D || byte == 0x2E || byte == 0x45 || byte == 0x65
  }

  private mutating func matrix() -> [[Int]]? {
    guard take(UInt8(ascii: "[")) else { return nil }
    var rows: [[Int]] = []
    repeat {
      guard take(UInt8(ascii: "[")) else { return nil }
      var row: [Int] = []
      row.reserveCapacity(8)
      repeat {
        guard let count = count() else { return nil }
        row.append(count)
      } while take(UInt8(ascii: ","))
      guard take(UInt8(ascii: "]")) else { return nil }
      rows.append(row)
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "]")) ? rows : nil
  }

  private mutating func count() -> Int? {
    skipBlanks()
    var (value, digits) = (0, 0)
    while position < bytes.count, (0x30...0x39).contains(bytes[position]), digits < 18 {
      value = value * 10 + Int(bytes[position] - 0x30)
      (position, digits) = (position + 1, digits + 1)
    }
    return digits > 0 ? value : nil
  }
}
