import Attacks

/// An attack on a whole part of a run: what a user asks for, and what the queue keeps.
package struct AttackWish: Codable, Sendable, Equatable {
  package var run: String
  package var point: AttackPoint
  package var part = EvaluationPart.valid
  /// At most this many slices, classes in proportion; nil takes all.
  package var limit: Int?
  /// Of the sample that `limit` takes.
  package var seed: UInt64 = 0
  package var keepsImages = true
  package var batch = 32
  package var checkpoint = CheckpointChoice.last

  package init(run: String, point: AttackPoint) { (self.run, self.point) = (run, point) }

  /// - Throws: `AttackError`, `LabError`.
  package func order() throws -> AttackOrder {
    try AttackOrder(
      [try choice()], part: part, limit: limit, seed: seed, keepsImages: keepsImages, batch: batch)
  }

  /// - Throws: `AttackError`.
  package func choice() throws -> AttackChoice { try AttackChoice(point) }

  /// "PGD (ε 32/255, α 4/255, 2 steps …) on RUN".
  package var label: String {
    let choice = try? choice()
    return "\(choice?.attack.title ?? point.attack) (\(choice?.summary ?? "")) on \(run), \(part.rawValue)"
      + (limit.map { ", \($0) slices" } ?? "")
  }
}

/// An attack that was begun and is not complete.
package struct PartialAttack: Sendable, Equatable {
  package let run: String
  package let set: String
  package let record: AdversarialRecord
  /// Images whose results are on the disk.
  package let done: Int

  package init(run: String, set: String, record: AdversarialRecord, done: Int) {
    (self.run, self.set, self.record, self.done) = (run, set, record, done)
  }

  /// What goes on with it; nil where it does not tell how its slices were chosen.
  package var wish: AttackWish? {
    guard let seed = record.sampleSeed, let keepsImages = record.keepsImages else { return nil }
    var wish = AttackWish(run: run, point: AttackPoint(attack: record.attack, settings: record.settings))
    (wish.part, wish.limit, wish.seed, wish.keepsImages) = (record.part, record.limit, seed, keepsImages)
    (wish.batch, wish.checkpoint) = (record.batch, record.checkpoint)
    return wish
  }
}

/// What the attacks on one run have shown so far.
package struct RunResults: Sendable, Equatable {
  package let run: String
  package let reports: [AttackReport]
  package let partial: [PartialAttack]

  package init(run: String, reports: [AttackReport], partial: [PartialAttack]) {
    (self.run, self.reports, self.partial) = (run, reports, partial)
  }
}

/// Slice by slice what an attack did.
package struct AttackedSlices: Sendable, Equatable {
  package struct Slice: Sendable, Equatable {
    package let utterance: String
    /// Of the utterance, at the run's stride.
    package let slice: Int
    /// Indices of the run's emotions.
    package let truth: Int
    package let clean: Int
    package let attacked: Int
    /// Softmax of the prediction.
    package let cleanShare: Double
    package let attackedShare: Double
    package let linf: Double
    package let l2: Double
    package let queries: Int

    package init(
      utterance: String, slice: Int, truth: Int, clean: Int, attacked: Int, cleanShare: Double, attackedShare: Double,
      linf: Double, l2: Double, queries: Int
    ) {
      (self.utterance, self.slice, self.truth, self.clean, self.attacked) = (utterance, slice, truth, clean, attacked)
      (self.cleanShare, self.attackedShare, self.linf, self.l2) = (cleanShare, attackedShare, linf, l2)
      self.queries = queries
    }

    /// Taken for another class than without the attack.
    package var isFlipped: Bool { clean != attacked }
  }

  package let run: String
  package let set: String
  package let slices: [Slice]

  package init(run: String, set: String, slices: [Slice]) { (self.run, self.set, self.slices) = (run, set, slices) }
}

/// Where an attack that this process makes stands.
package struct AttackStatus: Sendable, Equatable {
  package var wish: AttackWish
  package var progress: RunProgress?
  /// Seconds that it will take at most, from a timed batch.
  package var estimate: Double?
  package var isPaused = false

  package init(wish: AttackWish) { self.wish = wish }
}
