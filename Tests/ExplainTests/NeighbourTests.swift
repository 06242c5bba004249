import Core
import Explain
import Foundation
import Testing

@Suite struct NeighbourTests {
  /// Far outliers and a large common offset make the matrix product's distances useless on their own.
  @Test(arguments: [(Float(0), Float(0)), (1000, 0), (0, 3e4), (-500, 1e6)])
  @Engine func neighboursAreThoseOfASearchOverAllPairs(offset: Float, outlier: Float) throws {
    let (count, dimensions, k) = (300, 17, 12)
    var features = Points.noise(count, dimensions).map { $0 + offset }
    features[5] += outlier
    let matrix = try FeatureMatrix(features, count: count, dimensions: dimensions)
    let neighbours = try NearestNeighbours(count: count, k: k)
    let rows = try DistanceRows(matrix)
    for block in rows.blocks { neighbours.find(in: block, of: rows, seed: 0) }
    for i in 0..<count {
      let squares = (0..<count).map { j in
        (0..<dimensions).reduce(0.0) {
          let d = Double(matrix.row(i)[$1]) - Double(matrix.row(j)[$1])
          return $0 + d * d
        }
      }
      let wanted = (0..<count).filter { $0 != i }.sorted { squares[$0] < squares[$1] }.prefix(k)
      let found = (0..<k).map { Int(neighbours.indices.base[i * k + $0]) }
      #expect(found == found.sorted())
      // Equal distances may be chosen either way, so distances are compared.
      #expect(found.map { squares[$0] }.sorted() == wanted.map { squares[$0] })
    }
  }

  @Test @Engine func duplicatesShareTheirNeighboursEvenly() throws {
    let (count, k) = (400, 10)
    let features = (0..<count).map { Float($0 % 2) }
    let matrix = try FeatureMatrix(features, count: count, dimensions: 1)
    let neighbours = try NearestNeighbours(count: count, k: k)
    let rows = try DistanceRows(matrix)
    for block in rows.blocks { neighbours.find(in: block, of: rows, seed: 0) }
    var popularity = [Int](repeating: 0, count: count)
    for entry in 0..<count * k {
      let (i, j) = (entry / k, Int(neighbours.indices.base[entry]))
      #expect(i % 2 == j % 2 && i != j)
      popularity[j] += 1
    }
    #expect(popularity.max() ?? 0 < 4 * k)
  }

  @Test(arguments: [1.0, 2, 5, 29])
  func calibrationMeetsThePerplexity(_ perplexity: Double) {
    let random = RandomStream(seed: 4, purpose: "calibration")
    let squares = (0..<90).map { 3 + 1e-3 * random.uniform($0) }
    var weights = [Double](repeating: 0, count: squares.count)
    Affinities.calibrate(squares, perplexity: perplexity, into: &weights)
    let entropy = weights.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
    #expect(abs(weights.reduce(0, +) - 1) < 1e-12)
    #expect(abs(exp(entropy) - perplexity) < 1e-5)
  }

  @Test(arguments: [Float(0), 7]) func equalDistancesGiveEqualWeights(_ square: Float) {
    var weights = [Double](repeating: 0, count: 9)
    Affinities.calibrate([Float](repeating: square, count: 9), perplexity: 3, into: &weights)
    #expect(weights.allSatisfy { abs($0 - 1.0 / 9) < 1e-15 })
  }

  @Test @Engine func affinitiesAreSymmetricAndSumToOne() throws {
    let p = try Points.affinities(Points.noise(200, 6), count: 200, perplexity: 10)
    var values: [Int: Float] = [:]
    for i in 0..<200 {
      let row = p.starts.base[i]..<p.starts.base[i + 1]
      #expect(row.dropFirst().allSatisfy { p.columns.base[$0 - 1] < p.columns.base[$0] })
      for entry in row { values[i * 200 + Int(p.columns.base[entry])] = p.values.base[entry] }
    }
    #expect(values.allSatisfy { $0.key / 200 != $0.key % 200 && values[$0.key % 200 * 200 + $0.key / 200] == $0.value })
    #expect(abs(values.values.reduce(0.0) { $0 + Double($1) } - 1) < 1e-5)
  }
}
