import Core
import Glibc

/// Mistakes around runs, jobs and corpora, each one sentence with its operands.
package enum LabError: UserError, Equatable {
  case unknownCorpus(String, known: [String])
  case corpusExists(String)
  case badName(String)
  case unknownRun(String, known: [String])
  case ambiguousRun(String, matches: [String])
  case noSlice(utterance: String, slice: Int, slices: Int)
  case runExists(String)
  case runIsLive(String)
  case runIsNotLive(String)
  case runIsResumed(String)
  case runIsFinished(String, epochs: Int)
  case runHasNoCheckpoint(String)
  case runUnreadable(String, reason: String)
  case unknownChoice(what: String, value: String, choices: [String])
  case outOfRange(what: String, value: String, range: String)
  case emptyPart(String, split: String)
  case corpusChanged(run: String, reason: String)
  case diverged(epoch: Int, step: Int)
  case loneImage(network: String, slices: Int, batch: Int)
  case unknownUtterance(String, corpus: String)
  case engineBusy
  case nothingReadable(String)
  case notRegistered(String, known: [String])
  case noSuchSplit(String)
  case unknownWeights(String, known: [String])
  case weightsExist(String)
  case weightsUnreadable(String, reason: String)
  case weightsFitNothing(path: String, networks: [String])
  case weightsOfAnother(String, network: String, wanted: String)
  case weightsChanged(String, run: String)
  case weightsReplaced(String)
  case weightsNotWhole(String, missing: String)
  case weightsHearNothing(String)
  case neitherRunNorWeights(String, known: [String])
  case corpusUnreadable(path: String)
  case noPredictions(String)
  case cannotPlay(String, reason: String)
  case noPeers(python: String, script: String)
  case peerFailed(String)
  case thresholdsUnreadable(String)
  case peerChanged(String, kept: String)

  package var description: String {
    switch self {
    case .unknownCorpus(let name, let known):
      "corpus “\(name)” is neither registered (\(Self.list(known))) nor a folder; `quaver corpus add PATH` registers one"
    case .corpusExists(let name): "a corpus named “\(name)” is registered already; give another with --name"
    case .badName(let name): "“\(name)” cannot be a name: use letters, digits, dots, dashes and underscores"
    case .unknownRun(let id, let known): "no run “\(id)”; there are \(Self.list(known))"
    case .ambiguousRun(let id, let matches): "“\(id)” begins several runs: \(Self.list(matches)); give more of the name"
    case .noSlice(let utterance, let slice, let slices):
      "there is no slice \(slice) of \(utterance); it has \(slices) at this run's stride, counted from 1"
    case .runExists(let id): "a run named “\(id)” exists already; resume it, or give another name with --name"
    case .runIsLive(let id): "run “\(id)” is being trained by another process right now"
    case .runIsNotLive(let id): "run “\(id)” is not being trained right now"
    case .runIsResumed(let id): "run “\(id)” is being resumed here already, or waits for its turn"
    case .runIsFinished(let id, let epochs): "run “\(id)” is finished, \(epochs) epochs are done"
    case .runHasNoCheckpoint(let id): "run “\(id)” has no checkpoint yet"
    case .runUnreadable(let id, let reason): "run “\(id)” cannot be read (\(reason))"
    case .unknownChoice(let what, let value, let choices):
      "unknown \(what) “\(value)”; choose one of \(Self.list(choices))"
    case .outOfRange(let what, let value, let range): "\(what) of \(value) is out of range: it must be \(range)"
    case .emptyPart(let part, let split): "the split “\(split)” leaves no slice in the \(part) part"
    case .corpusChanged(let run, let reason): "run “\(run)” cannot go on: \(reason)"
    case .diverged(let epoch, let step): "the loss became NaN or infinite in epoch \(epoch), step \(step)"
    case .loneImage(let network, let slices, let batch):
      "\(network) normalises over the images of a step, and \(slices) training slices with --batch \(batch) make a step of "
        + "one; give another --batch"
    case .unknownUtterance(let id, let corpus): "corpus “\(corpus)” has no utterance “\(id)”"
    case .nothingReadable(let path): "\(path): not one of its sound files can be read; `quaver corpus check` tells why"
    case .notRegistered(let name, let known):
      "no corpus is registered as “\(name)”; there are \(Self.list(known))"
    case .noSuchSplit(let text): "split “\(text)” is neither utterance, speaker, slice nor a CSV file that is there"
    case .unknownWeights(let name, let known): "no weights are imported as “\(name)”; there are \(Self.list(known))"
    case .weightsExist(let name):
      "weights named “\(name)” are there already; remove them, or give another name with --name"
    case .weightsUnreadable(let name, let reason): "weights “\(name)” cannot be used (\(reason)); import them again"
    case .weightsFitNothing(let path, let networks):
      "\(path): holds weights of none of the networks (\(Self.list(networks)))"
    case .weightsOfAnother(let name, let network, let wanted):
      "weights “\(name)” are for \(network), not for \(wanted)"
    case .weightsChanged(let name, let run):
      "run “\(run)” cannot go on: the weights “\(name)” that it starts from are missing or not those it began with"
    case .weightsReplaced(let name): "the weights “\(name)” are no longer those that this was begun with"
    case .weightsNotWhole(let name, let missing):
      "weights “\(name)” leave “\(missing)” to be trained, so that they predict nothing; train with --weights \(name) first"
    case .weightsHearNothing(let name):
      "weights “\(name)” do not say how sound becomes an image; name a run, or give images with --images"
    case .neitherRunNorWeights(let name, let known):
      "“\(name)” is neither a run nor imported weights; there are \(Self.list(known))"
    case .corpusUnreadable(let path): "\(path): not a corpus's registration; remove the file and add the corpus again"
    case .noPredictions(let id):
      "run “\(id)” kept no predictions by slice; runs of this version do, at the end of every epoch"
    case .cannotPlay(let player, let reason): "\(player) could not play this (\(reason))"
    case .noPeers(let python, let script):
      "\(access(script, R_OK) == 0 ? python : script) is missing, so that there is nobody to compare with: run "
        + "Benchmarks/setup-peers, or name its folder with --peers, and the folder of the scripts with --scripts"
    case .peerFailed(let command): "the peer ended without an answer (\(command)); what it said stands above"
    case .thresholdsUnreadable(let path): "\(path): there are no thresholds of benchmarks that can be read"
    case .peerChanged(let peer, let path):
      "\(peer) is not the version beside which the rows in \(path) were timed: remove that file to begin anew"
    case .engineBusy: "a run, an attack or a map is being made here already: wait for its end or stop it"
    }
  }

  private static func list(_ names: [String]) -> String {
    guard !names.isEmpty else { return "none" }
    let shown = names.prefix(12).joined(separator: ", ")
    return names.count > 12 ? "\(shown) and \(names.count - 12) more" : shown
  }
}
