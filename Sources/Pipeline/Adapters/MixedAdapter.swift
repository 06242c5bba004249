/// Files of several corpora in one folder, each named as in its own corpus and all with the same classes (our samples).
struct MixedAdapter: NamedCorpusAdapter {
  let name = "mixed"
  let title = "one of several corpora"
  let emotions = Emotions.canonical

  private static let conventions: [any NamedCorpusAdapter] = [EmoDBAdapter(), EmoIITAdapter()]

  func fit(_ listing: FolderListing) -> AdapterFit {
    let counts = Self.conventions.map { listing.audio.count(where: $0.fits) }
    let parts = zip(Self.conventions, counts).map { "\($1) as in \($0.title)" }.joined(separator: ", ")
    // A folder of one corpus, a stray name aside, belongs to that corpus's own adapter.
    let all = listing.audio.count, isMixed = counts.allSatisfy { $0 > 0 && 10 * $0 >= all }
    let share = isMixed ? Double(counts.reduce(0, +)) / Double(all) : 0
    return AdapterFit(share: share, reason: "\(all) audio files: \(parts)")
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
