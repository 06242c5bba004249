import Attacks
import Explain
import Foundation

package typealias CAMMethod = Explain.CAMMethod
package typealias AttentionDrift = Explain.AttentionDrift

/// The nodes of a run's network that a map can be made at, in the model file's order, and its own choice.
package struct MapNodes: Sendable, Equatable {
  package let run: String
  package let names: [String]
  package let standard: String

  package init(run: String, names: [String], standard: String) {
    (self.run, self.names, self.standard) = (run, names, standard)
  }
}

/// An attack by name, with its settings: what a scrubber steps through.
package struct AttackPoint: Codable, Sendable, Equatable {
  /// As in the registry of attacks ("pgd").
  package var attack: String
  package var settings: AttackSettings

  package init(attack: String, settings: AttackSettings) { (self.attack, self.settings) = (attack, settings) }

  package init(_ choice: AttackChoice) { self.init(attack: choice.attack.name, settings: choice.settings) }
}

/// Which image of which run is looked at, and how; echoed in the answer with everything that was left open filled in.
package struct ExplainRequest: Codable, Sendable, Equatable {
  package var run: String
  package var checkpoint = CheckpointChoice.last
  /// In the run's own corpus.
  package var utterance: String
  /// At the run's stride; taken to the nearest that exists.
  package var slice: Int
  /// Index of the class whose evidence is shown; nil for the utterance's own emotion.
  package var target: Int?
  /// A node of the network; nil for the network's own choice.
  package var node: String?
  package var method = CAMMethod.gradCAMPlusPlus
  package var attack: AttackPoint?
  /// The run's adversarial set whose image of this slice is shown instead of an attack made now.
  package var adversarialSet: String?

  package init(
    run: String, utterance: String, slice: Int = 0, target: Int? = nil, node: String? = nil,
    attack: AttackPoint? = nil
  ) {
    (self.run, self.utterance, self.slice, self.target) = (run, utterance, slice, target)
    (self.node, self.attack) = (node, attack)
  }
}

/// An image as the network sees it, and what it makes of it. All fields are 224×224, row-major, row 0 the lowest bin.
package struct ExplainedImage: Codable, Sendable, Equatable {
  /// Levels of the jet colours, 0 … 255; of an attacked image, which has left their curve, the nearest.
  package var levels: [UInt8]
  /// How far each pixel's colour is from that level's (Euclidean, of red, green and blue in [0, 1]); empty for a clean
  /// image, which lies on the curve.
  package var distances: [Float]
  package var logits: [Float]
  /// Where the evidence for the target lies, 0 … 1; all 0 where there is none.
  package var attention: [Float]

  package init(levels: [UInt8], distances: [Float], logits: [Float], attention: [Float]) {
    (self.levels, self.distances, self.logits, self.attention) = (levels, distances, logits, attention)
  }

  package var probabilities: [Double] { Logits.softmax(logits) }
  package var prediction: Int { Logits.largest(logits) }

  package var isBlank: Bool { attention.allSatisfy { $0 == 0 } }
}

/// How an attack changed an image.
package struct Perturbation: Codable, Sendable, Equatable {
  /// Largest change of a value, and the change's Euclidean length; the image's values lie in [0, 1].
  package var linf: Double
  package var l2: Double
  /// The image's power over the change's, in dB; nil where nothing changed.
  package var signalToNoise: Double?
  package var gradientEvaluations: Int
  package var queries: Int

  package init(linf: Double, l2: Double, signalToNoise: Double?, gradientEvaluations: Int, queries: Int) {
    (self.linf, self.l2, self.signalToNoise) = (linf, l2, signalToNoise)
    (self.gradientEvaluations, self.queries) = (gradientEvaluations, queries)
  }
}

/// What shares of a map's energy are counted in.
package struct AttentionBands: Codable, Sendable, Equatable {
  /// "0–250 Hz"; of MFCC, ranges of coefficients.
  package var names: [String]
  package var rows: [Range<Int>]
  /// Seconds from the slice's beginning: "0.0–0.1 s".
  package var intervalNames: [String]
  package var columns: [Range<Int>]

  package init(names: [String], rows: [Range<Int>], intervalNames: [String], columns: [Range<Int>]) {
    (self.names, self.rows) = (names, rows)
    (self.intervalNames, self.columns) = (intervalNames, columns)
  }
}

/// One slice explained, before an attack and after it.
package struct Explanation: Codable, Sendable, Equatable {
  /// With slice, target and node filled in.
  package var request: ExplainRequest
  /// Class names; targets, predictions and the truth index them.
  package var emotions: [String]
  package var truth: Int
  /// Number of the slice in the run's slice table.
  package var sliceNumber: Int
  package var sliceCount: Int
  /// Seconds from the utterance's beginning that the columns cover.
  package var time: ClosedRange<Double>
  /// Centre of each row in `rowUnit`.
  package var rowValues: [Double]
  package var rowUnit: String
  package var bands: AttentionBands
  package var clean: ExplainedImage
  package var attacked: ExplainedImage?
  package var perturbation: Perturbation?
  package var drift: AttentionDrift?
  /// Whole epochs that the weights were trained for; nil where their file does not tell.
  package var epochs: Int?
  /// What the attack, or reading its kept image, and looking at that took; of a clean image alone, all that making it took.
  package var seconds: Double
  /// Which part of the split the slice is of; nil where it is of neither, and where an earlier version wrote.
  package var part: EvaluationPart?
  /// What must be said beside it.
  package var notes: [String] = []

  package init(
    request: ExplainRequest, emotions: [String], truth: Int, sliceNumber: Int, sliceCount: Int,
    time: ClosedRange<Double>, rowValues: [Double], rowUnit: String, bands: AttentionBands, clean: ExplainedImage,
    seconds: Double
  ) {
    (self.request, self.emotions, self.truth) = (request, emotions, truth)
    (self.sliceNumber, self.sliceCount, self.time) = (sliceNumber, sliceCount, time)
    (self.rowValues, self.rowUnit, self.bands) = (rowValues, rowUnit, bands)
    (self.clean, self.seconds) = (clean, seconds)
  }
}

/// Mean attention over all images of one class.
package struct ClassAttention: Codable, Sendable, Equatable {
  package var emotion: Int
  package var images: Int
  /// Mean level of the clean images, 0 … 255, and mean attention, 224×224, row 0 the lowest bin.
  package var levels: [Float]
  package var clean: [Float]
  /// One field an attack, in the report's order of attacks.
  package var attacked: [[Float]]
  /// How many of the images have a blank map: clean, and under each attack; nil where an earlier version wrote.
  package var blank: [Int]?

  package init(
    emotion: Int, images: Int, levels: [Float], clean: [Float], attacked: [[Float]], blank: [Int]? = nil
  ) {
    (self.emotion, self.images, self.levels, self.clean, self.attacked) = (emotion, images, levels, clean, attacked)
    self.blank = blank
  }
}

/// How far attention moved, beside what the attack cost in accuracy: over all images, or those of one class.
package struct AttentionRow: Codable, Sendable, Equatable {
  /// Index of the report's attacks.
  package var attack: Int
  /// nil for all.
  package var emotion: Int?
  package var images: Int
  /// Of these images, before and after.
  package var cleanAccuracy: Double
  package var attackedAccuracy: Double
  /// Means over the images for which they are defined; nil where there is none.
  package var rankCorrelation: Double?
  package var overlap: Double?
  package var frequencyShift: Double?
  package var timeShift: Double?
  /// Images whose map is blank before or after.
  package var blank: Int

  package init(
    attack: Int, emotion: Int?, images: Int, cleanAccuracy: Double, attackedAccuracy: Double, rankCorrelation: Double?,
    overlap: Double?, frequencyShift: Double?, timeShift: Double?, blank: Int
  ) {
    (self.attack, self.emotion, self.images, self.blank) = (attack, emotion, images, blank)
    (self.cleanAccuracy, self.attackedAccuracy) = (cleanAccuracy, attackedAccuracy)
    (self.rankCorrelation, self.overlap) = (rankCorrelation, overlap)
    (self.frequencyShift, self.timeShift) = (frequencyShift, timeShift)
  }

  package var drop: Double { cleanAccuracy - attackedAccuracy }
}

/// Mean attention by class, and how far each attack moved it.
package struct AttentionReport: Codable, Sendable, Equatable {
  package var run: String
  package var part: EvaluationPart
  package var node: String
  package var method: CAMMethod
  package var emotions: [String]
  /// Titles with settings: "PGD (ε 32/255, …)".
  package var attacks: [String]
  package var rowValues: [Double]
  package var rowUnit: String
  package var classes: [ClassAttention]
  /// All images first, then by class; within each, the largest drop in accuracy first.
  package var rows: [AttentionRow]
  package var notes: [String]

  package init(
    run: String, part: EvaluationPart, node: String, method: CAMMethod, emotions: [String], attacks: [String],
    rowValues: [Double], rowUnit: String, classes: [ClassAttention], rows: [AttentionRow], notes: [String]
  ) {
    (self.run, self.part, self.node, self.method) = (run, part, node, method)
    (self.emotions, self.attacks, self.rowValues, self.rowUnit) = (emotions, attacks, rowValues, rowUnit)
    (self.classes, self.rows, self.notes) = (classes, rows, notes)
  }
}

/// Whose attention the explain pane averages by class: clean, and under each attack.
package struct AttentionWish: Codable, Sendable, Equatable {
  package var run: String
  package var attacks: [AttackPoint]
  package var part = EvaluationPart.valid
  /// At most so many slices, classes in proportion; nil for all.
  package var limit: Int?
  /// A node of the network; nil for the network's own choice.
  package var node: String?
  package var method = CAMMethod.gradCAMPlusPlus

  package init(run: String, attacks: [AttackPoint]) { (self.run, self.attacks) = (run, attacks) }

  /// - Throws: `AttackError`.
  package func order() throws -> AttentionOrder {
    var order = AttentionOrder(try attacks.map { .attack(try AttackChoice($0)) })
    (order.part, order.limit, order.node, order.method) = (part, limit, node, method)
    return order
  }
}

/// Whose features the map pane lays out: clean, and under one attack.
package struct EmbeddingWish: Codable, Sendable, Equatable {
  package var run: String
  package var attack: AttackPoint?
  package var part = EvaluationPart.valid
  /// At most so many slices, classes in proportion; nil for all.
  package var limit: Int?

  package init(run: String, attack: AttackPoint? = nil) { (self.run, self.attack) = (run, attack) }

  /// - Throws: `AttackError`.
  package func order() throws -> EmbeddingOrder {
    var order = EmbeddingOrder(try attack.map { [.attack(try AttackChoice($0))] } ?? [])
    (order.part, order.limit) = (part, limit)
    return order
  }
}

/// One point of an embedding.
package struct EmbeddedPoint: Codable, Sendable, Equatable {
  package var utterance: String
  package var slice: Int
  /// Number of the slice in the run's slice table.
  package var sliceNumber: Int
  package var emotion: Int
  package var prediction: Int
  /// nil for the clean image, else an index of the embedding's attacks.
  package var attack: Int?
  package var x: Float
  package var y: Float

  package init(
    utterance: String, slice: Int, sliceNumber: Int, emotion: Int, prediction: Int, attack: Int?, x: Float, y: Float
  ) {
    (self.utterance, self.slice, self.sliceNumber) = (utterance, slice, sliceNumber)
    (self.emotion, self.prediction, self.attack, self.x, self.y) = (emotion, prediction, attack, x, y)
  }
}

/// A network's features in the plane.
package struct RunEmbedding: Codable, Sendable, Equatable {
  package var run: String
  package var part: EvaluationPart
  package var node: String
  /// Features of a point.
  package var dimensions: Int
  package var emotions: [String]
  package var attacks: [String]
  package var points: [EmbeddedPoint]
  package var divergence: Double
  package var trustworthiness: Double?
  /// How many neighbours of each point it looks at; nil where an earlier version wrote.
  package var trustworthinessNeighbours: Int?
  package var perplexity: Double
  package var loweredFrom: Double?
  package var iterations: Int
  package var notes: [String]

  package init(
    run: String, part: EvaluationPart, node: String, dimensions: Int, emotions: [String], attacks: [String],
    points: [EmbeddedPoint], divergence: Double, trustworthiness: Double? = nil, perplexity: Double,
    loweredFrom: Double? = nil, iterations: Int, notes: [String]
  ) {
    (self.run, self.part, self.node, self.dimensions) = (run, part, node, dimensions)
    (self.emotions, self.attacks, self.points, self.notes) = (emotions, attacks, points, notes)
    (self.divergence, self.trustworthiness, self.perplexity) = (divergence, trustworthiness, perplexity)
    (self.loweredFrom, self.iterations) = (loweredFrom, iterations)
  }
}
