import Pipeline

/// Everything needed to repeat a run; written to `job.json` before its first step and never changed.
package struct Job: Codable, Sendable, Equatable {
  package var corpus: String
  /// Registry names: a transform ("linear", "mel", "cqt", "mfcc") and a network ("cnn-lstm", "alexnet", …).
  package var transform = "mel"
  package var model = "cnn-lstm"
  /// "utterance", "speaker", "slice", or the path of a CSV with the columns file and part.
  package var split = "utterance"
  package var strideMilliseconds = 500
  package var epochs = 15
  package var batch = 32
  package var learningRate = 1e-4
  package var weightDecay = 1e-3
  package var seed: UInt64 = 0
  /// "specaugment" or "none".
  package var augment = "specaugment"
  /// Which slices give lo and hi: "corpus" as in the paper, or "train", the strict way.
  package var normalise = "corpus"
  /// Trains and validates on a stratified subset of this many slices of each part; nil takes all.
  package var limit: Int?
  /// nil in jobs of versions that had none: random.
  package var weights: StartingWeights? = .automatic
  /// Absent where all are off.
  package var options: TrainerOptions?
  /// Adversarial training; nil trains on clean images alone.
  package var defend: Defence?

  package init(corpus: String) { self.corpus = corpus }
}

extension Job {
  /// The split as it is shown: a file's name without its folders.
  package var splitName: String { split.split(separator: "/").last.map(String.init) ?? split }

  /// Whether the seed draws the split too, so that another seed is judged by other slices.
  package var drawsSplit: Bool { if case .file = SplitKind(split) { false } else { true } }
}

/// Which slices a run was trained on, in words that may leave the machine with its weights: no paths.
package struct TrainedOn: Codable, Sendable, Equatable {
  package let corpus: String
  package let split: String
  package let seed: UInt64
  package let strideMilliseconds: Int
  /// Hash of who is in which part; nil where earlier versions wrote.
  package let parts: String?

  package init(_ job: Job, parts: String? = nil) {
    corpus = job.corpus.split(separator: "/").last.map(String.init) ?? job.corpus
    (split, seed, strideMilliseconds, self.parts) = (job.splitName, job.seed, job.strideMilliseconds, parts)
  }

  /// Whether a job's validation part was, as far as these words tell, no training part here.
  ///
  /// - Parameter others: hash of the job's parts: files of one name may hold different folds.
  func hasParts(of job: Job, _ others: String?) -> Bool {
    if let parts, let others { return parts == others }
    let other = TrainedOn(job)
    return split == other.split && (seed == other.seed || !job.drawsSplit)
      && (SplitKind(job.split) != .slice || strideMilliseconds == other.strideMilliseconds)
  }
}

extension Job {
  /// The paper's section 4.3 where it speaks, our stated choices where it does not.
  package static let defaults = Job(corpus: "")
}
