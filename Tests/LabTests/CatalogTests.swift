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
}
