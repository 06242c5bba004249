import Core
import Foundation
import NN

/// `cam` cases: our maps at the network's own node against pytorch-grad-cam's.
package struct CAMReference: ReferenceCheck {
  package let kind = "cam"
  private let limit = 0.01

  package init() {}

  package func verdict(on file: SafeTensors, emodb: URL?) async throws -> Verdict {
    let name = file.metadata["model"] ?? ""
    guard let entry = Networks.all.first(where: { $0.name == name }) else {
      return Verdict(.skipped, "no network is called “\(name)” yet")
    }
    guard let seed = file.metadata["seed"].flatMap(UInt64.init), let target = file.metadata["class"].flatMap(Int.init)
    else { return Verdict(.fail, "the metadata hold no seed or no class") }
    let methods = CAMMethod.allCases.filter { file.entries[$0.rawValue] != nil }
    guard !methods.isEmpty else { return Verdict(.fail, "the file holds no map") }
    let expected = try methods.map { try file.array($0.rawValue, as: Float.self) }
    let tag = file.metadata["input"] ?? "cam"
    let (node, maps) = try await Engine.run {
      let network = try Network(entry, classes: 7), hashed = HashedTensors(seed: seed)
      hashed.fill(network)
      let cam = try GradCAM(network)
      let maps = try cam.maps(targets: [target], methods: methods) { hashed.fillImages($0, tag: tag, count: 1) }
      return (cam.node, maps.map { $0[0].values })
    }
    return Verdict(
      checks: zip(methods, zip(maps, expected)).map { method, pair in
        let error = Self.meanError(pair.0, pair.1)
        let text = String(format: "%@ at %@: mean error %.1e ≤ %g", method.rawValue, node, error, limit)
        return (text, error <= limit)
      })
  }

  private static func meanError(_ ours: [Float], _ theirs: [Float]) -> Double {
    guard ours.count == theirs.count, !ours.isEmpty else { return .infinity }
    return zip(ours, theirs).reduce(0) { $0 + Double(abs($1.0 - $1.1)) } / Double(ours.count)
  }
}
