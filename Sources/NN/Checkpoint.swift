import Core
import Foundation

/// Training state on disk: a safetensors file with every parameter and buffer under its upstream name, and, where an
/// optimiser is given, its moments under `adam.m.<name>` and `adam.v.<name>`.
package enum Checkpoint {
  private static let networkKey = "network", classesKey = "classes", stepsKey = "adam.steps"
  private static let normalisationKey = "normalisation"

  /// Replaces `url` atomically.
  ///
  /// - Parameter metadata: the caller's own facts; `network`, `classes`, `normalisation` and `adam.steps` are added.
  /// - Throws: `CoreError.cannotWrite`.
  @Engine package static func save(
    _ network: Network, _ optimiser: Adam? = nil, metadata: [String: String] = [:], to url: URL
  ) throws {
    var metadata = metadata
    metadata[networkKey] = network.entry.name
    metadata[classesKey] = String(network.classes)
    metadata[normalisationKey] = network.entry.normalisation?.name
    metadata[stepsKey] = optimiser.map { String($0.steps) }
    let items = slots(network, optimiser).map { slot in
      SafeTensorsWriter.Item(name: slot.name, type: slot.type, shape: slot.shape, bytes: .init(slot.bytes))
    }
    try SafeTensorsWriter.write(items, metadata: metadata, to: url)
  }

  /// Loads a file that `save` wrote. Everything is checked before anything is changed.
  ///
  /// - Parameter optimiser: nil leaves the file's moments aside (evaluation).
  /// - Returns: the file's metadata.
  /// - Throws: `NNError.wrongCheckpoint`, `CoreError`.
  @discardableResult
  @Engine package static func load(
    _ url: URL, into network: Network, _ optimiser: Adam? = nil
  ) throws -> [String: String] {
    try load(try SafeTensors(contentsOf: url), into: network, optimiser)
  }

  /// The same of a file that is open.
  ///
  /// - Throws: `NNError.wrongCheckpoint`, `CoreError`.
  @discardableResult
  @Engine package static func load(
    _ file: SafeTensors, into network: Network, _ optimiser: Adam? = nil
  ) throws -> [String: String] {
    func wrong(_ difference: String) -> NNError {
      .wrongCheckpoint(path: file.path, network: network.entry.name, difference: difference)
    }
    if let other = file.metadata[networkKey], other != network.entry.name { throw wrong("it holds \(other)") }
    let (theirs, ours) = (file.metadata[normalisationKey], network.entry.normalisation?.name)
    guard theirs == ours else {
      throw wrong("its images are normalised by \(theirs ?? "nothing"), not by \(ours ?? "nothing")")
    }
    let slots = slots(network, optimiser)
    if let difference = difference(file, slots) { throw wrong(difference) }
    let steps = file.metadata[stepsKey].flatMap(Int.init)
    if optimiser != nil {
      guard let steps, steps >= 0 else { throw wrong("it does not say how many steps its optimiser took") }
    }
    for slot in slots {
      try file.withBytes(slot.name) { slot.bytes.copyMemory(from: $0) }
    }
    if let steps { optimiser?.steps = steps }
    network.parametersChanged()
    return file.metadata
  }

  /// One tensor of a checkpoint and the memory that it comes from and goes to.
  private struct Slot {
    let name: String
    let type: SafeTensors.ElementType
    let shape: [Int]
    let bytes: UnsafeMutableRawBufferPointer
  }

  @Engine private static func slots(_ network: Network, _ optimiser: Adam?) -> [Slot] {
    var slots = network.parameters.map {
      Slot(name: $0.name, type: $0.elementType, shape: $0.shape, bytes: $0.bytes)
    }
    guard let optimiser else { return slots }
    for parameter in network.trainableParameters where !parameter.isFrozen {
      let moments = optimiser.moments(of: parameter)
      for (prefix, values) in [("adam.m.", moments.first), ("adam.v.", moments.second)] {
        let bytes = UnsafeMutableRawBufferPointer(start: values, count: parameter.count * 4)
        slots.append(Slot(name: prefix + parameter.name, type: .f32, shape: parameter.shape, bytes: bytes))
      }
    }
    return slots
  }

  /// What sets the file apart from what is wanted: the first few missing, misshapen or unknown tensors; nil when it fits.
  private static func difference(_ file: SafeTensors, _ slots: [Slot]) -> String? {
    var complaints: [String] = []
    for slot in slots {
      guard let entry = file.entries[slot.name] else {
        complaints.append("\(slot.name) is missing")
        continue
      }
      if entry.shape != slot.shape { complaints.append("\(slot.name) is \(entry.shape), not \(slot.shape)") }
      if entry.type != slot.type {
        complaints.append("\(slot.name) is \(entry.type.rawValue), not \(slot.type.rawValue)")
      }
    }
    let known = Set(slots.map(\.name))
    let unknown = file.entries.keys.filter { !known.contains($0) && !$0.hasPrefix("adam.") }.sorted()
    complaints += unknown.map { "\($0) belongs to another network" }
    guard !complaints.isEmpty else { return nil }
    let rest = complaints.count > 3 ? " and \(complaints.count - 3) more" : ""
    return complaints.prefix(3).joined(separator: "; ") + rest
  }
}
