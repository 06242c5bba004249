import Core
import Explain
import Foundation
import NN
import Pipeline

extension RunSubject {
  /// The utterance of a slice of the run's slice table, and the slice's number within it.
  package func locate(_ slice: Int) -> (utterance: String, slice: Int) {
    let place = plan.table.locate(slice)
    return (corpus.utterances[place.utterance].id, place.index)
  }
}

/// A run's network in memory with what makes its images, for looking at one slice at a time: no image of the rest of the
/// corpus is made.
@Engine final class ExplainedRun {
  let subject: RunSubject
  let network: Network
  let transform: any SpectralTransform
  let bands: AttentionBands
  private let scaling: Scaling
  private let utterances: [String: Int]
  /// The utterance read last.
  private var audio: (utterance: Int, samples: [Float])?

  /// - Throws: `NNError`, `CoreError`, `EvaluationError.otherData` where the checkpoint does not tell the levels.
  init(_ subject: RunSubject) throws {
    self.subject = subject.lettingGoOfFile()
    let (network, scaling) = try subject.loadNetwork()
    guard let scaling else {
      throw EvaluationError.otherData(
        run: subject.folder.id, reason: "its checkpoint does not tell the levels of its images")
    }
    (self.network, self.scaling) = (network, scaling)
    transform = try Transforms.named(subject.job.transform)
    bands = AttentionBands(of: transform)
    utterances = Dictionary(
      subject.corpus.utterances.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// A slice of an utterance as its index image, 224×224 levels, row 0 the lowest bin.
  func image(_ id: String, slice: Int) throws -> Slice {
    guard let utterance = utterances[id] else {
      throw LabError.unknownUtterance(id, corpus: subject.record.job.corpus)
    }
    if audio?.utterance != utterance {
      let url = subject.corpus.url(of: subject.corpus.utterances[utterance])
      audio = (utterance, try Audio.read(url).samples)
    }
    let samples = audio?.samples ?? [], slicer = subject.plan.table.slicer
    let numbers = subject.plan.table.slices(of: utterance)
    let index = min(max(0, slice), numbers.count - 1)
    let levels = IndexImage.make(try transform.matrix(of: slicer.cut(index, of: samples)), scaling: scaling)
    let start = Double(slicer.start(index)) / Double(Audio.pipelineRate)
    return Slice(
      levels: levels, index: index, number: numbers.lowerBound + index, count: numbers.count,
      truth: subject.corpus.utterances[utterance].emotion, time: start...(start + 1))
  }

  /// Changes with the file: a run that trains on has other weights under the same name.
  nonisolated static func stamp(_ weights: URL) -> String {
    var status = stat()
    _ = stat(weights.path, &status)
    return "\(weights.path) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(status.st_size)"
  }

  struct Slice {
    let levels: [UInt8]
    /// Within the utterance, and within the run's slice table.
    let index: Int
    let number: Int
    let count: Int
    let truth: Int
    let time: ClosedRange<Double>
  }
}
