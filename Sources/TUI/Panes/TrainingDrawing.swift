import Lab

/// How the training pane looks: runs above, the selected one below.
package enum TrainingDrawing {
  /// Rows of the list, without its heading.
  package static func listHeight(_ state: State, _ height: Int) -> Int {
    max(1, min(state.runs.count, max(2, height / 4)))
  }

  package static func draw(_ state: State, _ surface: inout Surface) {
    let look = state.look
    guard let run = state.selectedRun else {
      let words = state.corpora.isEmpty ? "No run yet." : "No run yet. t trains a network on the corpus."
      Paragraph.draw(words, in: surface.bounds, look.style(.dim), look, &surface)
      return
    }
    let height = listHeight(state, surface.height)
    let (table, detail) = surface.bounds.splitTop(height + 1)
    surface.within(table) { RunTable.draw(state, &$0) }
    surface.within(detail) { details(run, state, &$0) }
  }

  // MARK: The selected run

  private static func details(_ run: RunInfo, _ state: State, _ surface: inout Surface) {
    let look = state.look
    var y = 0
    let room = Rect(x: 0, y: 0, width: surface.width, height: surface.height >= 14 ? 2 : 1)
    y += Paragraph.draw(protocolLine(run), in: room, look.style(.dim), look, &surface)
    if run.isLive, surface.height >= 3 {
      progress(run, y, look, &surface)
      y += 1
      if surface.height >= 12, let usage = state.usage {
        surface.put(look.glyphs.plain(words(usage, run)), 0, y, look.style(.dim))
        y += 1
      }
    }
    if let failure = run.failure {
      let rest = Rect(x: 0, y: y, width: surface.width, height: min(2, surface.height - y))
      y += Paragraph.draw(failure, in: rest, look.style(.error), look, &surface)
    }
    let notes = notes(run, width: surface.width)
    let noteRows = min(notes.count, max(0, (surface.height - y) / 4))
    let plots = Rect(x: 0, y: y, width: surface.width, height: surface.height - y - noteRows)
    curves(state, in: plots, &surface)
    for (index, note) in notes.prefix(noteRows).enumerated() {
      surface.put(look.glyphs.plain(note), 0, plots.maxY + index, look.style(.warning))
    }
  }

  /// What every number must be read with.
  package static func protocolLine(_ run: RunInfo) -> String {
    let job = run.job
    let limit = job.limit.map { ", \($0) slices a part" } ?? ""
    return "split \(job.splitName) · seed \(job.seed) · stride \(job.strideMilliseconds) ms\(limit) · "
      + "augment \(job.augment) · batch \(job.batch) · lr \(job.learningRate) · lo, hi from \(job.normalise)"
  }

  private static func notes(_ run: RunInfo, width: Int) -> [String] {
    let flaws = run.epochs.filter { !$0.trainLoss.isFinite || !$0.validLoss.isFinite }.map { String($0.epoch) }
    let flaw = flaws.isEmpty ? [] : ["loss is no finite number in epoch \(flaws.prefix(5).joined(separator: ", "))"]
    return (flaw + run.notes).flatMap { note in
      Paragraph.lines(note, width: max(1, width - 2)).enumerated().map { ($0 == 0 ? "! " : "  ") + $1 }
    }
  }

  private static func progress(_ run: RunInfo, _ y: Int, _ look: Look, _ surface: inout Surface) {
    guard let progress = run.progress else {
      surface.put(run.status == .paused ? "paused; p goes on" : "starting …", 0, y, look.style(.accent))
      return
    }
    let fraction = progress.total > 0 ? Double(progress.done) / Double(progress.total) : 0
    // Epoch 0 is the way to the first: measuring levels, making images.
    let epoch = progress.epoch == 0 ? nil : "epoch \(progress.epoch)/\(run.job.epochs)"
    // Where there is little room, how it goes on matters more than where it is.
    let parts: [String?] =
      run.status == .paused
      ? [surface.width >= 60 ? epoch : nil, "paused; p goes on"] : [progress.phase, epoch]
    let left = parts.compactMap { $0 }.joined(separator: " ")
    let x = surface.put(left, 0, y, look.style(run.status == .paused ? .warning : .accent)) + 1
    var right = Numbers.percent(fraction, 0)
    if progress.rate > 0 { right += "  \(Numbers.fixed(progress.rate, 1))/s" }
    if let seconds = progress.secondsLeft { right += "  \(Numbers.clock(seconds)) left" }
    if let loss = progress.loss, surface.width >= 70 { right += "  loss \(Numbers.short(loss))" }
    surface.putRight(right, surface.width, y, look.style(.text))
    ProgressBar.draw(fraction, x, y, width: surface.width - x - TextWidth.of(right) - 1, look, &surface)
  }

  /// "this program 1.9 of 2 processors, 1.2 GB · machine 98 %, 14.2 of 24.0 GB".
  private static func words(_ usage: Usage, _ run: RunInfo) -> String {
    let machine =
      "machine \(Numbers.percent(usage.machineLoad, 0)) busy, \(Numbers.bytes(usage.memoryUsed)) of "
      + "\(Numbers.bytes(usage.memoryTotal)) in use"
    guard run.isOwn else { return machine }
    return "this program \(Numbers.fixed(usage.processors, 1)) processors, \(Numbers.bytes(usage.resident)) · "
      + machine
  }

  // MARK: Curves

  private static func curves(_ state: State, in rect: Rect, _ surface: inout Surface) {
    let (look, runs) = (state.look, state.shownRuns)
    guard runs.contains(where: { !$0.epochs.isEmpty }) else {
      Paragraph.draw("Curves begin with the first epoch's end.", in: rect, look.style(.dim), look, &surface)
      return
    }
    var loss = plot("Loss", runs, CurveMeasure.loss, state.trainingPane.settings)
    loss.isLog = state.trainingPane.settings.isLogLoss
    var accuracy = plot("Accuracy", runs, CurveMeasure.accuracy, state.trainingPane.settings)
    (accuracy.range, accuracy.isPercent) = (0...1, true)
    switch state.trainingPane.curves {
    case .loss: loss.draw(in: rect, look, &surface)
    case .accuracy: accuracy.draw(in: rect, look, &surface)
    case .both where rect.width >= 64:
      let (left, right) = rect.splitLeft(rect.width / 2)
      loss.draw(in: Rect(x: left.x, y: left.y, width: left.width - 2, height: left.height), look, &surface)
      accuracy.draw(in: right, look, &surface)
    case .both where rect.height >= 10:
      let (upper, lower) = rect.splitTop(rect.height / 2)
      loss.draw(in: upper, look, &surface)
      accuracy.draw(in: lower, look, &surface)
    case .both: accuracy.draw(in: rect, look, &surface)
    }
  }

  private static func plot(
    _ title: String, _ runs: [RunInfo], _ measures: [CurveMeasure], _ settings: CurveSettings
  ) -> Plot {
    let curves = CurveMaker.curves(runs, measures, settings)
    let last = curves.compactMap { $0.points.last?.x }.max() ?? 1
    // Epochs are known beforehand, so the axis does not move while a run goes on.
    let end = settings.across == .epoch ? max(last, Double(runs.map(\.job.epochs).max() ?? 1)) : last
    let start =
      settings.across == .epoch ? 1 : settings.isLogAcross ? curves.compactMap { $0.points.first?.x }.min() ?? 1 : 0
    var plot = Plot(
      title: CurveMaker.title(title, runs, measures, settings), curves: curves,
      unit: settings.across == .time ? "s" : settings.across.rawValue,
      // One epoch stands in the middle of its axis: to one of two it would look like half of a run.
      across: AxisScale(
        end > start ? start...end : (start - 0.5)...(start + 0.5), isLog: settings.isLogAcross))
    plot.isWhole = settings.across != .time
    return plot
  }
}
