import Core
import Explain

/// Points for the tests, all from the counter-based generator.
enum Points {
  /// Uniform in [-1, 1], row-major.
  static func noise(_ count: Int, _ dimensions: Int, seed: UInt64 = 1) -> [Float] {
    let random = RandomStream(seed: seed, purpose: "tsne.tests")
    return (0..<count * dimensions).map { 2 * random.uniform($0) - 1 }
  }

  /// `clusters` clouds of equal size, point i in cloud i % clusters; centres are `distance` times as wide as a cloud.
  static func clusters(_ clusters: Int, of size: Int, dimensions: Int, distance: Float = 4) -> [Float] {
    let centres = noise(clusters, dimensions, seed: 2)
    let cloud = noise(clusters * size, dimensions, seed: 3)
    return cloud.indices.map { i in
      cloud[i] + distance * centres[(i / dimensions) % clusters * dimensions + i % dimensions]
    }
  }

  @Engine static func affinities(_ features: [Float], count: Int, perplexity: Double) throws -> Affinities {
    let matrix = try FeatureMatrix(features, count: count, dimensions: features.count / count)
    let neighbours = try NearestNeighbours(count: count, k: Int(3 * perplexity))
    let rows = try DistanceRows(matrix)
    for block in rows.blocks { neighbours.find(in: block, of: rows, seed: 0) }
    return try Affinities(neighbours, perplexity: perplexity)
  }
}
