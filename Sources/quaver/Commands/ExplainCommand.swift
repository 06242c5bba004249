import ArgumentParser
import Attacks
import Core
import Explain
import Foundation
import Lab

struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Show where a run's network looks, and how an attack moves its attention.",
    discussion: """
      Class activation maps at any node of the network: of one slice of one utterance with --utterance, or the mean over \
      each class with --by-class, which also ranks the attacks by what they cost in accuracy beside how far they moved the \
      attention: Spearman's rank correlation of the maps, intersection over union of their top fifths, and the share of \
      their energy that changed its frequency band or its tenth of a second. Where a map is blank, they are \
      undefined and left out of means.
      """)

  @Argument(help: ArgumentHelp("The run's name, or the beginning of it.", valueName: "run"))
  var id: String
  @Option(help: "The utterance to look at, such as 03a01Fa.")
  var utterance: String?
  @Option(help: ArgumentHelp("Its slice, from 1; by default the first.", valueName: "k"))
  var slice: Int?
  @Flag(help: "Mean maps of every class.")
  var byClass = false
  @Option(name: .customLong("class"), help: "Evidence for this class; by default the utterance's own.")
  var target: String?
  @Option(help: "A node of the network; by default its last map before pooling, or its last tokens.")
  var node: String?
  @Option(help: "\(CAMMethod.allCases.map(\.rawValue).joined(separator: " or ")).")
  var method = CAMMethod.gradCAMPlusPlus
  @Option(help: ArgumentHelp("Attacks as `quaver attack` takes them: pgd or fgsm,pgd or paper.", valueName: "attacks"))
  var attack: String?
  @Option(help: ArgumentHelp("Adversarial images that `quaver attack` kept, by the set's name.", valueName: "name"))
  var set: [String] = []
  @OptionGroup var settings: AttackOptions
  @Option(help: "Of which part the means are taken: valid (by default), train or merged.")
  var part: EvaluationPart?
  @Option(help: "Of means: at most this many slices, classes in proportion, by --seed.")
  var limit: Int?
  @OptionGroup var pictures: PictureOptions
  @OptionGroup var network: NetworkOptions
  @OptionGroup var tables: TableOptions

  func validate() throws {
    guard (utterance != nil) != byClass else { throw ValidationError("Give one of --utterance and --by-class.") }
    guard slice ?? 1 >= 1 else { throw ValidationError("Slices are counted from 1.") }
    guard target == nil || !byClass else { throw ValidationError("--by-class shows every class's own evidence.") }
    guard slice == nil || !byClass else { throw ValidationError("--slice is of an utterance; --by-class takes all.") }
    guard byClass || part == nil && limit == nil else {
      throw ValidationError("--part and --limit are of the means by --by-class, not of one utterance.")
    }
    try settings.check(attack: attack)
  }

  func run() async throws {
    try network.apply()
    let choices = try attack.map { try settings.choices($0) } ?? []
    let laboratory = try tables.common.laboratory()
    if let utterance {
      try await explain(utterance, choices, laboratory)
    } else {
      try await average(choices, laboratory)
    }
  }

  private func explain(_ utterance: String, _ choices: [AttackChoice], _ laboratory: Laboratory) async throws {
    var request = ExplainRequest(run: id, utterance: utterance, slice: (slice ?? 1) - 1, node: node)
    (request.checkpoint, request.method) = (network.checkpoint, method)
    if let target { request.target = try index(of: target, laboratory) }
    // One table is of one state of the weights.
    if !set.isEmpty {
      let subject = try laboratory.subject(id, checkpoint: network.checkpoint)
      for name in set { try subject.check(try subject.folder.adversarialSet(name)) }
    }
    let wanted = request
    let attacked = choices.map { (AttackPoint?.some(AttackPoint($0)), String?.none) } + set.map { (nil, $0) }
    let points = attacked.isEmpty ? [(nil, nil)] : attacked
    let explanations = try await StoppableWork.run("nothing was written") { control in
      let explainer = try await Explainer(laboratory)
      var explanations: [Explanation] = []
      for point in points {
        var request = wanted
        (request.attack, request.adversarialSet) = point
        let explanation = try await explainer.explain(request, control: control)
        guard explanation.request.slice == wanted.slice else {
          throw LabError.noSlice(
            utterance: utterance, slice: wanted.slice + 1, slices: explanation.sliceCount)
        }
        explanations.append(explanation)
      }
      return explanations
    }
    try pictures.write(ExplainFigures.slice(explanations, style: pictures.style), quiet: tables.isQuiet)
    let job = try laboratory.store.open(id).record().job
    let answers = ExplainTables.answers(explanations).stating(Provenance(explanations[0], job: job))
    try tables.emit([answers, ExplainTables.drift(explanations), ExplainTables.bands(explanations)], explanations)
  }

  private func index(of name: String, _ laboratory: Laboratory) throws -> Int {
    let emotions = try laboratory.store.open(id).record().emotions
    guard let index = emotions.firstIndex(of: name) else {
      throw LabError.unknownChoice(what: "class", value: name, choices: emotions)
    }
    return index
  }

  private func average(_ choices: [AttackChoice], _ laboratory: Laboratory) async throws {
    let subject = try laboratory.subject(id, checkpoint: network.checkpoint)
    let sets = try set.map { AttackSource.set(try subject.folder.adversarialSet($0)) }
    var order = AttentionOrder(choices.map { .attack($0) } + sets)
    (order.part, order.limit, order.seed) = (part ?? .valid, limit, settings.seed)
    (order.node, order.method) = (node, method)
    let wanted = order
    let report = try await StoppableWork.run("the same command goes on where it was") { control in
      try await laboratory.attention(subject, wanted, control: control) { Console.bar($0) }
    }
    try pictures.write(ExplainFigures.classes(report, style: pictures.style), quiet: tables.isQuiet)
    let table = ExplainTables.attention(report).stating(Provenance(subject, report.part))
    try tables.emit([table], report)
  }
}

extension CAMMethod: ExpressibleByArgument {}
