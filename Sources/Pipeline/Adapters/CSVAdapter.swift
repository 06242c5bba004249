import Foundation

/// Any corpus with a table in its folder: a CSV with the columns file and emotion, and maybe speaker, sex, sentence.
struct CSVAdapter: CorpusAdapter {
  let name = "csv"
  let title = "a table of files"

  private static let required = ["file", "emotion"]

  func fit(_ listing: FolderListing) -> AdapterFit {
    let table: CSVTable
    do { table = try Self.table(in: listing) } catch {
      guard !Self.candidates(in: listing).isEmpty else {
        return AdapterFit(share: 0, reason: "no CSV with the columns file and emotion in its folder")
      }
      return AdapterFit(share: 0, reason: "\(error)", note: "not read as its table: \(error)")
    }
    let audio = Set(listing.audio), count = table.rows.count { audio.contains($0["file"] ?? "") }
    return AdapterFit(
      share: Double(count) / Double(max(1, listing.audio.count)),
      reason: "\(table.name) lists \(count) of \(listing.audio.count) audio files with their emotions")
  }

  func read(_ listing: FolderListing) throws -> AdapterReading {
    let table = try Self.table(in: listing)
    let emotions = Emotions.ordered(table.rows.compactMap { $0["emotion"] }.filter { !$0.isEmpty })
    let index = Dictionary(uniqueKeysWithValues: emotions.enumerated().map { ($1, $0) })
    var reading = AdapterReading(emotions: emotions)
    // Strings that Unicode holds equal are equal here; to the disk they are different names, of different files.
    let spellings = Dictionary(grouping: listing.audio + listing.others) { $0 }
    var listed: Set<[UInt8]> = []
    for row in table.rows {
      let file = row["file"] ?? ""
      func reject(_ reason: String) {
        reading.rejected.append(RejectedFile(file: file, reason: "\(table.name) line \(row.line): \(reason)"))
      }
      guard let found = Self.spelling(of: file, among: spellings) else {
        let isClosed = listing.closed.contains { file.hasPrefix($0.file + "/") }
        reject(isClosed ? "its folder may not be read" : "no such file")
        continue
      }
      guard listed.insert(Array(found.utf8)).inserted else { reject("listed a second time"); continue }
      guard let emotion = index[row["emotion"] ?? ""] else { reject("no emotion"); continue }
      guard let sex = Self.sex(row["sex"] ?? "") else { reject("sex “\(row["sex"] ?? "")” is not f or m"); continue }
      reading.entries.append(
        CorpusEntry(
          file: found, emotion: emotion, speaker: row["speaker"] ?? "", sex: sex.value,
          sentence: row["sentence"] ?? ""))
    }
    let unlisted = listing.audio.filter { !listed.contains(Array($0.utf8)) }
    reading.rejected += unlisted.map { RejectedFile(file: $0, reason: "not listed in \(table.name)") }
    return reading
  }

  /// The path of a file as the disk spells it: byte for byte as the table does, or else in another Unicode form.
  private static func spelling(of file: String, among spellings: [String: [String]]) -> String? {
    let found = spellings[file] ?? []
    return found.first { $0.utf8.elementsEqual(file.utf8) } ?? found.first
  }

  /// nil for a word that is no sex; a nil value where none is given.
  private static func sex(_ word: String) -> (value: Sex?, Void)? {
    switch word.lowercased() {
    case "": (nil, ())
    case "f", "female": (.female, ())
    case "m", "male": (.male, ())
    default: nil
    }
  }

  /// The CSVs at the top of the folder.
  private static func candidates(in listing: FolderListing) -> [String] {
    listing.others.filter { !$0.contains("/") && $0.lowercased().hasSuffix(".csv") }
  }

  /// The first of them that has the required columns.
  private static func table(in listing: FolderListing) throws -> CSVTable {
    var failure: (any Error)?
    for name in candidates(in: listing) {
      do { return try CSVTable(contentsOf: listing.root.appendingPathComponent(name), columns: required) } catch {
        failure = failure ?? error
      }
    }
    throw failure
      ?? PipelineError.malformedCorpus(
        path: listing.root.path, reason: "no CSV with the columns file and emotion at its top")
  }
}
