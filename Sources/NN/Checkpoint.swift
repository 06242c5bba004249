import Core
import Foundation

/// Networks on disk, as safetensors: parameters under upstream's names, Adam's moments as `adam.m.NAME` and
/// `adam.v.NAME`, its step count and the network's name in the metadata.
@Engine package enum Checkpoint {
  private static let first = "adam.m.", second = "adam.v."
  private static let networkKey = "quaver.network", stepsKey = "adam.steps"

  /// Replaces `url` atomically, straight from the parameters' memory.
  ///
  /// - Parameters:
  ///   - optimiser: nil leaves the moments out, for weights that are only looked at.
  ///   - metadata: what else a reader needs; keys beginning with `quaver.network` and `adam.` are ours.
  /// - Throws: `CoreError.cannotWrite`.
  package static func save(
    _ network: Network, optimiser: Adam? = nil, metadata: [String: String], to url: URL
  ) throws {
    var metadata = metadata
    metadata[networkKey] = network.entry.name
    var items = network.parameters.map { parameter in
      SafeTensorsWriter.Item(
        name: parameter.name, type: parameter.elementType, shape: parameter.shape,
        bytes: UnsafeRawBufferPointer(parameter.bytes))
    }
    if let optimiser {
      metadata[stepsKey] = String(optimiser.steps)
      for parameter in network.trainableParameters {
        let moments = optimiser.moments(of: parameter)
        for (prefix, values) in [(first, moments.first), (second, moments.second)] {
          items.append(
            SafeTensorsWriter.Item(
              name: prefix + parameter.name, type: .f32, shape: parameter.shape,
              bytes: UnsafeRawBufferPointer(start: values, count: parameter.count * 4)))
        }
      }
    }
    try SafeTensorsWriter.write(items, metadata: metadata, to: url)
  }

  /// Fills the network, and the optimiser when given, or throws and changes nothing.
  ///
  /// - Returns: the file's metadata.
  /// - Throws: `NNError.wrongCheckpoint` telling the first difference, `CoreError` for an unusable file.
  @discardableResult
  package static func load(_ network: Network, optimiser: Adam? = nil, from url: URL) throws -> [String: String] {
    let file = try SafeTensors(contentsOf: url)
    func wrong(_ difference: String) -> NNError {
      .wrongCheckpoint(path: url.path, network: network.entry.name, difference: difference)
    }
    if let name = file.metadata[networkKey], name != network.entry.name { throw wrong("it holds a \(name)") }
    var targets: [(name: String, bytes: UnsafeMutableRawBufferPointer)] = []
    func want(_ name: String, _ shape: [Int], _ type: SafeTensors.ElementType, _ bytes: UnsafeMutableRawBufferPointer)
      throws
    {
      guard let entry = file.entries[name] else { throw wrong("it has no tensor “\(name)”") }
      guard entry.shape == shape, entry.type == type else {
        throw wrong("“\(name)” is \(entry.type.rawValue) \(entry.shape), not \(type.rawValue) \(shape)")
      }
      targets.append((name, bytes))
    }
    for parameter in network.parameters {
      try want(parameter.name, parameter.shape, parameter.elementType, parameter.bytes)
    }
    var steps: Int?
    if let optimiser {
      guard let count = file.metadata[stepsKey].flatMap(Int.init), count >= 0 else {
        throw wrong("it holds no state of Adam")
      }
      steps = count
      for parameter in network.trainableParameters {
        let moments = optimiser.moments(of: parameter)
        for (prefix, values) in [(first, moments.first), (second, moments.second)] {
          let bytes = UnsafeMutableRawBufferPointer(start: values, count: parameter.count * 4)
          try want(prefix + parameter.name, parameter.shape, .f32, bytes)
        }
      }
    }
    let known = Set(network.parameters.map(\.name))
    let strange = file.entries.keys.filter { !known.contains($0) && !$0.hasPrefix("adam.") }
    if let name = strange.min() { throw wrong("it has a tensor “\(name)”, which the network has not") }
    for target in targets { try file.withBytes(target.name) { target.bytes.copyMemory(from: $0) } }
    if let optimiser, let steps { optimiser.steps = steps }
    network.parametersChanged()
    return file.metadata
  }
}
