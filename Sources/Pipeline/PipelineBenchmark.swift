import Core

/// Times the way from a slice's samples to its dB matrix.
package enum PipelineBenchmark {
  /// Median milliseconds a slice, one thread, dB included; plans and tables are made before.
  package static func millisecondsPerSlice(transform: any SpectralTransform, repetitions: Int = 200) throws -> Double {
    let worker = try transform.makeWorker()
    let slice = noise(), scratch = try Arena(count: Geometry.cells)
    let clock = ContinuousClock()
    worker.transform(slice, into: scratch.base)
    let times = (0..<max(1, repetitions)).map { _ in
      clock.measure { worker.transform(slice, into: scratch.base) }
    }
    return times.sorted()[times.count / 2] / .milliseconds(1)
  }

  /// Index images a second (transform, dB, normalisation, resize, quantisation) on all of the engine's threads.
  @Engine package static func slicesPerSecond(transform: any SpectralTransform, slices: Int = 400) throws -> Double {
    let slice = noise(), scaling = Scaling(lo: -60, hi: 20)
    // Made first, on this thread, so that no table is built within the measured time.
    _ = try transform.makeWorker()
    let failure = FirstError()
    let elapsed = ContinuousClock().measure {
      Parallel.forEach(slices) { range in
        failure.catching {
          let worker = try transform.makeWorker(), matrix = try Arena(count: Geometry.cells)
          var image = [UInt8](repeating: 0, count: Geometry.pixels)
          for _ in range {
            worker.transform(slice, into: matrix.base)
            IndexImage.make(matrix.base, scaling: scaling, into: &image)
          }
        }
      }
    }
    try failure.rethrow()
    return Double(slices) / (elapsed / .seconds(1))
  }

  /// Uniform noise under a slow envelope: every bin is busy, and the dB floor is met.
  private static func noise() -> [Float] {
    let random = RandomStream(seed: 1, purpose: "benchmark")
    return (0..<Slicer.length).map { (random.uniform($0) - 0.5) * Float($0) / Float(Slicer.length) }
  }
}
