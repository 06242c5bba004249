import Core
import Foundation
import Pipeline

/// lo and hi of whole corpora for the screen, measured once on the calling thread and kept in the cache folder.
final class LevelStore: Sendable {
  private let folder: URL

  init(folder: URL) { self.folder = folder.appendingPathComponent("levels") }

  /// Means over all slices of each slice's smallest and largest value.
  func scaling(
    of corpus: Corpus, transform: any SpectralTransform, slicer: Slicer, note: (String) -> Void
  ) throws -> Scaling {
    // Of the scan, not of the folder as it is now: these are the files that are measured, and a walk takes its time.
    let identity =
      "\(transform.name).\(transform.version).\(slicer.strideMilliseconds)|\(CorpusLibrary.fingerprint(corpus))"
      + "\(corpus.root.path)|\(corpus.adapter)"
    let file = folder.appendingPathComponent("\(ContentHash(identity)).json")
    if let known = try? JSON.decoder().decode(Scaling.self, from: Data(contentsOf: file)) { return known }
    note("measuring the \(transform.title) levels of \(corpus.utterances.count) utterances, once …")
    let scaling = try measure(corpus, transform, slicer, note: note)
    // A cache that cannot be written costs a measurement next time.
    try? RunStore.makeFolder(folder)
    try? AtomicFile.write(file, try JSON.encoder().encode(scaling))
    return scaling
  }

  private func measure(
    _ corpus: Corpus, _ transform: any SpectralTransform, _ slicer: Slicer, note: (String) -> Void
  ) throws -> Scaling {
    let worker = try transform.makeWorker()
    let scratch = try Arena(count: Slicer.length + Geometry.cells)
    let matrix = scratch.base + Slicer.length
    var extremes: [Extremes] = []
    for utterance in corpus.utterances {
      let samples: [Float]
      do { samples = try Audio.read(corpus.url(of: utterance)).samples } catch let error as PipelineError {
        note("\(error); it does not count for the levels")
        continue
      }
      for slice in 0..<slicer.count(samples: samples.count) {
        slicer.copy(slice, of: samples, to: scratch.base)
        worker.transform(scratch.base, into: matrix)
        extremes.append(Extremes(matrix))
      }
    }
    guard !extremes.isEmpty else { throw LabError.nothingReadable(corpus.root.path) }
    return Scaling(extremes: extremes)
  }
}
