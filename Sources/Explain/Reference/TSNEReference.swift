import Core
import Foundation

/// `tsne` cases: our embedding of the case's points against the divergence and trustworthiness that scikit-learn and
/// openTSNE reach.
package struct TSNEReference: ReferenceCheck {
  package let kind = "tsne"
  package init() {}

  package func verdict(on file: SafeTensors, emodb: URL?) async throws -> Verdict {
    let features = try file.array("x", as: Float.self)
    let shape = try file.entry("x").shape
    guard shape.count == 2 else {
      throw CoreError.malformedTensors(path: file.path, reason: "tensor “x” has shape \(shape), not [points, features]")
    }
    var settings = TSNE.Settings()
    settings.perplexity = file.metadata["perplexity"].flatMap(Double.init) ?? settings.perplexity
    settings.seed = file.metadata["seed"].flatMap(UInt64.init) ?? settings.seed
    let embedding = try await TSNE.embed(features, count: shape[0], dimensions: shape[1], settings: settings)
    let trust =
      try await TSNE.trustworthiness(of: embedding.points, features: features, dimensions: shape[1]) ?? .nan
    func theirs(_ name: String) -> [Double] {
      ["sklearn", "opentsne"].compactMap { file.metadata["\($0)_\(name)"].flatMap(Double.init) }
    }
    guard let divergence = theirs("kl").min(), let wantedTrust = theirs("trustworthiness").max() else {
      return Verdict(.fail, "the metadata hold no divergence or no trustworthiness to compare with")
    }
    let (limit, floor) = (1.03 * divergence, wantedTrust - 0.005)
    return Verdict(checks: [
      (String(format: "KL %.4f ≤ %.4f", embedding.divergence, limit), embedding.divergence <= limit),
      (String(format: "trustworthiness %.4f ≥ %.4f", trust, floor), trust >= floor),
    ])
  }
}
