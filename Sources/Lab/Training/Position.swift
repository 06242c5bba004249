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
  /// Sum of the class weights of this epoch's samples so far; nil where samples count alike.
  var weightSum: Double?
  /// Epochs since the best one.
  var sinceBest: Int?

  /// Takes up an epoch's validation accuracy.
  mutating func note(_ accuracy: Double) {
    sinceBest = accuracy > bestAccuracy ? 0 : (sinceBest ?? 0) + 1
    bestAccuracy = max(bestAccuracy, accuracy)
  }

  mutating func startNextEpoch() {
    self = Position(epoch: epoch + 1, bestAccuracy: bestAccuracy, sinceBest: sinceBest)
  }
}
