/// Any corpus laid out as `emotion/file` or `emotion/speaker/file`. The class list is the list of folders.
struct FoldersAdapter: CorpusAdapter {
  let name = "folders"
  let title = "one folder per emotion"

  func fit(_ listing: FolderListing) -> AdapterFit {
    let placed = listing.audio.filter { !Path.folders($0).isEmpty }, classes = Self.classes(listing)
    let share = classes.count < 2 ? 0 : Double(placed.count) / Double(listing.audio.count)
    return AdapterFit(
      share: share,
      reason: "\(placed.count) of \(listing.audio.count) audio files lie in \(classes.count) class folders")
  }

  func read(_ listing: FolderListing) throws -> AdapterReading {
    let classes = Self.classes(listing)
    guard classes.count >= 2 else {
      let closed = listing.closed.first.map { "; \($0.file): \($0.reason)" } ?? ""
      throw PipelineError.malformedCorpus(
        path: listing.root.path,
        reason: "\(classes.count) folders with audio; a class each, it needs at least 2\(closed)")
    }
    let index = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    var reading = AdapterReading(emotions: classes)
    for file in listing.audio {
      let folders = Path.folders(file)
      guard folders.count <= 2, let name = folders.first, let emotion = index[name] else {
        let reason = folders.isEmpty ? "it lies in no class folder" : "it lies deeper than emotion/speaker/file"
        reading.rejected.append(RejectedFile(file: file, reason: reason))
        continue
      }
      reading.entries.append(
        CorpusEntry(
          file: file, emotion: emotion, speaker: folders.count == 2 ? folders[1] : "", sex: nil, sentence: ""))
    }
    return reading
  }

  private static func classes(_ listing: FolderListing) -> [String] {
    Emotions.ordered(listing.audio.compactMap { Path.folders($0).first })
  }
}
