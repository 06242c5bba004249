import Attacks
import Core
import Explain
import Export
import Foundation
import Lab
import NN
import Pipeline
import Synchronization
import Testing

/// Explanations of a network that was trained for one short epoch on the sample corpus.
@Suite(.serialized) struct ExplainTests {
  private let home = FileManager.default.temporaryDirectory.appendingPathComponent("quaver-lab-\(UUID().uuidString)")
  private static let samples = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Samples/german").path

  private func trained() async throws -> (Laboratory, RunSubject) {
    func folder(_ name: String) -> URL { home.appendingPathComponent(name) }
    let laboratory = try Laboratory(
      paths: Paths(data: folder("data"), state: folder("state"), cache: folder("cache"), config: folder("config")))
    var job = Job(corpus: Self.samples)
    (job.epochs, job.batch, job.limit) = (1, 16, 32)
    _ = try await laboratory.train(job, name: "run", control: RunControl()) { _ in }
    return (laboratory, try laboratory.subject("run"))
  }

  private static func fgsm(_ epsilon: Double) throws -> AttackChoice {
    try AttackChoice(try Attacks.named("fgsm"), AttackSettings { $0.epsilon = epsilon })
  }

  /// One training serves all parts: it is what takes the time.
  @Test func aTrainedRunIsExplained() async throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let (laboratory, subject) = try await trained()
    try await oneSliceBeforeAndAfterAnAttack(laboratory, subject)
    try await theSliceIsTheTrainingsOwn(laboratory, subject)
    try await wrongWishesAreSentences(laboratory, subject)
    try await classesAndDrifts(laboratory, subject)
    try await featuresInOnePlane(laboratory, subject)
  }

  /// How often this process has the run's checkpoint open.
  private func mappings() throws -> Int {
    try String(contentsOfFile: "/proc/self/maps", encoding: .utf8).split(separator: "\n")
      .count { $0.contains(home.lastPathComponent) && $0.contains("checkpoint-last") }
  }

  private func oneSliceBeforeAndAfterAnAttack(_ laboratory: Laboratory, _ subject: RunSubject) async throws {
    let utterance = subject.corpus.utterances[3]
    let explainer = try await Explainer(laboratory)
    var request = ExplainRequest(run: "run", utterance: utterance.id, slice: 99)
    let before = try mappings()
    let own = try await explainer.explain(request)
    // The room of a checkpoint that is replaced would stay taken while it is open.
    let after = try mappings()
    #expect(after == before && own.epochs == 1)
    #expect(own.request.slice == own.sliceCount - 1 && own.request.target == utterance.emotion)
    #expect(own.request.node == "features.3.2" && own.attacked == nil && own.drift == nil)
    #expect(own.clean.levels.count == Geometry.pixels && own.clean.attention.count == Geometry.pixels)
    #expect(abs(own.clean.probabilities.reduce(0, +) - 1) < 1e-9)

    // A network that has hardly been trained has no evidence for some classes.
    var clean = own
    for target in subject.emotions.indices where clean.clean.isBlank {
      request.target = target
      clean = try await explainer.explain(request)
    }
    try #require(!clean.clean.isBlank)
    request.attack = AttackPoint(try Self.fgsm(8.0 / 255))
    let attacked = try await explainer.explain(request)
    let (isSame, change) = (attacked.clean == clean.clean, try #require(attacked.perturbation))
    #expect(isSame && attacked.request.attack == request.attack)
    #expect(abs(change.linf - 8.0 / 255) < 1e-6 && change.gradientEvaluations == 1)
    let image = try #require(attacked.attacked), drift = try #require(attacked.drift)
    let hasLeftTheCurve = image.distances.contains { $0 > 0.01 }
    #expect(image.distances.count == Geometry.pixels && hasLeftTheCurve)
    #expect(image.logits != clean.clean.logits)
    #expect(drift.rankCorrelation != 1 && drift.before.frequency.count == attacked.bands.names.count)

    // The attack that does nothing moves nothing.
    request.attack = AttackPoint(try Self.fgsm(0))
    let still = try await explainer.explain(request)
    #expect(still.drift?.rankCorrelation.map { abs($0 - 1) < 1e-9 } == true && still.drift?.overlap == 1)
    let staysOnTheCurve = still.attacked?.distances.allSatisfy { $0 == 0 }
    #expect(staysOnTheCurve == true)
    let pictures = try Figure.Format.allCases.map { try ExplainFigures.slice([attacked, still]).data($0).count }
    #expect(pictures.allSatisfy { $0 > 1000 })
    let tables = [ExplainTables.answers([attacked]), ExplainTables.drift([attacked]), ExplainTables.bands([attacked])]
    #expect(tables.allSatisfy { !$0.rendered(.text).isEmpty && !$0.rows.isEmpty })
    tablesSayWhatTheyAreOf(attacked, subject)
    try attacksOfOneNameAreToldApart([attacked, still])
    columnsAreNumbered([attacked, still])
    let line = try JSON.line(attacked)
    let survives = try JSON.decoder().decode(Explanation.self, from: Data(line.utf8)) == attacked
    #expect(survives)
  }

  /// A CSV has no notes: it tells the run, its weights, the part, the image and the settings in columns.
  private func tablesSayWhatTheyAreOf(_ explanation: Explanation, _ subject: RunSubject) {
    // A limited job leaves most slices out of both parts.
    let request = explanation.request, part = explanation.part?.rawValue ?? ""
    let table = ExplainTables.answers([explanation]).stating(Provenance(explanation, job: subject.record.job))
    let lines = table.rendered(.csv).split(separator: "\n")
    #expect(lines[0].hasSuffix(",utterance,slice,attacks,run,part,checkpoint,split,seed"))
    #expect(lines[1].contains(",\(request.utterance),\(request.slice + 1),") && lines[1].contains("ε 8/255"))
    #expect(lines[1].hasSuffix(",run,\(part),last,utterance,0"))
    #expect(table.columns.filter { !$0.isForCSV }.map(\.title) == ["emotion", "clean %", "FGSM %"])
    let notes = ExplainFigures.slice([explanation]).notes
    #expect(notes[0].hasPrefix("run run, checkpoint-last, ") && notes.contains { $0.contains("split by utterance") })
    // A blank map has no energy, and so no share of it in any band.
    var blank = explanation
    blank.drift = nil
    blank.clean.attention = blank.clean.attention.map { _ in 0 }
    let cells = ExplainTables.bands([blank]).rows[0]
    #expect(cells.dropFirst().allSatisfy { $0 == .none } && cells.count > 2)
  }

  /// In pictures, settings have no room above a column: numbers stand for them, and the notes tell them.
  private func columnsAreNumbered(_ explanations: [Explanation]) {
    let figure = ExplainFigures.slice(explanations)
    let captions = figure.rows[0].compactMap { ($0 as? Heatmap)?.caption }
    #expect(captions[1].hasPrefix("FGSM 1: ") && captions[2].hasPrefix("FGSM 2: "))
    #expect(figure.notes[1].hasPrefix("FGSM 1: FGSM (ε 8/255") && figure.notes[2].hasPrefix("FGSM 2: FGSM (ε 0"))
    #expect(ExplainFigures.slice([explanations[0]]).notes[1].hasPrefix("FGSM (ε 8/255"))
  }

  /// Of several attacks each has a panel of its own beside the clean points, and all have one scale.
  @Test func attacksHavePanelsOfTheirOwn() throws {
    let attacks = ["FGSM (ε 8/255)", "PGD (ε 8/255)", "Pixle"]
    let states: [Int?] = [nil, 0, 1, 2]
    let points = states.enumerated().flatMap { index, state in
      (0..<2).map { slice in
        EmbeddedPoint(
          utterance: "u", slice: slice, sliceNumber: slice, emotion: slice, prediction: 0, attack: state,
          x: Float(index), y: Float(slice))
      }
    }
    func panels(_ count: Int) throws -> [[Scatter]] {
      let shown = points.filter { $0.attack.map { $0 < count } ?? true }
      let embedding = RunEmbedding(
        run: "r", part: .valid, node: "n", dimensions: 3, emotions: ["anger", "fear"],
        attacks: Array(attacks.prefix(count)), points: shown, divergence: 1, perplexity: 5, iterations: 1, notes: [])
      let figure = ExplainFigures.embedding(embedding)
      #expect(try !figure.data(.svg).isEmpty)
      return figure.rows.map { row in row.compactMap { $0 as? Scatter } }
    }
    let three = try panels(3)
    #expect(three.map(\.count) == [2, 1])
    for (index, panel) in three.flatMap(\.self).enumerated() {
      #expect(panel.caption == ["FGSM", "PGD", "Pixle"][index])
      #expect(panel.groups.map(\.isFaint) == [false, false, true, true])
      #expect(panel.groups.map { $0.points[0].x } == [0, 0, Float(index + 1), Float(index + 1)])
      #expect(panel.around?.count == 8 && panel.moves.count == 2)
    }
    let one = try panels(1).flatMap(\.self)
    #expect(one.count == 1 && one[0].groups.map(\.name) == ["anger", "fear", "anger, FGSM", "fear, FGSM"])
    #expect(try panels(0).flatMap(\.self).map(\.groups.count) == [2])
  }

  /// Two attacks of one name stand with their settings, a lone one without; the first table says what is looked at.
  private func attacksOfOneNameAreToldApart(_ explanations: [Explanation]) throws {
    let titles = try explanations.map { one in
      AttackSource.attack(try AttackChoice(try #require(one.request.attack))).title
    }
    let cells = titles.map { ResultTable.Cell.text($0) }, answers = ExplainTables.answers(explanations)
    func shown(_ table: ResultTable) -> [String] { table.columns.filter { !$0.isForCSV }.map(\.title) }
    #expect(Set(titles).count == 2 && Array(shown(answers).dropFirst(2)) == titles.map { $0 + " %" })
    #expect(ExplainTables.drift(explanations).rows.map { $0[0] } == cells)
    #expect(ExplainTables.bands(explanations).rows.dropFirst().map { $0[0] } == cells)
    #expect(shown(ExplainTables.answers([explanations[0]])).last == "FGSM %")
    let first = explanations[0], request = first.request
    let image =
      "run run, checkpoint-last, \(request.utterance), slice \(request.slice + 1) of \(first.sliceCount)"
    #expect(Array(answers.notes.prefix(3)) == [image] + titles)
    // The set tells apart what was made now and what was kept of the same attack.
    var kept = first
    kept.request.adversarialSet = "fgsm-8-valid-0123abcd"
    let names = shown(ExplainTables.answers([first, kept]))
    #expect(Array(names.suffix(2)) == ["\(titles[0]) %", "\(titles[0]), set fgsm-8-valid-0123abcd %"])
  }

  /// The image that is made for one slice alone is the one that the network was trained on, and its attack the one that
  /// `quaver attack` makes.
  private func theSliceIsTheTrainingsOwn(_ laboratory: Laboratory, _ subject: RunSubject) async throws {
    let explainer = try await Explainer(laboratory)
    let utterance = subject.corpus.utterances[5]
    let one = try await explainer.explain(ExplainRequest(run: "run", utterance: utterance.id, slice: 1))
    let same = try await Engine.run {
      let run = try LoadedRun(subject, cache: laboratory.paths.images) { _ in }
      return run.images.withImage(one.sliceNumber) { Array(UnsafeBufferPointer(start: $0, count: Geometry.pixels)) }
    }
    let isSame = same == one.clean.levels
    #expect(isSame)
  }

  private func wrongWishesAreSentences(_ laboratory: Laboratory, _ subject: RunSubject) async throws {
    let explainer = try await Explainer(laboratory)
    let id = subject.corpus.utterances[0].id
    await #expect(throws: LabError.self) {
      _ = try await explainer.explain(ExplainRequest(run: "run", utterance: "nobody"))
    }
    await #expect(throws: LabError.self) { _ = try await explainer.explain(ExplainRequest(run: "no", utterance: id)) }
    await #expect(throws: NNError.self) {
      _ = try await explainer.explain(ExplainRequest(run: "run", utterance: id, node: "nowhere"))
    }
    await #expect(throws: ExplainError.self) {
      _ = try await explainer.explain(ExplainRequest(run: "run", utterance: id, target: 9))
    }
    let bad = AttackPoint(attack: "nonsense", settings: AttackSettings())
    await #expect(throws: AttackError.self) {
      _ = try await explainer.explain(ExplainRequest(run: "run", utterance: id, attack: bad))
    }
    // After every mistake the explainer still answers.
    #expect(try await explainer.explain(ExplainRequest(run: "run", utterance: id)).clean.logits.count > 1)
    let nodes = try await explainer.nodes(of: "run")
    #expect(nodes.names.contains(nodes.standard) && !nodes.names.contains("fc1"))
  }

  private func classesAndDrifts(_ laboratory: Laboratory, _ subject: RunSubject) async throws {
    var order = AttentionOrder([.attack(try Self.fgsm(0)), .attack(try Self.fgsm(64.0 / 255))])
    (order.limit, order.batch) = (20, 8)
    let report = try await laboratory.attention(subject, order, control: RunControl()) { _ in }
    #expect(report.classes.reduce(0) { $0 + $1.images } == 20)
    let all = report.rows.filter { $0.emotion == nil }
    #expect(all.count == 2 && all[0].drop >= all[1].drop)
    let still = try #require(all.first { $0.attack == 0 }), moved = try #require(all.first { $0.attack == 1 })
    #expect(still.drop == 0 && (still.frequencyShift ?? 1) < 1e-9 && (still.rankCorrelation ?? 1) > 0.999)
    #expect((moved.frequencyShift ?? 0) > 0 && (moved.overlap ?? 0) < 1)
    #expect(report.rows.count == 2 * (report.classes.count + 1))
    #expect(report.classes.allSatisfy { $0.attacked.count == 2 && $0.clean.count == Geometry.pixels })
    #expect(try !ExplainFigures.classes(report).data(.png).isEmpty)
    let rows = ExplainTables.attention(report).rows, names = report.attacks.map { ResultTable.Cell.text($0) }
    #expect(rows.count == report.rows.count && rows.map { $0[0] } == report.rows.map { names[$0.attack] })
    #expect(report.classes.allSatisfy { $0.blank?.count == 3 && $0.blank?.allSatisfy { $0 <= 20 } == true })
    try await meansWithoutAnAttackHaveATable(laboratory, subject)
    try await aStoppedSessionGoesOn(subject) { control in
      try await laboratory.attention(subject, order, control: control) { _ in }
    }
  }

  private func meansWithoutAnAttackHaveATable(_ laboratory: Laboratory, _ subject: RunSubject) async throws {
    var settings = AttentionOrder([])
    (settings.limit, settings.batch) = (4, 4)
    let order = settings
    let report = try await laboratory.attention(subject, order, control: RunControl()) { _ in }
    let table = ExplainTables.attention(report)
    #expect(table.columns.map(\.title) == ["class", "n", "blank"] && table.rows.count == report.classes.count)
    var blank = report
    blank.classes[0].blank = [1]
    let caption = (ExplainFigures.classes(blank).rows[0][0] as? Heatmap)?.caption
    #expect(caption?.hasSuffix("(\(report.classes[0].images), 1 blank)") == true)
  }

  /// Forgets what is kept, then stops again and again until the work is done: it ends as the one that was never stopped.
  private func aStoppedSessionGoesOn<Result: Equatable>(
    _ subject: RunSubject, _ work: (RunControl) async throws -> Result
  ) async throws {
    let whole = try await work(RunControl())
    let kept = try FileManager.default.contentsOfDirectory(atPath: subject.folder.explanations.path)
    #expect(!kept.isEmpty)
    try FileManager.default.removeItem(at: subject.folder.explanations)
    var stops = 0
    var result: Result?
    while result == nil, stops < 50 {
      // Each time a little later: what stops within its first batch gets nowhere.
      do { result = try await work(RunControl(stoppingAfterReads: 3 + 2 * stops)) } catch PipelineError.stopped {
        stops += 1
      }
    }
    #expect(stops > 1)
    let isSame = result == whole
    #expect(isSame, "after \(stops) stops")
  }

  private func theKeptImageIsTheAttacksOwn(
    _ laboratory: Laboratory, _ subject: RunSubject, _ set: AdversarialSet, _ choice: AttackChoice
  ) async throws {
    let place = subject.locate(try #require(set.slices.first))
    let explainer = try await Explainer(laboratory)
    var request = ExplainRequest(run: "run", utterance: place.utterance, slice: place.slice)
    request.attack = AttackPoint(choice)
    let made = try await explainer.explain(request)
    request.adversarialSet = set.name
    let kept = try await explainer.explain(request)
    let (linf, l2) = (kept.perturbation?.linf, kept.perturbation?.l2)
    #expect(linf == made.perturbation?.linf && (l2 ?? 0) > 0 && kept.request.attack == request.attack)
    #expect(kept.perturbation?.gradientEvaluations == 1 && kept.perturbation?.queries == 0 && kept.part == .valid)
    // One image at a time and eight may differ in the last bits of a gradient, and so in the sign of a few.
    let same = zip(kept.attacked?.levels ?? [], made.attacked?.levels ?? []).count { $0 == $1 }
    #expect(same > Geometry.pixels * 98 / 100)
  }

  private func aStoppedEmbeddingGoesOn(
    _ laboratory: Laboratory, _ subject: RunSubject, _ choice: AttackChoice, _ whole: RunEmbedding
  ) async throws {
    var settings = EmbeddingOrder([.attack(choice)])
    (settings.limit, settings.batch, settings.settings.iterations) = (24, 8, 50)
    let order = settings
    try FileManager.default.removeItem(at: subject.folder.explanations)
    await #expect(throws: PipelineError.stopped) {
      _ = try await laboratory.embed(subject, order, control: RunControl(stoppingAfterReads: 2)) { _ in }
    }
    let isSame = try await laboratory.embed(subject, order, control: RunControl()) { _ in } == whole
    #expect(isSame)
  }

  /// The kept images of an attack and the attack made anew give the same points.
  private func featuresInOnePlane(_ laboratory: Laboratory, _ subject: RunSubject) async throws {
    let choice = try Self.fgsm(16.0 / 255)
    let attack = try AttackOrder([choice], limit: 24, batch: 8)
    let made = try await laboratory.attack(subject, attack, control: RunControl()) { _ in }
    let set = try subject.folder.adversarialSet(made[0].set)
    var embeddings: [RunEmbedding] = []
    for source in [AttackSource.attack(choice), .set(set)] {
      var order = EmbeddingOrder([source])
      (order.limit, order.batch, order.settings.iterations) = (24, 8, 50)
      let wanted = order, seen = Mutex<Set<Double>>([])
      let embedding = try await laboratory.embed(
        subject, wanted, control: RunControl(), watch: { early in seen.withLock { _ = $0.insert(early.perplexity) } }
      ) { _ in }
      // 48 points allow less than the 30 that are asked for, from the beginning on.
      #expect(seen.withLock { $0 } == [47.0 / 3] && embedding.perplexity == 47.0 / 3)
      embeddings.append(embedding)
    }
    try await theKeptImageIsTheAttacksOwn(laboratory, subject, set, choice)
    let embedding = embeddings[0]
    let areSame = embedding.points == embeddings[1].points
    #expect(areSame)
    #expect(embedding.node == "dropout" && embedding.dimensions == 1000 && embedding.points.count == 48)
    #expect(embedding.points.count { $0.attack == 0 } == 24)
    #expect(embedding.points.allSatisfy { $0.x.isFinite && $0.y.isFinite })
    try await aStoppedEmbeddingGoesOn(laboratory, subject, choice, embedding)
    let rows = ExplainTables.csv(embedding, of: Provenance(subject, .valid)).split(separator: "\n")
    #expect(rows.count == 49 && rows[1].hasSuffix(",run,valid,last,utterance,0"))
    #expect(rows[0] == "point,utterance,slice,emotion,prediction,attack,x,y,run,part,checkpoint,split,seed")
    let figure = ExplainFigures.embedding(embedding)
    #expect(try !figure.data(.svg).isEmpty && figure.notes[0].contains("trustworthiness (k 12) "))
    var order = EmbeddingOrder([.set(set)])
    order.node = "nowhere"
    await #expect(throws: NNError.self) {
      _ = try await laboratory.embed(subject, order, control: RunControl()) { _ in }
    }
    try await imagesOfOtherWeightsAreRefused(laboratory, subject, set)
  }

  /// As after a resumed training: an attack on other weights would pass for one on these.
  private func imagesOfOtherWeightsAreRefused(
    _ laboratory: Laboratory, _ subject: RunSubject, _ set: AdversarialSet
  ) async throws {
    let file = subject.folder.attacks.appendingPathComponent(set.name).appendingPathComponent("request.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    try Data(text.replacing(subject.weights, with: "0123456789abcdef").utf8).write(to: file)
    let other = try subject.folder.adversarialSet(set.name)
    #expect(other.record.weights == "0123456789abcdef")
    await #expect(throws: EvaluationError.self) {
      _ = try await laboratory.embed(subject, EmbeddingOrder([.set(other)]), control: RunControl()) { _ in }
    }
    await #expect(throws: EvaluationError.self) {
      _ = try await laboratory.attention(subject, AttentionOrder([.set(other)]), control: RunControl()) { _ in }
    }
    let place = subject.locate(try #require(set.slices.first))
    var request = ExplainRequest(run: "run", utterance: place.utterance, slice: place.slice)
    request.adversarialSet = set.name
    let explainer = try await Explainer(laboratory), wanted = request
    await #expect(throws: EvaluationError.self) { _ = try await explainer.explain(wanted) }
  }
}
