import Core
import Lab

package struct ConfusionState: Sendable, Equatable {
  package enum Measure: String, Sendable, CaseIterable {
    case counts
    case rows = "row %"
    case columns = "column %"
  }

  /// What the run's matrix is held against.
  package enum Against: Sendable, Equatable {
    /// The same slices under an attack, by the folder of its results.
    case attack(run: String, set: String)
    /// Another run.
    case run(String)

    /// For the memory of places.
    package var text: String {
      switch self {
      case .attack(let run, let set): "attack \(run) \(set)"
      case .run(let run): "run \(run)"
      }
    }

    package init?(text: String) {
      let parts = text.split(separator: " ").map(String.init)
      if parts.count == 3, parts[0] == "attack" {
        self = .attack(run: parts[1], set: parts[2])
      } else if parts.count == 2, parts[0] == "run" {
        self = .run(parts[1])
      } else {
        return nil
      }
    }
  }

  /// Which of two matrices is shown, or how they differ.
  package enum Side: String, Sendable, CaseIterable { case difference, first, second }

  package var measure = Measure.counts
  package var against: Against?
  package var side = Side.difference
  /// nil: always the latest.
  package var epoch: Int?
  /// x the prediction, y the truth.
  package var cell = Point(x: 0, y: 0)
  /// The cell whose utterances were asked for.
  package var awaited: Behind?
  /// Slice by slice, of the attack that the run is held against.
  package var slices: AttackedSlices?
  /// Why those slices cannot be shown.
  package var failure: String?

  package struct Behind: Sendable, Equatable {
    package let run: String
    package let truth: Int
    package let predicted: Int
    /// The other run, and which of the two counts.
    package let other: String?
    package let side: Side
    /// Of the runs whose predictions have arrived.
    package var answers: [RunPredictions] = []
  }

  package init() {}
}

/// One matrix or two, of the same emotions: rows are the truth, columns the prediction.
package struct ConfusionPair: Sendable, Equatable {
  package let emotions: [String]
  package let first: [[Int]]
  package let second: [[Int]]?
  /// "clean", "PGD …", or names of runs.
  package let firstName: String
  package let secondName: String
  package let side: ConfusionState.Side
  package let measure: ConfusionState.Measure
  /// Why the two cannot be subtracted number by number; nil where both are of the same slices.
  package let caution: String?

  package init(
    emotions: [String], first: [[Int]], second: [[Int]]? = nil, firstName: String, secondName: String = "",
    side: ConfusionState.Side, measure: ConfusionState.Measure, caution: String? = nil
  ) {
    self.caution = caution
    (self.emotions, self.first, self.second) = (emotions, first, second)
    (self.firstName, self.secondName, self.measure) = (firstName, secondName, measure)
    self.side = second == nil ? .first : side
  }

  package var isDifference: Bool { side == .difference }

  /// The matrix that is shown; of a difference the first.
  private var shown: [[Int]] { side == .second ? second ?? first : first }

  package func count(_ truth: Int, _ predicted: Int) -> Int {
    let count = Self.count(shown, truth, predicted)
    return isDifference ? count - Self.count(second ?? [], truth, predicted) : count
  }

  /// Slices of a truth, in the matrix that is shown.
  package func total(_ truth: Int) -> Int { Self.total(shown, truth) }

  /// The cell's share of its row, or of its column: 0 … 1; of a difference, first minus second: −1 … 1. Nil where nothing
  /// is there that it could be a share of, in one of the two for a difference.
  package func share(_ truth: Int, _ predicted: Int) -> Double? {
    guard let share = share(shown, truth, predicted) else { return nil }
    return isDifference ? self.share(second ?? [], truth, predicted).map { share - $0 } : share
  }

  /// The largest distance from 0 of what is shown, at least the smallest positive number.
  package var scale: Double {
    var most = Double.leastNormalMagnitude
    for truth in emotions.indices {
      for predicted in emotions.indices {
        most = max(most, abs(measure == .counts ? Double(count(truth, predicted)) : share(truth, predicted) ?? 0))
      }
    }
    return most
  }

  /// Share of the slices on the diagonal, and the mean of the rows' shares there, of one of the matrices.
  package static func accuracy(_ matrix: [[Int]]) -> (accuracy: Double, recall: Double) {
    var (right, all, recalls, present) = (0, 0, 0.0, 0)
    for truth in matrix.indices {
      let (hits, total) = (count(matrix, truth, truth), total(matrix, truth))
      (right, all) = (right + hits, all + total)
      if total > 0 { (recalls, present) = (recalls + Double(hits) / Double(total), present + 1) }
    }
    return (all > 0 ? Double(right) / Double(all) : 0, present > 0 ? recalls / Double(present) : 0)
  }

  private func share(_ matrix: [[Int]], _ truth: Int, _ predicted: Int) -> Double? {
    let whole =
      measure == .columns
      ? matrix.indices.reduce(0) { $0 + Self.count(matrix, $1, predicted) } : Self.total(matrix, truth)
    return whole > 0 ? Double(Self.count(matrix, truth, predicted)) / Double(whole) : nil
  }

  package static func count(_ matrix: [[Int]], _ truth: Int, _ predicted: Int) -> Int {
    matrix.indices.contains(truth) && matrix[truth].indices.contains(predicted) ? matrix[truth][predicted] : 0
  }

  private static func total(_ matrix: [[Int]], _ truth: Int) -> Int {
    matrix.indices.contains(truth) ? matrix[truth].reduce(0, +) : 0
  }
}

extension AttackedSlices {
  /// Counts by truth and prediction, without the attack and under it.
  package func matrices(classes: Int) -> (clean: [[Int]], attacked: [[Int]]) {
    var clean = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
    var attacked = clean
    for slice in slices where max(slice.truth, slice.clean, slice.attacked) < classes {
      clean[slice.truth][slice.clean] += 1
      attacked[slice.truth][slice.attacked] += 1
    }
    return (clean, attacked)
  }
}
