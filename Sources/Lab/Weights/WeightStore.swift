import Core
import Foundation
import NN
import Weights

/// The imported weights below one folder.
package struct WeightStore: Sendable {
  package let folder: URL

  package init(folder: URL) { self.folder = folder }

  private func file(_ name: String) -> URL { folder.appendingPathComponent("\(name).safetensors") }

  /// All sets by name, and a sentence for each file that cannot be used.
  package func all() -> (weights: [StoredWeights], problems: [String]) {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    var (weights, problems) = ([StoredWeights](), [String]())
    for file in files.sorted() where file.hasSuffix(".safetensors") && !file.hasPrefix(".") {
      do { weights.append(try named(String(file.dropLast(".safetensors".count)))) } catch {
        problems.append("\(error)")
      }
    }
    return (weights, problems)
  }

  func has(_ name: String) -> Bool {
    RunStore.isName(name) && FileManager.default.fileExists(atPath: file(name).path)
  }

  /// - Throws: `LabError.unknownWeights`, `LabError.weightsUnreadable`, `CoreError`.
  package func named(_ name: String) throws -> StoredWeights {
    guard has(name) else {
      throw LabError.unknownWeights(name, known: all().weights.map(\.name))
    }
    return try StoredWeights(name: name, url: file(name))
  }

  /// What a training of `network` starts from when it is not told: the weights imported last.
  package func latest(for network: String) -> StoredWeights? {
    all().weights.filter { $0.origin.network == network }
      .max { ($0.origin.imported, $0.name) < ($1.origin.imported, $1.name) }
  }

  /// - Throws: `LabError.unknownWeights`, `CoreError.cannotWrite`.
  package func remove(_ name: String) throws {
    guard has(name) else {
      throw LabError.unknownWeights(name, known: all().weights.map(\.name))
    }
    do { try FileManager.default.removeItem(at: file(name)) } catch {
      throw CoreError.cannotWrite(path: file(name).path, reason: AtomicFile.reason(of: error))
    }
  }

  // MARK: Import

  package struct ImportOptions: Sendable {
    /// Registry name; nil finds the network that the file fits best.
    package var model: String?
    package var name: String?
    package var head = HeadRule.append
    /// Takes the weights below this name where the file holds several sets.
    package var prefix: String?
    /// Accepts a match that is not whole.
    package var partial = false
    package init() {}
  }

  /// A file matched with a network, before anything is written.
  package struct Candidate: Sendable {
    package let file: WeightFile
    package let network: NetworkEntry
    package let classes: Int
    package let match: WeightMatch
  }

  /// - Throws: `WeightError`, `NNError.unknownNetwork`, `CoreError`.
  package func examine(_ url: URL, _ options: ImportOptions) throws -> Candidate {
    let file = try WeightFile(contentsOf: url)
    if let model = options.model { return try candidate(file, try Networks.named(model), options) }
    var best: Candidate?
    var failure: (any Error)?
    for network in Networks.all {
      do {
        let found = try candidate(file, network, options)
        if best.map({ found.score > $0.score }) ?? true { best = found }
      } catch {
        failure = failure ?? error
      }
    }
    // Which of several sets to take is asked only where most of a network is there.
    if let failure, (best?.score ?? 0) < 0.5 { throw failure }
    if let best, best.score > 0 { return best }
    throw LabError.weightsFitNothing(path: file.path, networks: Networks.all.map(\.name))
  }

  private func candidate(_ file: WeightFile, _ network: NetworkEntry, _ options: ImportOptions) throws -> Candidate {
    let match = try WeightMatch(Self.wanted(network, 7), in: file, head: options.head, prefix: options.prefix)
    // A last layer of our own may have any number of classes.
    let last = Self.wanted(network, 7).last { $0.shape.count == 2 }?.name
    if options.head == .append, let odd = match.wrongShape.first(where: { $0.wanted.name == last }),
      odd.shape.count == 2, odd.shape[1] == odd.wanted.shape[1], (2...1000).contains(odd.shape[0])
    {
      let again = try WeightMatch(
        Self.wanted(network, odd.shape[0]), in: file, head: options.head, prefix: options.prefix)
      return Candidate(file: file, network: network, classes: odd.shape[0], match: again)
    }
    return Candidate(file: file, network: network, classes: 7, match: match)
  }

  /// Everything of a network but its counters.
  package static func wanted(_ network: NetworkEntry, _ classes: Int) -> [WantedTensor] {
    network.graph(classes: classes).nodes.flatMap { node in
      node.parameters.filter { $0.role != .counter }
        .map { WantedTensor(name: node.fullName($0), shape: $0.shape) }
    }
  }

  /// Checks the match and writes it below the folder, whole or not at all.
  ///
  /// - Throws: `WeightError.halfMatch` unless `partial`, `WeightError.notFinite`, `LabError.weightsExist`, `.badName` …
  package func store(_ candidate: Candidate, _ options: ImportOptions, now: Date) throws -> StoredWeights {
    let (file, match) = (candidate.file, candidate.match)
    try match.check(partial: options.partial, in: file)
    let source = URL(fileURLWithPath: file.path)
    let name = try options.name ?? Self.name(from: source)
    guard RunStore.isName(name) else { throw LabError.badName(name) }
    guard !FileManager.default.fileExists(atPath: self.file(name).path) else { throw LabError.weightsExist(name) }
    let facts = CheckpointFacts(file.metadata)
    let origin = StoredWeights.Origin(
      network: candidate.network.name, classes: candidate.classes, source: source.standardizedFileURL.path,
      sha256: try SHA256.hex(ofFile: source), format: file.format.rawValue, names: match.names, prefix: match.prefix,
      imported: now, fresh: (match.fresh + match.missing + match.wrongShape.map(\.wanted)).map(\.name),
      normalisation: file.metadata["normalisation"], trainedOn: facts.trainedOn,
      emotions: facts.emotions.flatMap { $0.count == candidate.classes ? $0 : nil })
    try RunStore.makeFolder(folder)
    try match.write(from: file, metadata: [StoredWeights.originKey: try JSON.line(origin)], to: self.file(name))
    return try named(name)
  }

  /// The file's name without its extension, in the characters that a name may have.
  private static func name(from url: URL) throws -> String {
    let stem = url.deletingPathExtension().lastPathComponent
    guard let name = RunStore.name(from: stem) else { throw LabError.badName(stem) }
    return name
  }
}

extension WeightStore.Candidate {
  /// How much of the network the file fills, 0…1.
  var score: Double {
    let filled = match.matched.count { !$0.source.names.isEmpty }
    let wanted = match.matched.count + match.missing.count + match.fresh.count + match.wrongShape.count
    return Double(filled) / Double(max(1, wanted))
  }
}
