import Foundation
import Pipeline
import SndFile
import Testing

@Suite struct AudioTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func samplesOfAWAVAreExact() throws {
    let wave = tone(hertz: 440, seconds: 0.5)
    let url = try folder.write(WAV(wave, float: true).data, to: "a.wav")
    let audio = try Audio.read(url)
    #expect(audio.samples == wave)
    #expect(audio.header == AudioHeader(sampleRate: 16_000, channels: 1, frames: 8000))
  }

  @Test(arguments: [8_000, 22_050, 44_100, 48_000, 192_000], [1, 2, 8])
  func otherRatesAndChannelsAreConverted(rate: Int, channels: Int) throws {
    let mono = tone(hertz: 440, seconds: 0.5, rate: rate)
    // Channels that differ, but whose mean is the tone.
    let mixed = mono.flatMap { sample in
      (0..<channels).map { channels == 1 ? sample : sample * ($0 % 2 == 0 ? 0.5 : 1.5) }
    }
    let url = try folder.write(WAV(mixed, rate: rate, channels: channels, float: true).data, to: "a.wav")
    let audio = try Audio.read(url)
    #expect(audio.header == AudioHeader(sampleRate: rate, channels: channels, frames: mono.count))
    #expect(audio.samples.count == 8000)
    let expected = tone(hertz: 440, seconds: 0.5)
    let error = zip(audio.samples, expected).map { $0 - $1 }[500..<7500]
    #expect(Array(error).level < 1e-3)
  }

  @Test(arguments: [
    ("flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1e-4 as Float),
    ("ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0.05),
    ("mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 0.05),
    ("aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 1e-4),
  ])
  func formatsAreRecognisedByContent(name: String, format: Int, tolerance: Float) throws {
    // Every one under a name that lies.
    let url = folder.url.appendingPathComponent("\(name).wav")
    let wave = tone(hertz: 440, seconds: 1)
    try encode(wave, to: url, rate: 16_000, format: format)
    let audio = try Audio.read(url)
    #expect(abs(audio.samples.level - wave.level) < tolerance)
    #expect(abs(audio.samples.count - 16_000) < 2400)
  }

  @Test func cutFilesAreRefused() throws {
    let whole = WAV(tone(hertz: 440, seconds: 1)).data
    let cut = try folder.write(whole.prefix(20_000), to: "cut.wav")
    #expect(
      throws: PipelineError.truncated(
        path: cut.path, found: 19_956, declared: 32_000, unit: "bytes of audio")
    ) { try Audio.probe(cut) }
    for (name, format) in [
      ("a.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16), ("a.aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16),
      ("a.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS),
    ] {
      let url = folder.url.appendingPathComponent(name)
      try encode(tone(hertz: 440, seconds: 3), to: url, rate: 16_000, format: format)
      let data = try Data(contentsOf: url)
      try data.prefix(data.count * 2 / 3).write(to: url)
      #expect(throws: PipelineError.self, "\(name)") { try Audio.read(url) }
    }
  }

  /// Sizes of a writer that could not go back: all ones, or as SoX, whose blocks of 6 bytes do not fill its own number.
  @Test(arguments: [0xFFFF_FFFF, 0x7FFF_FFFF, 0x7FFF_F000, 0x7FFF_EFFC])
  func streamedWAVsWithOpenSizesAreRead(declared: Int) throws {
    let url = try folder.write(WAV(tone(hertz: 440, seconds: 1), declaredBytes: declared).data, to: "a.wav")
    #expect(try Audio.read(url).samples.count == 16_000)
  }

  @Test func otherGreatSizesAreNoOpenOnes() throws {
    let url = try folder.write(WAV(tone(hertz: 440, seconds: 1), declaredBytes: 0x7FFE_F000).data, to: "a.wav")
    #expect(
      throws: PipelineError.truncated(path: url.path, found: 32_000, declared: 0x7FFE_F000, unit: "bytes of audio")
    ) { try Audio.read(url) }
  }

  @Test(arguments: [
    ("nothing", Data(), "nothing: not an audio file that can be read (an empty file)"),
    ("text.wav", Data("This is no audio at all, whatever its name.".utf8), "not an audio file"),
    ("short.wav", Data("RIFF".utf8), "not an audio file"),
    ("zero.wav", WAV([]).data, "zero.wav: 0 samples; an utterance needs at least 1"),
    ("nan.wav", WAV([0, .nan, 0], float: true).data, "nan.wav: sample 1 is not a finite number"),
    ("inf.wav", WAV([0, 0, -.infinity], float: true).data, "inf.wav: sample 2 is not a finite number"),
    ("rate.wav", WAV([0, 0], rate: 2_000_000_000).data, "impossible"),
    ("slow.wav", WAV([0, 0], rate: 3).data, "impossible"),
    ("wide.wav", WAV(Array(repeating: 0, count: 600), channels: 300).data, "300 channels"),
    ("none.wav", WAV([0, 0], channels: 0).data, "none.wav"),
    ("long.wav", WAV(Array(repeating: 0, count: 3_601_000), rate: 1000).data, "at most 3600 s"),
  ])
  func badFilesGetOneSentence(name: String, data: Data, sentence: String) throws {
    let url = try folder.write(data, to: name)
    let error = #expect(throws: PipelineError.self) { try Audio.read(url) }
    let text = error?.description ?? ""
    #expect(text.contains(sentence) && !text.contains("\n"), "\(text)")
  }

  @Test func missingFilesAndFoldersGetOneSentence() throws {
    let missing = folder.url.appendingPathComponent("x.wav")
    #expect(throws: PipelineError.cannotOpen(path: missing.path, reason: "No such file or directory")) {
      try Audio.read(missing)
    }
    #expect(throws: PipelineError.self) { try Audio.read(folder.url) }
  }

  @Test func clippingCountsRuns() throws {
    let url = try folder.write(WAV([0, 1, 1, 0, 1, 1, 1, 1, 0, -1, -1, -1]).data, to: "a.wav")
    #expect(try Audio.decode(url).clipped == 7)
  }

  /// Full scale is what the format can say, which is short of 1.
  @Test(arguments: [
    SF_FORMAT_WAV | SF_FORMAT_ULAW, SF_FORMAT_WAV | SF_FORMAT_ALAW, SF_FORMAT_WAV | SF_FORMAT_PCM_U8,
    SF_FORMAT_AIFF | SF_FORMAT_PCM_S8, SF_FORMAT_WAV | SF_FORMAT_PCM_24,
  ])
  func clippingIsFoundInEveryFormat(_ format: Int) throws {
    let url = folder.url.appendingPathComponent("a.wav")
    let wave: [Float] = [0, 1, 1, 0, 1, 1, 1, 1, 0, -1, -1, -1]
    try encode(wave, to: url, rate: 16_000, format: format)
    #expect(try Audio.decode(url).clipped == 7)
    try encode(wave.map { 0.9 * $0 }, to: url, rate: 16_000, format: format)
    #expect(try Audio.decode(url).clipped == 0)
  }

  @Test func slicesFollowTheFormula() throws {
    let half = try Slicer(strideMilliseconds: 500)
    #expect([1, 16_000, 16_001, 24_000, 24_001, 32_000].map(half.count) == [1, 1, 1, 1, 2, 2])
    let ten = try Slicer(strideMilliseconds: 10)
    // 1.1 s is not a float: ⌈(1.1 − 1)·1000/10⌉ must be 10, not 11.
    #expect(ten.count(samples: 17_600) == 10)
    #expect(try Slicer(strideMilliseconds: 7).start(3) == 336)
    for stride in [0, -5, 60_001] {
      #expect(throws: PipelineError.impossibleStride(milliseconds: stride)) {
        try Slicer(strideMilliseconds: stride)
      }
    }
    var slice = [Float](repeating: 9, count: Slicer.length)
    half.copy(1, of: Array(repeating: 1, count: 10_000), to: &slice)
    #expect(slice.prefix(2000).allSatisfy { $0 == 1 } && slice.dropFirst(2000).allSatisfy { $0 == 0 })
  }
}
