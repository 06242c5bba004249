import ArgumentParser
import Core
import Explain
import Foundation
import Lab

/// t-SNE of any table of features.
struct EmbedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed", abstract: "Lay out high-dimensional points in the plane by t-SNE.",
    discussion: """
      FILE is a safetensors file with a float32 tensor of shape [points, features]. Barnes-Hut t-SNE starts from the first \
      two principal components and gives the same picture for the same seed. Where there are fewer than \
      3 · perplexity + 1 points, the perplexity is lowered to what they allow, and the result says so.
      """)

  @Argument(help: "The file of features.")
  var file: String
  @Option(help: "Name of the tensor.")
  var tensor = "x"
  @Option(help: "Effective number of neighbours.")
  var perplexity = TSNE.Settings().perplexity
  @Option(help: "Barnes-Hut angle: 0 is exact, 1 is coarse.")
  var theta = TSNE.Settings().theta
  @Option(help: "Iterations after the \(TSNE.Settings().earlyIterations) with early exaggeration.")
  var iterations = TSNE.Settings().iterations
  @Option(help: "Learning rate; default: points / exaggeration / 4, at least 50.")
  var learningRate: Double?
  @Option(help: "Seed of the start's noise.")
  var seed: UInt64 = 0
  @Option(help: ArgumentHelp("Write the points there, a CSV row each: point, x, y.", valueName: "file"))
  var out: String?
  @Flag(help: "Print JSON, one value a line: the steps, then the result.")
  var json = false

  private struct Summary: Encodable {
    let points: Int
    let features: Int
    let divergence: Double
    let trustworthiness: Double?
    let perplexity: Double
    let loweredFrom: Double?
    let iterations: Int
    let seconds: Double
    let threads: Int
  }

  func run() async throws {
    let source = try SafeTensors(contentsOf: URL(fileURLWithPath: file))
    let entry = try source.entry(tensor)
    let shape = entry.shape
    guard shape.count == 2, entry.type == .f32 else {
      throw CoreError.malformedTensors(
        path: file,
        reason: "tensor “\(tensor)” is \(entry.type.rawValue) of shape \(shape), not F32 of [points, features]")
    }
    let features = try source.array(tensor, as: Float.self)
    let clock = ContinuousClock()
    let began = clock.now
    let embedding = try await TSNE.embed(
      features, count: shape[0], dimensions: shape[1], settings: settings
    ) { show($0) }
    let seconds = (clock.now - began) / .seconds(1)
    if let out { try write(embedding.points, to: URL(fileURLWithPath: out)) }
    let trust = try await TSNE.trustworthiness(of: embedding.points, features: features, dimensions: shape[1])
    try report(
      Summary(
        points: shape[0], features: shape[1], divergence: embedding.divergence, trustworthiness: trust,
        perplexity: embedding.perplexity, loweredFrom: embedding.loweredFrom, iterations: embedding.iterations,
        seconds: seconds, threads: Engine.settings.threads))
  }

  private var settings: TSNE.Settings {
    var settings = TSNE.Settings()
    (settings.perplexity, settings.theta, settings.seed) = (perplexity, theta, seed)
    (settings.iterations, settings.learningRate) = (iterations, learningRate)
    return settings
  }

  private struct Step: Encodable {
    let stage: String
    let done: Int
    let total: Int
    let divergence: Double?
  }

  /// A bar on a terminal, a JSON line with `--json`, plain lines otherwise.
  private func show(_ progress: TSNE.Progress) {
    let stage = progress.stage.rawValue
    if json {
      let step = Step(stage: stage, done: progress.done, total: progress.total, divergence: progress.divergence)
      if let line = try? JSON.line(step) { Console.line(line) }
    } else if Console.isTerminal {
      Console.bar(
        RunProgress(
          phase: stage, epoch: 0, done: progress.done, total: progress.total, rate: progress.rate,
          secondsLeft: progress.secondsLeft, loss: progress.divergence))
    } else {
      let divergence = progress.divergence.map { String(format: ", KL %.4f", $0) } ?? ""
      Console.line("\(stage) \(progress.done)/\(progress.total)\(divergence)")
    }
  }

  private func write(_ points: [SIMD2<Float>], to url: URL) throws {
    let rows = points.enumerated().map { "\($0.offset),\($0.element.x),\($0.element.y)\n" }
    try AtomicFile.write(url, Data(("point,x,y\n" + rows.joined()).utf8))
  }

  private func report(_ summary: Summary) throws {
    if json { return Console.line(try JSON.line(summary)) }
    if let asked = summary.loweredFrom {
      Console.line(
        String(
          format: "perplexity %.1f instead of %.1f: %d points allow no more", summary.perplexity, asked, summary.points)
      )
    }
    let trust = summary.trustworthiness.map { String(format: "%.4f", $0) } ?? "undefined for so few points"
    Console.line(
      String(format: "%d points of %d features, KL %.4f, ", summary.points, summary.features, summary.divergence)
        + "trustworthiness \(trust), \(summary.iterations) iterations in \(Console.duration(summary.seconds))")
  }
}
