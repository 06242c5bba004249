import Core
import Foundation

/// All run folders below one root.
package struct RunStore: Sendable {
  package let root: URL

  package init(root: URL) { self.root = root }

  /// Names of all runs, in reverse order of name: the newest first, unless they were named.
  package func ids() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
    return names.filter { !$0.hasPrefix(".") && Self.isName($0) && isRun($0) }.sorted(by: >)
  }

  private func isRun(_ id: String) -> Bool {
    FileManager.default.fileExists(atPath: folder(id).url.appendingPathComponent("job.json").path)
  }

  private func folder(_ id: String) -> RunFolder { RunFolder(id: id, url: root.appendingPathComponent(id)) }

  /// The run of that name, or the only one whose name begins with it.
  ///
  /// - Throws: `LabError.unknownRun`, `LabError.ambiguousRun`.
  package func open(_ id: String) throws -> RunFolder {
    if Self.isName(id), isRun(id) { return folder(id) }
    let known = ids()
    let matches = known.filter { $0.hasPrefix(id) && !id.isEmpty }
    guard !matches.isEmpty else { throw LabError.unknownRun(id, known: known) }
    guard matches.count == 1 else { throw LabError.ambiguousRun(id, matches: matches) }
    return folder(matches[0])
  }

  /// A new, empty run folder with a free name.
  ///
  /// - Parameter name: nil makes one from the date and the job; `-2`, `-3` … is added when it is taken.
  /// - Throws: `LabError.badName`, `LabError.runExists`, `CoreError.cannotWrite`.
  package func create(name: String?, job: Job, now: Date) throws -> RunFolder {
    if let name, !Self.isName(name) { throw LabError.badName(name) }
    try Self.makeFolder(root)
    let base = name ?? "\(Self.stamp(now))-\(job.model)-\(job.transform)-s\(job.seed)"
    for attempt in 1...99 {
      let folder = folder(attempt == 1 ? base : "\(base)-\(attempt)")
      if mkdir(folder.url.path, 0o755) == 0 { return folder }
      guard errno == EEXIST else {
        throw CoreError.cannotWrite(path: folder.url.path, reason: AtomicFile.lastSystemError())
      }
      // What a crash left before the run's first word has a free name; a folder of someone else's has not.
      if !isRun(folder.id), folder.holdsOnlyOurs, !folder.isLive { return folder }
      if name != nil { break }
    }
    throw LabError.runExists(base)
  }

  /// A new run folder, locked: of two processes that want one name at once, one gets it, and the other the next free name (or
  /// the sentence that it is taken).
  ///
  /// - Throws: as `create`.
  package func claim(name: String?, job: Job, now: Date) throws -> (RunFolder, RunLock) {
    for _ in 1...99 {
      let folder = try create(name: name, job: job, now: now)
      do {
        let lock = try folder.lock()
        // Between our look and our lock another process may have begun a run here, and ended it.
        if !isRun(folder.id) { return (folder, lock) }
      } catch LabError.runIsLive where name == nil {
        continue
      }
    }
    throw LabError.runExists(name ?? "\(job.model)-\(job.transform)")
  }

  /// Deletes a run with everything that was computed from it.
  ///
  /// - Parameter id: the whole name: the beginning of one is easily another's.
  /// - Returns: bytes that its files had.
  /// - Throws: `LabError.unknownRun`, `LabError.runIsLive`, `CoreError.cannotWrite`.
  @discardableResult
  package func remove(_ id: String) throws -> Int {
    let folder = try open(id)
    guard folder.id == id else { throw LabError.unknownRun(id, known: ids()) }
    let lock = try folder.lock()
    let bytes = Self.bytes(below: folder.url)
    // First its name, at once: what a crash leaves then is no half of a run.
    let going = root.appendingPathComponent("\(Self.removed)\(id)-\(UUID().uuidString.prefix(8))")
    do { try FileManager.default.moveItem(at: folder.url, to: going) } catch {
      throw CoreError.cannotWrite(path: folder.url.path, reason: AtomicFile.reason(of: error))
    }
    return try withExtendedLifetime(lock) {
      // What an earlier removal could not delete goes along.
      let left = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
      for name in left where name.hasPrefix(Self.removed) {
        let url = root.appendingPathComponent(name)
        do { try FileManager.default.removeItem(at: url) } catch {
          throw CoreError.cannotWrite(
            path: url.path, reason: "the run is removed, but this remains: \(AtomicFile.reason(of: error))")
        }
      }
      return bytes
    }
  }

  private static let removed = ".removed-"

  private static func bytes(below url: URL) -> Int {
    let files = FileManager.default.enumerator(at: url, includingPropertiesForKeys: [.fileSizeKey])
    return (files?.allObjects ?? []).compactMap { $0 as? URL }
      .reduce(0) { $0 + ((try? $1.resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0) }
  }

  package static func makeFolder(_ url: URL) throws {
    do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
      throw CoreError.cannotWrite(path: url.path, reason: AtomicFile.reason(of: error))
    }
  }

  /// Letters, digits, dots, dashes and underscores, not beginning with a dot: safe in a path and in a shell.
  package static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 120 && !name.hasPrefix(".") && !name.hasPrefix("-")
      && name.unicodeScalars.allSatisfy {
        ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
          || "._-".unicodeScalars.contains($0)
      }
  }

  /// A name made from other words, such as a folder's: what a name may not have becomes a dash, and the end is cut, so
  /// that a suffix such as “-99” still fits.
  ///
  /// - Returns: nil where nothing is left.
  static func name(from words: String) -> String? {
    let name = words.map { isName("a\($0)") ? $0 : "-" }.drop { $0 == "." || $0 == "-" }.prefix(116)
    return name.isEmpty ? nil : String(name)
  }

  private static func stamp(_ date: Date) -> String {
    let parts = Calendar(identifier: .iso8601).dateComponents(
      in: TimeZone(identifier: "UTC") ?? .current, from: date)
    func two(_ value: Int?) -> String {
      let text = String(value ?? 0)
      return text.count < 2 ? "0" + text : text
    }
    return
      "\(parts.year ?? 0)\(two(parts.month))\(two(parts.day))-\(two(parts.hour))\(two(parts.minute))\(two(parts.second))"
  }
}
