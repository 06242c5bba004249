import ArgumentParser
import Core
import Lab
import TUI

/// What `quaver render confusion` is asked for, beside the attack by --set.
struct RenderedConfusion: ParsableArguments {
  @Option(help: ArgumentHelp("Another run, whose matrix is subtracted.", valueName: "run"))
  var minus: String?
  @Option(help: "What the cells hold.")
  var measure: ConfusionState.Measure?
  @Option(help: "Which of two matrices.")
  var side: ConfusionState.Side?

  /// - Parameter set: an attack's folder by its name or its beginning.
  /// - Throws: `RenderError`, `LabError`, and what reading results throws.
  func tell(_ state: inout State, set: String?, _ laboratory: Laboratory) throws {
    (state.confusionPane.measure, state.confusionPane.side) = (measure ?? .counts, side ?? .difference)
    guard let run = state.selectedRun else { return }
    try Self.checkEpochs(of: run)
    _ = Reducer.reduce(&state, .event(.results(laboratory.results())))
    if set != nil, minus != nil { throw RenderError.twoDifferences }
    if let minus {
      let other = try laboratory.store.open(minus).info()
      guard other.emotions == run.emotions else { throw RenderError.otherEmotions(run.id, other.id) }
      guard other.id != run.id else { throw RenderError.itself(run.id) }
      try Self.checkEpochs(of: other)
      _ = ConfusionPane.hold(against: .run(other.id), &state)
    } else if let set {
      let known = state.resultsPane.results.first { $0.run == run.id }?.reports.map(\.set) ?? []
      let matches = known.contains(set) ? [set] : known.filter { $0.hasPrefix(set) }
      guard matches.count == 1, let name = matches.first else {
        throw RenderError.noSet(set, run: run.id, known: known)
      }
      for case .request(.loadSlices(let run, let set)) in ConfusionPane.hold(
        against: .attack(run: run.id, set: name), &state)
      {
        _ = Reducer.reduce(&state, .event(.attackedSlices(try laboratory.attackedSlices(run: run, set: set))))
      }
    }
  }

  /// A matrix is an epoch's.
  private static func checkEpochs(of run: RunInfo) throws {
    if run.epochs.isEmpty { throw RenderError.nothingToShow("no epoch of \(run.id) has ended yet") }
  }
}

extension ConfusionState.Measure: ExpressibleByArgument {
  /// "counts", "rows", "columns".
  package var argument: String { "\(self)" }
  package static var allValueStrings: [String] { allCases.map(\.argument) }
  // The words on the screen would stand in the help as other values without a description.
  package static var allValueDescriptions: [String: String] { [:] }
  package var defaultValueDescription: String { argument }

  package init?(argument: String) {
    guard let measure = Self.allCases.first(where: { $0.argument == argument }) else { return nil }
    self = measure
  }
}

extension ConfusionState.Side: ExpressibleByArgument {}
