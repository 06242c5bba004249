import Core

/// What can be wrong with the files, folders and names that a user hands to the pipeline.
package enum PipelineError: UserError, Equatable {
  case cannotOpen(path: String, reason: String)
  case notAudio(path: String, reason: String)
  case noSamples(path: String)
  case truncated(path: String, found: Int, declared: Int, unit: String)
  case impossibleHeader(path: String, reason: String)
  case tooLong(path: String, seconds: Double, limit: Double)
  case notFinite(path: String, frame: Int)
  case cannotResample(path: String, reason: String)
  case unknown(kind: String, name: String, known: [String])
  case impossibleStride(milliseconds: Int)
  case noUtterances(path: String, adapter: String, example: String?)
  case noAdapterFits(path: String, reasons: [String])
  case malformedCorpus(path: String, reason: String)
  case malformedTable(path: String, reason: String)
  case changed(path: String)
  case cannotSplit(reason: String)
  case stopped
  case cacheTooSmall(needed: Int, limit: Int)
  case impossibleCacheLimit(String)

  package var description: String {
    switch self {
    case .cannotOpen(let path, let reason): "\(path): cannot be opened (\(reason))"
    case .notAudio(let path, let reason): "\(path): not an audio file that can be read (\(reason))"
    case .noSamples(let path): "\(path): 0 samples; an utterance needs at least 1"
    case .truncated(let path, let found, let declared, let unit):
      "\(path): truncated; it holds \(found) of the \(declared) \(unit) that it declares"
    case .impossibleHeader(let path, let reason): "\(path): its header is impossible (\(reason))"
    case .tooLong(let path, let seconds, let limit):
      "\(path): \(Int(seconds)) s long; an utterance may last at most \(Int(limit)) s"
    case .notFinite(let path, let frame): "\(path): sample \(frame) is not a finite number"
    case .cannotResample(let path, let reason): "\(path): cannot be resampled (\(reason))"
    case .unknown(let kind, let name, let known):
      "there is no \(kind) “\(name)”; known are \(known.joined(separator: ", "))"
    case .impossibleStride(let milliseconds): "a stride of \(milliseconds) ms; it must lie between 1 and 60000 ms"
    case .noUtterances(let path, let adapter, let example):
      "\(path): no utterance found by the adapter “\(adapter)”\(example.map { " (\($0))" } ?? "")"
    case .noAdapterFits(let path, let reasons):
      "\(path): no adapter fits half of its audio files (\(reasons.joined(separator: "; ")))"
    case .malformedCorpus(let path, let reason): "\(path): cannot be read as a corpus (\(reason))"
    case .malformedTable(let path, let reason): "\(path): not a usable CSV (\(reason))"
    case .changed(let path): "\(path): it changed while the corpus was read; read the corpus again"
    case .cannotSplit(let reason): "the corpus cannot be split: \(reason)"
    case .stopped: "stopped as asked"
    case .cacheTooSmall(let needed, let limit):
      "the images need \(needed >> 20) MiB, but the cache may hold \(limit >> 20) MiB; QUAVER_CACHE_GIB=N "
        + "lets it hold N GiB"
    case .impossibleCacheLimit(let text):
      "QUAVER_CACHE_GIB is “\(text.printable())”; it must be a number of GiB above 0, such as 20 or 7.5"
    }
  }

  /// The sentence without the path that it begins with, for lists that name the file already.
  package var reason: String {
    let parts = description.split(separator: ": ", maxSplits: 1)
    return parts.first.map(String.init) == path ? parts.last.map(String.init) ?? description : description
  }

  private var path: String? {
    switch self {
    case .cannotOpen(let path, _), .notAudio(let path, _), .noSamples(let path), .truncated(let path, _, _, _),
      .impossibleHeader(let path, _), .tooLong(let path, _, _), .notFinite(let path, _),
      .cannotResample(let path, _), .noUtterances(let path, _, _), .noAdapterFits(let path, _),
      .malformedCorpus(let path, _), .malformedTable(let path, _),
      .changed(let path):
      path
    case .unknown, .impossibleStride, .cannotSplit, .stopped, .cacheTooSmall, .impossibleCacheLimit: nil
    }
  }
}
