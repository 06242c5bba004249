import Core
import Foundation
import Pipeline

extension Laboratory {
  /// What the workbench would be told about a picture that it asks for, made on the calling thread.
  ///
  /// - Parameter corpora: as they are listed; one that is not registered is found here alone.
  package func answers(to request: PictureRequest, among corpora: [CorpusInfo] = []) throws -> [Event] {
    let viewer = Viewer(library: library, levels: LevelStore(folder: paths.cache))
    viewer.take(corpora)
    return [
      .waveform(try viewer.waveform(corpus: request.corpus, utterance: request.utterance)),
      .picture(try viewer.picture(request) { _ in }),
    ]
  }
}

/// Makes waveforms and pictures for the screen, on the one thread that calls it, never on the engine's: looking at a
/// spectrogram does not wait for a training step.
final class Viewer {
  private let library: CorpusLibrary
  private let levels: LevelStore
  /// As the workbench lists them; scanned only for the levels of a whole corpus.
  private var listed: [String: CorpusInfo] = [:]
  private var files: [String: [String: String]] = [:]
  private var scanned: [String: Corpus] = [:]
  /// The last few decoded utterances.
  private var audio: [(key: String, samples: [Float])] = []

  init(library: CorpusLibrary, levels: LevelStore) { (self.library, self.levels) = (library, levels) }

  func take(_ corpora: [CorpusInfo]) {
    for corpus in corpora where listed[corpus.name] != corpus { forget(corpus.name) }
    listed = Dictionary(corpora.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private func forget(_ name: String) {
    files[name] = nil
    scanned[name] = nil
    audio.removeAll { $0.key.hasPrefix("\(name)/") }
  }

  func waveform(corpus name: String, utterance id: String) throws -> Waveform {
    Waveform(corpus: name, utterance: id, samples: try samples(name, id))
  }

  /// - Parameter note: told when the levels of a corpus must be measured first, which takes a while.
  func picture(_ request: PictureRequest, note: (String) -> Void) throws -> Picture {
    let samples = try samples(request.corpus, request.utterance)
    let transform = try Transforms.named(request.transform)
    let slicer = try Slicer(strideMilliseconds: request.strideMilliseconds)
    let count = slicer.count(samples: samples.count)
    var request = request
    request.slice = min(max(0, request.slice), count - 1)
    let scaling =
      request.stage == .decibels
      ? Scaling(lo: 0, hi: 1)
      : try levels.scaling(of: try corpus(request.corpus), transform: transform, slicer: slicer, note: note)
    if request.isWhole {
      let whole = try RenderedSlice(
        wholeOf: samples, slicer: slicer, transform: transform, stage: request.stage, scaling: scaling)
      return Picture(request: request, slice: whole)
    }
    let rendered = try RenderedSlice(
      samples: samples, slice: request.slice, slicer: slicer, transform: transform, stage: request.stage,
      scaling: scaling, augmentSeed: request.augmentSeed)
    return Picture(request: request, slice: rendered)
  }

  private func info(_ name: String) throws -> CorpusInfo {
    if let info = listed[name] { return info }
    let info = try library.info(try library.find(name))
    listed[name] = info
    return info
  }

  private func corpus(_ name: String) throws -> Corpus {
    if let corpus = scanned[name] { return corpus }
    // What is listed need not be registered: a run's own folder is known by its path alone.
    let known = listed[name].map { CorpusLibrary.Registration(name: name, path: $0.path, adapter: $0.adapter) }
    let corpus = try library.scan(try known ?? library.find(name))
    scanned[name] = corpus
    return corpus
  }

  private func samples(_ name: String, _ id: String) throws -> [Float] {
    let key = "\(name)/\(id)"
    if let known = audio.first(where: { $0.key == key }) { return known.samples }
    let info = try info(name)
    if files[name] == nil {
      files[name] = Dictionary(info.utterances.map { ($0.id, $0.file) }, uniquingKeysWith: { first, _ in first })
    }
    guard let file = files[name]?[id] else { throw LabError.unknownUtterance(id, corpus: name) }
    let samples = try Audio.read(URL(fileURLWithPath: info.path).appendingPathComponent(file)).samples
    audio.append((key, samples))
    if audio.count > 8 { audio.removeFirst() }
    return samples
  }
}
