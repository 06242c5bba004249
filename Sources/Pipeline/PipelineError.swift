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
    }
  }
}
