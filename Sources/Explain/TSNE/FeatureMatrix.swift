import Core

/// The points to embed: row-major [count, dimensions], every feature centred and all divided by the largest magnitude.
/// t-SNE does not see shifts and scales (the perplexity calibrates them away), while float32 distances profit: the
/// cancellation in ‖a‖² + ‖b‖² - 2ab is smallest about the mean, and nothing overflows.
package final class FeatureMatrix {
  package let count: Int
  package let dimensions: Int
  package let values: Arena
  /// ‖row‖², [count].
  package let squaredNorms: Storage<Float>

  /// - Parameter features: row-major [count, dimensions].
  /// - Throws: `TSNEError` (too few points, no features, not finite, all equal) and `CoreError.outOfMemory`.
  package init(_ features: [Float], count: Int, dimensions: Int) throws {
    precondition(
      count >= 0 && dimensions >= 0 && features.count == count * dimensions,
      "\(features.count) features cannot be \(count) points of \(dimensions)")
    guard count >= TSNE.minimumPoints else { throw TSNEError.tooFewPoints(count) }
    guard dimensions > 0 else { throw TSNEError.noFeatures(points: count) }
    if let bad = features.firstIndex(where: { !$0.isFinite }) {
      throw TSNEError.notFinite(point: bad / dimensions, feature: bad % dimensions, value: "\(features[bad])")
    }
    (self.count, self.dimensions) = (count, dimensions)
    values = try Arena(count: count * dimensions)
    squaredNorms = try Storage(count)
    let means = Self.means(features, dimensions: dimensions, count: count)
    let largest = Self.largestDeviation(features, means: means)
    guard largest > 0 else { throw TSNEError.allEqual(points: count) }
    fill(from: features, means: means, scale: 1 / largest)
  }

  package func row(_ index: Int) -> UnsafeMutablePointer<Float> { values.base + index * dimensions }

  private static func means(_ features: [Float], dimensions: Int, count: Int) -> [Double] {
    var sums = [Double](repeating: 0, count: dimensions)
    for start in stride(from: 0, to: features.count, by: dimensions) {
      for j in 0..<dimensions { sums[j] += Double(features[start + j]) }
    }
    return sums.map { $0 / Double(count) }
  }

  private static func largestDeviation(_ features: [Float], means: [Double]) -> Double {
    var largest = 0.0
    for start in stride(from: 0, to: features.count, by: means.count) {
      for j in 0..<means.count { largest = max(largest, abs(Double(features[start + j]) - means[j])) }
    }
    return largest
  }

  private func fill(from features: [Float], means: [Double], scale: Double) {
    let (base, norms, dimensions) = (values.base, squaredNorms.base, dimensions)
    Parallel.forEach(count) { rows in
      for i in rows {
        var norm = 0.0
        for j in i * dimensions..<(i + 1) * dimensions {
          let value = Float((Double(features[j]) - means[j - i * dimensions]) * scale)
          base[j] = value
          norm += Double(value) * Double(value)
        }
        norms[i] = Float(norm)
      }
    }
  }
}
