import Core
import Foundation

/// The network's images of one sound file that belongs to no corpus.
package struct UtteranceImages {
  package let count: Int
  /// Seconds from the utterance's start to each slice's.
  package let starts: [Double]
  private let samples: [Float]
  private let slicer: Slicer
  private let worker: SlicePass.Worker
  private let scaling: Scaling

  /// - Throws: `PipelineError` naming the file, `CoreError.outOfMemory`.
  package init(
    contentsOf url: URL, slicer: Slicer, transform: any SpectralTransform, scaling: Scaling
  ) throws {
    samples = try Audio.read(url).samples
    worker = try SlicePass.Worker(transform)
    (self.slicer, self.scaling) = (slicer, scaling)
    count = slicer.count(samples: samples.count)
    starts = (0..<count).map { Double(slicer.start($0)) / Double(Audio.pipelineRate) }
  }

  /// Fills [slices][3][224][224], in [0, 1].
  package func fill(_ batch: UnsafeMutablePointer<Float>, slices: Range<Int>, colormap: Colormap = .jet) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Geometry.pixels) { image in
      guard let pixels = image.baseAddress else { return }
      for (index, slice) in slices.enumerated() {
        IndexImage.make(worker.matrix(slice, of: samples, slicer), scaling: scaling, into: pixels)
        colormap.expand(pixels, into: batch + index * 3 * Geometry.pixels)
      }
    }
  }
}
