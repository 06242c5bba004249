import Core
import Foundation
import Lab
import Testing

@Suite struct CatalogTests {
  private let home = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-cat-\(UUID().uuidString)")

  private func corpus(_ count: Int, path: String = "/c") -> CorpusInfo {
    CorpusInfo(
      name: "c", path: path, adapter: "emodb", isSynthetic: true, emotions: ["anger", "fear"],
      utterances: (0..<count).map {
        UtteranceInfo(
          id: "u\($0)", file: "u\($0).wav", emotion: $0 % 2, speaker: "s\($0 % 5)", sentence: "a", duration: 1.5,
          sampleRate: 16_000)
      })
  }

  @Test func whatIsStoredIsFoundWhileTheFingerprintHolds() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let url = home.appendingPathComponent("catalog.sqlite")
    let catalog = try Catalog(url: url)
    #expect(catalog.warning == nil)
    try catalog.store(corpus(1000), fingerprint: "f")
    try catalog.store(corpus(1000), fingerprint: "f")
    let again = try Catalog(url: url)
    #expect(try again.corpus(named: "c", path: "/c", adapter: "emodb", fingerprint: "f") == corpus(1000))
    #expect(try again.corpus(named: "c", path: "/c", adapter: "emodb", fingerprint: "g") == nil)
    try again.forget(path: "/c")
    #expect(try again.corpus(named: "c", path: "/c", adapter: "emodb", fingerprint: "f") == nil)
  }

  @Test func aDamagedCatalogIsReplaced() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let url = home.appendingPathComponent("catalog.sqlite")
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    try Data(repeating: 7, count: 5000).write(to: url)
    let catalog = try Catalog(url: url)
    #expect(catalog.warning == nil)
    try catalog.store(corpus(3), fingerprint: "f")
    #expect(try catalog.corpus(named: "c", path: "/c", adapter: "emodb", fingerprint: "f")?.utterances.count == 3)
  }

  @Test func anUnwritableFolderLeavesACatalogInMemory() throws {
    let catalog = try Catalog(url: URL(fileURLWithPath: "/proc/quaver/catalog.sqlite"))
    #expect(catalog.warning?.contains("/proc/quaver/catalog.sqlite") == true)
    try catalog.store(corpus(3), fingerprint: "f")
    #expect(try catalog.corpus(named: "c", path: "/c", adapter: "emodb", fingerprint: "f") != nil)
  }

  private let samples = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Samples")

  @Test func aCorpusWhoseFolderIsGoneIsToldUnlessItIsNeeded() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let gone = home.appendingPathComponent("gone")
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: samples.appendingPathComponent("german"), to: gone)
    let library = CorpusLibrary(folder: home.appendingPathComponent("corpora"), catalog: try Catalog(url: nil))
    try library.ensure(path: gone.path)
    try library.ensure(path: samples.appendingPathComponent("romanian").path)
    try FileManager.default.removeItem(at: gone)
    let known = library.registrations()
    var told: [String] = []
    let infos = try library.infos(known, needed: { $0.name == "romanian" }, tell: { told.append($0) })
    #expect(infos.map(\.name) == ["romanian"])
    #expect(told.count == 1 && told.first?.hasPrefix("gone: ") == true)
    #expect(throws: (any Error).self) {
      _ = try library.infos(known, needed: { $0.name == "gone" }, tell: { _ in })
    }
  }

  /// A copy of the German samples in a folder of this name.
  private func folder(_ name: String, in parent: String = "a") throws -> String {
    let above = home.appendingPathComponent(parent), folder = above.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: above, withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: samples.appendingPathComponent("german"), to: folder)
    return folder.path
  }

  @Test func aFolderOfAnyNameIsRegistered() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let library = CorpusLibrary(folder: home.appendingPathComponent("corpora"), catalog: try Catalog(url: nil))
    let long = String(repeating: "l", count: 200)
    let cut = String(repeating: "l", count: 116)
    let expected: [(path: String, name: String)] = [
      (try folder("Emo DB"), "emo-db"), (try folder("Größe"), "gr--e"), (try folder("…"), "corpus"),
      (try folder("Emo_DB"), "emo_db"), (try folder("emo db", in: "b"), "emo-db-2"),
      (try folder("……", in: "b"), "corpus-2"), (try folder(long), cut), (try folder(long, in: "b"), cut + "-2"),
    ]
    for (path, name) in expected {
      try library.ensure(path: path)
      try library.ensure(path: path)
      let found = try library.find(path)
      #expect(found.name == name && RunStore.isName(found.name))
      #expect(try library.find(name) == found)
    }
    #expect(library.registrations().count == expected.count && library.problems().isEmpty)
    // What is registered by hand keeps its capitals, and a name that was given is not changed.
    let (added, _) = try library.add(path: try folder("My Corpus (1)"), name: nil, adapter: nil)
    #expect(added.name == "My-Corpus--1-")
    #expect(throws: LabError.badName("Emo DB")) {
      _ = try library.add(path: added.path, name: "Emo DB", adapter: nil)
    }
    #expect(try library.remove(added.path) == added)
  }

  @Test func corporaAreRegisteredOnceAndForgotten() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let library = CorpusLibrary(
      folder: home.appendingPathComponent("corpora"), catalog: try Catalog(url: nil))
    let (registration, _) = try library.add(
      path: samples.appendingPathComponent("german").path, name: "german", adapter: nil)
    #expect(registration.adapter == "emodb")
    #expect(throws: LabError.corpusExists("german")) {
      _ = try library.add(path: samples.appendingPathComponent("romanian").path, name: "german", adapter: nil)
    }
    try library.ensure(path: samples.appendingPathComponent("romanian").path)
    try library.ensure(path: samples.appendingPathComponent("romanian").path)
    #expect(library.registrations().map(\.name) == ["german", "romanian"])
    let info = try library.info(try library.find("romanian"))
    #expect(info.adapter == "emoiit" && info.isSynthetic && info.utterances.count == 70)
    #expect(try library.info(try library.find("romanian")) == info)
    try library.remove("german")
    #expect(throws: LabError.unknownCorpus("german", known: ["romanian"])) { _ = try library.find("german") }
    #expect(throws: LabError.self) { _ = try library.add(path: samples.path, name: "../x", adapter: nil) }
  }

  /// A corpus of two links to folders, and what they lead to.
  private func linkedCorpus() throws -> (corpus: URL, below: URL) {
    let files = FileManager.default, german = samples.appendingPathComponent("german")
    let corpus = home.appendingPathComponent("corpus"), below = home.appendingPathComponent("elsewhere")
    for folder in [corpus, below] { try files.createDirectory(at: folder, withIntermediateDirectories: true) }
    for name in ["03a01Fa.flac", "03a01Wa.flac"] {
      try files.copyItem(at: german.appendingPathComponent(name), to: below.appendingPathComponent(name))
    }
    try files.createSymbolicLink(at: corpus.appendingPathComponent("linked"), withDestinationURL: below)
    return (corpus, below)
  }

  @Test func changesBelowALinkedFolderAreNoticed() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let (corpus, below) = try linkedCorpus()
    let library = CorpusLibrary(folder: home.appendingPathComponent("corpora"), catalog: try Catalog(url: nil))
    let (registration, scanned) = try library.add(path: corpus.path, name: "linked", adapter: nil)
    #expect(scanned.utterances.count == 2)
    #expect(try library.info(registration).utterances.map(\.id) == ["03a01Fa", "03a01Wa"])
    try FileManager.default.moveItem(
      at: below.appendingPathComponent("03a01Wa.flac"), to: below.appendingPathComponent("03a01Ta.flac"))
    #expect(try library.info(registration).utterances.map(\.id) == ["03a01Fa", "03a01Ta"])
    // A file that is replaced by another one of its name.
    try FileManager.default.removeItem(at: below.appendingPathComponent("03a01Ta.flac"))
    try Data("no audio".utf8).write(to: below.appendingPathComponent("03a01Ta.flac"))
    #expect(try library.info(registration).utterances.map(\.id) == ["03a01Fa"])
  }

  /// Another adapter may take other files for utterances, which have levels of their own.
  @Test func levelsBelongToTheAdapterToo() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let corpus = try linkedCorpus().corpus
    let laboratory = try Laboratory(
      paths: Paths(data: home, state: home, cache: home.appendingPathComponent("cache"), config: home))
    let request = PictureRequest(
      corpus: "c", utterance: "03a01Fa", slice: 0, strideMilliseconds: 1000, transform: Laboratory.transforms[0],
      stage: .normalised, augmentSeed: 0)
    for (adapter, kept) in [("emodb", 1), ("emodb", 1), ("mixed", 2)] {
      _ = try laboratory.library.add(path: corpus.path, name: "c", adapter: adapter)
      _ = try laboratory.answers(to: request)
      let levels = home.appendingPathComponent("cache/levels").path
      #expect(try FileManager.default.contentsOfDirectory(atPath: levels).count == kept)
    }
  }

  /// A run's own folder is listed under its name without being registered.
  @Test func aListedCorpusNeedsNoRegistrationToBeSeen() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let corpus = try linkedCorpus().corpus
    let laboratory = try Laboratory(
      paths: Paths(data: home, state: home, cache: home.appendingPathComponent("cache"), config: home))
    let info = try laboratory.library.info(try laboratory.library.find(corpus.path))
    let request = PictureRequest(
      corpus: info.name, utterance: "03a01Fa", slice: 0, strideMilliseconds: 1000, transform: Laboratory.transforms[0],
      stage: .normalised, augmentSeed: 0)
    #expect(try laboratory.answers(to: request, among: [info]).count == 2)
    #expect(laboratory.library.registrations().isEmpty)
    #expect(throws: LabError.self) { _ = try laboratory.answers(to: request) }
  }

  /// Measuring takes minutes: a chmod and a backup's hard links must not ask for it again, another sound must.
  @Test func levelsOutliveWhatLeavesTheSoundsAsTheyAre() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let (corpus, below) = try linkedCorpus(), files = FileManager.default
    let laboratory = try Laboratory(
      paths: Paths(data: home, state: home, cache: home.appendingPathComponent("cache"), config: home))
    _ = try laboratory.library.add(path: corpus.path, name: "c", adapter: "emodb")
    let request = PictureRequest(
      corpus: "c", utterance: "03a01Fa", slice: 0, strideMilliseconds: 1000, transform: Laboratory.transforms[0],
      stage: .normalised, augmentSeed: 0)
    func kept() throws -> Int {
      _ = try laboratory.answers(to: request)
      return try files.contentsOfDirectory(atPath: home.appendingPathComponent("cache/levels").path).count
    }
    #expect(try kept() == 1)
    let sound = below.appendingPathComponent("03a01Wa.flac")
    try files.setAttributes([.posixPermissions: 0o640], ofItemAtPath: sound.path)
    try files.linkItem(at: sound, to: home.appendingPathComponent("backup.flac"))
    #expect(try kept() == 1)
    try files.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: sound.path)
    #expect(try kept() == 2)
  }

  /// An utterance without a speaker is no speaker of that name.
  @Test func speakersThatAreNotNamedAreNotCounted() {
    func alarms(_ speakers: [String]) -> [String] {
      let utterances = speakers.enumerated().map { index, speaker in
        UtteranceInfo(
          id: "u\(index)", file: "u\(index).wav", emotion: index % 2, speaker: speaker, sentence: "", duration: 1,
          sampleRate: 16_000)
      }
      let corpus = CorpusInfo(
        name: "c", path: "/c", adapter: "folders", isSynthetic: false, emotions: ["anger", "fear"],
        utterances: utterances)
      return CorpusAlarms(corpus).sentences
    }
    let unknown = "are not known: a split may share them between train and test"
    #expect(alarms(["", "", "", ""]) == ["speakers " + unknown])
    #expect(alarms(["a", "a", "", ""]) == ["the speakers of 2 of 4 utterances " + unknown])
    #expect(alarms(["a", "a", "a", "a"]) == ["one speaker: what is learnt may be the voice"])
    // The nameless one lacks fear, but is none of the speakers.
    #expect(alarms(["a", "a", "b", "b", ""]) == ["a split by utterance shares speakers between train and test"])
  }
}
