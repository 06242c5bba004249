import Attacks
import Core
import Explain
import Foundation
import NN
import Pipeline

/// Whose attention is averaged, and which attacks move it.
package struct AttentionOrder: Sendable {
  package var attacks: [AttackSource]
  package var part = EvaluationPart.valid
  package var limit: Int?
  package var seed: UInt64 = 0
  package var node: String?
  package var method = CAMMethod.gradCAMPlusPlus
  package var batch = 32

  package init(_ attacks: [AttackSource]) { self.attacks = attacks }
}

extension Laboratory {
  /// Mean attention of each class's images to their own class, and how far each attack moves it.
  ///
  /// - Throws: `PipelineError.stopped` when `control` wishes so; `EvaluationError`, `NNError`, `ExplainError`, `AttackError`.
  package func attention(
    _ subject: RunSubject, _ order: AttentionOrder, control: RunControl,
    report: @escaping @Sendable (RunProgress) -> Void
  ) async throws -> AttentionReport {
    let selection = try subject.select(
      order.part, limit: order.limit, seed: order.seed, attackedBy: order.attacks)
    return try await Engine.run { [paths] in
      let run = try LoadedRun(subject, cache: paths.images, control: control, report: report)
      return try AttentionSession(run, order, selection).run(control: control, report: report)
    }
  }
}

/// Goes once over the selection, a batch at a time; what is done is kept every few seconds and when it is stopped.
@Engine private final class AttentionSession {
  private let run: LoadedRun
  private let order: AttentionOrder
  private let selection: SliceSelection
  private let cam: GradCAM
  private let transform: any SpectralTransform
  private let bands: AttentionBands
  private let attacked: [AttackedImages]
  private let pixels: Arena
  private let adversarial: Arena
  private let place: ExplanationPlace
  private var classes: [ClassSums]
  /// One an attack and image.
  private var drifts: [[ImageDrift]]

  private struct ImageDrift: Codable {
    let label: Int
    let wasRight: Bool
    let isRight: Bool
    let drift: AttentionDrift
    let isBlank: Bool
  }

  private struct ClassSums {
    var images = 0
    /// Images whose map is blank: clean, and under each attack.
    var blank: [Int]
    var levels = [Float](repeating: 0, count: Geometry.pixels)
    var clean = [Float](repeating: 0, count: Geometry.pixels)
    var attacked: [[Float]]
  }

  init(_ run: LoadedRun, _ order: AttentionOrder, _ selection: SliceSelection) throws {
    (self.run, self.order, self.selection) = (run, order, selection)
    cam = try GradCAM(run.network, node: order.node)
    transform = try Transforms.named(run.subject.job.transform)
    bands = AttentionBands(of: transform)
    place = ExplanationPlace(
      "attention", run.subject, order.attacks, selection,
      [cam.node, order.method.rawValue, "batch \(order.batch)", run.images.key, Self.measures])
    attacked = try order.attacks.map { try AttackedImages($0, run.network, batch: order.batch) }
    pixels = try Arena(count: order.batch * 3 * Geometry.pixels)
    adversarial = try Arena(count: order.attacks.isEmpty ? 1 : order.batch * 3 * Geometry.pixels)
    let blank = [Float](repeating: 0, count: Geometry.pixels)
    classes = run.subject.emotions.map { _ in
      ClassSums(blank: Array(repeating: 0, count: order.attacks.count + 1), attacked: order.attacks.map { _ in blank })
    }
    drifts = order.attacks.map { _ in [] }
  }

  func run(control: RunControl, report: @escaping @Sendable (RunProgress) -> Void) throws -> AttentionReport {
    let done = resume()
    var meter = WorkMeter(phase: "attention", total: selection.slices.count - done, report: report)
    var (next, kept, cost) = (done, RateMeter.now(), 0.0)
    do {
      for range in (done..<selection.slices.count).batches(of: order.batch) {
        try control.obey()
        try look(Array(selection.slices[range]), control)
        next = range.upperBound
        // What is kept grows with what is done: a twentieth of the time goes into it at most.
        if next < selection.slices.count, RateMeter.now() - kept > max(Self.secondsBetweenCopies, 20 * cost) {
          let began = RateMeter.now()
          try keep(next)
          kept = RateMeter.now()
          cost = kept - began
        }
        meter.tell(next - done)
      }
    } catch PipelineError.stopped {
      // A batch that was stopped half-way has changed nothing: it looks at all its images before it adds them up.
      try keep(next)
      throw PipelineError.stopped
    }
    if next > done { try keep(next) }
    return AttentionReport(
      run: run.subject.folder.id, part: order.part, node: cam.node, method: order.method,
      emotions: run.subject.emotions, attacks: AttackSource.titles(order.attacks), rowValues: transform.rowValues,
      rowUnit: transform.rowUnit, classes: means(), rows: rows(), notes: run.subject.notes(selection))
  }

  private func look(_ slices: [Int], _ control: RunControl) throws {
    let labels = slices.map(run.label)
    run.images.fill(pixels.base, slices: slices)
    let clean = try maps(labels, pixels.base)
    let moved = try attacked.map { images in
      try images.fill(adversarial.base, clean: pixels.base, slices: slices, labels: labels, control: control)
      return try maps(labels, adversarial.base)
    }
    for (index, map) in clean.enumerated() {
      classes[labels[index]].images += 1
      classes[labels[index]].blank[0] += map.isBlank ? 1 : 0
      run.images.withImage(slices[index]) { Self.add($0, to: &classes[labels[index]].levels) }
      Self.add(map.values, to: &classes[labels[index]].clean)
    }
    guard !attacked.isEmpty else { return }
    let before = bands.profiles(clean.map(\.values))
    for (attack, maps) in moved.enumerated() {
      let after = bands.profiles(maps.map(\.values))
      for (index, map) in maps.enumerated() {
        let label = labels[index]
        Self.add(map.values, to: &classes[label].attacked[attack])
        classes[label].blank[attack + 1] += map.isBlank ? 1 : 0
        drifts[attack].append(
          ImageDrift(
            label: label, wasRight: Logits.largest(clean[index].logits[...]) == label,
            isRight: Logits.largest(map.logits[...]) == label,
            drift: AttentionDrift(from: before[index], to: after[index]),
            isBlank: map.isBlank || clean[index].isBlank))
      }
    }
  }

  // MARK: what is kept

  private static let secondsBetweenCopies = 10.0
  private static let file = "sums.safetensors"
  /// Raised when a drift is measured otherwise, so that none of an earlier version is taken up.
  private static let measures = "drift 2"

  /// Sums are added in the order of the selection, so that a resumed session ends with the same bits.
  private func keep(_ done: Int) throws {
    let sums = classes.enumerated().flatMap { emotion, sums in
      ([("levels", sums.levels), ("clean", sums.clean)] + sums.attacked.enumerated().map { ("attack \($0)", $1) })
        .map { (name: "\(emotion) \($0)", values: $1) }
    }
    let (counts, blank) = (try JSON.line(classes.map(\.images)), try JSON.line(classes.map(\.blank)))
    try place.write(
      Self.file, sums, text: ("drifts", try JSON.line(drifts)),
      metadata: ["done": "\(done)", "images": counts, "blank": blank])
  }

  /// Images whose sums are there already.
  private func resume() -> Int {
    func decoded<T: Decodable>(_ bytes: some Sequence<UInt8>) -> T? {
      try? JSON.decoder().decode(T.self, from: Data(bytes))
    }
    guard let file = place.kept(Self.file), let done = file.metadata["done"].flatMap(Int.init),
      let counts: [Int] = decoded((file.metadata["images"] ?? "").utf8), counts.count == classes.count,
      let blank: [[Int]] = decoded((file.metadata["blank"] ?? "").utf8),
      blank.map(\.count) == classes.map(\.blank.count),
      let text = try? file.array("drifts", as: UInt8.self),
      let moved: [[ImageDrift]] = decoded(text), moved.count == drifts.count
    else { return 0 }
    var kept = classes
    for emotion in kept.indices {
      func sum(_ name: String) -> [Float]? {
        (try? file.array("\(emotion) \(name)", as: Float.self)).flatMap { $0.count == Geometry.pixels ? $0 : nil }
      }
      let attacked = order.attacks.indices.compactMap { sum("attack \($0)") }
      guard let levels = sum("levels"), let clean = sum("clean"), attacked.count == order.attacks.count else {
        return 0
      }
      kept[emotion] = ClassSums(
        images: counts[emotion], blank: blank[emotion], levels: levels, clean: clean, attacked: attacked)
    }
    (classes, drifts) = (kept, moved)
    return done
  }

  private func maps(_ labels: [Int], _ images: UnsafePointer<Float>) throws -> [ActivationMap] {
    try cam.maps(targets: labels, methods: [order.method]) {
      $0.update(from: images, count: labels.count * 3 * Geometry.pixels)
    }[0]
  }

  private static func add(_ map: [Float], to sum: inout [Float]) {
    for index in sum.indices { sum[index] += map[index] }
  }

  private static func add(_ levels: UnsafePointer<UInt8>, to sum: inout [Float]) {
    for index in sum.indices { sum[index] += Float(levels[index]) }
  }

  private func means() -> [ClassAttention] {
    classes.enumerated().filter { $1.images > 0 }.map { emotion, sums in
      let scale = 1 / Float(sums.images)
      return ClassAttention(
        emotion: emotion, images: sums.images, levels: sums.levels.map { $0 * scale },
        clean: sums.clean.map { $0 * scale }, attacked: sums.attacked.map { $0.map { $0 * scale } }, blank: sums.blank)
    }
  }

  private func rows() -> [AttentionRow] {
    let all = drifts.enumerated().map { row($0, nil, $1) }
    let byClass = classes.indices.filter { classes[$0].images > 0 }.flatMap { emotion in
      drifts.enumerated().map { attack, images in row(attack, emotion, images.filter { $0.label == emotion }) }
    }
    return all.sorted { $0.drop > $1.drop } + byClass.sorted { $0.drop > $1.drop }
  }

  private func row(_ attack: Int, _ emotion: Int?, _ images: [ImageDrift]) -> AttentionRow {
    func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    return AttentionRow(
      attack: attack, emotion: emotion, images: images.count,
      cleanAccuracy: mean(images.map { $0.wasRight ? 1 : 0 }) ?? 0,
      attackedAccuracy: mean(images.map { $0.isRight ? 1 : 0 }) ?? 0,
      rankCorrelation: mean(images.compactMap(\.drift.rankCorrelation)),
      overlap: mean(images.compactMap(\.drift.overlap)),
      frequencyShift: mean(images.compactMap(\.drift.frequencyShift)),
      timeShift: mean(images.compactMap(\.drift.timeShift)), blank: images.count { $0.isBlank })
  }
}
