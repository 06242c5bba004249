import Lab

/// Keys for how curves are drawn.
enum TrainingCurves {
  private static let hasRun = TrainingPane.hasRun

  private static func change(_ body: @escaping @Sendable (inout TrainingState) -> Void)
    -> @Sendable (inout State) -> [Effect]
  {
    { state in
      body(&state.trainingPane)
      return []
    }
  }

  static let bindings: [Binding] = [
    Binding(
      "training.mark", ["space"], "mark", "Draws this run together with the selected one, or no longer.", hint: 8,
      isEnabled: hasRun
    ) { state in
      guard let run = state.selectedRun?.id else { return [] }
      if let index = state.trainingPane.marks.firstIndex(of: run) {
        state.trainingPane.marks.remove(at: index)
      } else {
        state.trainingPane.marks.append(run)
      }
      return TrainingPane.moved(&state)
    },
    Binding(
      "training.unmark", ["M"], "unmark all", "Draws the selected run alone.",
      isEnabled: { !$0.trainingPane.marks.isEmpty },
      run: change { $0.marks = [] }),
    Binding(
      "training.curves", ["m"], "curves", "Both curves, loss alone, accuracy alone.", hint: 7, isEnabled: hasRun,
      run: change {
        $0.curves = $0.curves.next
      }),
    Binding(
      "training.smooth", ["s"], "smooth", "Smooths more, then not at all; a band keeps the raw values.", hint: 9,
      isEnabled: hasRun,
      run: change { $0.settings.smoothing = ($0.settings.smoothing + 1) % CurveSettings.weights.count }),
    Binding(
      "training.across", ["a"], "axis", "Against epochs, steps or time.", hint: 10, isEnabled: hasRun,
      run: change {
        $0.settings.across = $0.settings.across.next
      }),
    Binding(
      "training.log-loss", ["L"], "log loss", "A logarithmic axis for the loss, or a linear one.", hint: 11,
      isEnabled: hasRun, run: change { $0.settings.isLogLoss.toggle() }),
    Binding(
      "training.log-across", ["X"], "log axis", "A logarithmic axis for epochs, steps or time, or a linear one.",
      isEnabled: hasRun, run: change { $0.settings.isLogAcross.toggle() }),
    Binding(
      "training.seeds", ["S"], "join seeds",
      "Joins marked runs that differ in their seed alone: their mean, with a band from the least to the most.",
      hint: 12,
      isEnabled: hasRun, run: change { $0.settings.joinsSeeds.toggle() }),
  ]
}
