import Core

/// What a user can get wrong about a t-SNE embedding.
package enum TSNEError: UserError, Equatable {
  case noFeatures(points: Int)
  case tooFewPoints(Int)
  case notFinite(point: Int, feature: Int, value: String)
  case allEqual(points: Int)
  case badPerplexity(Double)
  case badTheta(Float)
  case badLearningRate(Double)
  case badExaggeration(Double)
  case badIterations(Int)

  package var description: String {
    switch self {
    case .noFeatures(let points): "\(points) points of 0 features: t-SNE needs at least one number a point"
    case .tooFewPoints(let count):
      "\(count) \(count == 1 ? "point" : "points"): t-SNE needs at least \(TSNE.minimumPoints)"
    case .notFinite(let point, let feature, let value):
      "feature \(feature) of point \(point) is \(value): t-SNE needs finite numbers"
    case .allEqual(let points): "all \(points) points are equal: there is nothing to embed"
    case .badPerplexity(let value): "a perplexity of \(value): it counts neighbours and must be a number from 1 up"
    case .badTheta(let value): "a Barnes-Hut angle of \(value): it must be between 0 (exact) and 1"
    case .badLearningRate(let value): "a learning rate of \(value): it must be above 0 and at most 1e9"
    case .badExaggeration(let value): "an early exaggeration of \(value): it must be between 1 (none) and 1000"
    case .badIterations(let value): "\(value) iterations: the number must be 0 to 10000000"
    }
  }
}
