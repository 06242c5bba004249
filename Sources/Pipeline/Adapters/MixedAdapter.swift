/// Files of several corpora in one folder, each named as in its own corpus and all with the same classes (our samples).
struct MixedAdapter: NamedCorpusAdapter {
  let name = "mixed"
  let title = "one of several corpora"
  let emotions = Emotions.canonical

  private static let conventions: [any NamedCorpusAdapter] = [EmoDBAdapter(), EmoIITAdapter()]

  func fit(_ listing: FolderListing) -> AdapterFit {
    let counts = Self.conventions.map { listing.audio.count(where: $0.fits) }
    let parts = zip(Self.conventions, counts).map { "\($1) as in \($0.title)" }.joined(separator: ", ")
    // A folder of one corpus belongs to that corpus's own adapter.
    let share = counts.contains(0) ? 0 : Double(counts.reduce(0, +)) / Double(listing.audio.count)
    return AdapterFit(share: share, reason: "\(listing.audio.count) audio files: \(parts)")
  }

  func parse(_ file: String) -> NameReading {
    for convention in Self.conventions {
      let reading = convention.parse(file)
      if case .entry = reading { return reading }
    }
    let titles = Self.conventions.map(\.title).joined(separator: " or ")
    return .misfit("its name fits neither \(titles)")
  }
}
