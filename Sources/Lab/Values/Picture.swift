/// The steps of the pipeline that a picture can show, in order.
package enum Stage: String, Sendable, CaseIterable {
  /// Raw dB of the transform, 224×229.
  case decibels
  /// Scaled to [0, 1] by the corpus constants, 224×229.
  case normalised
  /// The 224×224 jet image that the network sees.
  case network
  /// The same after SpecAugment with the request's seed.
  case augmented
}

/// Which picture is wanted; echoed in the answer so that stale answers can be dropped.
package struct PictureRequest: Sendable, Equatable, Hashable {
  package var corpus: String
  package var utterance: String
  /// Slice index at `strideMilliseconds`.
  package var slice: Int
  package var strideMilliseconds: Int
  package var transform: String
  package var stage: Stage
  package var augmentSeed: UInt64

  package init(
    corpus: String, utterance: String, slice: Int, strideMilliseconds: Int, transform: String, stage: Stage,
    augmentSeed: UInt64
  ) {
    (self.corpus, self.utterance, self.slice) = (corpus, utterance, slice)
    (self.strideMilliseconds, self.transform, self.stage) = (strideMilliseconds, transform, stage)
    self.augmentSeed = augmentSeed
  }
}

/// A spectrogram ready to be drawn: row-major, row 0 the lowest bin.
package struct Picture: Sendable, Equatable {
  package enum Content: Sendable, Equatable {
    /// One value a cell with its unit ("dB", "") and the range that the colour map spans.
    case scalar([Float], unit: String, range: ClosedRange<Float>)
    /// Three values in [0, 1] a cell.
    case rgb([Float])
  }

  package let request: PictureRequest
  package let rows: Int
  package let columns: Int
  package let content: Content
  /// Seconds from the utterance's start covered by the columns.
  package let time: ClosedRange<Double>
  /// Hz of each row's centre, or the coefficient's number for MFCC.
  package let rowValues: [Double]
  /// "Hz" or "coefficient".
  package let rowUnit: String
  /// Slices of the utterance at the request's stride.
  package let sliceCount: Int

  package init(
    request: PictureRequest, rows: Int, columns: Int, content: Content, time: ClosedRange<Double>,
    rowValues: [Double], rowUnit: String, sliceCount: Int
  ) {
    (self.request, self.rows, self.columns, self.content) = (request, rows, columns, content)
    (self.time, self.rowValues, self.rowUnit, self.sliceCount) = (time, rowValues, rowUnit, sliceCount)
  }
}

/// Mono samples at 16 kHz of a whole utterance.
package struct Waveform: Sendable, Equatable {
  package let corpus: String
  package let utterance: String
  package let samples: [Float]
  package static let sampleRate = 16_000

  package init(corpus: String, utterance: String, samples: [Float]) {
    (self.corpus, self.utterance, self.samples) = (corpus, utterance, samples)
  }
}
