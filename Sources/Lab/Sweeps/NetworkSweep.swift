import Export
import Foundation
import NN

/// Networks on spectrograms of corpora, each trained with every seed (the paper's table 1).
package struct NetworkSweep: PaperSweep {
  package let cells: [SweepCell]
  package let part = EvaluationPart.valid
  package let limit: Int? = nil
  let corpora: [String: PaperCorpus]

  package let prefix = "networks"
  package let marks: [String] = []

  /// - Parameters:
  ///   - jobs: without a defence, seeds last.
  ///   - corpora: which of the jobs' corpora the paper has.
  ///   - weights: where the weights are found that networks start from; nil leaves that to each training.
  /// - Throws: `LabError`, `EvaluationError.emptyList`.
  package init(_ jobs: [Job], corpora: [String: PaperCorpus] = [:], weights: WeightStore? = nil) throws {
    guard !jobs.isEmpty else { throw EvaluationError.emptyList(what: "networks") }
    var maker = SweepCells(weights: weights)
    cells = try jobs.map { try maker.cell($0) }
    self.corpora = corpora
  }

  package func content(_ rows: [SweepRow], wanted: Bool) -> SweepTable {
    let lines = groups(rows, wanted: wanted).map { group in
      let paper = printed(group.job)
      return SweepTable.Line(
        group: group, heads: [group.corpus, group.job.transform, group.network].map { .text($0) },
        values: [
          (group.numbers(\.valid), paper?.valid),
          (group.numbers(\.validUAR), nil),
          (group.numbers(\.average), paper?.average),
        ])
    }
    let hasPaper = lines.contains { printed($0.group.job) != nil }
    return SweepTable(
      title: "Networks on spectrograms, validation part and both parts merged (avg.)",
      heads: ["corpus", "spectrogram", "network"], measures: ["valid. acc. %", "valid. UAR %", "avg. acc. %"],
      lines: lines,
      notes: SweepNotes.all(
        rows, lines,
        paper: hasPaper
          ? "“paper” columns are the paper's table 1, of networks pre-trained on ImageNet but for CNN-LSTM" : nil,
        comparesCorpus: false) + Self.comparisons(lines),
      part: Provenance.part(.merged)
    )
  }

  /// Two corpora, paired by spectrogram and network, and the same of the paper's numbers (its section 5.1).
  private static func comparisons(_ lines: [SweepTable.Line]) -> [String] {
    let corpora = lines.map(\.group.corpus).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    guard corpora.count == 2 else { return [] }
    let pairs = lines.filter { $0.group.corpus == corpora[0] }.compactMap { line in
      lines.first { other in
        other.group.corpus == corpora[1] && other.group.job.transform == line.group.job.transform
          && other.group.job.model == line.group.job.model
      }.map { (line, $0) }
    }
    return [(0, "validation"), (2, "average")].flatMap { measure, name -> [String] in
      let ours = pairs.compactMap { SweepTable.pair($0.0, $0.1, measure) { SweepTable.ours($0.ours).value } }
      let papers = pairs.compactMap { SweepTable.pair($0.0, $0.1, measure) { $0.paper.map { $0 / 100 } } }
      return [("", ours), ("the paper's ", papers)].compactMap { whose, values -> String? in
        guard let test = PairedTTest(values.map(\.0), values.map(\.1)) else { return nil }
        let mean = values.reduce(0) { $0 + $1.0 - $1.1 } / Double(values.count) * 100
        let numbers = String(format: "%.2f points (paired t-test, t %.2f, p %.3g)", mean, test.t, test.p)
        let pairs = "\(values.count) pairs of spectrogram and network"
        return "\(whose)\(name) accuracy, \(corpora[0]) minus \(corpora[1]) over \(pairs): \(numbers)"
      }
    }
  }

  private func printed(_ job: Job) -> (valid: Double, average: Double)? {
    guard let corpus = corpora[job.corpus], let model = PaperTables.name(of: job.model),
      let row = PaperTables.networks.first(where: { $0.transform == job.transform && $0.model == model }),
      let valid = row.valid[corpus], let average = row.average[corpus]
    else { return nil }
    return (valid, average)
  }

  /// A row a corpus: validation and average accuracy of each network, a line a spectrogram; the paper's dashed.
  package func figure(_ rows: [SweepRow]) -> Figure {
    let groups = SweepGroup.groups(rows), style = Style.light
    let networks = Networks.all.filter { entry in groups.contains { $0.job.model == entry.name } }
    let transforms = Laboratory.transforms.filter { name in groups.contains { $0.job.transform == name } }
    typealias Panel = (title: String, ours: (SweepRow) -> SweepNumber?, paper: (Job) -> Double?)
    let panels: [Panel] = [
      ("validation accuracy", { $0.valid }, { printed($0)?.valid }),
      ("average accuracy", { $0.average }, { printed($0)?.average }),
    ]
    let corpora = groups.reduce(into: [String]()) { if !$0.contains($1.corpus) { $0.append($1.corpus) } }
    let drawn = corpora.flatMap { corpus in
      panels.map { panel -> LinePlot in
        let series = transforms.enumerated().flatMap { index, transform -> [LinePlot.Series] in
          let points: [SweepPlots.PlotPoint] = networks.enumerated().compactMap { place, network in
            groups.first { $0.corpus == corpus && $0.job.transform == transform && $0.job.model == network.name }
              .map { (Double(place), SweepTable.ours($0.numbers(panel.ours)), panel.paper($0.job)) }
          }
          return SweepPlots.pair(transform, points, color: style.color(ofSeries: index))
        }
        let all = series.flatMap { one in one.y + (one.band ?? []).flatMap { [$0.lowerBound, $0.upperBound] } }
        return LinePlot(
          "\(corpus), \(panel.title)", x: SweepPlots.axis(networks.map(\.title)),
          y: Axis("accuracy (%)", around: all), series, size: Size(460, 260))
      }
    }
    return SweepPlots.figure(table(rows), panels: drawn, perRow: panels.count)
  }
}
