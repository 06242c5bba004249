import Attacks
import Export
import Foundation

extension EpsilonSweep {
  /// Accuracy under attack against ε, a line an attack with its Wilson interval; the clean accuracy dashed.
  package static func figure(_ reports: [AttackReport]) -> Figure {
    // At ε = 0 nothing is attacked, and a logarithmic axis has no 0.
    let (all, reports) = (reports, reports.filter { AttackTables.epsilon($0) == .none || $0.settings.epsilon > 0 })
    let epsilons = Set(reports.filter { AttackTables.epsilon($0) != .none }.map { $0.settings.epsilon * 255 }).sorted()
    var series: [LinePlot.Series] = []
    for name in reports.map(\.attack).reduce(into: [String](), { if !$0.contains($1) { $0.append($1) } }) {
      let own = reports.filter { $0.attack == name && $0.effect != nil }
      guard let first = own.first else { continue }
      // An attack without an ε is one level for all of them.
      let isFlat = AttackTables.epsilon(first) == .none
      let points = isFlat ? epsilons.map { ($0, first) } : own.map { ($0.settings.epsilon * 255, $0) }
      let sorted = points.sorted { $0.0 < $1.0 }
      series.append(
        LinePlot.Series(
          first.title, x: sorted.map(\.0), y: sorted.map { ($0.1.effect?.attacked.accuracy ?? .nan) * 100 },
          band: sorted.map { point in
            let interval = point.1.effect?.attacked.interval
            return (interval?.low ?? 0) * 100...(interval?.high ?? 1) * 100
          }, hasMarks: !isFlat || epsilons.count == 1))
    }
    if let clean = all.first?.effect?.clean.accuracy {
      series.append(
        LinePlot.Series(
          "no attack", x: epsilons, y: epsilons.map { _ in clean * 100 }, isDashed: true,
          hasMarks: epsilons.count == 1))
    }
    let plot = LinePlot(
      "", x: axis(epsilons), y: Axis("accuracy (%)", 0...100), series, size: Size(520, 320))
    let leftOut = all.count > reports.count ? ["ε = 0 is the dashed line: nothing is attacked there"] : []
    return Figure(
      table(all).title, rows: [[plot]],
      notes: ["bands: \(Scores.intervalNote)"] + leftOut
        + SweepPlots.doubted(reports.filter { !$0.doubts.isEmpty }.map(\.titleWithEpsilon)) + (all.first?.notes ?? []))
  }

  /// ε on a logarithmic axis with its own values as marks.
  static func axis(_ epsilons: [Double]) -> Axis {
    var axis = Axis("ε · 255", around: epsilons, scale: .logarithmic)
    axis.marks = epsilons.map { ($0, String(format: "%g", ($0 * 100).rounded() / 100)) }
    return axis
  }
}

/// What the figures of the paper's tables share.
enum SweepPlots {
  /// A point: where it lies, ours and the paper's in per cent.
  typealias PlotPoint = (x: Double, ours: (value: Double?, interval: Interval?), paper: Double?)

  /// Our numbers as a line with their intervals, the paper's dashed in the same colour where it has any.
  static func pair(_ title: String, _ points: [PlotPoint], color: Ink) -> [LinePlot.Series] {
    let hasBand = points.contains { $0.ours.interval != nil }
    let ours = LinePlot.Series(
      title, x: points.map(\.x), y: points.map { ($0.ours.value ?? .nan) * 100 },
      band: hasBand
        ? points.map { point -> ClosedRange<Double> in
          // What was not measured has no band, not one of 0.
          guard let value = point.ours.value else { return -Double.infinity...Double.infinity }
          return (point.ours.interval?.low ?? value) * 100...(point.ours.interval?.high ?? value) * 100
        } : nil, color: color)
    let printed = points.filter { $0.paper != nil }
    guard !printed.isEmpty else { return [ours] }
    return [
      ours,
      LinePlot.Series(
        "\(title), paper", x: printed.map(\.x), y: printed.map { $0.paper ?? .nan }, color: color, isDashed: true),
    ]
  }

  /// Which of a plot's points are doubted; why, the table tells, which has room for it.
  static func doubted(_ points: [String]) -> [String] {
    points.isEmpty ? [] : ["doubted, as the table tells: \(points.joined(separator: ", "))"]
  }

  /// Names side by side.
  static func axis(_ names: [String]) -> Axis {
    var axis = Axis("", -0.4...Double(max(1, names.count)) - 0.6)
    axis.marks = names.enumerated().map { (Double($0.offset), $0.element) }
    return axis
  }

  /// The table's title and notes around panels.
  static func figure(_ table: ResultTable, panels: [LinePlot], perRow: Int) -> Figure {
    let rows = stride(from: 0, to: panels.count, by: perRow).map { start in
      Array(panels[start..<min(start + perRow, panels.count)]) as [any Panel]
    }
    let isCompared = panels.contains { $0.series.contains(where: \.isDashed) }
    let isDoubt: (String) -> Bool = { $0.hasPrefix(SweepNotes.doubt) }
    let doubted = table.notes.filter(isDoubt).compactMap { note in
      note.dropFirst(SweepNotes.doubt.count).split(separator: ":").first.map(String.init)
    }
    return Figure(
      table.title, rows: rows,
      notes: (isCompared ? ["dashed: the paper"] : []) + Self.doubted(doubted) + table.notes.filter { !isDoubt($0) })
  }
}
