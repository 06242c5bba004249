import Core
import Foundation
import NN

/// One set of imported weights: `weights/NAME.safetensors`, which tells by itself where it came from.
package struct StoredWeights: Sendable, Equatable {
  /// What the file's metadata say, as JSON under `quaver.weights`.
  package struct Origin: Codable, Sendable, Equatable {
    /// The network's name in the registry.
    package var network: String
    package var classes: Int
    /// The imported file's path and SHA-256.
    package var source: String
    package var sha256: String
    /// "safetensors", "PyTorch" …
    package var format: String
    /// Whose names the tensors had there ("timm's ViT"), and what preceded each.
    package var names: String
    package var prefix: String
    package var imported: Date
    /// Tensors of the network that are not in the file and start at its initial values.
    package var fresh: [String]
    /// Of the fixed first layer that they were trained behind ("imagenet"); nil for none, and where the file does not tell.
    package var normalisation: String?
    /// What runs of ours trained them on, the last first; nil and empty where the file does not tell.
    package var trainedOn: [TrainedOn]?
    /// Of the last layer's classes, in their order; nil where the file does not tell, and where an earlier version wrote.
    package var emotions: [String]?
  }

  static let originKey = "quaver.weights"

  package let name: String
  package let url: URL
  package let origin: Origin
  package let tensors: Int
  package let bytes: Int

  /// - Throws: `CoreError`, `LabError.weightsUnreadable`.
  init(name: String, url: URL) throws {
    let file = try SafeTensors(contentsOf: url)
    guard let text = file.metadata[Self.originKey],
      let origin = try? JSON.decoder().decode(Origin.self, from: Data(text.utf8))
    else { throw LabError.weightsUnreadable(name, reason: "it does not say where it came from") }
    (self.name, self.url, self.origin, tensors) = (name, url, origin, file.entries.count)
    bytes = file.entries.values.map(\.range.upperBound).max() ?? 0
  }

  /// Whether every tensor of the network is there, the last layer's too.
  package var isWhole: Bool { origin.fresh.isEmpty }

  /// SHA-256 of the stored file itself: what a run depends on.
  ///
  /// - Throws: `CoreError.cannotRead`.
  package func identity() throws -> String { try SHA256.hex(ofFile: url) }

  /// Whether the last layer tells other emotions apart than these, or has them in another order, where both are known.
  func hasOtherEmotions(than emotions: [String]?) -> Bool {
    guard let own = origin.emotions, let emotions else { return false }
    return own != emotions
  }

  /// Fills the network's parameters. Those that the file lacks keep their values, and so does the last layer where its number
  /// of classes is another, or its emotions are others.
  ///
  /// - Parameter emotions: of the network's classes, where they are known.
  /// - Returns: names of the parameters that kept their values.
  /// - Throws: `LabError.weightsUnreadable` before anything is changed, `CoreError`.
  @Engine package func load(into network: Network, emotions: [String]? = nil) throws -> [String] {
    let file = try SafeTensors(contentsOf: url)
    let head = network.graph.nodes.last { !$0.parameters.isEmpty }?.name ?? ""
    let known = Set(origin.fresh), isOfOthers = hasOtherEmotions(than: emotions)
    var kept: [String] = []
    var found: [Parameter] = []
    for parameter in network.parameters where parameter.role != .counter {
      let isHead = parameter.name.hasPrefix("\(head).")
      if let entry = file.entries[parameter.name], entry.type == .f32, entry.shape == parameter.shape,
        !(isHead && isOfOthers)
      {
        found.append(parameter)
      } else if isHead || known.contains(parameter.name) {
        kept.append(parameter.name)
      } else {
        throw LabError.weightsUnreadable(name, reason: "“\(parameter.name)” is missing or of another shape")
      }
    }
    for parameter in found {
      try file.withBytes(parameter.name) { parameter.bytes.copyMemory(from: $0) }
    }
    network.parametersChanged()
    return kept
  }
}
