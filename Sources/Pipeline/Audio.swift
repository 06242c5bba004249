import Foundation
import SndFile

/// What a sound file's header says.
package struct AudioHeader: Sendable, Equatable {
  /// Hz.
  package let sampleRate: Int
  package let channels: Int
  /// Samples a channel.
  package let frames: Int

  package init(sampleRate: Int, channels: Int, frames: Int) {
    (self.sampleRate, self.channels, self.frames) = (sampleRate, channels, frames)
  }

  package var seconds: Double { Double(frames) / Double(sampleRate) }
}

/// One utterance as mono float32 samples.
package struct Audio: Sendable {
  /// The file's own rate, channels and length.
  package let header: AudioHeader
  /// Mean of the channels at `sampleRate`; at least one, all finite.
  package let samples: [Float]
  /// Hz of `samples`.
  package let sampleRate: Int
  /// Frames of the file in runs of at least three at full scale in some channel.
  package let clipped: Int

  /// The rate that every transform expects, Hz.
  package static let pipelineRate = 16_000
  /// Seconds; a longer file is not an utterance and would only exhaust the memory.
  package static let longest: Double = 3600
  package static let rates = 1_000...768_000
  package static let mostChannels = 256

  /// Reads WAV, FLAC, OGG, MP3, AIFF … (recognised by content, never by name), averages the channels and resamples to
  /// 16 kHz with soxr's HQ recipe when the file has another rate.
  ///
  /// - Throws: `PipelineError` naming the file.
  package static func read(_ url: URL) throws -> Audio {
    let audio = try decode(url)
    guard audio.sampleRate != pipelineRate else { return audio }
    let samples = try Resampler.convert(
      audio.samples, from: audio.sampleRate, to: pipelineRate, path: url.path)
    return Audio(
      header: audio.header, samples: samples, sampleRate: pipelineRate, clipped: audio.clipped)
  }

  /// As `read`, at the file's own rate.
  package static func decode(_ url: URL) throws -> Audio {
    try SoundFile.with(url) { file in
      let frames = file.header.frames
      var samples: [Float] = []
      samples.reserveCapacity(min(frames, 1 << 20))
      let clipped = file.readMono(into: &samples)
      guard !samples.isEmpty else { throw PipelineError.noSamples(path: url.path) }
      guard samples.count >= frames else {
        throw PipelineError.truncated(path: url.path, found: samples.count, declared: frames, unit: "samples")
      }
      samples.removeLast(samples.count - frames)
      if let frame = samples.firstIndex(where: { !$0.isFinite }) {
        throw PipelineError.notFinite(path: url.path, frame: frame)
      }
      return Audio(
        header: file.header, samples: samples, sampleRate: file.header.sampleRate, clipped: clipped)
    }
  }

  /// Equal for equal samples, whatever container and header they come from.
  package var contentHash: ContentHash { samples.withUnsafeBytes { ContentHash($0) } }

  /// Reads the header alone.
  ///
  /// - Throws: `PipelineError` when the file is missing, empty, no audio, truncated or absurd.
  package static func probe(_ url: URL) throws -> AudioHeader {
    try SoundFile.with(url) { $0.header }
  }
}

/// An open sound file with a checked header.
private struct SoundFile {
  let handle: OpaquePointer
  let header: AudioHeader
  /// The least magnitude that is as loud as the file's format can say.
  let fullScale: Float

  static func with<R>(_ url: URL, _ body: (SoundFile) throws -> R) throws -> R {
    let path = url.path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw PipelineError.cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    try Container.check(descriptor, path: path)
    // By descriptor, so that libsndfile goes by content and never takes a file for headerless audio by its name.
    var info = SF_INFO()
    // A descriptor of its own, for it to close: on some failures (a search for resource forks) it closes what it was
    // told to leave open, and closing that number again would take away another thread's file.
    let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    guard let handle = sf_open_fd(own, Int32(SFM_READ), &info, 1) else {
      throw PipelineError.notAudio(path: path, reason: lastError(nil))
    }
    defer { sf_close(handle) }
    let header = try checked(info, path: path)
    return try body(SoundFile(handle: handle, header: header, fullScale: greatestSample(info)))
  }

  /// The greatest positive sample, which is short of 1 by more the fewer bits there are; µ-law and A-law end below it.
  private static func greatestSample(_ info: SF_INFO) -> Float {
    switch Int(info.format) & SF_FORMAT_SUBMASK {
    case SF_FORMAT_PCM_S8, SF_FORMAT_PCM_U8: 127 / 128
    case SF_FORMAT_ULAW: 32_124 / 32_768
    case SF_FORMAT_ALAW: 32_256 / 32_768
    default: 1 - 0x1p-15
    }
  }

  private static func lastError(_ handle: OpaquePointer?) -> String {
    String(cString: sf_strerror(handle)).trimmingCharacters(in: CharacterSet(charactersIn: ".\n "))
  }

  private static func checked(_ info: SF_INFO, path: String) throws -> AudioHeader {
    let header = AudioHeader(
      sampleRate: Int(info.samplerate), channels: Int(info.channels), frames: Int(info.frames))
    guard Audio.rates.contains(header.sampleRate) else {
      throw PipelineError.impossibleHeader(path: path, reason: "a rate of \(header.sampleRate) Hz")
    }
    guard (1...Audio.mostChannels).contains(header.channels) else {
      throw PipelineError.impossibleHeader(path: path, reason: "\(header.channels) channels")
    }
    guard header.frames > 0 else { throw PipelineError.noSamples(path: path) }
    guard header.seconds <= Audio.longest else {
      throw PipelineError.tooLong(path: path, seconds: header.seconds, limit: Audio.longest)
    }
    return header
  }

  /// Appends the mean of the channels, block by block, so that a header cannot make us reserve what is not there.
  /// - Returns: frames in runs of at least three in which some channel is at full scale.
  func readMono(into samples: inout [Float]) -> Int {
    let channels = header.channels, block = 4096
    let scale = 1 / Float(channels)
    var clipped = 0, run = 0
    let buffer = UnsafeMutablePointer<Float>.allocate(capacity: block * channels)
    defer { buffer.deallocate() }
    while true {
      let count = Int(sf_readf_float(handle, buffer, sf_count_t(block)))
      guard count > 0 else { return clipped }
      for frame in 0..<count {
        var sum: Float = 0, peak: Float = 0
        for channel in 0..<channels {
          let value = buffer[frame * channels + channel]
          sum += value
          peak = max(peak, abs(value))
        }
        samples.append(sum * scale)
        run = peak >= fullScale ? run + 1 : 0
        clipped += run == 3 ? 3 : run > 3 ? 1 : 0
      }
    }
  }
}
