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
          }, hasMarks: !isFlat))
    }
    if let clean = all.first?.effect?.clean.accuracy {
      series.append(
        LinePlot.Series(
          "no attack", x: epsilons, y: epsilons.map { _ in clean * 100 }, isDashed: true, hasMarks: false))
    }
    let plot = LinePlot(
      "", x: axis(epsilons), y: Axis("accuracy (%)", 0...100), series, size: Size(520, 320))
    let leftOut = all.count > reports.count ? ["ε = 0 is the dashed line: nothing is attacked there"] : []
    return Figure(
      table(all).title, rows: [[plot]],
      notes: ["bands: \(Scores.intervalNote)"] + leftOut + (all.first?.notes ?? []))
  }

  /// ε on a logarithmic axis with its own values as marks.
  static func axis(_ epsilons: [Double]) -> Axis {
    var axis = Axis("ε · 255", around: epsilons, scale: .logarithmic)
    axis.marks = epsilons.map { ($0, String(format: "%g", ($0 * 100).rounded() / 100)) }
    return axis
  }
}

extension DefenceSweep {
  /// Success against ε of each defence's own attack, of Pixle and of Square; the paper's (AlexNet, Emo-IIT) dashed.
  package static func figure(_ rows: [Row], notes: [String]) -> Figure {
    let epsilons = Set(rows.map { $0.epsilon * 255 }).sorted()
    let defences = rows.map(\.defence).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    let style = Style.light
    typealias Panel = (title: String, ours: (Row) -> Double?, paper: (PaperTables.SweepRow) -> Double)
    let panels: [Panel] = [
      ("own attack", { $0.success($0.defence) }, \.ownSuccess), ("Pixle", { $0.success("pixle") }, \.pixleSuccess),
      ("Square", { $0.success("square") }, \.squareSuccess),
    ]
    let plots = panels.map { panel in
      var series: [LinePlot.Series] = []
      for (index, defence) in defences.enumerated() {
        let own = rows.filter { $0.defence == defence }.sorted { $0.epsilon < $1.epsilon }
        let title = (try? Attacks.named(defence))?.title ?? defence, color = style.color(ofSeries: index)
        series.append(
          LinePlot.Series(
            title, x: own.map { $0.epsilon * 255 }, y: own.map { (panel.ours($0) ?? .nan) * 100 }, color: color))
        let printed = PaperTables.sweep.filter { row in
          row.defence == title && epsilons.contains { abs($0 - Double(row.epsilon255)) < 1e-6 }
        }
        series.append(
          LinePlot.Series(
            printed.isEmpty ? "" : "\(title), paper", x: printed.map { Double($0.epsilon255) },
            y: printed.map(panel.paper), color: color, isDashed: true))
      }
      let all = series.flatMap(\.y).filter(\.isFinite)
      let low = min(0, all.min() ?? 0), high = max(20, all.max() ?? 100)
      return LinePlot(
        panel.title, x: EpsilonSweep.axis(epsilons), y: Axis("success (%)", low...high), series, size: Size(400, 260))
    }
    return Figure(
      "Networks trained against an attack, and attacked", rows: [plots],
      notes: ["dashed: the paper's table 2b (AlexNet, Emo-IIT)"] + notes + sharedNotes(rows))
  }
}
