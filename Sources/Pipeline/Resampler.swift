import Soxr

/// Sample-rate conversion by soxr's HQ recipe, one thread.
enum Resampler {
  /// A whole signal at once: ⌈n·target/source⌉ samples.
  ///
  /// - Throws: `PipelineError.cannotResample`.
  static func convert(_ samples: [Float], from source: Int, to target: Int, path: String) throws -> [Float] {
    let count = (samples.count * target + source - 1) / source
    var io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I)
    var quality = soxr_quality_spec(UInt(SOXR_HQ), 0)
    var runtime = soxr_runtime_spec(1)
    var done = 0
    var failure: soxr_error_t?
    let output = [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      buffer.initialize(repeating: 0)
      failure = soxr_oneshot(
        Double(source), Double(target), 1, samples, samples.count, nil, buffer.baseAddress, count, &done, &io,
        &quality, &runtime)
      filled = count
    }
    if let failure { throw PipelineError.cannotResample(path: path, reason: String(cString: failure)) }
    return output
  }
}

/// Halves the rate of signal after signal by soxr's HQ recipe. The state belongs to one thread.
final class RateHalver {
  private let state: soxr_t

  /// - Throws: `PipelineError.cannotResample`.
  init() throws {
    var io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I)
    var quality = soxr_quality_spec(UInt(SOXR_HQ), 0)
    var runtime = soxr_runtime_spec(1)
    var failure: soxr_error_t?
    guard let state = soxr_create(2, 1, 1, &failure, &io, &quality, &runtime) else {
      throw PipelineError.cannotResample(
        path: "slice", reason: failure.map { String(cString: $0) } ?? "soxr has no state")
    }
    self.state = state
  }

  deinit { soxr_delete(state) }

  /// Writes count/2 samples (count even) to `output`.
  func halve(_ input: UnsafePointer<Float>, count: Int, into output: UnsafeMutablePointer<Float>) {
    let wanted = count / 2
    soxr_clear(state)
    var used = 0, done = 0
    soxr_process(state, input, count, &used, output, wanted, &done)
    while done < wanted {
      // A nil input ends the signal and drains what the filters hold back.
      var more = 0
      soxr_process(state, nil, 0, nil, output + done, wanted - done, &more)
      guard more > 0 else { break }
      done += more
    }
    (output + done).update(repeating: 0, count: wanted - done)
  }
}
