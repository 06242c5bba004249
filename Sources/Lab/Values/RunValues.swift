import Foundation

/// One line of `metrics.jsonl`: an epoch's end.
package struct EpochMetrics: Codable, Sendable, Equatable {
  /// 1 for the first epoch.
  package var epoch: Int
  /// Optimiser steps taken since the run began.
  package var step: Int
  package var trainLoss: Double
  package var trainAccuracy: Double
  package var validLoss: Double
  /// Plain accuracy over slices, the paper's weighted accuracy.
  package var validAccuracy: Double
  /// Unweighted average recall over the classes present.
  package var validUAR: Double
  /// Accuracy over train and test merged, the paper's "average accuracy"; measured after the last epoch only, since it
  /// needs a pass over the training part in evaluation mode.
  package var averageAccuracy: Double?
  /// Rows are the truth, columns the prediction; counts of validation slices.
  package var confusion: [[Int]]
  package var seconds: Double
  /// Accuracy on the validation slices under the attack that the run is trained against; nil without a defence.
  package var attackedAccuracy: Double?

  package init(
    epoch: Int, step: Int, trainLoss: Double, trainAccuracy: Double, validLoss: Double, validAccuracy: Double,
    validUAR: Double, averageAccuracy: Double?, confusion: [[Int]], seconds: Double, attackedAccuracy: Double? = nil
  ) {
    (self.epoch, self.step, self.trainLoss, self.trainAccuracy) = (epoch, step, trainLoss, trainAccuracy)
    (self.validLoss, self.validAccuracy, self.validUAR) = (validLoss, validAccuracy, validUAR)
    (self.averageAccuracy, self.confusion, self.seconds) = (averageAccuracy, confusion, seconds)
    self.attackedAccuracy = attackedAccuracy
  }
}

/// Where a live run stands; coalesced, so only the latest matters.
package struct RunProgress: Codable, Sendable, Equatable {
  /// "spectrograms", "training", "validation" …
  package var phase: String
  package var epoch: Int
  package var done: Int
  package var total: Int
  /// Items (slices or images) a second over the last seconds.
  package var rate: Double
  /// Seconds to the end of the whole run; nil while unknown.
  package var secondsLeft: Double?
  package var loss: Double?

  package init(
    phase: String, epoch: Int, done: Int, total: Int, rate: Double, secondsLeft: Double?, loss: Double? = nil
  ) {
    (self.phase, self.epoch, self.done, self.total) = (phase, epoch, done, total)
    (self.rate, self.secondsLeft, self.loss) = (rate, secondsLeft, loss)
  }
}

package enum RunStatus: String, Codable, Sendable, Equatable {
  case running, paused, finished, stopped, failed
  /// Its process is gone without a word (kill -9, power): can be resumed.
  case interrupted
}

package struct RunInfo: Sendable, Equatable, Identifiable {
  package let id: String
  package let job: Job
  package var status: RunStatus
  package var started: Date
  package var emotions: [String]
  /// What must be said beside every number: split, seeds, and leakage between train and test, one sentence each.
  package var notes: [String]
  package var epochs: [EpochMetrics]
  package var progress: RunProgress?
  /// The sentence that ended a failed run.
  package var failure: String?
  /// True while this very process trains it: leaving the program then ends the run, so that the workbench asks.
  package var isOwn: Bool
  /// False when `epochs` holds the last one only: a long run's others are read when it is opened.
  package var isWhole: Bool

  package init(
    id: String, job: Job, status: RunStatus, started: Date, emotions: [String], notes: [String],
    epochs: [EpochMetrics], progress: RunProgress?, failure: String?, isOwn: Bool = false, isWhole: Bool = true
  ) {
    (self.id, self.job, self.status, self.started) = (id, job, status, started)
    (self.emotions, self.notes, self.epochs) = (emotions, notes, epochs)
    (self.progress, self.failure, self.isOwn, self.isWhole) = (progress, failure, isOwn, isWhole)
  }
}

extension RunInfo {
  /// What is trained on what, in one line.
  package var summary: String {
    "\(job.model) on \(job.corpus), \(job.transform), stride \(job.strideMilliseconds) ms, split \(job.splitName), "
      + "seed \(job.seed) (1 seed), augment \(job.augment), batch \(job.batch), lr \(job.learningRate), "
      + "weight decay \(job.weightDecay), \(job.epochs) epochs" + (job.defend.map { ", against \($0.attack)" } ?? "")
  }
}
