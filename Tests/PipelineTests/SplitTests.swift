import Core
import Foundation
import Pipeline
import SndFile
import Testing

@Suite struct SplitTests {
  private let folder: TemporaryFolder
  private let corpus: Corpus
  private let table: SliceTable

  /// Five speakers, two sentences, three emotions; 1.3 s each, so 13 slices of 25 ms.
  init() throws {
    folder = try TemporaryFolder()
    var files: [String] = []
    for speaker in ["03", "08", "09", "10", "11"] {
      for sentence in ["a01", "a02"] {
        for emotion in ["W", "N", "T"] { files.append("\(speaker)\(sentence)\(emotion)a.wav") }
      }
    }
    try folder.tones(files)
    corpus = try Corpus.scan(folder.url)
    table = SliceTable(corpus.utterances, slicer: try Slicer(strideMilliseconds: 25))
  }

  private func split(_ kind: SplitKind, seed: UInt64 = 0) throws -> Split {
    try Split(kind, corpus: corpus, table: table, seed: seed)
  }

  @Test func theTableNumbersSlices() {
    #expect(table.count == 30 * 12)
    for slice in [0, 11, 12, 200, 359] {
      let place = table.locate(slice)
      #expect(place.utterance == slice / 12 && place.index == slice % 12)
      #expect(table.slices(of: place.utterance).contains(slice))
    }
    #expect(table.labels(corpus.utterances).count == table.count)
  }

  @Test(arguments: [SplitKind.utterance, .slice, .speaker])
  func splitsAreReproducibleAndAFifthIsTested(kind: SplitKind) throws {
    let first = try split(kind)
    #expect(try split(kind).parts == first.parts)
    #expect(try (1...5).contains { try split(kind, seed: $0).parts != first.parts })
    #expect(first.slices(.test).count == table.count / 5)
    #expect(Set(first.slices(.train)).isDisjoint(with: first.slices(.test)))
    #expect(first.slices(.train).count + first.slices(.test).count == table.count)
  }

  @Test func leakageIsWhatTheSplitShares() throws {
    let speaker = try split(.speaker).leakage
    #expect(speaker.speakers.isEmpty && speaker.files.isEmpty && speaker.overlappingTestSlices == 0)
    #expect(speaker.sentences == ["a01", "a02"])
    #expect(speaker.facts[0] == "0 of 5 speakers are in both train and test")

    let utterance = try split(.utterance).leakage
    #expect(utterance.files.isEmpty && utterance.overlappingTestSlices == 0 && !utterance.speakers.isEmpty)

    let slice = try split(.slice).leakage
    #expect(slice.files.count > 20 && slice.testSlices == 72)
    // 12 slices 25 ms apart all overlap: every tested one has a trained neighbour.
    #expect(slice.overlappingTestSlices == 72)
    #expect(slice.facts[3] == "72 of 72 test slices overlap a train slice of the same file")
  }

  @Test func slicesASecondApartDoNotOverlap() throws {
    try folder.write(WAV(tone(hertz: 300, seconds: 9)).data, to: "12a01Wa.wav")
    let long = try Corpus.scan(folder.url).restricted(to: ["12a01Wa.wav"])
    for (stride, overlapping) in [(1000, 0), (999, 2)] {
      let table = SliceTable(long.utterances, slicer: try Slicer(strideMilliseconds: stride))
      let split = try Split(.slice, corpus: long, table: table, seed: 1)
      #expect(split.leakage.overlappingTestSlices == overlapping && split.leakage.testSlices == 2)
    }
  }

  @Test func aTableOfPartsIsFollowed() throws {
    let rows = corpus.utterances.map { "\($0.file),\($0.speaker == "03" ? "test" : "train")" }
    let url = try folder.write("file,part\n" + rows.joined(separator: "\n") + "\n", to: "parts.csv")
    let split = try split(SplitKind(url.path))
    #expect(split.slices(.test) == Array(0..<72))
    func sentence(_ text: String) throws -> String {
      let url = try folder.write(text, to: "bad.csv")
      let error = #expect(throws: PipelineError.self) { try self.split(.file(url)) }
      return error?.description ?? ""
    }
    let all = "file,part\n" + rows.joined(separator: "\n")
    #expect(
      try sentence("file,part\n" + rows.dropFirst().joined(separator: "\n")).contains("does not name 03a01Na.wav"))
    #expect(try sentence(all + "\nx.wav,train").contains("line 32: the corpus has no file “x.wav”"))
    #expect(try sentence(all + "\n03a01Na.wav,test").contains("line 32: 03a01Na.wav is listed a second time"))
    #expect(try sentence("file,part\n03a01Na.wav,dev").contains("part “dev” of 03a01Na.wav is neither train nor test"))
    #expect(
      try sentence(all.replacingOccurrences(of: ",test", with: ",train")).contains("the test part would be empty"))
    #expect(try sentence("").contains("it is empty"))
    #expect(throws: PipelineError.self) { try self.split(.file(folder.url.appendingPathComponent("none.csv"))) }
  }

  /// What a row names may be there and be no utterance all the same.
  @Test func aFileThatIsLeftOutIsToldWithItsReason() throws {
    try folder.write(WAV([]).data, to: "12a01Wa.wav")
    let corpus = try Corpus.scan(folder.url)
    let rows = (corpus.utterances.map(\.file) + ["12a01Wa.wav"]).map { "\($0),train" }
    let url = try folder.write("file,part\n" + rows.joined(separator: "\n"), to: "parts.csv")
    let error = #expect(throws: PipelineError.self) {
      try Split(.file(url), corpus: corpus, table: self.table, seed: 0)
    }
    let words = "line 32: 12a01Wa.wav is left out of the corpus (0 samples; an utterance needs at least 1)"
    #expect(error?.description.contains(words) == true)
  }

  @Test func whatIsNotKnownOfSomeIsSaid() throws {
    let folders = try TemporaryFolder()
    try folders.tones(["anger/s1/1.wav", "anger/2.wav", "sadness/s2/3.wav", "sadness/4.wav"])
    let corpus = try Corpus.scan(folders.url)
    let table = SliceTable(corpus.utterances, slicer: table.slicer)
    let facts = try Split(.utterance, corpus: corpus, table: table, seed: 0).leakage.facts
    #expect(
      facts[0] == "0 of 2 speakers are in both train and test; the speaker of 2 of 4 utterances is not known")
    #expect(facts[1] == "sentences are not known")
  }

  /// A copy stays one in another container and behind another header.
  @Test func copiesInOtherContainersAreTwins() throws {
    let copies = try TemporaryFolder(), sound = tone(hertz: 440, seconds: 1.3)
    let original = copies.url.appendingPathComponent("03a01Wa.wav")
    try encode(sound, to: original, rate: 16_000, format: SF_FORMAT_WAV | SF_FORMAT_PCM_16)
    try encode(
      sound, to: copies.url.appendingPathComponent("08a01Wa.flac"), rate: 16_000,
      format: SF_FORMAT_FLAC | SF_FORMAT_PCM_16)
    var longer = try Data(contentsOf: original)
    longer.append(contentsOf: Array("LIST".utf8) + [4, 0, 0, 0] + Array("INFO".utf8))
    let size = UInt32(longer.count - 8).littleEndian
    longer.replaceSubrange(4..<8, with: withUnsafeBytes(of: size) { Data($0) })
    try copies.write(longer, to: "09a01Wa.wav")
    try copies.tones(["10a01Wa.wav", "11a01Wa.wav"])
    let corpus = try Corpus.scan(copies.url)
    let test = ["08a01Wa.flac", "09a01Wa.wav", "10a01Wa.wav"]
    let rows = corpus.utterances.map { "\($0.file),\(test.contains($0.file) ? "test" : "train")" }
    let url = try copies.write("file,part\n" + rows.joined(separator: "\n"), to: "parts.csv")
    let table = SliceTable(corpus.utterances, slicer: table.slicer)
    let split = try Split(.file(url), corpus: corpus, table: table, seed: 0)
    #expect(split.twins(in: corpus, table: table) == ["08a01Wa.flac", "09a01Wa.wav"])
  }

  /// The same files in the same parts are the same split at another stride, and no other is.
  @Test func aSplitsIdentityIsItsParts() throws {
    func identity(_ kind: SplitKind, seed: UInt64 = 0, stride: Int = 25) throws -> ContentHash {
      let table = SliceTable(corpus.utterances, slicer: try Slicer(strideMilliseconds: stride))
      return try Split(kind, corpus: corpus, table: table, seed: seed).identity(of: corpus, table: table)
    }
    let first = try identity(.utterance)
    #expect(try identity(.utterance, stride: 100) == first)
    #expect(try identity(.speaker) != first)
    #expect(try (1...5).contains { try identity(.utterance, seed: $0) != first })
    #expect(try identity(.slice) == identity(.slice))
    #expect(try identity(.slice, stride: 100) != identity(.slice))
  }

  /// Two files whose names Unicode holds equal and the disk does not: no row can tell them apart.
  @Test func namesInTwoUnicodeFormsGetOneSentence() throws {
    let twins = try TemporaryFolder()
    try twins.tones(["anger/\u{E9}.wav", "anger/e\u{301}.wav", "sadness/a.wav"])
    let corpus = try Corpus.scan(twins.url)
    #expect(corpus.utterances.count == 3)
    let url = try twins.write("file,part\nanger/\u{E9}.wav,train\nsadness/a.wav,test\n", to: "parts.csv")
    let error = #expect(throws: PipelineError.self) {
      try Split(
        .file(url), corpus: corpus, table: SliceTable(corpus.utterances, slicer: self.table.slicer), seed: 0)
    }
    #expect(error?.description.contains("in different Unicode forms") == true)
  }

  @Test func impossibleSplitsGetOneSentence() throws {
    let one = corpus.restricted(to: ["03a01Wa.wav"])
    let table = SliceTable(one.utterances, slicer: table.slicer)
    for kind in [SplitKind.utterance, .speaker] {
      #expect(throws: PipelineError.self) { try Split(kind, corpus: one, table: table, seed: 0) }
    }
    let folders = try TemporaryFolder()
    try folders.tones(["calm/1.wav", "angry/2.wav"])
    let nameless = try Corpus.scan(folders.url)
    let error = #expect(throws: PipelineError.self) {
      try Split(
        .speaker, corpus: nameless, table: SliceTable(nameless.utterances, slicer: self.table.slicer), seed: 0)
    }
    #expect(error?.description == "the corpus cannot be split: the speaker of angry/2.wav is not known")
  }

  @Test(
    .enabled(if: Fixtures.reference != nil && Fixtures.emodb != nil, "set QUAVER_REFERENCE and QUAVER_EMODB"),
    arguments: ["speaker", "utterance"])
  func theReferenceSplitsCoverEmodb(name: String) throws {
    let emodb = try Corpus.scan(try #require(Fixtures.emodb))
    let table = SliceTable(emodb.utterances, slicer: try Slicer(strideMilliseconds: 500))
    let url = try #require(Fixtures.reference).appendingPathComponent("splits/emodb-\(name).csv")
    let split = try Split(.file(url), corpus: emodb, table: table, seed: 0)
    #expect(split.leakage.files.isEmpty && split.leakage.overlappingTestSlices == 0)
    #expect(split.leakage.speakers.isEmpty == (name == "speaker"))
  }
}
