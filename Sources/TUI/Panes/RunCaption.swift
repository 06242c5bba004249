import Lab

/// What a run is, for the foot of a file: a picture that is passed on has no pane of trainings beside it.
enum RunCaption {
  /// Of the runs that are known.
  static func notes(_ ids: [String], _ state: State) -> [String] {
    ids.compactMap { id in state.runs.first { $0.id == id } }.map { words($0, state) }
  }

  /// "RUN: alexnet on mel of emodb, split utterance, seed 0, stride 500 ms, trained against PGD ε 32/255".
  static func words(_ run: RunInfo, _ state: State) -> String {
    let job = run.job, corpus = state.corpus(of: job)?.name ?? job.corpus
    let defence = job.defend.map {
      ", trained against \(Scrub.words(AttackPoint(attack: $0.attack, settings: $0.settings)))"
    }
    return "\(run.id): \(job.model) on \(job.transform) of \(corpus), split \(job.splitName), seed \(job.seed), "
      + "stride \(job.strideMilliseconds) ms\(defence ?? "")"
  }
}
