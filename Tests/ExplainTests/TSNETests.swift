import Core
import Explain
import Foundation
import Synchronization
import Testing

@Suite struct TSNETests {
  private static func short(_ perplexity: Double = 10, seed: UInt64 = 0) -> TSNE.Settings {
    var settings = TSNE.Settings()
    (settings.perplexity, settings.seed) = (perplexity, seed)
    (settings.earlyIterations, settings.iterations) = (60, 60)
    return settings
  }

  @Test func clustersSeparate() async throws {
    let (clusters, size, dimensions) = (5, 60, 20)
    let features = Points.clusters(clusters, of: size, dimensions: dimensions)
    let result = try await TSNE.embed(features, count: clusters * size, dimensions: dimensions)
    let points = result.points
    for i in points.indices {
      func distance(_ j: Int) -> Float { (points[i] - points[j]).squaredLength }
      let nearest = points.indices.filter { $0 != i }.sorted { distance($0) < distance($1) }
      // All others of its own cluster come before any of another.
      #expect(nearest.prefix(size - 1).allSatisfy { $0 % clusters == i % clusters })
    }
    #expect(result.perplexity == 30 && result.loweredFrom == nil && result.iterations == 750)
    let trust = try await TSNE.trustworthiness(of: points, features: features, dimensions: dimensions)
    #expect(trust ?? 0 > 0.9)
  }

  @Test func sameSeedSameBits() async throws {
    let features = Points.clusters(4, of: 80, dimensions: 12)
    func embed(_ seed: UInt64) async throws -> TSNE.Embedding {
      try await TSNE.embed(features, count: 320, dimensions: 12, settings: Self.short(seed: seed))
    }
    let (first, second, other) = (try await embed(3), try await embed(3), try await embed(4))
    #expect(first.points == second.points && first.divergence == second.divergence)
    #expect(first.points != other.points)
  }

  /// Shift and scale are no part of the geometry.
  @Test func shiftAndScaleHardlyMatter() async throws {
    let features = Points.clusters(4, of: 30, dimensions: 5)
    let plain = try await TSNE.embed(features, count: 120, dimensions: 5)
    let moved = try await TSNE.embed(features.map { $0 * 1e30 + 5e30 }, count: 120, dimensions: 5)
    #expect(abs(plain.divergence - moved.divergence) < 0.1 * plain.divergence)
  }

  /// scikit-learn refuses these; we lower the perplexity as openTSNE does, and say so.
  @Test(arguments: [4, 5, 7, 12, 30, 90], [1, 2, 40])
  func fewPointsLowerThePerplexity(count: Int, dimensions: Int) async throws {
    let features = Points.noise(count, dimensions)
    let result = try await TSNE.embed(features, count: count, dimensions: dimensions)
    #expect(result.perplexity == Double(count - 1) / 3 && result.loweredFrom == 30)
    #expect(result.points.allSatisfy { $0.x.isFinite && $0.y.isFinite })
    // No structure at all (Q uniform) is the worst that an embedding should be.
    let p = try await Self.uniformDivergence(features, count: count, perplexity: result.perplexity)
    #expect(result.divergence.isFinite && result.divergence < p)
  }

  @Engine private static func uniformDivergence(_ features: [Float], count: Int, perplexity: Double) throws -> Double {
    let gradient = try Gradient(Points.affinities(features, count: count, perplexity: perplexity), theta: 0)
    return gradient.divergence(normaliser: try gradient.exactNormaliser())
  }

  enum Degenerate: CaseIterable {
    case twoPlaces, oneOutlier, huge, nearlyEqual

    var features: [Float] {
      (0..<200).map { i -> Float in
        switch self {
        case .twoPlaces: Float(i / 2 % 2)
        case .oneOutlier: i < 198 ? 0 : 1
        case .huge: 3e38 * Float(i % 3 - 1)
        case .nearlyEqual: 1 + Float(i) * .ulpOfOne
        }
      }
    }
  }

  @Test(arguments: Degenerate.allCases) func degenerateFeaturesStayFinite(_ kind: Degenerate) async throws {
    let features = kind.features
    let result = try await TSNE.embed(features, count: 100, dimensions: 2, settings: Self.short())
    #expect(result.points.allSatisfy { $0.x.isFinite && $0.y.isFinite } && result.divergence.isFinite)
  }

  @Test func mistakesAreNamed() async throws {
    func fails(_ error: TSNEError, _ features: [Float], _ count: Int, _ edit: (inout TSNE.Settings) -> Void = { _ in })
      async
    {
      var settings = TSNE.Settings()
      edit(&settings)
      await #expect(throws: error) {
        try await TSNE.embed(
          features, count: count, dimensions: count > 0 ? features.count / count : 0, settings: settings)
      }
      #expect(!error.description.contains("\n") && error.description.count > 20)
    }
    var broken = Points.noise(50, 3)
    broken[3 * 7 + 2] = .nan
    await fails(.notFinite(point: 7, feature: 2, value: "nan"), broken, 50)
    broken[3 * 7 + 2] = -.infinity
    await fails(.notFinite(point: 7, feature: 2, value: "-inf"), broken, 50)
    await fails(.noFeatures(points: 50), [], 50)
    await fails(.tooFewPoints(0), [], 0)
    await fails(.tooFewPoints(3), [1, 2, 3], 3)
    await fails(.allEqual(points: 50), [Float](repeating: 0.1, count: 150), 50)
    let good = Points.noise(50, 3)
    await fails(.badPerplexity(0.5), good, 50) { $0.perplexity = 0.5 }
    await fails(.badPerplexity(.infinity), good, 50) { $0.perplexity = .infinity }
    await fails(.badTheta(1.5), good, 50) { $0.theta = 1.5 }
    await fails(.badLearningRate(0), good, 50) { $0.learningRate = 0 }
    await fails(.badExaggeration(0), good, 50) { $0.earlyExaggeration = 0 }
    await fails(.badIterations(-1), good, 50) { $0.iterations = -1 }
  }

  @Test func progressTellsEveryStage() async throws {
    let reports = Mutex<[TSNE.Progress]>([])
    let result = try await TSNE.embed(Points.clusters(4, of: 50, dimensions: 8), count: 200, dimensions: 8) { report in
      reports.withLock { $0.append(report) }
    }
    let seen = reports.withLock { $0 }
    #expect(seen.filter { $0.stage == .neighbours }.last?.done == 200)
    let steps = seen.filter { $0.stage != .neighbours }
    #expect(steps.map(\.done) == Array(stride(from: 50, through: 750, by: 50)))
    #expect(steps.map(\.stage) == (0..<15).map { $0 < 5 ? .exaggeration : .refinement })
    #expect(steps.last?.points == result.points)
    #expect(abs((steps.last?.divergence ?? 0) - result.divergence) < 0.01 * result.divergence)
    #expect(steps.last?.divergence ?? 1 < steps.first?.divergence ?? 0)
  }

  @Test func stopsAndPauses() async throws {
    let features = Points.noise(200, 4)
    func embed(_ control: RunControl, _ progress: @escaping @Sendable (TSNE.Progress) -> Void) async throws
      -> TSNE.Embedding
    {
      try await TSNE.embed(
        features, count: 200, dimensions: 4, settings: Self.short(), control: control, progress: progress)
    }
    let stopping = RunControl()
    stopping.wish = .stopNow
    await #expect(throws: CancellationError.self) { try await embed(stopping) { _ in } }

    let ending = RunControl()
    let ended = try await embed(ending) { if $0.done == 50 { ending.wish = .stopAfterEpoch } }
    #expect(ended.iterations == 50 && ended.points.count == 200)

    let pausing = RunControl()
    let paused = try await embed(pausing) { report in
      guard report.done == 50 else { return }
      pausing.wish = .pause
      Task.detached {
        try await Task.sleep(for: .milliseconds(20))
        pausing.wish = .proceed
      }
    }
    #expect(try await paused.points == embed(RunControl()) { _ in }.points)
  }
}

@Suite struct TrustworthinessTests {
  @Test func theSamePlaneIsFullyTrusted() async throws {
    let plane = Points.noise(200, 2)
    let points = (0..<200).map { SIMD2(plane[2 * $0], plane[2 * $0 + 1]) }
    #expect(try await TSNE.trustworthiness(of: points, features: plane, dimensions: 2) == 1)
  }

  /// The definition, by sorting.
  @Test(arguments: [1, 5, 12]) func agreesWithTheDefinition(_ k: Int) async throws {
    let (n, dimensions) = (120, 6)
    let features = Points.noise(n, dimensions)
    let points = (0..<n).map { SIMD2(features[dimensions * $0], features[dimensions * $0 + 1]) }
    func order(_ i: Int, _ distance: (Int) -> Double) -> [Int] {
      (0..<n).filter { $0 != i }.sorted { distance($0) < distance($1) }
    }
    var penalty = 0
    for i in 0..<n {
      let ranks = order(i) { j in
        (0..<dimensions).reduce(0.0) {
          let d = Double(features[i * dimensions + $1]) - Double(features[j * dimensions + $1])
          return $0 + d * d
        }
      }
      for near in order(i, { Double((points[i] - points[$0]).squaredLength) }).prefix(k) {
        penalty += max(0, (ranks.firstIndex(of: near) ?? 0) + 1 - k)
      }
    }
    let wanted = 1 - 2.0 * Double(penalty) / Double(n * k * (2 * n - 3 * k - 1))
    let trust = try await TSNE.trustworthiness(of: points, features: features, dimensions: dimensions, k: k)
    #expect(abs((trust ?? 0) - wanted) < 1e-4 && wanted < 0.95)
  }

  @Test func undefinedForTooFewPoints() async throws {
    let points = (0..<24).map { SIMD2(Float($0), 0) }
    #expect(try await TSNE.trustworthiness(of: points, features: points.map(\.x), dimensions: 1) == nil)
  }
}

extension SIMD2<Float> {
  fileprivate var squaredLength: Float { x * x + y * y }
}
