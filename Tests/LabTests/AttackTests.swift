import Attacks
import Core
import Foundation
import Lab
import NN
import Pipeline
import Synchronization
import Testing

@Suite(.serialized, .trainedOnce) struct AttackTests {
  private let small = SmallLaboratory()

  private func choices(_ names: String) throws -> [AttackChoice] { try AttackOrder.choices(names) }

  /// Stopped after the first batches and given again: the reports and the images are those of an order that was never
  /// stopped, and what was done is not done again.
  @Test func anInterruptedAttackGoesOnWhereItWas() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("whole", "cut", at: small)
    let order = try AttackOrder(try choices("fgsm,pgd"), limit: 12, batch: 4)
    let whole = try await laboratory.attack(try laboratory.subject("whole"), order, control: RunControl()) { _ in }
    let resumed = Mutex<[Int]>([])
    var reports: [AttackReport] = []
    var stops = 0
    while reports.isEmpty, stops < 4 {
      do {
        // Four readings of the timed passes, then one a batch and one a step: within FGSM's second, within PGD's second.
        let control = RunControl(stoppingAfterReads: [8, 13, 1000, 1000][stops])
        reports = try await laboratory.attack(try laboratory.subject("cut"), order, control: control) { event in
          if case .resumed(_, let done, _) = event { resumed.withLock { $0.append(done) } }
        }
      } catch PipelineError.stopped { stops += 1 }
    }
    #expect(stops == 2 && resumed.withLock { $0 } == [4, 12, 4])
    #expect(reports.map(\.valid) == whole.map(\.valid) && reports.map(\.largestLinf) == whole.map(\.largestLinf))
    for (a, b) in zip(whole, reports) {
      #expect(a.set == b.set, "equal weights, settings and slices have equal names")
      let (first, second) = (
        try laboratory.store.open("whole").adversarialSet(a.set), try laboratory.store.open("cut").adversarialSet(b.set)
      )
      #expect(first.isComplete && first.slices == second.slices && first.slices.count == 12)
      for slice in first.slices { #expect(try first.image(slice) == second.image(slice)) }
    }
  }

  /// A stop loses a file, so a file has fewer images where each takes more queries; what an earlier version kept in larger
  /// files is taken up.
  @Test func longSearchesAreKeptInSmallFiles() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let subject = try laboratory.subject("r")
    func order(queries: Int) throws -> AttackOrder {
      try AttackOrder(try AttackOrder.choices("square") { $1.queries = queries }, limit: 8, batch: 2)
    }
    let short = try order(queries: 10), long = try order(queries: 1600)
    let whole = try #require(try await laboratory.attack(subject, short, control: RunControl()) { _ in }.first)
    await #expect(throws: PipelineError.stopped) {
      // Four readings of the timed passes, one of the first file, and one of its first query.
      let control = RunControl(stoppingAfterReads: 6)
      _ = try await laboratory.attack(subject, long, control: control) { _ in }
    }
    let partial = try #require(subject.folder.results().partial.first)
    let from = subject.folder.attacks.appendingPathComponent(whole.set), record = try AdversarialSet.record(from)
    #expect(record.chunk == 8 && partial.record.chunk == 2)

    let to = subject.folder.attacks.appendingPathComponent(partial.set)
    var former = partial.record
    former.chunk = 8
    try JSON.encoder().encode(former).write(to: to.appendingPathComponent("request.json"))
    var bytes = try Data(contentsOf: from.appendingPathComponent("chunk-00000.safetensors"))
    let place = try #require(bytes.range(of: Data(record.key.utf8)))
    bytes.replaceSubrange(place, with: Data(former.key.utf8))
    try bytes.write(to: to.appendingPathComponent("chunk-00000.safetensors"))
    let resumed = Mutex<[Int]>([])
    let again = try await laboratory.attack(subject, long, control: RunControl()) { event in
      if case .resumed(_, let done, _) = event { resumed.withLock { $0.append(done) } }
    }
    #expect(resumed.withLock { $0 } == [8] && again.map(\.set) == [partial.set])
    #expect(try AdversarialSet.record(to).chunk == 8)
  }

  /// Images that another engine made are kept and told.
  @Test func anAttackThatAnotherEngineBeganSaysSo() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let subject = try laboratory.subject("r")
    let order = try AttackOrder(try choices("fgsm"), limit: 12, batch: 4)
    let first = try await laboratory.attack(subject, order, control: RunControl()) { _ in }
    #expect(!first[0].doubts.contains { $0.contains("several makers") })
    let file = subject.folder.attacks.appendingPathComponent("\(first[0].set)/chunk-00001.safetensors")
    var bytes = try Data(contentsOf: file)
    let revision = "revision \(Library.revision)", zeros = String(repeating: "0", count: "\(Library.revision)".count)
    let place = try #require(bytes.range(of: Data(revision.utf8)))
    bytes.replaceSubrange(place, with: Data("revision \(zeros)".utf8))
    try bytes.write(to: file)
    let second = try await laboratory.attack(subject, order, control: RunControl()) { _ in }
    let doubt = try #require(second[0].doubts.first { $0.contains("several makers") })
    #expect(doubt.contains("revision \(zeros)") && doubt.contains(revision))
    #expect(first[0].machine == .current && second[0].machine == .current)
    // All of another's: the result tells that one, not who read it.
    for index in [0, 2] {
      let file = subject.folder.attacks.appendingPathComponent("\(first[0].set)/chunk-0000\(index).safetensors")
      var bytes = try Data(contentsOf: file)
      bytes.replaceSubrange(
        try #require(bytes.range(of: Data(revision.utf8))), with: Data("revision \(zeros)".utf8))
      try bytes.write(to: file)
    }
    let third = try await laboratory.attack(subject, order, control: RunControl()) { _ in }
    var other = Machine.current
    other.libraries = other.libraries.mapValues { $0.replacing(revision, with: "revision \(zeros)") }
    #expect(third[0].machine == other && other != .current)
  }

  /// One that is stopped while its passes are timed is not listed as begun.
  @Test func anAttackThatIsStoppedWhileItIsTimedLeavesNothing() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let subject = try laboratory.subject("r")
    let order = try AttackOrder(try choices("fgsm"), limit: 12, batch: 4)
    await #expect(throws: PipelineError.stopped) {
      let control = RunControl(stoppingAfterReads: 2)
      _ = try await laboratory.attack(subject, order, control: control) { _ in }
    }
    #expect(subject.folder.results().partial.isEmpty)
  }

  /// Room is asked for what is missing alone: the rest lies on the disk already.
  @Test func whatIsDoneNeedsNoRoom() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let subject = try laboratory.subject("r")
    let order = try AttackOrder(try choices("fgsm"), limit: 12, batch: 4)
    let bytes = Mutex<[Int]>([])
    await #expect(throws: PipelineError.stopped) {
      let control = RunControl(stoppingAfterReads: 8)
      _ = try await laboratory.attack(subject, order, control: control) { event in
        if case .estimate(let estimate) = event { bytes.withLock { $0.append(estimate.bytes) } }
      }
    }
    for _ in 0..<2 {
      _ = try await laboratory.attack(subject, order, control: RunControl()) { event in
        if case .estimate(let estimate) = event { bytes.withLock { $0.append(estimate.bytes) } }
      }
    }
    #expect(bytes.withLock { $0 } == [12, 8, 0].map { $0 * 3 * Geometry.pixels * 4 })
  }

  /// A sweep has several of one name: what is said of one names its strength.
  @Test func whatIsSaidOnTheWayNamesTheStrength() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let order = try AttackOrder(try choices("fgsm"), limit: 2, keepsImages: false, batch: 2)
    let rows = Mutex<[AttackEstimate.Row]>([]), resumed = Mutex<[String]>([])
    for _ in 0..<2 {
      _ = try await laboratory.sweepEpsilons(
        try laboratory.subject("r"), order, epsilons: [8.0 / 255, 16.0 / 255], control: RunControl()
      ) { event in
        if case .estimate(let estimate) = event { rows.withLock { $0 += estimate.rows } }
        if case .resumed(let attack, _, _) = event { resumed.withLock { $0.append(attack) } }
      }
    }
    let names = ["FGSM ε 8/255", "FGSM ε 16/255"]
    #expect(rows.withLock { $0.map(\.attack) } == names + names && rows.withLock { $0.map(\.images) } == [2, 2, 0, 0])
    #expect(resumed.withLock { $0 } == names)
  }

  /// Kept predictions are of these weights and these very images.
  @Test func predictionsOfOtherImagesAreMadeAnew() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let subject = try laboratory.subject("r"), images = laboratory.paths.images
    try await Engine.run {
      let run = try LoadedRun(subject, cache: images) { _ in }
      let selection = try subject.select(.valid, limit: 4, seed: 0)
      let made = try run.cleanPredictions(selection) { _ in }
      let folder = subject.results.appendingPathComponent("predictions")
      let file = folder.appendingPathComponent(
        try #require(FileManager.default.contentsOfDirectory(atPath: folder.path).first))
      let metadata = try SafeTensors(contentsOf: file).metadata
      #expect(metadata["images"] == run.images.key)
      var other = made
      other.logits[0] += 1
      try other.write(to: file, metadata: metadata)
      #expect(try run.cleanPredictions(selection) { _ in } == other, "what is kept is read")
      try other.write(to: file, metadata: metadata.merging(["images": "others"]) { $1 })
      #expect(try run.cleanPredictions(selection) { _ in } == made)
    }
  }

  /// The kept images are in the ε ball and in [0, 1], and the network says of them what the report counted.
  @Test func keptImagesAreThoseThatWereCounted() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let subject = try laboratory.subject("r")
    let order = try AttackOrder(try choices("bim"), part: .merged, batch: 8)
    let report = try #require(try await laboratory.attack(subject, order, control: RunControl()) { _ in }.first)
    let set = try subject.folder.adversarialSet(report.set)
    #expect(subject.folder.adversarialSets() == [report.set])
    let images = laboratory.paths.images
    let correct = try await Engine.run {
      let run = try LoadedRun(subject, cache: images) { _ in }
      var correct = 0
      for slice in set.slices {
        let plan = try run.network.plan(batch: 1, demand: .inference)
        run.images.fill(plan.input, slices: [slice])
        let clean = Array(UnsafeBufferPointer(start: plan.input, count: plan.inputCount))
        try set.copy(slice, into: plan.input)
        for i in 0..<plan.inputCount {
          guard (0...1).contains(plan.input[i]), abs(plan.input[i] - clean[i]) <= 32.0 / 255 + 1e-6 else { return -1 }
        }
        plan.forward(.evaluation)
        let row = UnsafeBufferPointer(start: plan.logits, count: plan.outputs)
        if Logits.largest(row) == run.label(slice) { correct += 1 }
      }
      return correct
    }
    let merged = try #require(report.merged)
    #expect(correct == merged.attacked.correct)
    #expect(merged.clean.count == set.slices.count && report.valid != nil && report.train != nil)
    #expect(report.gradientEvaluations == 2 && report.queries == 0)
    if let success = merged.success {
      #expect(abs(success - (merged.clean.accuracy - merged.attacked.accuracy) / merged.clean.accuracy) < 1e-12)
    }
    #expect(throws: EvaluationError.self) { _ = try set.image(1_000_000) }
    #expect(throws: EvaluationError.self) { _ = try subject.folder.adversarialSet("nothing") }
  }

  @Test func imagesAreLeftOutOnDemand() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let subject = try laboratory.subject("r")
    var order = try AttackOrder(try choices("fgsm"), limit: 8, keepsImages: false, batch: 8)
    let without = try await laboratory.attack(subject, order, control: RunControl()) { _ in }
    #expect(subject.folder.adversarialSets().isEmpty)
    // Wanted after all: made again, to the same numbers.
    order.keepsImages = true
    let with = try await laboratory.attack(subject, order, control: RunControl()) { _ in }
    #expect(subject.folder.adversarialSets() == with.map(\.set) && with.map(\.valid) == without.map(\.valid))
    // An order that needs none takes none away, and the record goes on telling of them.
    order.keepsImages = false
    let again = try await laboratory.attack(subject, order, control: RunControl()) { _ in }
    #expect(again.map(\.keepsImages) == [true] && subject.folder.adversarialSets() == with.map(\.set))
  }

  @Test func mistakesAreOneSentenceEach() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("s", at: small)
    #expect(throws: LabError.self) { _ = try laboratory.subject("nowhere") }
    try FileManager.default.removeItem(at: try laboratory.store.open("s").lastCheckpoint)
    #expect(throws: EvaluationError.noWeights(run: "s", checkpoint: "last")) { _ = try laboratory.subject("s") }
    func refuses(_ names: String, _ change: @escaping (inout AttackSettings) -> Void) {
      #expect(throws: AttackError.self) { _ = try AttackOrder.choices(names) { change(&$1) } }
    }
    refuses("fgsm") { $0.epsilon = -0.1 }
    refuses("fgsm") { $0.epsilon = 1.5 }
    refuses("pgd") { $0.steps = 0 }
    refuses("pgd") { $0.alpha = .nan }
    refuses("deepfool") { _ in }
    #expect(throws: EvaluationError.emptyList(what: "attacks")) { _ = try AttackOrder([]) }
    #expect(throws: EvaluationError.self) { _ = try AttackOrder(try choices("fgsm,fgsm")) }
    #expect(throws: LabError.self) { _ = try AttackOrder(try choices("fgsm"), batch: 0) }
  }

  @Test func aSampleKeepsClassesAndParts() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let subject = try laboratory.subject("r")
    let all = try subject.select(.merged, limit: nil, seed: 0)
    let sample = try subject.select(.merged, limit: all.slices.count / 2, seed: 0)
    #expect(sample.slices.count == all.slices.count / 2 && sample.isSample && !all.isSample)
    #expect(abs(2 * sample.isValid.count { $0 } - all.isValid.count { $0 }) <= 7)
    #expect(sample == (try subject.select(.merged, limit: all.slices.count / 2, seed: 0)))
    #expect(sample.slices != (try subject.select(.merged, limit: all.slices.count / 2, seed: 1)).slices)
    #expect(throws: LabError.self) { _ = try subject.select(.valid, limit: 0, seed: 0) }
    #expect(subject.notes(sample).contains { $0.contains("stratified sample") })
  }

  /// What a set holds of a part is no sample of it; a sample that the set holds whole is one.
  @Test func whatSetsHoldIsNotCalledASample() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let subject = try laboratory.subject("r")
    let order = try AttackOrder(try choices("fgsm"), limit: 4, batch: 4)
    let report = try #require(try await laboratory.attack(subject, order, control: RunControl()) { _ in }.first)
    let sources = [AttackSource.set(try subject.folder.adversarialSet(report.set))]
    let all = try subject.select(.valid, limit: nil, seed: 0).slices.count
    let held = try subject.select(.valid, limit: nil, seed: 0, attackedBy: sources)
    #expect(held.slices.count == 4 && all > 4)
    #expect(held.sentence == "the 4 of the \(all) slices of the validation part that the adversarial sets hold")
    let sample = try subject.select(.valid, limit: 4, seed: 0, attackedBy: sources)
    #expect(sample.slices == held.slices)
    #expect(sample.sentence == (try subject.select(.valid, limit: 4, seed: 0)).sentence)
    #expect(subject.notes(held).allSatisfy { !$0.contains("stratified") })
  }

  /// On both parts the first table is of the validation part too, and the others of both alone.
  @Test(arguments: [
    (EvaluationPart.valid, "validation part"), (EvaluationPart.train, "training part"),
    (EvaluationPart.merged, "training and validation merged"),
  ])
  func tablesNameThePartThatTheyAreOf(part: EvaluationPart, words: String) async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let order = try AttackOrder(try choices("fgsm"), part: part, limit: 2, keepsImages: false, batch: 2)
    let reports = try await laboratory.attack(try laboratory.subject("r"), order, control: RunControl()) { _ in }
    for table in [AttackTables.utterances(reports), AttackTables.classDrops(reports)] {
      #expect(table.title.contains(words), "\(table.title)")
    }
    let report = try JSON.decoder().decode(AttackReport.self, from: JSON.encoder().encode(reports[0]))
    #expect(report.checkpoint == .last && report.split == "utterance" && report.seed == 0 && report.part == part)
    // The first accuracy and its n are of the same slices: on both parts of the validation part's.
    let csv = AttackTables.summary(reports).rendered(.csv).split(separator: "\n"), isMerged = part == .merged
    let slices = isMerged ? "\(reports[0].valid?.clean.count ?? 0),2" : "2"
    #expect(csv[0].hasSuffix(",norm,ε,α·255,steps,n\(isMerged ? ",avg. n" : ""),attack seed"))
    #expect(csv[1].hasSuffix(",linf,0.12549,,,\(slices),"))
    let notes = AttackTables.summary(reports).notes
    #expect(notes.contains { $0.hasPrefix("in this table acc., success and UAR") } == isMerged)
    // A sample of both parts without a validation slice has no number of that part, and none of the other in its place.
    guard isMerged, var fields = try JSONSerialization.jsonObject(with: JSON.encoder().encode(report)) as? [String: Any]
    else { return }
    (fields["train"], fields["valid"]) = (fields["merged"], nil)
    let data = try JSONSerialization.data(withJSONObject: fields)
    let row = AttackTables.summary([try JSON.decoder().decode(AttackReport.self, from: data)]).rows[0]
    #expect(row[2] == .none && row[3] == .none && row[5] != .none)
  }

  /// A run that ends between an epoch's line and its checkpoint leaves the weights of the epoch before.
  @Test func theAverageIsOfTheEpochThatTheWeightsAreOf() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let folder = try laboratory.store.open("r"), file = folder.url.appendingPathComponent("metrics.jsonl")
    var metrics = try #require(folder.metrics().last)
    let average = try #require(metrics.averageAccuracy)
    // A file of its own in place of the link.
    let lines = try Data(contentsOf: file)
    try FileManager.default.removeItem(at: file)
    try lines.write(to: file)
    metrics.epoch += 1
    metrics.averageAccuracy = average + 1
    try folder.append(metrics)
    let found = try await laboratory.evaluate(try laboratory.subject("r"), limit: 2, control: RunControl()) { _ in }
    #expect(found.evaluation.averageAccuracy == average)
  }

  /// Means over seeds leave such a run out, so its evaluation tells.
  @Test func anEvaluationTellsThatTheTrainingIsNotFinished() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let finished = try await laboratory.evaluate(try laboratory.subject("r"), limit: 2, control: RunControl()) { _ in }
    try laboratory.store.open("r").end(RunOutcome(status: .stopped))
    let stopped = try await laboratory.evaluate(try laboratory.subject("r"), limit: 2, control: RunControl()) { _ in }
    #expect(finished.evaluation.status == .finished && stopped.evaluation.status == .stopped)
    #expect(stopped.evaluation.notes.contains { $0.contains("not finished (stopped)") })
    #expect(stopped.evaluation.notes.count == finished.evaluation.notes.count + 1)
  }
}
