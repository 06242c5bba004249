/// What a training run tells whoever started it.
package enum TrainingEvent: Sendable {
  /// The run's folder exists and holds its job.
  case began(RunInfo)
  case progress(RunProgress, paused: Bool)
  case epoch(EpochMetrics)
  /// Worth a line in the log: another processor than before, what was skipped …
  case note(String)
}
