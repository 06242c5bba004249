import Core
import Foundation
import Pipeline

/// Makes waveforms and pictures for the screen, on the one thread that calls it, never on the engine's: looking at a
/// spectrogram does not wait for a training step.
final class Viewer {
  private let library: CorpusLibrary
  private let levels: LevelStore
  private var corpora: [String: Corpus] = [:]
  /// The last few decoded utterances.
  private var audio: [(key: String, samples: [Float])] = []

  init(library: CorpusLibrary, levels: LevelStore) { (self.library, self.levels) = (library, levels) }

  func waveform(corpus name: String, utterance id: String) throws -> Waveform {
    Waveform(corpus: name, utterance: id, samples: try samples(try corpus(name), name, id))
  }

  /// - Parameter note: told when the levels of a corpus must be measured first, which takes a while.
  func picture(_ request: PictureRequest, note: (String) -> Void) throws -> Picture {
    let corpus = try corpus(request.corpus)
    let samples = try samples(corpus, request.corpus, request.utterance)
    let transform = try Transforms.named(request.transform)
    let slicer = try Slicer(strideMilliseconds: request.strideMilliseconds)
    let count = slicer.count(samples: samples.count)
    var request = request
    request.slice = min(max(0, request.slice), count - 1)
    let scaling =
      request.stage == .decibels
      ? Scaling(lo: 0, hi: 1) : try levels.scaling(of: corpus, transform: transform, slicer: slicer, note: note)
    let rendered = try RenderedSlice(
      samples: samples, slice: request.slice, slicer: slicer, transform: transform, stage: request.stage,
      scaling: scaling, augmentSeed: request.augmentSeed)
    return Picture(request: request, slice: rendered)
  }

  func forgetCorpora() { corpora = [:] }

  private func corpus(_ name: String) throws -> Corpus {
    if let corpus = corpora[name] { return corpus }
    let corpus = try library.scan(try library.find(name))
    corpora[name] = corpus
    return corpus
  }

  private func samples(_ corpus: Corpus, _ name: String, _ id: String) throws -> [Float] {
    let key = "\(name)/\(id)"
    if let known = audio.first(where: { $0.key == key }) { return known.samples }
    guard let utterance = corpus.utterances.first(where: { $0.id == id }) else {
      throw LabError.unknownUtterance(id, corpus: name)
    }
    let samples = try Audio.read(corpus.url(of: utterance)).samples
    audio.append((key, samples))
    if audio.count > 8 { audio.removeFirst() }
    return samples
  }
}
