import Core
import Foundation
import Pipeline
import SndFile

/// Where data that are never committed lie; tests that need them are skipped where they are missing.
enum Fixtures {
  static let reference = folder("QUAVER_REFERENCE") ?? sibling("reference")
  static let emodb = folder("QUAVER_EMODB") ?? sibling("data/emodb")

  private static func folder(_ variable: String) -> URL? {
    ProcessInfo.processInfo.environment[variable].flatMap(existing)
  }

  private static func sibling(_ path: String) -> URL? {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return existing(package.deletingLastPathComponent().appendingPathComponent("shared/\(path)").path)
  }

  private static func existing(_ path: String) -> URL? {
    FileManager.default.fileExists(atPath: path) ? URL(fileURLWithPath: path, isDirectory: true) : nil
  }

  static func vectors(_ kind: String) -> [URL] {
    guard let folder = reference?.appendingPathComponent(kind) else { return [] }
    let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return (files ?? []).filter { $0.pathExtension == "safetensors" }.sorted { $0.path < $1.path }
  }
}

/// A folder that is gone when its owner is.
final class TemporaryFolder {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: url) }

  @discardableResult func write(_ data: Data, to path: String) throws -> URL {
    let file = url.appendingPathComponent(path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: file)
    return file
  }

  @discardableResult func write(_ text: String, to path: String) throws -> URL { try write(Data(text.utf8), to: path) }

  /// Writes one WAV an entry, each with its own tone.
  func tones(_ paths: [String], seconds: Double = 1.3) throws {
    for (i, path) in paths.enumerated() {
      try write(WAV(tone(hertz: 200 + 10 * Double(i), seconds: seconds)).data, to: path)
    }
  }
}

func tone(hertz: Double, seconds: Double, rate: Int = 16_000, gain: Float = 0.5) -> [Float] {
  (0..<Int(seconds * Double(rate))).map { gain * Float(sin(2 * .pi * hertz * Double($0) / Double(rate))) }
}

/// A WAV made by hand, so that its header can lie.
struct WAV {
  var samples: [Float]
  var rate = 16_000
  var channels = 1
  /// 32-bit floats instead of 16-bit integers.
  var float = false
  /// What the data chunk claims to hold; nil for the truth.
  var declaredBytes: Int?

  init(_ samples: [Float], rate: Int = 16_000, channels: Int = 1, float: Bool = false, declaredBytes: Int? = nil) {
    (self.samples, self.rate, self.channels) = (samples, rate, channels)
    (self.float, self.declaredBytes) = (float, declaredBytes)
  }

  var data: Data {
    var body = Data()
    for sample in samples {
      if float {
        append(sample.bitPattern, to: &body)
      } else {
        append(Int16(max(-1, min(1, sample)) * 32767), to: &body)
      }
    }
    let width = float ? 4 : 2
    var file = Data("RIFF".utf8)
    append(UInt32(36 + body.count), to: &file)
    file += Data("WAVEfmt ".utf8)
    append(UInt32(16), to: &file)
    append(UInt16(float ? 3 : 1), to: &file)
    append(UInt16(truncatingIfNeeded: channels), to: &file)
    append(UInt32(truncatingIfNeeded: rate), to: &file)
    append(UInt32(truncatingIfNeeded: rate * channels * width), to: &file)
    append(UInt16(truncatingIfNeeded: channels * width), to: &file)
    append(UInt16(8 * width), to: &file)
    file += Data("data".utf8)
    append(UInt32(truncatingIfNeeded: declaredBytes ?? body.count), to: &file)
    return file + body
  }

  private func append(_ value: some FixedWidthInteger, to data: inout Data) {
    withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
  }
}

/// Encodes with libsndfile, for the formats that are no fun by hand.
func encode(_ samples: [Float], to url: URL, rate: Int, channels: Int = 1, format: Int) throws {
  var info = SF_INFO()
  (info.samplerate, info.channels, info.format) = (Int32(rate), Int32(channels), Int32(format))
  struct CannotEncode: Error { let reason: String }
  guard let file = sf_open(url.path, Int32(SFM_WRITE), &info) else {
    throw CannotEncode(reason: String(cString: sf_strerror(nil)))
  }
  sf_writef_float(file, samples, sf_count_t(samples.count / channels))
  sf_close(file)
}

extension [Float] {
  /// Root mean square.
  var level: Float { (reduce(0) { $0 + $1 * $1 } / Float(Swift.max(1, count))).squareRoot() }
}
