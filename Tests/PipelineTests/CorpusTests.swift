import Core
import Foundation
import Pipeline
import Testing

@Suite struct CorpusTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func emodbNamesTellEverything() throws {
    try folder.tones(["03a01Fa.wav", "16b10Wb.wav", "08a02Nc.wav", "03a01Xa.wav", "3a01Fa.wav", "03a01Faa.wav"])
    try folder.write("a table", to: "erkennung.txt")
    let corpus = try Corpus.scan(folder.url)
    #expect(corpus.adapter == "emodb" && corpus.adapterReason == "3 of 6 audio files are named as in Emo-DB")
    #expect(corpus.emotions == Emotions.canonical)
    #expect(corpus.utterances.map(\.id) == ["03a01Fa", "08a02Nc", "16b10Wb"])
    let first = try #require(corpus.utterances.first)
    #expect(corpus.emotions[first.emotion] == "happiness")
    #expect(first.speaker == "03" && first.sex == .male && first.sentence == "a01" && first.samples == 20_800)
    #expect(corpus.utterances[2].sex == .female)
    #expect(corpus.rejected.map(\.file) == ["03a01Faa.wav", "03a01Xa.wav", "3a01Fa.wav"])
    #expect(corpus.rejected.allSatisfy { $0.reason.hasPrefix("its name is not two digits") })
    #expect(corpus.otherFiles == ["erkennung.txt"] && !corpus.isSynthetic)
    let stamp = try FolderListing(folder.url).stamp
    #expect(corpus.stamp == stamp && corpus.restricted(to: []).stamp == stamp)
  }

  @Test func emoiitNamesTellEverything() throws {
    try folder.tones(["B303fJa.wav", "B303fAb.wav", "C010mSz.wav", "C010xSa.wav", "b303fJa.wav", "B303fXa.wav"])
    let corpus = try Corpus.scan(folder.url)
    #expect(corpus.adapter == "emoiit")
    #expect(corpus.utterances.map(\.id) == ["B303fAb", "B303fJa", "C010mSz"])
    #expect(corpus.utterances.map { corpus.emotions[$0.emotion] } == ["anger", "happiness", "sadness"])
    #expect(corpus.utterances.map(\.speaker) == ["B303", "B303", "C010"])
    #expect(corpus.utterances.map(\.sex) == [.female, .female, .male])
    #expect(corpus.utterances.map(\.sentence) == ["b", "a", "z"])
    #expect(corpus.rejected.count == 3)
  }

  @Test func emoiitCopiesInFoldersAreTakenAndContradictionsListed() throws {
    try folder.tones([
      "anger/B303fAa.wav", "Bucurie/B303fJa.wav", "N/C010mNb.wav", "Tristețe/C010mSb.wav", "fear/B303f_7.wav",
      "anger/B303fJb.wav", "anger/recording1.wav",
    ])
    let corpus = try Corpus.scan(folder.url)
    #expect(corpus.adapter == "emoiit")
    let emotions = Dictionary(uniqueKeysWithValues: corpus.utterances.map { ($0.id, corpus.emotions[$0.emotion]) })
    #expect(
      emotions == [
        "B303fAa": "anger", "B303fJa": "happiness", "C010mNb": "neutral", "C010mSb": "sadness", "B303f_7": "fear",
      ])
    #expect(corpus.rejected.map(\.file) == ["anger/B303fJb.wav", "anger/recording1.wav"])
    #expect(corpus.rejected[0].reason == "its name says happiness, its folder “anger” says anger")
  }

  @Test func foldersGiveTheirOwnClasses() throws {
    try folder.tones([
      "sadness/01.wav", "anger/s1/01.wav", "calm/01.wav", "happiness/s2/02.wav", "stray.wav", "anger/a/b/c.wav",
    ])
    let corpus = try Corpus.scan(folder.url)
    #expect(corpus.adapter == "folders")
    #expect(corpus.emotions == ["anger", "happiness", "sadness", "calm"])
    #expect(corpus.utterances.map(\.speaker) == ["s1", "", "s2", ""])
    // 01 is three files' name, so identifiers are paths.
    #expect(corpus.utterances.map(\.id) == ["anger/s1/01", "calm/01", "happiness/s2/02", "sadness/01"])
    #expect(corpus.rejected.map(\.file) == ["anger/a/b/c.wav", "stray.wav"])
  }

  @Test func tablesNameFilesAndMistakesInThem() throws {
    try folder.tones(["a/1.wav", "a/2.wav", "3.wav", "4.wav"])
    try folder.write(
      """
      \u{FEFF}File,emotion,speaker,sex,sentence\r
      a/1.wav,joy,Ana,f,"one, two"\r
      a/2.wav,anger,Ion,male,s2\r
      3.wav,,Ion,m,s3
      missing.wav,joy,Ion,m,s4
      a/1.wav,joy,Ana,f,again
      """, to: "labels.csv")
    let corpus = try Corpus.scan(folder.url)
    #expect(corpus.adapter == "csv" && corpus.emotions == ["anger", "joy"])
    #expect(corpus.utterances.map(\.file) == ["a/1.wav", "a/2.wav"])
    #expect(corpus.utterances[0].sentence == "one, two" && corpus.utterances[1].sex == .male)
    #expect(
      Set(corpus.rejected.map { "\($0.file): \($0.reason)" }) == [
        "3.wav: labels.csv line 4: no emotion", "missing.wav: labels.csv line 5: no such file",
        "a/1.wav: labels.csv line 6: listed a second time", "4.wav: not listed in labels.csv",
      ])
  }

  /// A table with a mistake is not passed over for the names of the files.
  @Test func aTableThatCannotBeReadIsTold() throws {
    try folder.tones(["03a01Fa.wav", "03a01Na.wav"])
    try folder.write("file,emotion,speaker\n03a01Fa.wav,joy,Ana\n03a01Na.wav\n", to: "labels.csv")
    let corpus = try Corpus.scan(folder.url)
    #expect(corpus.adapter == "emodb" && corpus.adapterReason.contains("labels.csv"))
    #expect(throws: PipelineError.self) { try Corpus.scan(folder.url, adapter: "csv") }
  }

  /// To the disk, “é” in one and in two code points are two names; a table may come from a system that changes them.
  @Test func tablesMaySpellNamesInAnotherUnicodeForm() throws {
    try folder.tones(["cafe\u{301}.wav", "both-\u{E9}.wav", "both-e\u{301}.wav"])
    try folder.write(
      "file,emotion,speaker\ncaf\u{E9}.wav,joy,Ana\nboth-e\u{301}.wav,joy,Ion\nboth-\u{E9}.wav,anger,Ana\n",
      to: "labels.csv")
    let corpus = try Corpus.scan(folder.url)
    #expect(corpus.adapter == "csv" && corpus.rejected.isEmpty && corpus.utterances.count == 3)
    func isSpelt(_ file: String, by speaker: String, _ emotion: String) -> Bool {
      corpus.utterances.contains {
        $0.file.utf8.elementsEqual(file.utf8) && $0.speaker == speaker && corpus.emotions[$0.emotion] == emotion
      }
    }
    #expect(isSpelt("cafe\u{301}.wav", by: "Ana", "joy"))
    #expect(isSpelt("both-e\u{301}.wav", by: "Ion", "joy") && isSpelt("both-\u{E9}.wav", by: "Ana", "anger"))
  }

  @Test func severalCorporaInOneFolderAndTheSyntheticMark() throws {
    try folder.tones(["german/03a01Fa.wav", "romanian/S001fAa.wav", "romanian/S001fBa.wav"])
    try folder.write("made by machine", to: "german/SYNTHETIC")
    let corpus = try Corpus.scan(folder.url)
    #expect(corpus.adapter == "mixed" && corpus.isSynthetic && corpus.utterances.count == 3)
    #expect(try Corpus.scan(folder.url.appendingPathComponent("romanian")).adapter == "emoiit")
  }

  @Test func unreadableAudioIsListedWithItsReason() throws {
    try folder.tones(["03a01Fa.wav", "03a01Na.wav"])
    try folder.write(WAV([]).data, to: "03a01Wa.wav")
    try folder.write("no audio", to: "03a01Ta.wav")
    try folder.write(WAV(tone(hertz: 300, seconds: 1)).data.prefix(900), to: "03a01La.wav")
    let corpus = try Corpus.scan(folder.url)
    #expect(corpus.utterances.map(\.id) == ["03a01Fa", "03a01Na"])
    #expect(corpus.rejected.map(\.file) == ["03a01La.wav", "03a01Ta.wav", "03a01Wa.wav"])
    #expect(corpus.rejected[0].reason == "truncated; it holds 856 of the 32000 bytes of audio that it declares")
    #expect(corpus.rejected[2].reason == "0 samples; an utterance needs at least 1")
  }

  /// Nothing leaves a corpus without a word: links to folders are followed, links to nothing are told.
  @Test func linksAndLockedFoldersAreNotPassedOver() throws {
    let files = FileManager.default
    try folder.write(WAV(tone(hertz: 200, seconds: 1)).data, to: "corpus/sadness/a.wav")
    try folder.write(WAV(tone(hertz: 300, seconds: 1)).data, to: "elsewhere/b.wav")
    let corpus = folder.url.appendingPathComponent("corpus")
    func link(_ name: String, to target: URL) throws {
      try files.createSymbolicLink(at: corpus.appendingPathComponent(name), withDestinationURL: target)
    }
    try link("anger", to: folder.url.appendingPathComponent("elsewhere"))
    try link("sadness/gone.wav", to: folder.url.appendingPathComponent("nothing.wav"))
    try link("sadness/round", to: corpus)
    let listing = try FolderListing(corpus)
    #expect(listing.audio == ["anger/b.wav", "sadness/a.wav", "sadness/gone.wav"])
  }

  /// A folder from an archive of another encoding: Foundation cannot spell its name, and nobody can look into it.
  @Test func foldersWhoseNamesAreNotUTF8AreTold() throws {
    try folder.tones(["anger/a.wav", "sadness/b.wav"])
    let name: [UInt8] = Array("\(folder.url.path)/fr".utf8) + [0xF6] + Array("hlich\0".utf8)
    let path = name.map { CChar(bitPattern: $0) }
    try #require(mkdir(path, 0o755) == 0)
    defer { rmdir(path) }
    let corpus = try Corpus.scan(folder.url)
    #expect(corpus.utterances.map(\.id) == ["a", "b"])
    #expect(
      corpus.rejected == [
        RejectedFile(file: "fr\u{FFFD}hlich", reason: "cannot be opened (its name is not UTF-8)")
      ])
  }

  @Test func aListingsStampTellsEveryChange() throws {
    try folder.tones(["elsewhere/a.wav"])
    let files = FileManager.default, corpus = folder.url.appendingPathComponent("corpus")
    let sound = folder.url.appendingPathComponent("elsewhere/a.wav")
    try files.createDirectory(at: corpus, withIntermediateDirectories: true)
    let link = corpus.appendingPathComponent("linked")
    try files.createSymbolicLink(at: link, withDestinationURL: sound.deletingLastPathComponent())
    let first = try FolderListing(corpus).stamp
    #expect(try FolderListing(corpus).stamp == first)
    try files.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: sound.path)
    let second = try FolderListing(corpus).stamp
    #expect(second != first)
    try files.moveItem(at: sound, to: sound.deletingLastPathComponent().appendingPathComponent("b.wav"))
    let third = try FolderListing(corpus).stamp
    #expect(third != second)
    try files.removeItem(at: link)
    #expect(try FolderListing(corpus).stamp != third)
  }

  /// What is known of a corpus outlives a backup's hard links and an archive's modes; what it may not read is noticed.
  @Test func aStampIsOfWhatCanBeRead() throws {
    try folder.tones(["a.wav"])
    let sound = folder.url.appendingPathComponent("a.wav"), twin = folder.url.appendingPathComponent(".twin")
    try #require(chmod(sound.path, 0o644) == 0)
    let first = try FolderListing(folder.url).stamp
    try #require(chmod(sound.path, 0o600) == 0)
    #expect(try FolderListing(folder.url).stamp == first)
    try FileManager.default.linkItem(at: sound, to: twin)
    #expect(try FolderListing(folder.url).stamp == first)
    try #require(chmod(sound.path, 0) == 0)
    // Nothing is locked for the superuser.
    let isReadable = access(sound.path, R_OK) == 0, last = try FolderListing(folder.url).stamp
    #expect((last == first) == isReadable)
  }

  /// A folder whose name is not UTF-8 stands for all that cannot be looked into: nothing is locked for the superuser.
  @Test func closedFoldersAreToldWhereTheAdapterIsKnown() throws {
    let name: [UInt8] = Array("\(folder.url.path)/fr".utf8) + [0xF6] + Array("hlich\0".utf8)
    let path = name.map { CChar(bitPattern: $0) }
    try #require(mkdir(path, 0o755) == 0)
    defer { rmdir(path) }
    func sentence(_ adapter: String) -> String {
      let error = #expect(throws: PipelineError.self) { try Corpus.scan(folder.url, adapter: adapter) }
      return error?.description ?? ""
    }
    let closed = "fr\u{FFFD}hlich: cannot be opened (its name is not UTF-8)"
    for adapter in ["emodb", "folders"] {
      #expect(sentence(adapter).contains("no utterance found by the adapter “\(adapter)” (\(closed))"))
    }
    try folder.tones(["anger/a.wav"])
    #expect(sentence("emodb").contains(closed) && sentence("folders").contains(closed))
    try folder.write("file,emotion\nanger/a.wav,anger\nfr\u{FFFD}hlich/b.wav,joy\nc.wav,joy\n", to: "labels.csv")
    let reasons = try Corpus.scan(folder.url, adapter: "csv").rejected.map(\.reason)
    #expect(
      Set(reasons) == [
        "cannot be opened (its name is not UTF-8)", "labels.csv line 3: its folder may not be read",
        "labels.csv line 4: no such file",
      ])
  }

  @Test func foldersThatAreNoCorpusGetOneSentence() throws {
    func sentence(_ url: URL, _ adapter: String? = nil) -> String {
      let error = #expect(throws: PipelineError.self) { try Corpus.scan(url, adapter: adapter) }
      return error?.description ?? ""
    }
    #expect(sentence(folder.url.appendingPathComponent("none")).hasSuffix("cannot be opened (no such folder)"))
    #expect(sentence(folder.url).contains("no adapter fits half of its audio files"))
    #expect(sentence(folder.url, "emodb").contains("no utterance found"))
    #expect(sentence(folder.url, "folders").contains("needs at least 2"))
    try folder.write("file,class\n", to: "t.csv")
    #expect(sentence(folder.url, "csv").contains("no column “emotion” among file, class"))
    try folder.write("file,emotion\na,b,c\n", to: "t.csv")
    #expect(sentence(folder.url, "csv").contains("line 2 has 3 fields, the header 2"))
    try folder.write("file,emotion\n\"a,b\n", to: "t.csv")
    #expect(sentence(folder.url, "csv").contains("a quote in line 2 never ends"))
    #expect(sentence(folder.url.appendingPathComponent("t.csv")).contains("a corpus is a folder"))
    #expect(sentence(folder.url, "nemo").hasPrefix("there is no corpus adapter “nemo”"))
  }

  // MARK: check

  @Test @Engine func theCheckCountsAndFinds() async throws {
    try folder.tones(["03a01Fa.wav", "03a02Na.wav", "08a01Fa.wav"])
    try folder.write(WAV(tone(hertz: 200, seconds: 1.3)).data, to: "09a01Fa.wav")
    try folder.write(WAV(Array(repeating: 0, count: 16_000) + tone(hertz: 99, seconds: 0.5)).data, to: "09a02Ta.wav")
    try folder.write(WAV(tone(hertz: 100, seconds: 1, gain: 3)).data, to: "09a04Ta.wav")
    try folder.write(WAV([0, .nan], float: true).data, to: "10a01Fa.wav")
    try folder.write(WAV(tone(hertz: 100, seconds: 1)).data, to: "stranger.wav")
    let corpus = try Corpus.scan(folder.url)
    let check = try CorpusCheck(corpus)
    #expect(check.utterances == 6 && abs(check.seconds - 7.7) < 0.01)
    #expect(check.emotions.map(\.name) == Emotions.canonical)
    #expect(check.emotions.map(\.utterances) == [0, 0, 0, 0, 3, 1, 2])
    #expect(check.speakers.map(\.name) == ["03", "08", "09"] && check.speakers.map(\.utterances) == [2, 1, 3])
    #expect(check.sentences.map(\.name) == ["a01", "a02", "a04"])
    #expect(check.durations.shortest == 1 && check.durations.longest == 1.5)
    #expect(check.sampleRates == [16_000: 6])
    #expect(check.silent.map(\.file) == ["09a02Ta.wav"])
    #expect(check.clipped.map(\.file) == ["09a04Ta.wav"])
    #expect(check.duplicates == [["03a01Fa.wav", "09a01Fa.wav"]])
    #expect(check.failed.map(\.file) == ["10a01Fa.wav", "stranger.wav"])
    #expect(check.failed[0].reason == "sample 1 is not a finite number")

    let control = RunControl()
    control.wish = .stopNow
    #expect(throws: PipelineError.stopped) { try CorpusCheck(corpus, control: control) }
  }

  @Test(.enabled(if: Fixtures.emodb != nil, "no Emo-DB; set QUAVER_EMODB"))
  func emodbIsWhole() async throws {
    let corpus = try Corpus.scan(try #require(Fixtures.emodb))
    #expect(corpus.adapter == "emodb" && corpus.utterances.count == 535 && corpus.rejected.isEmpty)
    let check = try await Engine.run { try CorpusCheck(corpus) }
    #expect(check.emotions.map(\.utterances) == [127, 81, 46, 69, 71, 79, 62])
    #expect(check.speakers.count == 10 && check.sentences.count == 10 && check.failed.isEmpty)
  }
}
