import Core
import Foundation
import Synchronization

/// Where a long task of the pipeline stands; called from the engine's pool threads.
package typealias PipelineProgress = @Sendable (_ phase: String, _ done: Int, _ total: Int) -> Void

/// Walks over the utterances of a corpus on all of the engine's threads.
@Engine enum SlicePass {
  /// Calls `body` once an utterance, with its number and its audio, on some pool thread; `worker` makes what one thread
  /// keeps. The order is free, so results must go to places of their own.
  ///
  /// - Throws: the first failure, or `PipelineError.stopped` when `control` wishes so.
  static func forEachUtterance<Worker>(
    _ corpus: Corpus, phase: String, control: RunControl?, progress: PipelineProgress?,
    units: (Int) -> Int = { _ in 1 }, worker make: () throws -> Worker,
    _ body: (Worker, Int) throws -> Void
  ) throws {
    let utterances = corpus.utterances, total = utterances.indices.reduce(0) { $0 + units($1) }
    let next = Atomic<Int>(0), done = Atomic<Int>(0), failure = FirstError()
    Parallel.run { _, _ in
      failure.catching {
        let worker = try make()
        while !failure.isSet {
          let index = next.add(1, ordering: .relaxed).oldValue
          guard index < utterances.count else { return }
          try proceed(control)
          try body(worker, index)
          let finished = done.add(units(index), ordering: .relaxed).newValue
          progress?(phase, finished, total)
        }
      }
    }
    try failure.rethrow()
  }

  /// Waits while paused.
  ///
  /// - Throws: `PipelineError.stopped`.
  nonisolated static func proceed(_ control: RunControl?) throws {
    guard let control else { return }
    while control.wish == .pause { usleep(20_000) }
    if control.wish == .stopNow { throw PipelineError.stopped }
  }

  /// One thread's means to turn utterances into matrices.
  final class Worker {
    private let spectral: any SpectralWorker
    private let scratch: Arena
    private var slice: UnsafeMutablePointer<Float> { scratch.base }
    private var matrix: UnsafeMutablePointer<Float> { scratch.base + Slicer.length }

    nonisolated init(_ transform: any SpectralTransform) throws {
      spectral = try transform.makeWorker()
      scratch = try Arena(count: Slicer.length + Geometry.cells)
    }

    /// The matrix of one slice, valid until the next call.
    nonisolated func matrix(_ index: Int, of samples: [Float], _ slicer: Slicer) -> UnsafePointer<Float> {
      slicer.copy(index, of: samples, to: slice)
      spectral.transform(slice, into: matrix)
      return UnsafePointer(matrix)
    }
  }

  /// Calls `body(slice, worker's matrix)` for every slice of the corpus, on the pool.
  static func forEachSlice(
    _ corpus: Corpus, _ table: SliceTable, _ transform: any SpectralTransform, phase: String, control: RunControl?,
    progress: PipelineProgress?, _ body: (Int, UnsafePointer<Float>) throws -> Void
  ) throws {
    try forEachUtterance(
      corpus, phase: phase, control: control, progress: progress, units: { table.slices(of: $0).count },
      worker: { try Worker(transform) }
    ) { worker, index in
      let audio = try Audio.read(corpus.url(of: corpus.utterances[index]))
      let slices = table.slices(of: index)
      guard table.slicer.count(samples: audio.samples.count) == slices.count else {
        throw PipelineError.changed(path: corpus.url(of: corpus.utterances[index]).path)
      }
      for slice in slices {
        try proceed(control)
        try body(slice, worker.matrix(slice - slices.lowerBound, of: audio.samples, table.slicer))
      }
    }
  }

  /// Smallest and largest value of every slice, in the table's order.
  static func extremes(
    _ corpus: Corpus, _ table: SliceTable, _ transform: any SpectralTransform, control: RunControl? = nil,
    progress: PipelineProgress? = nil
  ) throws -> [Extremes] {
    var extremes = [Extremes](repeating: Extremes(smallest: 0, largest: 0), count: table.count)
    try extremes.withUnsafeMutableBufferPointer { buffer in
      // Every slice is written by one thread alone.
      nonisolated(unsafe) let buffer = buffer
      try forEachSlice(corpus, table, transform, phase: "levels", control: control, progress: progress) {
        buffer[$0] = Extremes($1)
      }
    }
    return extremes
  }
}
