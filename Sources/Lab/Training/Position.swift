/// Where a run stands between two optimiser steps. With the weights and Adam's state this is all that resuming needs,
/// since every random number depends only on the seed and these counters.
struct Position: Codable, Equatable, Sendable {
  /// The epoch that is being trained, from 1.
  var epoch = 1
  /// Batches of this epoch that are done.
  var batch = 0
  /// Sums over this epoch's batches so far.
  var lossSum = 0.0
  var correct = 0
  var seen = 0
  /// Seconds spent on this epoch so far, over all processes.
  var seconds = 0.0
  var bestAccuracy = -1.0

  mutating func startNextEpoch() {
    self = Position(epoch: epoch + 1, bestAccuracy: bestAccuracy)
  }
}
