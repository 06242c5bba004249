import Foundation

/// Finds files that end before their container says so: libsndfile reads such files to their end without a word.
enum Container {
  /// - Throws: `PipelineError.notAudio` for an empty file or a folder, `PipelineError.truncated` for a cut WAV, AIFF or
  ///   OGG. Other formats are judged by what decoding gives.
  static func check(_ descriptor: Int32, path: String) throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw PipelineError.notAudio(path: path, reason: "not a regular file")
    }
    let size = Int(status.st_size)
    guard size > 0 else { throw PipelineError.notAudio(path: path, reason: "an empty file") }
    let head = bytes(descriptor, at: 0, count: 12)
    guard head.count == 12 else { return }
    switch (tag(head, 0), tag(head, 8)) {
    case ("RIFF", "WAVE"): try checkChunks(descriptor, size, path, data: "data", bigEndian: false)
    case ("FORM", "AIFF"), ("FORM", "AIFC"): try checkChunks(descriptor, size, path, data: "SSND", bigEndian: true)
    case ("OggS", _): try checkPages(descriptor, size, path)
    default: break
    }
  }

  /// What SoX writes into a WAV whose length it cannot know, into a pipe: 0x7FFFF000, rounded down to whole blocks; and
  /// the greatest size that other programs have room for.
  private static let openSizes = (0x7FFF_F000 - 0xFFFF)...0x7FFF_FFFF

  /// Walks the chunks up to the one with the samples. Sizes that a streaming writer leaves open (all ones, or nearly the
  /// greatest signed number) are skipped.
  private static func checkChunks(
    _ descriptor: Int32, _ size: Int, _ path: String, data name: String, bigEndian: Bool
  ) throws {
    var offset = 12
    while offset + 8 <= size {
      let header = bytes(descriptor, at: offset, count: 8)
      guard header.count == 8 else { return }
      let length = (0..<4).reduce(0) { $0 | Int(header[4 + $1]) << (8 * (bigEndian ? 3 - $1 : $1)) }
      if tag(header, 0) == name {
        let available = size - offset - 8
        guard length <= available || length == 0xFFFF_FFFF || openSizes.contains(length) else {
          throw PipelineError.truncated(path: path, found: available, declared: length, unit: "bytes of audio")
        }
        return
      }
      offset += 8 + length + length & 1
    }
  }

  /// The last page of a whole stream carries the end-of-stream flag (RFC 3533, section 6).
  private static func checkPages(_ descriptor: Int32, _ size: Int, _ path: String) throws {
    let tail = bytes(descriptor, at: max(0, size - (1 << 17)), count: 1 << 17)
    let starts = tail.indices.filter { $0 + 27 <= tail.count && tag(tail, $0) == "OggS" }
    guard let page = starts.last, tail[page + 5] & 4 != 0 else {
      throw PipelineError.notAudio(path: path, reason: "truncated; its last Ogg page does not end the stream")
    }
    let segments = Int(tail[page + 26])
    let body = tail[(page + 27)...].prefix(segments)
    let declared = 27 + segments + body.reduce(0) { $0 + Int($1) }
    guard body.count == segments, page + declared <= tail.count else {
      throw PipelineError.truncated(
        path: path, found: tail.count - page, declared: declared, unit: "bytes of its last Ogg page")
    }
  }

  private static func bytes(_ descriptor: Int32, at offset: Int, count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = max(0, pread(descriptor, buffer.baseAddress, count, off_t(offset)))
    }
  }

  private static func tag(_ bytes: [UInt8], _ offset: Int) -> String {
    String(decoding: bytes[offset..<(offset + 4)], as: UTF8.self)
  }
}
