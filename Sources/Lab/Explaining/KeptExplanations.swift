import Core
import Explain
import Foundation
import NN
import Pipeline

extension RunFolder {
  /// What `explain --by-class` and `embed` have done, so that the same order goes on after a stop.
  package var explanations: URL { url.appendingPathComponent("results/explanations") }
}

extension AttackSource {
  /// Equal for equal images.
  var identity: String {
    switch self {
    case .attack(let choice): choice.identity
    case .set(let set): "set \(set.record.key)"
    }
  }
}

/// The place of one order's work among a run's explanations; its name depends on everything that determines the result.
struct ExplanationPlace {
  let key: String
  private let folder: URL

  init(_ kind: String, _ subject: RunSubject, _ attacks: [AttackSource], _ selection: SliceSelection, _ rest: [String])
  {
    let slices = selection.slices.map(String.init).joined(separator: " ")
    let parts = [kind, subject.weights] + attacks.map(\.identity) + [slices] + rest
    key = ContentHash(parts.joined(separator: "\n")).description
    folder = subject.folder.explanations.appendingPathComponent("\(kind)-\(key.prefix(12))")
  }

  func file(_ name: String) throws -> URL {
    try RunStore.makeFolder(folder)
    return folder.appendingPathComponent(name)
  }

  /// A file of this order; nil where it is missing, foreign or damaged.
  func kept(_ name: String) -> SafeTensors? {
    guard let file = try? SafeTensors(contentsOf: folder.appendingPathComponent(name)), file.metadata["key"] == key
    else { return nil }
    return file
  }

  /// - Parameter text: kept as bytes of that name, since metadata has a limit.
  func write(
    _ name: String, _ tensors: [(name: String, values: [Float])], text: (name: String, value: String)? = nil,
    metadata: [String: String] = [:]
  ) throws {
    var entries = tensors.map { (name: $0.name, type: SafeTensors.ElementType.f32, shape: [$0.values.count]) }
    let bytes = text.map { Array($0.value.utf8) } ?? []
    if let text { entries.append((name: text.name, type: .u8, shape: [bytes.count])) }
    let metadata = metadata.merging(["key": key]) { own, _ in own }
    try SafeTensorsWriter.write(entries, metadata: metadata, to: try file(name)) { index, put in
      if index < tensors.count {
        try tensors[index].values.withUnsafeBytes(put)
      } else {
        try bytes.withUnsafeBytes(put)
      }
    }
  }
}
