import Attacks
import Core
import Foundation
import Pipeline

/// `request.json` of an adversarial set: what its images are, exactly.
package struct AdversarialRecord: Codable, Sendable, Equatable {
  /// The attack's name in the registry.
  package var attack: String
  package var settings: AttackSettings
  /// The settings that the attack reads, in words.
  package var summary: String
  package var part: EvaluationPart
  package var checkpoint: CheckpointChoice
  /// Identity of weights, attack and slices.
  package var key: String
  /// Images when the attack is complete.
  package var images: Int
  package var batch: Int
  /// Images of a file; the last has fewer.
  package var chunk: Int
  /// Of the order that the attack belongs to, so that it can be given again; nil in those of earlier versions.
  package var limit: Int?
  package var sampleSeed: UInt64?
  package var keepsImages: Bool?
  /// Hash of the weights' file; nil in those of earlier versions.
  package var weights: String?
  /// Key of the clean images; nil in those of earlier versions, whose own key does not tell.
  package var source: String?

  /// Equal for attacks on the same weights and the same slices, whose results alone say something about each other.
  ///
  /// - Parameter weights: what tells the weights apart.
  package func peers(weights: String) -> String {
    let sample = limit.map { "\($0) by \(sampleSeed ?? 0)" } ?? "all"
    return "\(part.rawValue) \(images) \(sample) \(checkpoint.rawValue) \(weights)"
  }
}

/// The images that one attack made of one run's slices, kept as exact floats and mapped from the disk.
package struct AdversarialSet: Sendable {
  /// Name of its folder below the run's `results/attacks`.
  package let name: String
  package let record: AdversarialRecord
  /// Slices whose images are here, ascending; fewer than `record.images` while the attack is under way.
  package let slices: [Int]
  private let chunks: [SafeTensors]
  private let places: [Int: (chunk: Int, row: Int)]

  private static let image = 3 * Geometry.pixels

  /// - Parameter folder: `runs/RUN/results/attacks/NAME`.
  /// - Throws: `CoreError.cannotRead`, `EvaluationError.damaged` where it is no set of images.
  package static func open(_ folder: URL) throws -> AdversarialSet { try AdversarialSet(folder) }

  private init(_ folder: URL) throws {
    func damaged(_ reason: String) -> EvaluationError { .damaged(path: folder.path, reason: reason) }
    name = folder.lastPathComponent
    record = try Self.record(folder)
    var chunks: [SafeTensors] = [], places: [Int: (chunk: Int, row: Int)] = [:]
    let count = record.chunk > 0 ? (record.images + record.chunk - 1) / record.chunk : 0
    for index in 0..<count {
      let url = AttackChunk.file(index, in: folder)
      guard let file = try? SafeTensors(contentsOf: url), file.metadata["key"] == record.key,
        let shape = file.entries["images"]?.shape
      else { continue }
      let slices = try file.array("slices", as: Int64.self)
      guard shape == [slices.count, 3, Geometry.side, Geometry.side], file.entries["images"]?.type == .f32 else {
        throw damaged("chunk \(index) holds images of shape \(shape)")
      }
      for (row, slice) in slices.enumerated() { places[Int(slice)] = (chunks.count, row) }
      chunks.append(file)
    }
    guard !chunks.isEmpty else { throw damaged("its attack kept no images") }
    (self.chunks, self.places, slices) = (chunks, places, places.keys.sorted())
  }

  package static func record(_ folder: URL) throws -> AdversarialRecord {
    let url = folder.appendingPathComponent("request.json")
    do { return try JSON.decoder().decode(AdversarialRecord.self, from: Data(contentsOf: url)) } catch {
      throw CoreError.cannotRead(path: url.path, reason: AtomicFile.reason(of: error))
    }
  }

  /// Whether all images of the attack are here.
  package var isComplete: Bool { slices.count == record.images }

  package func holds(_ slice: Int) -> Bool { places[slice] != nil }

  /// Copies the image of a slice.
  ///
  /// - Parameter rgb: receives [3][224][224] in [0, 1].
  /// - Throws: `EvaluationError.noSuchImage`.
  package func copy(_ slice: Int, into rgb: UnsafeMutablePointer<Float>) throws {
    let place = try place(of: slice)
    try chunks[place.chunk].withBytes("images") { raw in
      let from = UnsafeRawBufferPointer(
        rebasing: raw[(place.row * Self.image * 4)..<((place.row + 1) * Self.image * 4)])
      UnsafeMutableRawBufferPointer(start: rgb, count: Self.image * 4).copyMemory(from: from)
    }
  }

  private func place(of slice: Int) throws -> (chunk: Int, row: Int) {
    guard let place = places[slice] else { throw EvaluationError.noSuchImage(set: name, slice: slice) }
    return place
  }

  /// What the attack spent on the image of a slice.
  ///
  /// - Throws: `EvaluationError.noSuchImage`, `.damaged`, `CoreError`.
  func effort(_ slice: Int) throws -> Effort {
    let place = try place(of: slice)
    return try AttackChunk(chunks[place.chunk]).outcomes[place.row].effort
  }

  /// The image of a slice, [3][224][224] in [0, 1].
  ///
  /// - Throws: `EvaluationError.noSuchImage`.
  package func image(_ slice: Int) throws -> [Float] {
    try [Float](unsafeUninitializedCapacity: Self.image) { buffer, filled in
      guard let base = buffer.baseAddress else { return }
      try copy(slice, into: base)
      filled = Self.image
    }
  }
}

extension RunFolder {
  /// `results/attacks`: a folder an attack.
  package var attacks: URL { url.appendingPathComponent("results/attacks") }

  /// Names of the adversarial sets that hold images.
  package func adversarialSets() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: attacks.path)) ?? []
    return names.filter { (try? AdversarialSet.open(attacks.appendingPathComponent($0))) != nil }.sorted()
  }

  /// The set of that name, or the only one whose name begins with it.
  ///
  /// - Throws: `EvaluationError.unknownSet`, `EvaluationError.damaged`.
  package func adversarialSet(_ name: String) throws -> AdversarialSet {
    let known = adversarialSets()
    let matches = known.contains(name) ? [name] : known.filter { $0.hasPrefix(name) && !name.isEmpty }
    guard matches.count == 1 else {
      throw EvaluationError.unknownSet(name, run: id, known: matches.isEmpty ? known : matches)
    }
    return try AdversarialSet.open(attacks.appendingPathComponent(matches[0]))
  }
}
