/// Cuts an utterance at 16 kHz into slices of one second.
package struct Slicer: Sendable, Equatable, Hashable {
  /// Samples a slice.
  package static let length = Audio.pipelineRate
  package let strideMilliseconds: Int

  /// - Throws: `PipelineError.impossibleStride`.
  package init(strideMilliseconds: Int) throws {
    guard (1...60_000).contains(strideMilliseconds) else {
      throw PipelineError.impossibleStride(milliseconds: strideMilliseconds)
    }
    self.strideMilliseconds = strideMilliseconds
  }

  /// Slices of an utterance of `samples` samples: ⌈((max(L, SR + 1)/SR − 1)·1000)/stride⌉, in integers, so that no
  /// rounding adds a slice.
  package func count(samples: Int) -> Int {
    let beyond = (max(samples, Self.length + 1) - Self.length) * 1000
    let stride = strideMilliseconds * Audio.pipelineRate
    return (beyond + stride - 1) / stride
  }

  /// The same from seconds at a file's own rate.
  package func count(seconds: Double) -> Int {
    guard seconds.isFinite, seconds < 1e7 else { return 1 }
    return count(samples: Int((seconds * Double(Audio.pipelineRate)).rounded()))
  }

  /// First sample of slice `index`.
  package func start(_ index: Int) -> Int { index * strideMilliseconds * Audio.pipelineRate / 1000 }

  /// Copies slice `index` to `slice` (16 000 floats), padded with zeros past the utterance's end.
  package func copy(_ index: Int, of samples: [Float], to slice: UnsafeMutablePointer<Float>) {
    let start = min(start(index), samples.count), count = min(samples.count - start, Self.length)
    samples.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { slice.update(from: base + start, count: count) }
    }
    (slice + count).update(repeating: 0, count: Self.length - count)
  }

  /// Slice `index` as an array of 16 000.
  package func cut(_ index: Int, of samples: [Float]) -> [Float] {
    [Float](unsafeUninitializedCapacity: Self.length) { buffer, filled in
      guard let base = buffer.baseAddress else { return }
      copy(index, of: samples, to: base)
      filled = Self.length
    }
  }
}
