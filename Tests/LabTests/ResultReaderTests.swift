import Attacks
import Core
import Foundation
import Lab
import NN
import Pipeline
import Testing

@Suite(.serialized, .trainedOnce) struct ResultReaderTests {
  private let small = SmallLaboratory()

  /// A stopped attack is listed with what goes on with it, and that order completes it; the slices are those of the
  /// report, with their utterances.
  @Test func resultsAreReadAndStoppedAttacksGoOn() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    #expect(laboratory.results().isEmpty)
    var wish = AttackWish(run: "r", point: AttackPoint(attack: "fgsm", settings: AttackSettings()))
    (wish.limit, wish.batch, wish.part, wish.seed) = (12, 4, .merged, 7)
    let control = RunControl(stoppingAfterReads: 8)
    await #expect(throws: PipelineError.stopped) {
      _ = try await laboratory.attack(try laboratory.subject("r"), try wish.order(), control: control) { _ in }
    }
    let stopped = try #require(laboratory.results().first)
    let partial = try #require(stopped.partial.first)
    #expect(stopped.reports.isEmpty && partial.done == 4 && partial.record.images == 12)
    #expect(partial.wish == wish)
    #expect(try laboratory.attackedSlices(run: "r", set: partial.set).slices.count == 4)

    let again = try #require(partial.wish)
    let made = try await laboratory.attack(try laboratory.subject("r"), try again.order(), control: RunControl()) { _ in
    }
    let results = try #require(laboratory.results().first)
    #expect(results.partial.isEmpty && results.reports == made)
    let report = try #require(results.reports.first), effect = try #require(report.effect)
    // Another sample is of other slices, whatever their number; other weights are another network.
    let record = try AdversarialSet.record(try laboratory.store.open("r").attacks.appendingPathComponent(report.set))
    #expect(record.weights == (try laboratory.subject("r")).weights)
    for change in [{ $0.sampleSeed = 8 }, { $0.part = .valid }, { $0.limit = nil }]
      as [(inout AdversarialRecord) -> Void]
    {
      var other = record
      change(&other)
      #expect(other.peers(weights: "a") != record.peers(weights: "a"))
    }
    #expect(record.peers(weights: "a") != record.peers(weights: "b"))
    let slices = try laboratory.attackedSlices(run: "r", set: report.set).slices
    #expect(slices.count == 12)
    var correct = 0
    for slice in slices {
      if slice.attacked == slice.truth { correct += 1 }
      #expect((0...1).contains(slice.attackedShare) && slice.linf <= 32.0 / 255 + 1e-6 && slice.slice >= 0)
    }
    #expect(correct == effect.attacked.correct)
    let subject = try laboratory.subject("r")
    let known = Set(subject.corpus.utterances.map(\.id))
    for slice in slices { #expect(known.contains(slice.utterance)) }
    // The very slices of the kept images.
    let set = try subject.folder.adversarialSet(report.set)
    let places = set.slices.map { subject.locate($0) }
    #expect(places.map(\.utterance) == slices.map(\.utterance) && places.map(\.slice) == slices.map(\.slice))
    #expect(throws: (any Error).self) { _ = try laboratory.attackedSlices(run: "r", set: "nothing") }
    #expect(throws: LabError.self) { _ = try laboratory.attackedSlices(run: "nobody", set: report.set) }
  }

  @Test func whatCannotBeReadIsLeftOut() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let folder = try laboratory.store.open("r").attacks.appendingPathComponent("pgd-32-valid-00000000")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data("{".utf8).write(to: folder.appendingPathComponent("result.json"))
    #expect(laboratory.results().isEmpty)
    try Data("nonsense".utf8).write(to: folder.appendingPathComponent("request.json"))
    #expect(laboratory.results().isEmpty)
  }

  /// Told once a step at least, never beyond the most that the attack may cost, and the last is near it.
  @Test func longAttacksTellHowFarTheyAre() async throws {
    defer { small.remove() }
    let laboratory = try TrainedOnce.laboratory("r", at: small)
    let utterance = try #require(try laboratory.subject("r").corpus.utterances.first?.id)
    for name in ["square", "apgd-ce", "pgd"] {
      let attack = try Attacks.named(name)
      var settings = attack.defaults
      (settings.queries, settings.steps) = (20, 6)
      let point = AttackPoint(attack: name, settings: settings), cost = attack.cost(settings)
      let told = try await Engine.run {
        var told: [(Int, Int)] = []
        let explainer = try Explainer(laboratory)
        _ = try explainer.explain(ExplainRequest(run: "r", utterance: utterance, attack: point)) {
          told.append(($0, $1))
        }
        return told
      }
      // The black-box attacks' first question is about the image itself, which is no query yet, and may be the last.
      #expect(!told.isEmpty && (!attack.isWhiteBox || (told.last?.0 ?? 0) >= 1))
      for (done, most) in told { #expect(done >= 0 && done <= most && most == cost.gradientEvaluations + cost.queries) }
    }
  }
}

@Suite struct WorkFieldTests {
  @Test func everyFieldOfAnAttackReadsWhatItWrote() throws {
    let values = [
      "attack": "apgd-ce", "norm": "linf", "ε": "8/255", "α": "2/255", "steps": "7", "EOT": "3", "queries": "150",
      "restarts": "2",
      "part": "merged", "slices": "64", "seed": "9", "keep images": "no",
    ]
    var wish = AttackWish(run: "r", point: AttackPoint(attack: "pgd", settings: AttackSettings()))
    for field in AttackFields.all {
      let value = try #require(values[field.name], "\(field.name) is not tested")
      try field.set(value, in: &wish)
      #expect(field.read(wish) == value)
      #expect(throws: LabError.self) { try field.set("no such value", in: &wish) }
    }
    #expect(wish.point.settings.seed == 9 && wish.limit == 64 && !wish.keepsImages)
    _ = try wish.order()
  }

  /// A form that is opened on an attack in L2 gives the same attack back; ε is a length there.
  @Test func fieldsKeepAnAttackInL2() throws {
    let square = try Attacks.named("square")
    var settings = square.defaults
    (settings.norm, settings.epsilon) = (.l2, 5)
    let kept = AttackWish(run: "r", point: AttackPoint(attack: "square", settings: settings))
    var wish = AttackWish(run: "r", point: AttackPoint(attack: "", settings: AttackSettings()))
    for field in AttackFields.all where field.isRead(wish) { try field.set(field.read(kept), in: &wish) }
    #expect(wish.point == kept.point)
    let epsilon = try #require(AttackFields.all.first { $0.name == "ε" })
    #expect(throws: LabError.self) { try epsilon.set("2000", in: &wish) }
    #expect(throws: LabError.self) {
      try AttackFields.all.first { $0.name == "norm" }?.set("l1", in: &wish)
    }
  }

  /// The number of one norm is nonsense in another.
  @Test func anotherNormBringsAnEpsilonOfItsOwn() throws {
    let square = try Attacks.named("square")
    var wish = AttackWish(run: "r", point: AttackPoint(attack: "square", settings: square.defaults))
    let norm = try #require(AttackFields.all.first { $0.name == "norm" })
    let epsilon = try #require(AttackFields.all.first { $0.name == "ε" })
    try norm.set("l2", in: &wish)
    #expect(wish.point.settings.epsilon == 5 && epsilon.read(wish) == "5")
    try epsilon.set("0.5", in: &wish)
    try norm.set("l2", in: &wish)
    #expect(epsilon.read(wish) == "0.5", "the same norm changes nothing")
    try norm.set("linf", in: &wish)
    #expect(epsilon.read(wish) == "32/255")
  }

  @Test func anotherAttackKeepsTheSeed() throws {
    var wish = AttackWish(run: "r", point: AttackPoint(attack: "fgsm", settings: AttackSettings()))
    for (name, value) in [("seed", "9"), ("attack", "pgd")] {
      try AttackFields.all.first { $0.name == name }?.set(value, in: &wish)
    }
    #expect(wish.point.attack == "pgd" && wish.seed == 9 && wish.point.settings.seed == 9)
  }

  /// What earlier versions kept is found by the same words, but for Square's restarts, which return another image now.
  @Test func identitiesStayAsTheyWere() throws {
    let square = try Attacks.named("square")
    var settings = square.defaults
    (settings.norm, settings.epsilon) = (.l2, 0.5)
    let one = try AttackChoice(square, settings)
    #expect(one.identity.hasPrefix("square; ε 127.5/255, L2, ") && one.summary.hasPrefix("ε 0.5, L2, "))
    settings.restarts = 2
    #expect(!one.identity.contains("closest"))
    #expect(try AttackChoice(square, settings).identity.contains("closest"))
  }

  /// An attack shows the fields that it reads, and no others.
  @Test func fieldsAreThoseThatTheAttackReads() throws {
    for attack in Attacks.all {
      let wish = AttackWish(run: "r", point: AttackPoint(attack: attack.name, settings: attack.defaults))
      let names = AttackFields.all.filter { $0.isRead(wish) }.map(\.name)
      #expect(names.contains("ε") == attack.knobs.contains(.epsilon))
      #expect(names.contains("queries") == attack.knobs.contains(.queries))
      #expect(names.contains("part") && names.contains("attack"))
    }
  }

  @Test func theTrainersOptionsAreAbsentWhereAllAreOff() throws {
    var job = Job(corpus: "c")
    let values = [
      "weights": "none", "input norm": "imagenet", "freeze": "features.*,classifier.1.weight", "schedule": "cosine",
      "warm-up": "1.5", "clip": "2", "early stop": "4", "class weights": "balanced", "accumulate": "3",
      "precision": "bf16",
    ]
    let before = job
    for field in JobFields.all where field.isFurther {
      let value = try #require(values[field.name], "\(field.name) is not tested")
      let off = field.read(job)
      try field.set(value, in: &job)
      #expect(field.read(job) == value)
      #expect(job != before)
      try field.set(off, in: &job)
      #expect(job == before, "\(field.name) leaves something behind")
      try field.set(value, in: &job)
      job = before
    }
    #expect(JobFields.all.count(where: \.isFurther) == values.count)
  }

  @Test func thePapersNumbersStandBesideSuchAttacksAlone() throws {
    func settings(_ name: String) throws -> AttackSettings { AttackPreset.eq3.settings(for: try Attacks.named(name)) }
    func values(_ model: String, _ attack: String, change: (inout AttackSettings) -> Void = { _ in }) throws
      -> PaperValues?
    {
      var settings = try settings(attack)
      change(&settings)
      var job = Job(corpus: "c")
      job.model = model
      return PaperValues.beside(attack: attack, settings: settings, part: .valid, job: job)
    }
    #expect(try values("alexnet", "fgsm")?.attacked == 0.39 / 100)
    #expect(try values("alexnet", "fgsm")?.success == 99.53 / 100)
    #expect(try values("cvt", "pgd")?.attacked == 0.14 / 100)
    #expect(try values("vit", "bim")?.attacked == 3.02 / 100)
    #expect(try values("levit", "bim")?.attacked == 0.24 / 100)
    #expect(try values("alexnet", "fgsm") { $0.epsilon = 8.0 / 255 } == nil)
    #expect(try values("alexnet", "fgsm") { $0.seed = 5 }?.attacked == 0.39 / 100)
    #expect(try values("alexnet", "square") == nil)
    var job = Job(corpus: "c")
    job.model = "alexnet"
    job.defend = Defence(attack: "pgd", settings: try settings("pgd"))
    let own = PaperValues.beside(attack: "pgd", settings: try settings("pgd"), part: .valid, job: job)
    #expect(own?.attacked == 34.11 / 100 && own?.success == 57.90 / 100)
    #expect(PaperValues.beside(attack: "fgsm", settings: try settings("fgsm"), part: .valid, job: job) == nil)
    let square = PaperValues.beside(attack: "square", settings: try settings("square"), part: .merged, job: job)
    #expect(square?.success == 10.41 / 100 && square?.table == "table 2b")
    #expect(try #require(own).doubts.isEmpty)
    // Other settings of the attack, or of the defence, are none of the paper's.
    func besides(_ attack: String, change: (inout AttackSettings) -> Void) throws -> PaperValues? {
      var settings = try settings(attack)
      change(&settings)
      return PaperValues.beside(attack: attack, settings: settings, part: .merged, job: job)
    }
    #expect(try besides("square") { $0.seed = 3 }?.success == 10.41 / 100)
    #expect(try besides("square") { $0.queries = 5000 } == nil)
    #expect(try besides("square") { $0.norm = .l2 } == nil)
    #expect(try besides("pgd") { $0.steps = 100 } == nil)
    let paperJob = job
    job.defend?.settings.steps = 10
    #expect(try besides("square") { $0.seed = 3 } == nil)
    job = paperJob
    job.defend?.ratio = 0.25
    #expect(PaperValues.beside(attack: "pgd", settings: try settings("pgd"), part: .valid, job: job) == nil)
    // Rows of the paper that no accuracy of the training part explains, beside their numbers.
    job.model = "vgg16"
    job.defend = Defence(attack: "mi-fgsm", settings: try settings("mi-fgsm"))
    let vgg = PaperValues.beside(attack: "mi-fgsm", settings: try settings("mi-fgsm"), part: .valid, job: job)
    #expect(try #require(vgg).doubts.count == 1 && vgg?.doubts[0].contains("impossible") == true)
    job.model = "cvt"
    job.defend = Defence(attack: "bim", settings: try settings("bim"))
    let cvt = PaperValues.beside(attack: "bim", settings: try settings("bim"), part: .valid, job: job)
    #expect(try #require(cvt).doubts.contains { $0.contains("CvT trained against BIM") })
  }

  /// Four of the accuracies of table 2a are impossible, by what all others agree on.
  @Test func fourOfThePapersRowsAreDoubted() throws {
    var doubted: Set<String> = []
    for network in Networks.all {
      for attack in Attacks.whiteBox {
        let settings = AttackPreset.eq3.settings(for: attack)
        for defence in [nil, Defence(attack: attack.name, settings: settings)] {
          var job = Job(corpus: "c")
          (job.model, job.defend) = (network.name, defence)
          let values = PaperValues.beside(attack: attack.name, settings: settings, part: .valid, job: job)
          doubted.formUnion(values?.doubts ?? [])
        }
      }
    }
    #expect(doubted.count == 4, "\(doubted)")
  }

  /// Table 2a is of linear spectrograms; of table 2b the paper does not tell.
  @Test func thePapersSpectrogramsStandBesideItsNumbers() throws {
    func values(_ attack: String, _ part: EvaluationPart, change: (inout Job) throws -> Void) throws -> PaperValues {
      let settings = AttackPreset.eq3.settings(for: try Attacks.named(attack))
      var job = Job(corpus: "emo-iit")
      job.model = "alexnet"
      try change(&job)
      return try #require(PaperValues.beside(attack: attack, settings: settings, part: part, job: job))
    }
    let same = try values("fgsm", .valid) { $0.transform = "linear" }
    #expect(same.source == "table 2a, linear, Emo-IIT" && same.difference == nil)
    let other = try values("fgsm", .valid) { $0.transform = "cqt" }
    #expect(other.source == same.source && other.attacked == same.attacked)
    #expect(other.difference == "unlike the networks of the paper's table 2a: cqt spectrograms for linear")
    let quick = try values("fgsm", .valid) { job in
      (job.corpus, job.transform, job.epochs, job.limit) = ("samples", "linear", 2, 64)
      job.weights = StartingWeights.none
    }
    #expect(
      quick.difference
        == "unlike the networks of the paper's table 2a: corpus “samples” for Emo-IIT, random weights for ImageNet's, "
        + "2 epochs for 15, at most 64 slices of each part for all")
    let sweep = try values("square", .merged) { job in
      job.defend = Defence(attack: "pgd", settings: AttackPreset.eq3.settings(for: try Attacks.named("pgd")))
    }
    #expect(sweep.source == "table 2b, Emo-IIT" && sweep.difference == nil)
  }
}
