import ArgumentParser
import Foundation
import Lab

/// How a network is trained; which network, and on what, each command asks for itself.
struct RecipeOptions: ParsableArguments {
  @Option(help: "utterance, speaker, slice, or a CSV with the columns file and part.")
  var split = Job.defaults.split
  @Option(help: ArgumentHelp("Milliseconds between the starts of slices.", valueName: "ms"))
  var stride = Job.defaults.strideMilliseconds
  @Option var epochs = Job.defaults.epochs
  @Option(help: "Clean images a step.")
  var batch = Job.defaults.batch
  @Option(name: .customLong("lr"), help: "Adam's learning rate.")
  var learningRate = Job.defaults.learningRate
  @Option(help: "Adam's L2 weight decay.")
  var weightDecay = Job.defaults.weightDecay
  @Option(help: "specaugment or none.")
  var augment = Job.defaults.augment
  @Option(help: "Which slices give the scale of the images: corpus (the paper) or train (the strict way).")
  var normalise = Job.defaults.normalise
  @Option(help: "At most this many slices of each part, by class and seed.")
  var limit: Int?
  @OptionGroup(title: "Options of the trainer, off by default") var trainer: TrainerArguments

  func job(corpus: String, transform: String, model: String, seed: UInt64) -> Job {
    var job = Job(corpus: corpus)
    (job.weights, job.options) = (trainer.start, trainer.options)
    (job.transform, job.model, job.split, job.strideMilliseconds) = (transform, model, split, stride)
    (job.epochs, job.batch, job.learningRate, job.weightDecay) = (epochs, batch, learningRate, weightDecay)
    (job.seed, job.augment, job.normalise, job.limit) = (seed, augment, normalise, limit)
    return job
  }
}

/// Lists on the command line: "linear,mel", "0,1,2".
enum ListOption {
  /// - Parameter all: what “all” stands for.
  /// - Throws: `EvaluationError.emptyList`, `.repeated`.
  static func names(_ text: String, what: String, all: [String] = []) throws -> [String] {
    if text == "all", !all.isEmpty { return all }
    let names = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    guard !names.isEmpty else { throw EvaluationError.emptyList(what: what) }
    try EvaluationError.refuseRepeats(names, what: what)
    return names
  }

  /// - Throws: `EvaluationError.emptyList`, `.repeated`, `.malformed`.
  static func seeds(_ text: String) throws -> [UInt64] {
    try names(text, what: "--seed").map { word in
      guard let seed = UInt64(word) else {
        throw EvaluationError.malformed(what: "--seed", text: word, expected: "a whole number")
      }
      return seed
    }
  }
}
