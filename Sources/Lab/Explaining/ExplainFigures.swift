import Core
import Export
import Pipeline

/// Explanations as pictures.
package enum ExplainFigures {
  /// How much of the picture below a map hides: nothing where there is no attention.
  private static func opacity(_ attention: Double) -> Double { 0.75 * attention.squareRoot() }

  private static let columnsInARow = 4

  /// One slice: the network's image above, attention over its greys below; before the attack at the left and after each
  /// at its right.
  ///
  /// - Parameter explanations: of one slice under different attacks; at least one.
  package static func slice(_ explanations: [Explanation], style: Style = .light) -> Figure {
    precondition(!explanations.isEmpty, "no explanation to draw")
    let first = explanations[0], attacked = explanations.compactMap { one in one.attacked.map { (one, $0) } }
    let names = AttackTitles.captions(attacked.map(\.0))
    let titles = zip(names, attacked).map { name, pair in
      // A number stands for settings.
      let title = AttackTitles.full(pair.0.request)
      return name == AttackTitles.title(pair.0.request.attack) ? title : "\(name): \(title)"
    }
    let columns: [(caption: String, image: ExplainedImage)] =
      [("clean", first.clean)] + attacked.indices.map { (names[$0], attacked[$0].1) }
    let spectra = columns.map { column -> any Panel in
      var map = heatmap("\(column.caption): \(answer(column.image, first.emotions))", first)
      map.lay(levels: column.image.levels, columns: Geometry.side, .jet)
      map.bar = ("level", 0...1, .jet)
      return map
    }
    let overlays = columns.map { column -> any Panel in
      var map = heatmap(column.image.isBlank ? "no evidence" : "evidence for \(target(first))", first)
      map.layGreys(column.image.levels, columns: Geometry.side)
      map.lay(column.image.attention, columns: Geometry.side, .magma, range: 0...1, opacity: opacity)
      map.bar = ("attention", 0...1, .magma)
      return map
    }
    var rows = stride(from: 0, to: columns.count, by: columnsInARow).flatMap { start in
      let range = start..<min(columns.count, start + columnsInARow)
      return [Array(spectra[range]), Array(overlays[range])]
    }
    if !attacked.isEmpty { rows.append([driftTable(attacked.map(\.0))]) }
    let request = first.request
    return Figure(
      "\(request.utterance), slice \(request.slice + 1) of \(first.sliceCount), \(first.emotions[first.truth])",
      rows: rows,
      notes: [
        "run \(request.run), checkpoint-\(request.checkpoint.rawValue), \(request.method.rawValue) at "
          + "\(request.node ?? ""), evidence for \(target(first)); attacked images are shown by their nearest jet colours"
      ] + titles + first.notes, style: style)
  }

  private static func target(_ explanation: Explanation) -> String {
    explanation.emotions[explanation.request.target ?? explanation.truth]
  }

  private static func answer(_ image: ExplainedImage, _ emotions: [String]) -> String {
    "\(emotions[image.prediction]) \(Numbers.percent(image.probabilities[image.prediction], 0))"
  }

  private static func heatmap(_ caption: String, _ explanation: Explanation) -> Heatmap {
    Heatmap(
      caption, x: Axis("time (s)", explanation.time),
      y: Axis(rowLabel(explanation.rowUnit), cells: explanation.rowValues))
  }

  private static func rowLabel(_ unit: String) -> String { unit == "Hz" ? "frequency (Hz)" : unit }

  private static func driftTable(_ explanations: [Explanation]) -> TextTable {
    let names = AttackTitles.captions(explanations)
    return TextTable(
      "how far the attention moved",
      head: [
        "attack", "rank correlation", "overlap of the top fifths", "moved in frequency", "moved in time", "L∞", "L2",
      ],
      rows: zip(names, explanations).compactMap { name, one in
        guard let drift = one.drift, let change = one.perturbation else { return nil }
        return [name] + AttackTitles.drift(drift) + [
          Numbers.fixed(change.linf * 255, 1) + "/255", Numbers.fixed(change.l2, 2),
        ]
      }, rightAligned: [1, 2, 3, 4, 5, 6])
  }

  /// Mean maps: a row a class, clean at the left and each attack at its right.
  package static func classes(_ report: AttentionReport, style: Style = .light) -> Figure {
    let size = Size(200, 170)
    func map(_ caption: String, _ one: ClassAttention, _ attention: [Float]) -> Heatmap {
      var map = Heatmap(
        caption, x: Axis("time (s)", 0...1), y: Axis(rowLabel(report.rowUnit), cells: report.rowValues), size: size)
      map.layGreys(one.levels.map { UInt8(max(0, min(255, $0))) }, columns: Geometry.side)
      let top = max(attention.max() ?? 0, 1e-6)
      map.lay(attention, columns: Geometry.side, .magma, range: 0...top, opacity: opacity)
      return map
    }
    let captions = AttackTitles.captions(report.attacks)
    let rows = report.classes.map { one -> [any Panel] in
      func blank(_ column: Int, _ before: String, _ after: String = "") -> String {
        guard let count = one.blank?[column], count > 0 else { return "" }
        return "\(before)\(count) blank\(after)"
      }
      return [map("\(report.emotions[one.emotion]) (\(one.images)\(blank(0, ", ")))", one, one.clean)]
        + one.attacked.indices.map { map("\(captions[$0])\(blank($0 + 1, " (", ")"))", one, one.attacked[$0]) }
    }
    return Figure(
      "mean attention by class", rows: rows,
      notes: [
        "run \(report.run), \(report.method.rawValue) at \(report.node), each image's evidence for its own class; every "
          + "picture is scaled to its own largest value, over the mean of the clean images"
      ] + report.attacks + report.notes, style: style)
  }

  /// Clean images as they are, attacked ones smaller and paler, thin lines from the ones to the others; of several
  /// attacks each in a panel of its own, on one scale.
  package static func embedding(_ embedding: RunEmbedding, style: Style = .light) -> Figure {
    let names = AttackTitles.captions(embedding.attacks)
    let subject = "t-SNE of \(embedding.node), \(embedding.dimensions) features"
    let neighbours = embedding.trustworthinessNeighbours.map { " (k \($0))" } ?? ""
    var quality =
      "KL \(Numbers.fixed(embedding.divergence, 3)), perplexity \(Numbers.fixed(embedding.perplexity, 1))"
      + (embedding.trustworthiness.map { ", trustworthiness\(neighbours) \(Numbers.fixed($0, 3))" } ?? "")
    var panels: [any Panel] = []
    if names.count > 1 {
      for (attack, name) in names.enumerated() {
        panels.append(scatter(embedding, attack, caption: name, legend: "attacked", Size(470, 380)))
      }
      quality = "\(subject); \(quality)"
    } else {
      let legend = names.first ?? ""
      panels.append(scatter(embedding, names.indices.first, caption: subject, legend: legend, Size(560, 420)))
    }
    let rows = stride(from: 0, to: panels.count, by: scattersInARow).map { start in
      Array(panels[start..<min(panels.count, start + scattersInARow)])
    }
    return Figure(
      "features of run \(embedding.run)", rows: rows, notes: [quality] + embedding.attacks + embedding.notes,
      style: style)
  }

  private static let scattersInARow = 2

  /// Clean images, and those under one attack.
  ///
  /// - Parameter legend: stands behind the emotions of the attacked images.
  private static func scatter(
    _ embedding: RunEmbedding, _ attack: Int?, caption: String, legend: String, _ size: Size
  ) -> Scatter {
    let states: [Int?] = attack == nil ? [nil] : [nil, attack]
    let groups = states.flatMap { state in
      embedding.emotions.enumerated().compactMap { index, emotion -> Scatter.Group? in
        let points = embedding.points.filter { $0.attack == state && $0.emotion == index }.map { SIMD2($0.x, $0.y) }
        guard !points.isEmpty else { return nil }
        let name = state == nil ? emotion : "\(emotion), \(legend)"
        return Scatter.Group(emotion, points, isFaint: state != nil, name: name)
      }
    }
    var scatter = Scatter(caption, groups, size: size)
    scatter.around = embedding.points.map { SIMD2($0.x, $0.y) }
    guard let attack else { return scatter }
    let clean = Dictionary(
      embedding.points.filter { $0.attack == nil }.map { ($0.sliceNumber, SIMD2($0.x, $0.y)) },
      uniquingKeysWith: { first, _ in first })
    scatter.moves = embedding.points.compactMap { point in
      guard point.attack == attack, let from = clean[point.sliceNumber] else { return nil }
      return (from, SIMD2(point.x, point.y))
    }
    return scatter
  }

  /// Points without a class.
  package static func points(_ points: [SIMD2<Float>], title: String, style: Style = .light) -> Figure {
    Figure("t-SNE", rows: [[Scatter(title, [Scatter.Group("neutral", points, name: "")])]], style: style)
  }
}
