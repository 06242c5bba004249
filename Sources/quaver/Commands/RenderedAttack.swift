import ArgumentParser
import Attacks
import Core
import Lab
import TUI

/// What `quaver render attack` and `quaver render results` are asked for.
struct RenderedAttack: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "One attack; without it the clean image is shown. The explain pane takes a list, such as fgsm,pgd.",
      valueName: "attack"))
  var attack: String?
  @Option(
    help: ArgumentHelp(
      "A complete attack by its folder's name: the attack pane shows its very image, the results pane its slices, "
        + "the confusion pane, for each of a list, the matrix without it minus the one under it.",
      valueName: "name"))
  var set: String?
  @Option(
    help: ArgumentHelp(
      "Per cent of its light that a place loses where the network does not look: 0, 25, 50, 75 or 100; by default 0 of "
        + "the attack pane and 50 of the explain pane.",
      valueName: "percent"))
  var overlay: Int?
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Of the explain pane: columns are the run and these, rather than attacks (the paper's figure 4). Of the confusion pane "
        + "and the map: a panel each. By themselves or with commas.",
      valueName: "runs"))
  var beside: [String] = []
  @Flag(help: "Of the explain pane: the mean over all images of each emotion, clean and under each attack, at --eps.")
  var means = false
  @Option(help: "Of the map, and of means: whose images; valid (by default), train or merged.")
  var part: EvaluationPart?
  @OptionGroup var settings: AttackOptions

  /// The runs of --beside.
  var others: [String] { beside.flatMap { $0.split(separator: ",").map(String.init) } }

  /// An option, and the panes that read it.
  typealias Reading = (isGiven: Bool, name: String, panes: [PaneID])

  /// Refuses what the pane would not read.
  ///
  /// - Parameter viewing: the view's own options.
  /// - Throws: `RenderError`, `ValidationError`.
  func check(for pane: PaneID, _ confusing: RenderedConfusion, _ viewing: [Reading]) throws {
    let attacked = [PaneID.attack, .explain, .map]
    let options: [Reading] = [
      (attack != nil, "--attack", attacked), (settings.isGiven, "an attack's setting", attacked),
      (set != nil, "--set", [.attack, .results, .confusion]), (overlay != nil, "--overlay", [.attack, .explain]),
      (!beside.isEmpty, "--beside", [.explain, .confusion, .map]), (means, "--means", [.explain]),
      (part != nil, "--part", [.explain, .map]), (confusing.minus != nil, "--minus", [.confusion]),
      (confusing.measure != nil, "--measure", [.confusion]), (confusing.side != nil, "--side", [.confusion]),
    ]
    if let stray = (viewing + options).first(where: { $0.isGiven && !$0.panes.contains(pane) }) {
      throw RenderError.stray(stray.name, pane: pane.name, panes: stray.panes.map(\.name))
    }
    if set != nil, attack != nil || settings.isGiven { throw RenderError.twoAttacks }
    if pane != .explain { try settings.check(attack: attack) }
  }

  /// Makes the attack that the pane would make.
  ///
  /// - Parameter slice: from 0, at the run's stride.
  /// - Throws: `RenderError`, `AttackError`, `LabError` and what making images throws.
  func attack(_ state: inout State, slice: Int, _ laboratory: Laboratory) async throws {
    if state.viewPane.isEmpty { throw RenderError.nothingToShow("give the --utterance that is attacked") }
    if let reason = AttackPane.whyNot(state) { throw RenderError.nothingToShow(reason) }
    guard let run = state.selectedRun else { return }
    state.attackPane.overlay = try darkness() ?? 0
    (state.viewPane.stride, state.viewPane.slice) = (run.job.strideMilliseconds, max(0, slice))
    if let set {
      let record = try laboratory.store.open(run.id).adversarialSet(set)
      state.attackPane.take(
        AttackPoint(attack: record.record.attack, settings: record.record.settings), set: record.name)
    } else if let attack {
      let choices = try settings.choices(attack)
      guard choices.count == 1 else { throw RenderError.oneAttack }
      state.attackPane.take(AttackPoint(choices[0]), set: nil)
    } else {
      while state.attackPane.epsilon > 0 { state.attackPane.climb(-1) }
    }
    let explainer = try await Explainer(laboratory)
    for case .request(.explain(let request)) in AttackPane.ask(&state) {
      let explanation = try await explainer.explain(request)
      guard explanation.request.slice == request.slice else {
        throw LabError.noSlice(
          utterance: request.utterance, slice: request.slice + 1, slices: explanation.sliceCount)
      }
      _ = Reducer.reduce(&state, .event(.explained(explanation)))
    }
  }

  /// An index of `AttackState.overlays`; nil when it was not asked for.
  private func darkness() throws -> Int? {
    guard let overlay else { return nil }
    guard let index = AttackState.overlays.firstIndex(of: Double(overlay) / 100) else {
      throw LabError.outOfRange(what: "--overlay", value: "\(overlay)", range: "0, 25, 50, 75 or 100")
    }
    return index
  }

  /// Lays out the features that the map pane would.
  ///
  /// - Throws: `AttackError`, and what embedding throws.
  func map(_ state: inout State, _ laboratory: Laboratory) async throws {
    if let attack {
      let choices = try settings.choices(attack)
      guard choices.count == 1 else { throw RenderError.oneAttack }
      state.attackPane.take(AttackPoint(choices[0]), set: nil)
    } else {
      state.mapPane.withAttack = false
    }
    state.mapPane.part = part ?? .valid
    guard let wish = MapPane.wish(state) else { return }
    let embedding = try await laboratory.embed(
      try laboratory.subject(wish.run), try wish.order(), control: RunControl()
    ) { _ in }
    _ = Reducer.reduce(&state, .event(.embedded(wish, embedding)))
  }

  /// Averages what the explain pane would, or fills its cells one after the other.
  ///
  /// - Throws: `RenderError`, `AttackError`, `LabError`, and what explaining throws.
  func explain(_ state: inout State, slice: Int, _ laboratory: Laboratory) async throws {
    if means { state.explainPane.across = .means }
    if state.viewPane.isEmpty, state.explainPane.across != .means {
      throw RenderError.nothingToShow("give the --utterance whose sentence is looked at, or --means")
    }
    if let reason = ExplainPane.whyNot(state) { throw RenderError.nothingToShow(reason) }
    guard let run = state.selectedRun else { return }
    if let index = try darkness() { state.explainPane.overlay = index }
    if !beside.isEmpty, !means, attack != nil || settings.isGiven { throw RenderError.besideAttacks }
    state.explainPane.attacks = try settings.choices(attack ?? Scrub.gradientAttacks.joined(separator: ","))
      .map { AttackPoint($0) }
    guard !means else { return try await average(&state, laboratory) }
    (state.viewPane.stride, state.viewPane.slice) = (run.job.strideMilliseconds, max(0, slice))
    if !beside.isEmpty {
      state.trainingPane.marks = [run.id] + (try comparable(with: run, state, laboratory))
      state.explainPane.across = .runs
    }
    try await fill(&state, laboratory)
  }

  /// The runs beside one; the pane leaves out what has no row in common with it.
  ///
  /// - Throws: `RenderError.notBeside`, and what opening a run throws.
  private func comparable(with run: RunInfo, _ state: State, _ laboratory: Laboratory) throws -> [String] {
    try others.map { name in
      let other = try laboratory.store.open(name).info()
      guard state.corpus(of: other.job) == state.corpus(of: run.job) else {
        throw RenderError.notBeside(other.id, run: run.id, other: "another corpus")
      }
      guard other.emotions == run.emotions else {
        throw RenderError.notBeside(other.id, run: run.id, other: "other emotions")
      }
      return other.id
    }
  }

  /// Fills the cells one after the other.
  ///
  /// - Throws: `LabError.noSlice` where the utterance that was named lacks the slice; takes of other emotions may be
  ///   shorter.
  private func fill(_ state: inout State, _ laboratory: Laboratory) async throws {
    let explainer = try await Explainer(laboratory), named = state.viewPane.utterance
    var effects = ExplainPane.begin(&state)
    while !effects.isEmpty {
      guard case .request(let request) = effects.removeFirst() else { continue }
      switch request {
      case .explain(let request):
        let explanation = try await explainer.explain(request)
        guard request.utterance != named || explanation.request.slice == request.slice else {
          throw LabError.noSlice(utterance: named, slice: request.slice + 1, slices: explanation.sliceCount)
        }
        effects += Reducer.reduce(&state, .event(.explained(explanation)))
      case .mapNodes(let id):
        let nodes = try await explainer.nodes(of: id)
        let answer = MapNodes(run: id, names: nodes.names, standard: nodes.standard)
        effects += Reducer.reduce(&state, .event(.mapNodes(answer)))
      default: break
      }
    }
  }

  private func average(_ state: inout State, _ laboratory: Laboratory) async throws {
    state.explainPane.part = part ?? .valid
    guard let asked = ExplainPane.wish(state) else { return }
    let report = try await laboratory.attention(
      try laboratory.subject(asked.run), try asked.order(), control: RunControl()
    ) { _ in }
    _ = Reducer.reduce(&state, .event(.attended(asked, report)))
  }

  /// The attacks on the run, or the slices of one of them.
  ///
  /// - Throws: `RenderError`, and what reading results throws.
  func tell(_ state: inout State, _ laboratory: Laboratory) throws {
    _ = Reducer.reduce(&state, .event(.results(laboratory.results())))
    guard let run = state.selectedRun else { return }
    let known = state.resultsPane.rows.map(\.set)
    if known.isEmpty {
      throw RenderError.nothingToShow("\(run.id) was not attacked yet; `quaver attack \(run.id)` does it")
    }
    guard let set else { return }
    let matches = known.filter { $0 == set }.isEmpty ? known.filter { $0.hasPrefix(set) } : [set]
    guard matches.count == 1, let name = matches.first else { throw RenderError.noSet(set, run: run.id, known: known) }
    state.resultsPane.open(ResultsState.Name(run: run.id, set: name))
    state.resultsPane.kept = .all
    _ = Reducer.reduce(&state, .event(.attackedSlices(try laboratory.attackedSlices(run: run.id, set: name))))
  }
}
