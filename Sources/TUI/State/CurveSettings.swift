import Lab

/// How curves are drawn.
package struct CurveSettings: Sendable, Equatable {
  package enum Across: String, Sendable, CaseIterable { case epoch, step, time }

  package var across = Across.epoch
  package var isLogAcross = false
  package var isLogLoss = false
  /// Index in `weights`.
  package var smoothing = 0
  /// Runs that differ in their seed alone become one: the mean and the band of all of them.
  package var joinsSeeds = false

  /// Of the exponential mean's past; 0 smooths nothing.
  package static let weights = [0, 0.5, 0.8, 0.9, 0.95]
  package var weight: Double { Self.weights[smoothing] }

  package init() {}

  /// For the pane's title: what is not as it usually is.
  package var words: [String] {
    var words: [String] = []
    if across != .epoch { words.append("by \(across.rawValue)") }
    if isLogAcross { words.append("log x") }
    if isLogLoss { words.append("log loss") }
    if weight > 0 { words.append("smoothed \(Numbers.fixed(weight, 2))") }
    if joinsSeeds { words.append("seeds joined") }
    return words
  }

  func place(_ run: RunInfo) -> [Double] {
    switch across {
    case .epoch: return run.epochs.map { Double($0.epoch) }
    case .step: return run.epochs.map { Double($0.step) }
    case .time:
      var seconds = 0.0
      return run.epochs.map {
        seconds += $0.seconds
        return seconds
      }
    }
  }

  /// The exponential mean, freed of its start's bias; what is no number stays and does not count.
  package static func smoothed(_ values: [Double], weight: Double) -> [Double] {
    guard weight > 0 else { return values }
    var (mean, mass) = (0.0, 0.0)
    return values.map { value in
      guard value.isFinite else { return value }
      mean = weight * mean + (1 - weight) * value
      mass = weight * mass + (1 - weight)
      return mean / mass
    }
  }
}

/// A number of an epoch that a curve can show.
package struct CurveMeasure: Sendable {
  package let name: String
  package let role: Role
  package let mark: Unicode.Scalar
  package let every: Int
  /// Nil where the run does not have it.
  package let value: @Sendable (EpochMetrics) -> Double?

  /// The registry: what the two plots show. One more number is one more line.
  package static let loss: [CurveMeasure] = [
    CurveMeasure(name: "train", role: .train, mark: "*", every: 1) { $0.trainLoss },
    CurveMeasure(name: "valid", role: .valid, mark: "o", every: 2) { $0.validLoss },
  ]
  package static let accuracy: [CurveMeasure] = [
    CurveMeasure(name: "train", role: .train, mark: "*", every: 1) { $0.trainAccuracy },
    CurveMeasure(name: "attacked", role: .error, mark: "x", every: 3) { $0.attackedAccuracy },
    CurveMeasure(name: "valid", role: .valid, mark: "o", every: 2) { $0.validAccuracy },
  ]
}

/// Makes curves of runs.
package enum CurveMaker {
  private static let roles: [Role] = [.run1, .run2, .run3, .run4, .run5]
  /// What runs are called where several are drawn.
  package static let letters = Array("abcdefghijklmnopqrstuvwxyz")

  /// - Parameter runs: one gives all its measures, several the last measure (validation) of each.
  package static func curves(_ runs: [RunInfo], _ measures: [CurveMeasure], _ settings: CurveSettings) -> [Curve] {
    let groups = groups(runs, settings)
    guard groups.count > 1 else {
      return groups.first.map { group in
        measures.compactMap { curve(group, $0, settings, name: $0.name, $0.role, $0.mark, $0.every) }
      } ?? []
    }
    guard let measure = shared(measures, runs) else { return [] }
    return groups.enumerated().compactMap { index, group in
      let letter = letters[index % letters.count]
      let seeds = group.count > 1 ? " (\(group.count) seeds)" : ""
      return curve(
        group, measure, settings, name: "\(letter)\(seeds)", roles[index % roles.count],
        letter.unicodeScalars.first ?? "*", 1 + index / roles.count)
    }
  }

  /// What is drawn of each where several are drawn: the last measure that they have.
  private static func shared(_ measures: [CurveMeasure], _ runs: [RunInfo]) -> CurveMeasure? {
    measures.last { measure in runs.contains { $0.epochs.contains { measure.value($0) != nil } } }
  }

  /// "Loss" where one run is drawn, "Loss, 3 seeds" where one curve is their mean, "Loss, valid" where there are several.
  package static func title(
    _ title: String, _ runs: [RunInfo], _ measures: [CurveMeasure], _ settings: CurveSettings
  ) -> String {
    let groups = groups(runs, settings)
    if groups.count > 1 { return title + (shared(measures, runs).map { ", \($0.name)" } ?? "") }
    let seeds = groups.first?.count ?? 0
    return seeds > 1 ? "\(title), \(seeds) seeds" : title
  }

  /// The runs of each curve.
  private static func groups(_ runs: [RunInfo], _ settings: CurveSettings) -> [[RunInfo]] {
    settings.joinsSeeds ? grouped(runs) : runs.map { [$0] }
  }

  /// What the curve of a run is called where several are drawn; runs that are joined share one. Nil where it is not drawn.
  package static func letter(of run: String, in runs: [RunInfo], _ settings: CurveSettings) -> Character? {
    let group = groups(runs, settings).firstIndex { group in group.contains { $0.id == run } }
    return group.map { letters[$0 % letters.count] }
  }

  /// Runs that differ in their seed alone, the first of each seed, in the order of their first.
  package static func grouped(_ runs: [RunInfo]) -> [[RunInfo]] {
    var groups: [(job: Job, runs: [RunInfo])] = []
    for run in runs {
      var job = run.job
      job.seed = 0
      if let index = groups.firstIndex(where: { $0.job == job }) {
        // The same seed twice is one seed.
        if !groups[index].runs.contains(where: { $0.job.seed == run.job.seed }) { groups[index].runs.append(run) }
      } else {
        groups.append((job, [run]))
      }
    }
    return groups.map(\.runs)
  }

  private static func curve(
    _ group: [RunInfo], _ measure: CurveMeasure, _ settings: CurveSettings, name: String, _ role: Role,
    _ mark: Unicode.Scalar, _ every: Int
  ) -> Curve? {
    guard let first = group.first else { return nil }
    let all = group.map { $0.epochs.compactMap(measure.value) }
    guard all.contains(where: { !$0.isEmpty }) else { return nil }
    let length = all.map(\.count).max() ?? 0
    let longest = group.max { $0.epochs.count < $1.epochs.count } ?? first
    let places = settings.place(longest)
    guard places.count == length else { return nil }
    var (raw, spans) = ([Double](), [Curve.Span]())
    for index in 0..<length {
      let values = all.compactMap { index < $0.count ? $0[index] : nil }
      let finite = values.filter(\.isFinite)
      raw.append(values.count == finite.count ? values.reduce(0, +) / Double(max(1, values.count)) : .nan)
      if group.count > 1 || settings.weight > 0, let low = finite.min(), let high = finite.max() {
        spans.append(Curve.Span(x: places[index], low: low, high: high))
      }
    }
    if group.count == 1 { raw = all[0] }
    let smooth = CurveSettings.smoothed(raw, weight: settings.weight)
    let points = zip(places, smooth).map { Curve.Vertex(x: $0, y: $1) }
    return Curve(name: name, points: points, band: spans, role: role, mark: mark, every: every)
  }
}
