import Core
import Foundation
import Pipeline

/// What a run's network is worth on a part of its corpus.
package struct RunEvaluation: Codable, Sendable, Equatable {
  package let run: String
  package let job: Job
  package let checkpoint: CheckpointChoice
  package let part: EvaluationPart
  package let emotions: [String]
  package let slices: Scores
  /// Whole utterances by the vote of their slices.
  package let utterances: Scores
  /// Train and validation merged: measured here where the part is merged, else what the run wrote after its last epoch.
  package let averageAccuracy: Double?
  package let notes: [String]
  /// How the training stood when the run was measured.
  package let status: RunStatus
  /// As `RunRecord` has it; nil where an earlier version wrote.
  package let fingerprint: String?

  package init(
    run: String, job: Job, checkpoint: CheckpointChoice, part: EvaluationPart, emotions: [String], slices: Scores,
    utterances: Scores, averageAccuracy: Double?, notes: [String], status: RunStatus = .finished,
    fingerprint: String? = nil
  ) {
    (self.run, self.job, self.checkpoint, self.part) = (run, job, checkpoint, part)
    (self.emotions, self.slices, self.utterances) = (emotions, slices, utterances)
    (self.averageAccuracy, self.notes, self.status) = (averageAccuracy, notes, status)
    self.fingerprint = fingerprint
  }
}

extension Laboratory {
  /// Evaluates a run, or takes up what an earlier evaluation of the same weights left in `results/`.
  ///
  /// - Throws: `PipelineError.stopped` when `control` wishes so; `LabError`, `EvaluationError`, `CoreError`, `NNError`.
  package func evaluate(
    _ subject: RunSubject, part: EvaluationPart = .valid, limit: Int? = nil, seed: UInt64 = 0, control: RunControl,
    report: @escaping @Sendable (RunProgress) -> Void
  ) async throws -> (evaluation: RunEvaluation, predictions: Predictions) {
    let selection = try subject.select(part, limit: limit, seed: seed)
    let predictions = try await Engine.run { [paths] in
      let run = try LoadedRun(subject, cache: paths.images, control: control, report: report)
      return try run.cleanPredictions(selection, control: control, report: report)
    }
    let none = Confusion(classes: subject.emotions.count)
    let slices = (predictions.confusion(part) ?? none).scores
    let status = try subject.folder.summary().status
    let unfinished: [String] =
      status == .finished
      ? [] : ["its training is not finished (\(status.rawValue)), so that means over seeds leave it out"]
    let evaluation = RunEvaluation(
      run: subject.folder.id, job: subject.record.job, checkpoint: subject.checkpoint, part: part,
      emotions: subject.emotions, slices: slices, utterances: (predictions.utteranceConfusion(part) ?? none).scores,
      averageAccuracy: part == .merged ? slices.accuracy : subject.writtenAverage,
      notes: subject.notes(selection) + unfinished, status: status, fingerprint: subject.record.fingerprint)
    return (evaluation, predictions)
  }
}

extension RunSubject {
  /// What the run measured over both parts when its weights were these; its last epoch may be past its checkpoint.
  fileprivate var writtenAverage: Double? {
    guard checkpoint == .last, let trained, trained.batches == 0 else { return nil }
    return folder.metrics().first { $0.epoch == trained.epochs }?.averageAccuracy
  }
}

/// Evaluations as tables for people.
package enum EvaluationTables {
  package static func scores(_ evaluations: [RunEvaluation], title: String, notes: [String]) -> ResultTable {
    let table = ResultTable(
      title: title,
      columns: [
        .init("run"), .init("unit"), .init("n"), .init("accuracy %", interval: true), .init("UAR %"),
        .init("w. precision %"), .init("w. recall %"), .init("w. F1 %"), .init("average acc. %"),
      ],
      rows: evaluations.flatMap { evaluation in
        [("slices", evaluation.slices), ("utterances", evaluation.utterances)].map { unit, scores in
          [
            .text(evaluation.run), .text(unit), .integer(scores.count), .share(scores.accuracy, scores.interval),
            .share(scores.unweightedAverageRecall), .share(scores.weightedPrecision), .share(scores.weightedRecall),
            .share(scores.weightedF1),
            unit == "slices" ? evaluation.averageAccuracy.map { .share($0) } ?? .none : .none,
          ]
        }
      }, notes: [Scores.intervalNote] + notes)
    return table.stating(evaluations.flatMap { [Provenance($0), Provenance($0)] })
  }

  /// A confusion matrix on a scale, rows the truth; its cells may be a difference, and nil where there is none.
  package static func confusion(
    _ cells: [[Double?]], scale: ConfusionScale, emotions: [String], title: String
  ) -> ResultTable {
    func cell(_ value: Double?) -> ResultTable.Cell {
      value.map { scale == .counts ? .integer(Int($0)) : .share($0) } ?? .none
    }
    return ResultTable(
      title: title + " (rows: truth, columns: prediction; \(scale == .counts ? "counts" : "\(scale.rawValue) %"))",
      columns: [.init("truth")] + emotions.map { .init($0) },
      rows: zip(emotions, cells).map { emotion, row in
        [.text(emotion)] + row.map(cell)
      })
  }
}
