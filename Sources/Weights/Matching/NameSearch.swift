/// Finds out whose names a file has and what precedes them: the dialect and the prefix under which most of the wanted
/// tensors are there with the right shape.
struct NameSearch {
  struct Naming {
    let dialect: NameDialect
    let prefix: String

    func sources(of wanted: String) -> [String] { dialect.sources(of: wanted).map { prefix + $0 } }
  }

  /// Wanted names that are looked for behind prefixes, spread over the network.
  private static let probes = 8
  /// Prefixes that are tried; a checkpoint has one to three.
  private static let greatestPrefixes = 64

  let best: Naming

  /// - Parameter below: only prefixes that begin so.
  /// - Throws: `WeightError.ambiguousPrefix`, `.unknownPrefix`.
  init(_ wanted: [WantedTensor], in file: WeightFile, below: String?) throws {
    let stem = below.map { $0.isEmpty || $0.hasSuffix(".") ? $0 : $0 + "." } ?? ""
    guard stem.isEmpty || file.tensors.keys.contains(where: { $0.hasPrefix(stem) }) else {
      throw WeightError.unknownPrefix(path: file.path, prefix: stem)
    }
    var found: [(naming: Naming, matched: Int)] = []
    for dialect in NameDialects.table {
      let sources = wanted.map { ($0, dialect.sources(of: $0.name)) }
      for prefix in Self.prefixes(sources.map(\.1), in: file) where prefix.hasPrefix(stem) {
        let matched = sources.count { tensor, names in
          WeightSource.fitting(tensor, names.map { prefix + $0 }, in: file) != nil
        }
        found.append((Naming(dialect: dialect, prefix: prefix), matched))
      }
    }
    let most = found.map(\.matched).max() ?? 0
    let equal = found.filter { $0.matched == most }.map(\.naming)
    if most * 2 > wanted.count {
      let prefixes = Self.apart(equal, wanted, in: file)
      guard prefixes.count < 2 else { throw WeightError.ambiguousPrefix(path: file.path, prefixes: prefixes) }
    }
    best = equal.first ?? Naming(dialect: NameDialects.table[0], prefix: stem)
  }

  /// Prefixes of those namings that take different tensors of the file. A whole network without its classifier is also
  /// its body below the body's own name: the same tensors, one set of weights, which the first of the table names.
  private static func apart(_ namings: [Naming], _ wanted: [WantedTensor], in file: WeightFile) -> [String] {
    var taken: Set<Set<String>> = []
    var prefixes: Set<String> = []
    for naming in namings {
      let sources = wanted.compactMap { WeightSource.fitting($0, naming.sources(of: $0.name), in: file) }
      if taken.insert(Set(sources.flatMap(\.names))).inserted { prefixes.insert(naming.prefix) }
    }
    return prefixes.sorted()
  }

  /// What precedes some of `sources` in the file, the most frequent first.
  private static func prefixes(_ sources: [[String]], in file: WeightFile) -> [String] {
    let step = max(1, sources.count / probes)
    let probed = stride(from: 0, to: sources.count, by: step).compactMap { sources[$0].first }
    var counts: [String: Int] = [:]
    for name in file.tensors.keys {
      for probe in probed where name.hasSuffix(probe) {
        let prefix = String(name.dropLast(probe.count))
        if prefix.isEmpty || prefix.hasSuffix(".") { counts[prefix, default: 0] += 1 }
      }
    }
    return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(greatestPrefixes).map(\.key)
  }
}
