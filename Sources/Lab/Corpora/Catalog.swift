import Core
import Foundation
import GRDB

/// An index of registered corpora in SQLite, so that 100 000 utterances open without reading a sound file. It holds
/// nothing that a rescan could not bring back: a damaged or unwritable catalog is replaced by an empty one.
///
/// A rollback journal with a busy timeout, not WAL, because home folders of clusters are network file systems.
package final class Catalog: Sendable {
  private let database: DatabaseQueue
  /// Why the catalog lives in memory only, for the log; nil when it is on the disk.
  package let warning: String?

  /// - Parameter url: nil keeps the catalog in memory.
  /// - Throws: only when SQLite cannot even open a database in memory.
  package init(url: URL?) throws {
    var warning: String?
    if let url {
      do {
        database = try Self.open(url)
        self.warning = nil
        return
      } catch {
        warning = "\(url.path): the catalog cannot be used (\(Self.reason(error))); corpora are rescanned at each start"
      }
    }
    database = try DatabaseQueue()
    try Self.migrate(database)
    self.warning = warning
  }

  private static func open(_ url: URL) throws -> DatabaseQueue {
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    do {
      let queue = try DatabaseQueue(path: url.path, configuration: configuration)
      try migrate(queue)
      return queue
    } catch let error as DatabaseError where [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode) {
      try FileManager.default.removeItem(at: url)
      let queue = try DatabaseQueue(path: url.path, configuration: configuration)
      try migrate(queue)
      return queue
    }
  }

  private static func migrate(_ database: DatabaseQueue) throws {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 corpora and utterances") { db in
      try db.create(table: "corpus") { table in
        table.primaryKey("path", .text)
        table.column("adapter", .text).notNull()
        table.column("fingerprint", .text).notNull()
        table.column("synthetic", .boolean).notNull()
        table.column("emotions", .text).notNull()
      }
      try db.create(table: "utterance") { table in
        table.column("corpus", .text).notNull().references("corpus", onDelete: .cascade)
        table.column("position", .integer).notNull()
        table.column("id", .text).notNull()
        table.column("file", .text).notNull()
        table.column("emotion", .integer).notNull()
        table.column("speaker", .text).notNull()
        table.column("sentence", .text).notNull()
        table.column("duration", .double).notNull()
        table.column("sampleRate", .integer).notNull()
        table.primaryKey(["corpus", "position"])
      }
    }
    try migrator.migrate(database)
  }

  /// What a scan found when the folder had this fingerprint; nil when it has changed since, or was never scanned.
  ///
  /// - Parameter fingerprint: nil takes what the last scan found, whatever has become of the folder.
  package func corpus(named name: String, path: String, adapter: String, fingerprint: String?) throws -> CorpusInfo? {
    try database.read { db in
      guard
        let row = try Row.fetchOne(
          db, sql: "SELECT synthetic, emotions, fingerprint FROM corpus WHERE path = ? AND adapter = ?",
          arguments: [path, adapter]), fingerprint == nil || row["fingerprint"] == fingerprint
      else { return nil }
      let emotions = try JSON.decoder().decode([String].self, from: Data((row["emotions"] as String).utf8))
      let cursor = try Row.fetchCursor(
        db,
        sql: "SELECT id, file, emotion, speaker, sentence, duration, sampleRate FROM utterance "
          + "WHERE corpus = ? ORDER BY position", arguments: [path])
      var utterances: [UtteranceInfo] = []
      while let row = try cursor.next() {
        utterances.append(
          UtteranceInfo(
            id: row[0], file: row[1], emotion: row[2], speaker: row[3], sentence: row[4], duration: row[5],
            sampleRate: row[6]))
      }
      return CorpusInfo(
        name: name, path: path, adapter: adapter, isSynthetic: row["synthetic"], emotions: emotions,
        utterances: utterances)
    }
  }

  package func store(_ corpus: CorpusInfo, fingerprint: String) throws {
    let emotions = try JSON.line(corpus.emotions)
    try database.write { db in
      try db.execute(sql: "DELETE FROM corpus WHERE path = ?", arguments: [corpus.path])
      try db.execute(
        sql: "INSERT INTO corpus (path, adapter, fingerprint, synthetic, emotions) VALUES (?, ?, ?, ?, ?)",
        arguments: [corpus.path, corpus.adapter, fingerprint, corpus.isSynthetic, emotions])
      let insert = try db.makeStatement(
        sql: "INSERT INTO utterance (corpus, position, id, file, emotion, speaker, sentence, duration, sampleRate) "
          + "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      for (position, utterance) in corpus.utterances.enumerated() {
        try insert.execute(arguments: [
          corpus.path, position, utterance.id, utterance.file, utterance.emotion, utterance.speaker,
          utterance.sentence, utterance.duration, utterance.sampleRate,
        ])
      }
    }
  }

  package func forget(path: String) throws {
    try database.write { try $0.execute(sql: "DELETE FROM corpus WHERE path = ?", arguments: [path]) }
  }

  private static func reason(_ error: any Error) -> String {
    (error as? DatabaseError)?.message ?? AtomicFile.reason(of: error)
  }
}
