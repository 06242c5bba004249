import ArgumentParser
import Attacks
import Core
import Explain
import Foundation
import Lab
import Pipeline

/// t-SNE of a run's features, or of any table of features.
struct EmbedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed", abstract: "Lay out a run's features, or any high-dimensional points, in the plane by t-SNE.",
    discussion: """
      Of a run: the features that a node of its network gives for every slice of a part, by default the input of its last \
      linear layer; with --attack or --set, attacked images lie in the same plane. Of a safetensors file: a float32 \
      tensor of shape [points, features]. Barnes-Hut t-SNE starts from the first two principal components and gives the \
      same picture for the same seed. Where there are fewer than 3 · perplexity + 1 points, the perplexity is lowered to \
      what they allow, and the result says so.
      """)

  @Argument(help: ArgumentHelp("A run's name, or the beginning of it; or a file of features.", valueName: "run|file"))
  var source: String
  @Option(help: "A node of the run's network.")
  var node: String?
  @Option(help: ArgumentHelp("Attacks as `quaver attack` takes them.", valueName: "attacks"))
  var attack: String?
  @Option(help: ArgumentHelp("Adversarial images that `quaver attack` kept.", valueName: "name"))
  var set: [String] = []
  @OptionGroup var settings: AttackOptions
  @Option(help: "Of which part: valid (by default), train or merged.")
  var part: EvaluationPart?
  @Option(help: "At most this many slices, classes in proportion, by --seed.")
  var limit: Int?
  @Option(help: "Name of the tensor, of a file; x by default.")
  var tensor: String?
  @Option(help: "Effective number of neighbours.")
  var perplexity = TSNE.Settings().perplexity
  @Option(help: "Barnes-Hut angle: 0 is exact, 1 is coarse.")
  var theta = TSNE.Settings().theta
  @Option(help: "Iterations after the \(TSNE.Settings().earlyIterations) with early exaggeration.")
  var embedIterations = TSNE.Settings().iterations
  @Option(help: "Learning rate; default: points / exaggeration / 4, at least 50.")
  var learningRate: Double?
  @Option(
    help: ArgumentHelp(
      "Write the points there, a CSV row each: point, x, y; of a run also utterance, slice, emotion, prediction and attack, "
        + "and what they are of.",
      valueName: "file"))
  var out: String?
  @OptionGroup var pictures: PictureOptions
  @OptionGroup var network: NetworkOptions
  @OptionGroup var common: CommonOptions

  func validate() throws { try settings.check(attack: attack) }

  func run() async throws {
    try network.apply()
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: source, isDirectory: &isFolder), !isFolder.boolValue {
      try await embedFile(source)
    } else {
      try await embedRun()
    }
  }

  // MARK: a run

  private func embedRun() async throws {
    guard tensor == nil else { throw ValidationError("--tensor is of a file of features; --node is of a run.") }
    let choices = try attack.map { try settings.choices($0) } ?? []
    let laboratory = try common.laboratory()
    let subject = try laboratory.subject(source, checkpoint: network.checkpoint)
    let sets = try set.map { AttackSource.set(try subject.folder.adversarialSet($0)) }
    var order = EmbeddingOrder(choices.map { .attack($0) } + sets)
    (order.part, order.limit, order.seed) = (part ?? .valid, limit, settings.seed)
    (order.node, order.settings) = (node, tsne)
    let wanted = order, quiet = common.json || isStreamed
    let embedding = try await StoppableWork.run("the same command goes on where it was") { control in
      try await laboratory.embed(subject, wanted, control: control) { if !quiet { Console.bar($0) } }
    }
    try pictures.write(ExplainFigures.embedding(embedding, style: pictures.style), quiet: quiet)
    try write(ExplainTables.csv(embedding, of: Provenance(subject, embedding.part)))
    if common.json { return Console.line(try JSON.line(embedding)) }
    if let asked = embedding.loweredFrom { tellLowered(embedding.perplexity, asked, embedding.points.count) }
    guard !isStreamed else { return }
    let trust = embedding.trustworthiness.map { String(format: "%.4f", $0) } ?? "undefined for so few points"
    Console.line(
      "\(embedding.points.count) points of \(embedding.dimensions) features of \(embedding.node), "
        + String(format: "KL %.4f, ", embedding.divergence)
        + "\(Self.trustworthiness) \(trust), \(embedding.iterations) iterations")
    for line in embedding.attacks + embedding.notes { Console.line("  \(line)") }
  }

  /// A number of its own for every k.
  private static let trustworthiness = "trustworthiness (k \(TSNE.trustedNeighbours))"

  private func tellLowered(_ perplexity: Double, _ asked: Double, _ points: Int) {
    let text = String(format: "perplexity %.1f instead of %.1f: %d points allow no more", perplexity, asked, points)
    if isStreamed { Console.error(text) } else { Console.line(text) }
  }

  /// True where the points may end among what is printed (`--out /dev/stdout`): then nothing else is, but for --json.
  private var isStreamed: Bool { out.map { AtomicFile.isStream(URL(fileURLWithPath: $0)) } ?? false }

  private func write(_ csv: String) throws {
    guard let out else { return }
    Console.clearBar()
    try AtomicFile.export(URL(fileURLWithPath: out), Data(csv.utf8))
  }

  // MARK: a file

  private struct Summary: Encodable {
    let points: Int
    let features: Int
    let divergence: Double
    let trustworthiness: Double?
    let trustworthinessNeighbours = TSNE.trustedNeighbours
    let perplexity: Double
    let loweredFrom: Double?
    let iterations: Int
    let seconds: Double
    let threads: Int
  }

  private func embedFile(_ file: String) async throws {
    let given = [
      (attack != nil, "--attack"), (!set.isEmpty, "--set"), (node != nil, "--node"), (part != nil, "--part"),
      (limit != nil, "--limit"), (network.isCheckpointGiven, "--checkpoint"),
    ]
    if let (_, stray) = given.first(where: \.0) {
      throw ValidationError("\(file) is a table of features: \(stray) is of a run.")
    }
    let tensor = tensor ?? "x"
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
    let embedding = try await StoppableWork.run("nothing was written") { control in
      do {
        return try await TSNE.embed(
          features, count: shape[0], dimensions: shape[1], settings: tsne, control: control
        ) { show($0) }
      } catch is CancellationError { throw PipelineError.stopped }
    }
    let seconds = (clock.now - began) / .seconds(1)
    try pictures.write(
      ExplainFigures.points(embedding.points, title: file, style: pictures.style), quiet: common.json || isStreamed)
    try write(Self.csv(embedding.points))
    let trust = try await TSNE.trustworthiness(of: embedding.points, features: features, dimensions: shape[1])
    try report(
      Summary(
        points: shape[0], features: shape[1], divergence: embedding.divergence, trustworthiness: trust,
        perplexity: embedding.perplexity, loweredFrom: embedding.loweredFrom, iterations: embedding.iterations,
        seconds: seconds, threads: Engine.settings.threads))
  }

  private var tsne: TSNE.Settings {
    var tsne = TSNE.Settings()
    (tsne.perplexity, tsne.theta, tsne.seed) = (perplexity, theta, settings.seed)
    (tsne.iterations, tsne.learningRate) = (embedIterations, learningRate)
    return tsne
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
    if common.json {
      let step = Step(stage: stage, done: progress.done, total: progress.total, divergence: progress.divergence)
      if let line = try? JSON.line(step) { Console.line(line) }
    } else if isStreamed {
      return
    } else if Console.isTerminal {
      Console.bar(RunProgress(progress))
    } else {
      let divergence = progress.divergence.map { String(format: ", KL %.4f", $0) } ?? ""
      Console.line("\(stage) \(progress.done)/\(progress.total)\(divergence)")
    }
  }

  private static func csv(_ points: [SIMD2<Float>]) -> String {
    let rows = points.enumerated().map { "\($0.offset),\($0.element.x),\($0.element.y)\n" }
    return "point,x,y\n" + rows.joined()
  }

  private func report(_ summary: Summary) throws {
    if common.json { return Console.line(try JSON.line(summary)) }
    if let asked = summary.loweredFrom { tellLowered(summary.perplexity, asked, summary.points) }
    guard !isStreamed else { return }
    let trust = summary.trustworthiness.map { String(format: "%.4f", $0) } ?? "undefined for so few points"
    Console.line(
      String(format: "%d points of %d features, KL %.4f, ", summary.points, summary.features, summary.divergence)
        + "\(Self.trustworthiness) \(trust), \(summary.iterations) iterations in \(Console.duration(summary.seconds))")
  }
}
