import Core
import Foundation

/// t-distributed stochastic neighbour embedding in two dimensions (van der Maaten and Hinton 2008), Barnes-Hut
/// accelerated (van der Maaten 2014), with the start and rates of Kobak and Berens 2019 and Belkina et al. 2019.
/// The same features, settings and thread count give the same bits on one processor.
package enum TSNE {
  /// Perplexity must be at least 1 and a third of the other points at most.
  package static let minimumPoints = 4

  package struct Settings: Sendable, Equatable {
    /// Effective number of neighbours. Where n points do not allow it, (n - 1) / 3 is used and the result says so.
    package var perplexity = 30.0
    /// Barnes-Hut angle, 0 (exact) … 1.
    package var theta: Float = 0.5
    package var earlyExaggeration = 12.0
    package var earlyIterations = 250
    /// Iterations after the early ones.
    package var iterations = 500
    /// Nil: n / exaggeration / 4 of the phase, at least 50 (the gradient keeps its factor 4, as in scikit-learn).
    package var learningRate: Double?
    package var seed: UInt64 = 0

    package init() {}

    /// The perplexity that so many points allow.
    package func perplexity(of count: Int) -> Double { min(perplexity, Double(count - 1) / 3) }
  }

  package enum Stage: String, Sendable, Equatable { case neighbours, exaggeration, refinement }

  /// What a caller may show while it works.
  package struct Progress: Sendable {
    package let stage: Stage
    /// Points whose neighbours are found, or iterations done in all.
    package let done: Int
    package let total: Int
    /// KL(P ‖ Q) in nats, with the tree's estimate of the normaliser; nil while neighbours are sought.
    package let divergence: Double?
    /// The embedding so far; empty while neighbours are sought.
    package let points: [SIMD2<Float>]
    /// Since the search for neighbours began, or since it ended.
    package let seconds: Double

    /// Points or iterations a second, over all of them so far.
    package var rate: Double { seconds > 0 ? Double(done) / seconds : 0 }
    /// To the end of the search, or of both stages of the descent.
    package var secondsLeft: Double? { rate > 0 ? Double(total - done) / rate : nil }
  }

  package struct Embedding: Sendable {
    package let points: [SIMD2<Float>]
    /// KL(P ‖ Q) in nats over all pairs: P over 3 · perplexity neighbours, Q exact.
    package let divergence: Double
    /// The perplexity used.
    package let perplexity: Double
    /// The perplexity asked for, where it had to be lowered.
    package let loweredFrom: Double?
    /// Iterations done; fewer than asked for when `stopAfterEpoch` ended it early.
    package let iterations: Int
  }

  /// Iterations between two reports.
  package static let reportEvery = 50

  /// Embeds `count` points.
  ///
  /// - Parameters:
  ///   - features: row-major [count, dimensions].
  ///   - control: `pause` waits, `stopAfterEpoch` ends the descent and returns what there is, `stopNow` throws.
  ///   - progress: called on the engine's thread.
  /// - Throws: `TSNEError`, `CoreError.outOfMemory`, `CancellationError` on `stopNow` and on a cancelled task.
  @Engine package static func embed(
    _ features: [Float], count: Int, dimensions: Int, settings: Settings = Settings(),
    control: RunControl = RunControl(),
    progress: @Sendable (Progress) -> Void = { _ in }
  ) async throws -> Embedding {
    try settings.check()
    let matrix = try FeatureMatrix(features, count: count, dimensions: dimensions)
    let perplexity = settings.perplexity(of: count)
    let neighbours = try await neighbours(
      matrix, k: Int(3 * perplexity), seed: settings.seed, control: control, progress: progress)
    let start = try PrincipalComponents.start(matrix, seed: settings.seed)
    let gradient = try Gradient(Affinities(neighbours, perplexity: perplexity), theta: settings.theta)
    gradient.x.base.update(from: start.x, count: count)
    gradient.y.base.update(from: start.y, count: count)
    let iterations = try await descend(gradient, settings, control: control, progress: progress)
    return Embedding(
      points: gradient.points, divergence: gradient.divergence(normaliser: try gradient.exactNormaliser()),
      perplexity: perplexity, loweredFrom: perplexity < settings.perplexity ? settings.perplexity : nil,
      iterations: iterations)
  }

  @Engine private static func neighbours(
    _ matrix: FeatureMatrix, k: Int, seed: UInt64, control: RunControl, progress: (Progress) -> Void
  ) async throws -> NearestNeighbours {
    let neighbours = try NearestNeighbours(count: matrix.count, k: k)
    let rows = try DistanceRows(matrix)
    let clock = ContinuousClock()
    let began = clock.now
    for block in rows.blocks {
      _ = try await proceed(control)
      neighbours.find(in: block, of: rows, seed: seed)
      progress(
        Progress(
          stage: .neighbours, done: block.upperBound, total: matrix.count, divergence: nil, points: [],
          seconds: (clock.now - began) / .seconds(1)))
    }
    return neighbours
  }

  /// - Returns: iterations done.
  @Engine private static func descend(
    _ gradient: Gradient, _ settings: Settings, control: RunControl, progress: (Progress) -> Void
  ) async throws -> Int {
    let descent = try Descent(gradient)
    let total = settings.earlyIterations + settings.iterations
    let clock = ContinuousClock()
    let began = clock.now
    for iteration in 0..<total {
      guard try await proceed(control) else { return iteration }
      let early = iteration < settings.earlyIterations
      if iteration == 0 || iteration == settings.earlyIterations { descent.beginPhase() }
      descent.step(settings.phase(early: early, count: gradient.affinities.count))
      if (iteration + 1) % reportEvery == 0 || iteration + 1 == total {
        progress(
          Progress(
            stage: early ? .exaggeration : .refinement, done: iteration + 1, total: total,
            divergence: gradient.divergence(normaliser: gradient.normaliser), points: gradient.points,
            seconds: (clock.now - began) / .seconds(1)))
      }
    }
    return total
  }

  /// Waits through a pause.
  ///
  /// - Returns: false when the descent shall end with what there is.
  @Engine private static func proceed(_ control: RunControl) async throws -> Bool {
    while control.wish == .pause { try await Task.sleep(for: .milliseconds(50)) }
    try Task.checkCancellation()
    if control.wish == .stopNow { throw CancellationError() }
    return control.wish != .stopAfterEpoch
  }
}

extension TSNE.Settings {
  fileprivate func check() throws {
    guard perplexity.isFinite, perplexity >= 1 else { throw TSNEError.badPerplexity(perplexity) }
    guard theta >= 0, theta <= 1 else { throw TSNEError.badTheta(theta) }
    guard earlyExaggeration >= 1, earlyExaggeration <= 1000 else {
      throw TSNEError.badExaggeration(earlyExaggeration)
    }
    if let rate = learningRate, !(rate > 0 && rate <= 1e9) { throw TSNEError.badLearningRate(rate) }
    for number in [earlyIterations, iterations] where !(0...10_000_000).contains(number) {
      throw TSNEError.badIterations(number)
    }
  }

  fileprivate func phase(early: Bool, count: Int) -> Descent.Phase {
    let exaggeration = early ? earlyExaggeration : 1
    return Descent.Phase(
      exaggeration: Float(exaggeration), momentum: early ? 0.5 : 0.8,
      learningRate: Float(learningRate ?? max(50, Double(count) / exaggeration / 4)))
  }
}

extension Gradient {
  var points: [SIMD2<Float>] { (0..<affinities.count).map { SIMD2(x.base[$0], y.base[$0]) } }
}
