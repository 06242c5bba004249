import Pipeline

/// The steps of the pipeline that a picture can show, in order.
package typealias Stage = RenderStage

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
  /// The whole utterance, second by second, instead of a slice.
  package var isWhole: Bool
  /// Where it is shown, among utterances side by side; a newer request for the same place replaces an older one.
  package var place: Int

  package init(
    corpus: String, utterance: String, slice: Int, strideMilliseconds: Int, transform: String, stage: Stage,
    augmentSeed: UInt64, isWhole: Bool = false, place: Int = 0
  ) {
    (self.corpus, self.utterance, self.slice) = (corpus, utterance, slice)
    (self.strideMilliseconds, self.transform, self.stage) = (strideMilliseconds, transform, stage)
    (self.augmentSeed, self.isWhole, self.place) = (augmentSeed, isWhole, place)
  }
}

/// A spectrogram ready to be drawn: the pipeline's rendered slice and what it answers.
package struct Picture: Sendable, Equatable {
  package typealias Content = RenderedSlice.Content

  package let request: PictureRequest
  package let slice: RenderedSlice

  package init(request: PictureRequest, slice: RenderedSlice) { (self.request, self.slice) = (request, slice) }

  /// Row-major, row 0 the lowest bin.
  package var rows: Int { slice.rows }
  package var columns: Int { slice.columns }
  package var content: Content { slice.content }
  /// Seconds from the utterance's start covered by the columns.
  package var time: ClosedRange<Double> { slice.time }
  /// Hz of each row's centre, or the coefficient's number for MFCC.
  package var rowValues: [Double] { slice.rowValues }
  /// "Hz" or "coefficient".
  package var rowUnit: String { slice.rowUnit }
  /// Slices of the utterance at the request's stride.
  package var sliceCount: Int { slice.sliceCount }
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
