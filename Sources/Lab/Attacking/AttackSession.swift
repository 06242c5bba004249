import Attacks
import Core
import Foundation
import NN
import Pipeline

/// Attacks a loaded run with every attack of an order. Each batch of images is a file of its own, so an order that was
/// stopped, or killed, goes on where it was when it is given again.
@Engine final class AttackSession {
  private let run: LoadedRun
  private let order: AttackOrder
  private let selection: SliceSelection
  private let control: RunControl
  private let report: @Sendable (AttackEvent) -> Void
  private let images: Arena
  private let adversarial: Arena

  /// Images of a file. Black-box attacks fill the places of images that are done with others, so they get more at once, but
  /// fewer where each takes more queries than by default: a stop loses a whole file's.
  private func chunkSize(_ choice: AttackChoice) -> Int {
    guard !choice.attack.isWhiteBox else { return order.batch }
    // The first is about the image itself.
    let usual = AttackSettings().queries + 1, queries = choice.attack.cost(choice.settings).queries
    return order.batch * min(4, max(1, 4 * usual / max(1, queries)))
  }

  /// The same of an attack that may have been begun with files of another size: where one is kept, the others go with it.
  private func chunkSize(_ choice: AttackChoice, key: String, in folder: URL) -> Int {
    let size = chunkSize(choice)
    guard let begun = try? AdversarialSet.record(folder).chunk, begun != size, (1...4 * order.batch).contains(begun),
      kept(key: key, size: begun, in: folder, withImages: false).contains(where: { $0 != nil })
    else { return size }
    return begun
  }

  /// - Throws: `LabError.outOfRange`, `CoreError.outOfMemory`.
  init(
    _ run: LoadedRun, _ order: AttackOrder, control: RunControl, report: @escaping @Sendable (AttackEvent) -> Void
  ) throws {
    (self.run, self.order, self.control, self.report) = (run, order, control, report)
    selection = try run.subject.select(order.part, limit: order.limit, seed: order.seed)
    // Pages that white-box attacks never touch cost nothing.
    images = try Arena(count: 4 * order.batch * 3 * Geometry.pixels)
    adversarial = try Arena(count: 4 * order.batch * 3 * Geometry.pixels)
  }

  /// - Throws: `PipelineError.stopped` when asked to; what is done is kept.
  func attack() throws -> [AttackReport] {
    let notes = run.subject.notes(selection)
    report(.began(run: run.subject.folder.id, notes: notes))
    let shares = order.choices.map { share($0) }
    let estimate = try estimate(shares)
    report(.estimate(estimate))
    try checkRoom(estimate.bytes)
    var reports: [AttackReport] = []
    for share in shares {
      let finished = try attack(share, notes: notes)
      report(.finished(finished))
      reports.append(finished)
    }
    return reports
  }

  /// A full disk is told before hours of work, not after.
  private func checkRoom(_ bytes: Int) throws {
    let folder = run.subject.folder.url
    var status = statvfs()
    guard bytes > 0, statvfs(folder.path, &status) == 0 else { return }
    let free = Int(status.f_bavail) * Int(status.f_frsize)
    guard bytes <= free else { throw EvaluationError.noRoom(path: folder.path, needed: bytes, free: free) }
  }

  // MARK: one attack

  /// An attack of the order, and what of it is done already; nil for a chunk that is missing.
  private struct Share {
    let choice: AttackChoice
    let key: String
    /// Key of the clean images, where the attack's own tells it.
    let source: String?
    let name: String
    let folder: URL
    let size: Int
    let chunks: [AttackChunk?]
    /// Whether its images are kept, by this order or by an earlier one that made them all.
    let keepsImages: Bool

    var missing: [Int] { chunks.indices.filter { chunks[$0] == nil } }
  }

  private func share(_ choice: AttackChoice) -> Share {
    let earlier = place(choice, ofImages: false)
    // An attack that an earlier version began goes on where it is.
    let isOfEarlierVersion = FileManager.default.fileExists(atPath: earlier.folder.path)
    let (key, name, folder) = isOfEarlierVersion ? earlier : place(choice, ofImages: true)
    let size = chunkSize(choice, key: key, in: folder)
    return Share(
      choice: choice, key: key, source: isOfEarlierVersion ? nil : run.images.key, name: name, folder: folder,
      size: size, chunks: kept(key: key, size: size, in: folder, withImages: order.keepsImages),
      keepsImages: order.keepsImages
        || kept(key: key, size: size, in: folder, withImages: true).allSatisfy { $0 != nil })
  }

  private func attack(_ share: Share, notes: [String]) throws -> AttackReport {
    let (choice, key, folder, size) = (share.choice, share.key, share.folder, share.size)
    try begin(share)
    // Another process may have gone on with the same order meanwhile.
    var chunks = kept(key: key, size: size, in: folder, withImages: order.keepsImages)
    if chunks.contains(where: { $0 != nil }) {
      let count = chunks.reduce(0) { $0 + ($1?.outcomes.count ?? 0) }
      report(.resumed(attack: Scrub.words(AttackPoint(choice)), done: count, of: selection.slices.count))
    }
    let missing = chunks.indices.filter { chunks[$0] == nil }
    let attacker = try Attacker(choice.attack, choice.settings, run.network, batch: order.batch)
    if !missing.isEmpty {
      let total = missing.reduce(0) { $0 + range($1, size).count }
      var meter = WorkMeter(phase: choice.attack.title, total: total) { [report] in report(.progress($0)) }
      var attacked = 0
      for index in missing {
        let range = range(index, size), before = attacked
        // A chunk of a black-box attack takes minutes: what it has done of its queries counts as images.
        let chunk = try make(range, attacker, key: key, file: AttackChunk.file(index, in: folder)) { done, most in
          meter.tell(before + min(range.count - 1, range.count * done / max(1, most)))
        }
        chunks[index] = chunk
        attacked += chunk.outcomes.count
        meter.tell(attacked)
      }
    }
    let all = AttackChunk(joining: chunks.compactMap(\.self))
    let summary = AttackSummary(
      choice.attack, choice.settings, all.outcomes, logitDrift: all.logitDrift, remark: attacker.remark)
    let result = AttackReport(
      choice, subject: run.subject, selection: selection, set: share.name, keepsImages: share.keepsImages, chunk: all,
      notes: notes, doubts: AttackDoubts.alone(summary) + AttackDoubts.mixture(all.machines))
    try AtomicFile.write(
      folder.appendingPathComponent("result.json"), try JSON.encoder(pretty: true).encode(result))
    return result
  }

  private func begin(_ share: Share) throws {
    let choice = share.choice
    try RunStore.makeFolder(share.folder)
    let record = AdversarialRecord(
      attack: choice.attack.name, settings: choice.settings, summary: choice.summary, part: order.part,
      checkpoint: run.subject.checkpoint, key: share.key, images: selection.slices.count, batch: order.batch,
      chunk: share.size, limit: order.limit, sampleSeed: order.seed, keepsImages: share.keepsImages,
      weights: run.subject.weights, source: share.source)
    try AtomicFile.write(
      share.folder.appendingPathComponent("request.json"), try JSON.encoder(pretty: true).encode(record))
  }

  private func range(_ chunk: Int, _ size: Int) -> Range<Int> {
    chunk * size..<min(selection.slices.count, (chunk + 1) * size)
  }

  private func kept(key: String, size: Int, in folder: URL, withImages: Bool) -> [AttackChunk?] {
    let count = (selection.slices.count + size - 1) / size
    return (0..<count).map { index in
      AttackChunk.kept(
        AttackChunk.file(index, in: folder), key: key, slices: selection.slices[range(index, size)],
        withImages: withImages)
    }
  }

  private func make(
    _ range: Range<Int>, _ attacker: Attacker, key: String, file: URL, tell: @escaping (Int, Int) -> Void
  ) throws -> AttackChunk {
    try control.obey()
    let slices = Array(selection.slices[range])
    run.images.fill(images.base, slices: slices)
    let labels = slices.map(run.label)
    let started = RateMeter.now()
    guard
      let outcomes = try attacker.outcomes(
        images.base, labels: labels, ids: slices, into: adversarial.base, control: control, tell: tell)
    else { throw PipelineError.stopped }
    let chunk = AttackChunk(
      outcomes, utterances: slices.map(run.utterance), isValid: Array(selection.isValid[range]),
      seconds: RateMeter.now() - started, logitDrift: attacker.logitDrift)
    let floats = UnsafeBufferPointer(start: UnsafePointer(adversarial.base), count: slices.count * 3 * Geometry.pixels)
    try chunk.write(to: file, key: key, images: order.keepsImages ? floats : nil)
    return chunk
  }

  // MARK: names

  private func place(_ choice: AttackChoice, ofImages: Bool) -> (key: String, name: String, folder: URL) {
    let key = key(choice, ofImages: ofImages), name = Self.name(choice, order.part, key: key)
    return (key, name, run.subject.folder.attacks.appendingPathComponent(name))
  }

  /// Equal for equal images: weights, clean images, exact settings, slices, and how they fall into batches, which may move
  /// last bits.
  private func key(_ choice: AttackChoice, ofImages: Bool) -> String {
    let slices = selection.slices.map(String.init).joined(separator: " ")
    let images = ofImages ? [run.images.key] : []
    let parts = [run.subject.weights] + images + [choice.identity, "batch \(order.batch)", slices]
    return ContentHash(parts.joined(separator: "\n")).description
  }

  /// "pgd-32-valid-1f3a5c7e": ε in grey levels, and as much of the key as tells sets apart.
  private static func name(_ choice: AttackChoice, _ part: EvaluationPart, key: String) -> String {
    let epsilon = choice.settings.epsilon
    // Above 1 it can only be a length.
    let (form, value) = epsilon > 1 ? ("l2-%g", epsilon) : ("%g", (epsilon * 255 * 100).rounded() / 100)
    let levels = String(format: form, value)
    let strength = choice.attack.knobs.contains(.epsilon) ? "-\(levels)" : ""
    return "\(choice.attack.name)\(strength)-\(part.rawValue)-\(key.prefix(8))"
  }

  // MARK: cost

  /// Times one forward pass and one gradient of as many images as the attacks show the network at once, and counts what
  /// each attack needs of them at most. What is done already costs neither time nor room.
  private func estimate(_ shares: [Share]) throws -> AttackEstimate {
    let entry = run.network.entry
    let slices = Array(selection.slices.prefix(Attacker.group(entry, batch: order.batch)))
    let forward = try time(slices, .inference), gradient = try time(slices, .inputGradient)
    let batch = Double(slices.count)
    return AttackEstimate(
      rows: shares.map { share in
        let choice = share.choice, cost = choice.attack.cost(choice.settings.read(by: entry))
        let images = share.missing.reduce(0) { $0 + range($1, share.size).count }
        // Two evaluations come on top: of the clean images and of the adversarial ones.
        let seconds = Double(cost.gradientEvaluations) * gradient + Double(cost.queries + 2) * forward
        return AttackEstimate.Row(
          attack: Scrub.words(AttackPoint(choice)), images: images,
          gradientEvaluations: cost.gradientEvaluations, queries: cost.queries,
          seconds: seconds * Double(images) / batch,
          bytes: order.keepsImages ? images * 3 * Geometry.pixels * 4 : 0)
      })
  }

  /// Seconds of a pass over a batch, the second of two, since the first one builds the plan.
  private func time(_ slices: [Int], _ demand: Demand) throws -> Double {
    let plan = try run.network.plan(batch: slices.count, demand: demand)
    var started = 0.0
    for _ in 0..<2 {
      try control.obey()
      started = RateMeter.now()
      run.images.fill(plan.input, slices: slices)
      plan.forward(.evaluation)
      guard demand.input else { continue }
      _ = plan.loss(labels: slices.map(run.label))
      plan.backward()
    }
    return RateMeter.now() - started
  }
}

extension Laboratory {
  /// Attacks a trained run, on the engine's thread; what was done before of the same order is not done again.
  ///
  /// - Parameter report: called on the engine's thread.
  /// - Returns: one report an attack, with the doubts that comparing them raises.
  /// - Throws: `PipelineError.stopped` when `control` wishes so; `LabError`, `EvaluationError`, `AttackError`, `CoreError`.
  package func attack(
    _ subject: RunSubject, _ order: AttackOrder, control: RunControl,
    report: @escaping @Sendable (AttackEvent) -> Void
  ) async throws -> [AttackReport] {
    let reports = try await Engine.run { [paths] in
      let run = try LoadedRun(subject, cache: paths.images, control: control) { report(.progress($0)) }
      return try AttackSession(run, order, control: control, report: report).attack()
    }
    return AttackDoubts.together(reports)
  }
}
