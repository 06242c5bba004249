import Pipeline

/// A corpus of the paper.
package enum PaperCorpus: String, Sendable, CaseIterable {
  case emodb, emoiit

  /// - Parameter corpus: registered or a folder.
  init?(_ corpus: CorpusInfo) {
    guard !corpus.isSynthetic else { return nil }
    self.init(rawValue: corpus.adapter)
  }

  package var title: String { self == .emodb ? "Emo-DB" : "Emo-IIT" }
}

extension Laboratory {
  /// Nil for speech that the paper has not, and for what cannot be read.
  package func paperCorpus(_ name: String) -> PaperCorpus? {
    (try? library.info(library.find(name))).flatMap(PaperCorpus.init)
  }
}

/// How the paper trained its networks (its sections 3.4 and 4.3), and where a job of ours is another.
enum PaperProtocol {
  static let untold =
    "the paper prints means of three trainings, and tells neither the stride of its slices nor whether its split is of "
    + "utterances, speakers or slices"

  /// A few words each; empty where nothing is known of.
  static func differences(_ job: Job) -> [String] {
    let papers = Job.defaults
    func other<Value: Equatable>(_ field: KeyPath<Job, Value>, _ words: String) -> String? {
      job[keyPath: field] == papers[keyPath: field] ? nil : words
    }
    return [
      job.weights == StartingWeights.none && job.model != "cnn-lstm" ? "random weights for ImageNet's" : nil,
      other(\.epochs, "\(job.epochs) epoch\(job.epochs == 1 ? "" : "s") for \(papers.epochs)"),
      job.limit.map { "at most \($0) slices of each part for all" },
      other(\.batch, "batches of \(job.batch) for \(papers.batch)"),
      other(\.learningRate, "learning rate \(job.learningRate) for \(papers.learningRate)"),
      other(\.weightDecay, "weight decay \(job.weightDecay) for \(papers.weightDecay)"),
      other(\.augment, "augmentation \(job.augment) for \(papers.augment)"),
      other(\.normalise, "images scaled by the training part for by the whole corpus"),
    ].compactMap(\.self) + furtherWords(job)
  }

  /// Of tables 2a and 2b.
  ///
  /// - Parameter known: which of the paper's corpora it is, where that is known; else its name decides.
  static func corpusDifference(_ job: Job, known: PaperCorpus? = nil) -> String? {
    let name = TrainedOn(job).corpus
    if let known { return known == .emoiit ? nil : "\(known.title) for Emo-IIT" }
    return name.lowercased().filter(\.isLetter).contains("emoiit") ? nil : "corpus “\(name)” for Emo-IIT"
  }

  private static func furtherWords(_ job: Job) -> [String] {
    guard var options = job.options else { return [] }
    // Published weights want the one, and the other is no recipe.
    (options.normalisation, options.precision) = (nil, nil)
    return options.words
  }
}
