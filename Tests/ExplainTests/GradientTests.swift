import Core
import Explain
import Foundation
import Testing

/// The gradient against its definition, summed over all pairs in float64, and against finite differences.
@Suite struct GradientTests {
  private static let count = 150

  @Engine private func gradient(theta: Float, spread: Float) throws -> Gradient {
    let p = try Points.affinities(Points.noise(Self.count, 8), count: Self.count, perplexity: 12)
    let gradient = try Gradient(p, theta: theta)
    let plane = Points.noise(Self.count, 2, seed: 9)
    for i in 0..<Self.count {
      gradient.x.base[i] = spread * plane[2 * i]
      gradient.y.base[i] = spread * plane[2 * i + 1]
    }
    return gradient
  }

  /// 4 Σ_j (e p - q) (y_i - y_j) / (1 + d²) with dense P and Q, [2 · count].
  @Engine private func definition(_ gradient: Gradient, exaggeration: Double) -> [Double] {
    let n = Self.count
    let p = gradient.affinities
    var dense = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for entry in p.starts.base[i]..<p.starts.base[i + 1] {
        dense[i * n + Int(p.columns.base[entry])] = Double(p.values.base[entry])
      }
    }
    let points = (0..<n).map { (Double(gradient.x.base[$0]), Double(gradient.y.base[$0])) }
    func kernel(_ i: Int, _ j: Int) -> Double {
      let (dx, dy) = (points[i].0 - points[j].0, points[i].1 - points[j].1)
      return i == j ? 0 : 1 / (1 + dx * dx + dy * dy)
    }
    let z = (0..<n * n).reduce(0.0) { $0 + kernel($1 / n, $1 % n) }
    var slopes = [Double](repeating: 0, count: 2 * n)
    for pair in 0..<n * n {
      let (i, j) = (pair / n, pair % n)
      let weight = 4 * (exaggeration * dense[pair] - kernel(i, j) / z) * kernel(i, j)
      slopes[2 * i] += weight * (points[i].0 - points[j].0)
      slopes[2 * i + 1] += weight * (points[i].1 - points[j].1)
    }
    return slopes
  }

  @Engine private func computed(_ gradient: Gradient, exaggeration: Float) -> [Double] {
    gradient.compute()
    return (0..<Self.count).flatMap { i in
      let slope = gradient.value(at: i, exaggeration: exaggeration)
      return [Double(slope.x), Double(slope.y)]
    }
  }

  private func relativeError(_ a: [Double], _ b: [Double]) -> Double {
    let error = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (error / b.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }

  /// From the start's size to far beyond the kernel's width.
  @Test(arguments: [Float(1e-4), 1, 30], [Float(1), 12])
  @Engine func exactForcesAreTheDefinition(spread: Float, exaggeration: Float) throws {
    let gradient = try gradient(theta: 0, spread: spread)
    let wanted = definition(gradient, exaggeration: Double(exaggeration))
    #expect(relativeError(computed(gradient, exaggeration: exaggeration), wanted) < 2e-5)
    let exact = try gradient.exactNormaliser()
    #expect(abs(gradient.normaliser - exact) < 1e-5 * exact)
  }

  @Test(arguments: [Float(1), 30]) @Engine func treeForcesAreNearTheDefinition(spread: Float) throws {
    let gradient = try gradient(theta: 0.5, spread: spread)
    let wanted = definition(gradient, exaggeration: 1)
    let error = relativeError(computed(gradient, exaggeration: 1), wanted)
    // Above zero, or the approximation was not used at all.
    #expect(error < 0.02 && error > 1e-5)
  }

  @Test @Engine func exactForcesAreTheSlopeOfTheDivergence() throws {
    let gradient = try gradient(theta: 0, spread: 2)
    let slopes = computed(gradient, exaggeration: 1)
    let largest = slopes.reduce(0) { max($0, abs($1)) }
    for i in stride(from: 0, to: Self.count, by: 7) {
      for (axis, points) in [gradient.x.base, gradient.y.base].enumerated() {
        let middle = points[i]
        func divergence(at value: Float) throws -> Double {
          points[i] = value
          return gradient.divergence(normaliser: try gradient.exactNormaliser())
        }
        let (low, high) = (middle - 0.01, middle + 0.01)
        let difference = try divergence(at: high) - divergence(at: low)
        points[i] = middle
        #expect(abs(difference / (Double(high) - Double(low)) - slopes[2 * i + axis]) < 1e-3 * largest)
      }
    }
  }

  /// Plain, all in one place, two places, on a line, one point so far off that the others share a cell.
  @Test(arguments: 0..<5) @Engine func treesHoldEveryPointOnce(_ shape: Int) throws {
    let count = 500
    let plane = Points.noise(count, 2)
    var x = (0..<count).map { shape == 1 ? 0.25 : shape == 2 ? Float($0 % 2) : plane[2 * $0] }
    var y = (0..<count).map { shape == 1 ? -3 : shape == 2 || shape == 3 ? 0 : plane[2 * $0 + 1] }
    if shape == 4 { (x[17], y[17]) = (1e7, -1e7) }
    let tree = try Quadtree(capacity: count)
    tree.build(x: x, y: y)
    #expect((0..<count).map { tree.order.base[$0] }.sorted() == (0..<Int32(count)).map { $0 })
    let groups = (0..<tree.groupCount).map { tree.cells.base[Int(tree.groups.base[$0])] }
    #expect(groups.map(\.first) == [0] + groups.dropLast().map(\.end) && groups.last?.end == Int32(count))
    for index in 0..<tree.cellCount {
      let cell = tree.cells.base[index]
      let inside = Int(cell.first)..<Int(cell.end)
      let mean = inside.reduce(0.0) { $0 + Double(tree.x.base[$1]) } / Double(inside.count)
      #expect(abs(mean - Double(cell.x)) <= 1e-5 * max(1, abs(mean)))
      let children = sequence(first: index + 1) { Int(tree.cells.base[$0].next) }.prefix { $0 < Int(cell.next) }
      #expect(children.reduce(0) { $0 + tree.cells.base[$1].mass } == (cell.isLeaf ? 0 : cell.mass))
    }
  }
}
