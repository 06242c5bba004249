import Core
import Foundation
import Pipeline

/// The corpora that the user registered: one JSON file each is the truth, the catalog an index of what they hold.
package final class CorpusLibrary: Sendable {
  /// `corpora/NAME.json`.
  package struct Registration: Codable, Sendable, Equatable {
    package let name: String
    package let path: String
    /// The adapter that was chosen, or guessed, when the corpus was added.
    package let adapter: String
  }

  private let folder: URL
  private let catalog: Catalog

  package init(folder: URL, catalog: Catalog) { (self.folder, self.catalog) = (folder, catalog) }

  /// Registered corpora by name.
  package func registrations() -> [Registration] {
    files.compactMap(Self.registration).sorted { $0.name < $1.name }
  }

  /// A sentence for each registration that cannot be read.
  package func problems() -> [String] {
    files.filter { Self.registration($0) == nil }.map { LabError.corpusUnreadable(path: $0.path).description }.sorted()
  }

  private var files: [URL] {
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return files.filter { $0.pathExtension == "json" }
  }

  private static func registration(_ file: URL) -> Registration? {
    try? JSON.decoder().decode(Registration.self, from: Data(contentsOf: file))
  }

  /// Registers a folder after scanning it.
  ///
  /// - Parameter name: nil makes one from the folder's.
  /// - Returns: the registration and the scan, which tells why its adapter was chosen and what did not fit.
  /// - Throws: `LabError.corpusExists`, `LabError.badName`, `PipelineError`, `CoreError.cannotWrite`.
  package func add(path: String, name: String?, adapter: String?) throws -> (Registration, Corpus) {
    let url = Self.absolute(path)
    let name = name ?? Self.name(of: url)
    guard RunStore.isName(name) else { throw LabError.badName(name) }
    if let existing = registrations().first(where: { $0.name == name }), existing.path != url.path {
      throw LabError.corpusExists(name)
    }
    let corpus = try Corpus.scan(url, adapter: adapter)
    let registration = Registration(name: name, path: url.path, adapter: corpus.adapter)
    try RunStore.makeFolder(folder)
    try AtomicFile.write(file(name), try JSON.encoder(pretty: true).encode(registration))
    try? catalog.store(CorpusInfo(corpus, name: name), fingerprint: Self.fingerprint(corpus))
    return (registration, corpus)
  }

  /// Registers a folder unless it is registered already.
  package func ensure(path: String) throws {
    let url = Self.absolute(path), known = registrations()
    guard !known.contains(where: { $0.path == url.path }) else { return }
    let name = Self.name(of: url).lowercased()
    let taken = Set(known.map(\.name))
    let free = ([name] + (2...99).map { "\(name)-\($0)" }).first { !taken.contains($0) }
    _ = try add(path: path, name: free, adapter: nil)
  }

  private static func name(of folder: URL) -> String { RunStore.name(from: folder.lastPathComponent) ?? "corpus" }

  /// Forgets a corpus; its sound files stay where they are.
  ///
  /// - Returns: what is forgotten.
  /// - Throws: `LabError.notRegistered`, `CoreError.cannotWrite`.
  @discardableResult
  package func remove(_ name: String) throws -> Registration {
    let known = registrations()
    let path = Self.absolute(name).path
    guard let registration = known.first(where: { $0.name == name }) ?? known.first(where: { $0.path == path }) else {
      throw LabError.notRegistered(name, known: known.map(\.name))
    }
    do { try FileManager.default.removeItem(at: file(registration.name)) } catch {
      throw CoreError.cannotWrite(path: file(registration.name).path, reason: AtomicFile.reason(of: error))
    }
    try? catalog.forget(path: registration.path)
    return registration
  }

  /// A registered corpus by name, or any folder by path.
  package func find(_ nameOrPath: String) throws -> Registration {
    let known = registrations()
    if let registration = known.first(where: { $0.name == nameOrPath }) { return registration }
    if RunStore.isName(nameOrPath), FileManager.default.fileExists(atPath: file(nameOrPath).path) {
      throw LabError.corpusUnreadable(path: file(nameOrPath).path)
    }
    let url = Self.absolute(nameOrPath)
    if let registration = known.first(where: { $0.path == url.path }) { return registration }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue else {
      throw LabError.unknownCorpus(nameOrPath, known: known.map(\.name))
    }
    return Registration(name: url.lastPathComponent, path: url.path, adapter: "")
  }

  /// Reads every header again: what training and checks work on.
  package func scan(_ registration: Registration) throws -> Corpus {
    try Corpus.scan(
      URL(fileURLWithPath: registration.path), adapter: registration.adapter.isEmpty ? nil : registration.adapter)
  }

  /// What the workbench lists; from the catalog while no file has come, gone or changed.
  package func info(_ registration: Registration) throws -> CorpusInfo {
    let fingerprint = Self.fingerprint(URL(fileURLWithPath: registration.path))
    let indexed = try? catalog.corpus(
      named: registration.name, path: registration.path, adapter: registration.adapter, fingerprint: fingerprint)
    if let indexed { return indexed }
    let info = CorpusInfo(try scan(registration), name: registration.name)
    try? catalog.store(info, fingerprint: fingerprint)
    return info
  }

  /// What is listed of some corpora: those that can be read, and all that are needed.
  ///
  /// - Parameter tell: hears a sentence about each that is left out.
  /// - Throws: what reading a corpus throws that is needed.
  package func infos(
    _ registrations: [Registration], needed: (Registration) -> Bool, tell: (String) -> Void
  ) throws -> [CorpusInfo] {
    try registrations.compactMap { registration -> CorpusInfo? in
      do { return try info(registration) } catch {
        if needed(registration) { throw error }
        tell("\(registration.name): \(error)")
        return nil
      }
    }
  }

  /// What the catalog knew at its last scan, at once; nil for a corpus that it never saw.
  package func indexed(_ registration: Registration) -> CorpusInfo? {
    try? catalog.corpus(
      named: registration.name, path: registration.path, adapter: registration.adapter, fingerprint: nil)
  }

  /// Changes when a corpus is added or removed by whichever process.
  package var stamp: String {
    var status = stat()
    guard stat(folder.path, &status) == 0 else { return "-" }
    return "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
  }

  private func file(_ name: String) -> URL { folder.appendingPathComponent("\(name).json") }

  static func absolute(_ path: String) -> URL {
    URL(fileURLWithPath: (path as NSString).expandingTildeInPath).standardizedFileURL.resolvingSymlinksInPath()
  }

  /// Rises when a scan reads the same files differently, so that what is known of them is found out anew.
  private static let scanVersion = 2

  /// Changes as the stamp of the folder's listing does; it sees what a scan sees.
  private static func fingerprint(_ folder: URL) -> String {
    (try? FolderListing(folder)).map { fingerprint(stamp: $0.stamp) } ?? "gone"
  }

  /// The fingerprint that the corpus's folder had when it was scanned.
  static func fingerprint(_ corpus: Corpus) -> String { fingerprint(stamp: corpus.stamp) }

  private static func fingerprint(stamp: UInt64) -> String { "\(scanVersion)-" + String(stamp, radix: 16) }
}

extension CorpusInfo {
  package init(_ corpus: Corpus, name: String) {
    self.init(
      name: name, path: corpus.root.path, adapter: corpus.adapter, isSynthetic: corpus.isSynthetic,
      emotions: corpus.emotions,
      utterances: corpus.utterances.map {
        UtteranceInfo(
          id: $0.id, file: $0.file, emotion: $0.emotion, speaker: $0.speaker, sentence: $0.sentence,
          duration: $0.header.seconds, sampleRate: $0.header.sampleRate)
      })
  }
}
