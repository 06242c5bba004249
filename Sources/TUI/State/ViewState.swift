import Foundation
import Lab

/// What the view pane looks at and what it has of it.
package struct ViewState: Sendable, Equatable {
  package static let strides = [10, 20, 50, 100, 200, 250, 500, 1000]

  package var corpus = ""
  package var utterance = ""
  package var slice = 0
  package var stride = Job.defaults.strideMilliseconds
  package var transform = ""
  package var stage = Stage.decibels
  package var seed: UInt64 = 0
  package var colormap = "viridis"
  /// dB that the lower end of the colours is above the picture's own.
  package var floor: Float = 0
  package private(set) var waveform: Waveform?
  /// The last answer; may lag behind `wanted`.
  package private(set) var picture: Picture?
  package private(set) var raster: Raster?
  /// Why what is wanted cannot be shown.
  package private(set) var failure: String?
  /// Pixel of the picture.
  package var cursor = Point(x: 0, y: 0)
  /// Cells that the spectrogram has, by which the cursor steps.
  package var plot = Size(width: 1, height: 1)

  package init() {}

  package var isEmpty: Bool { utterance.isEmpty }

  package var wanted: PictureRequest {
    PictureRequest(
      corpus: corpus, utterance: utterance, slice: slice, strideMilliseconds: stride, transform: transform,
      stage: stage, augmentSeed: stage == .augmented ? seed : 0)
  }

  /// Waiting for a picture other than the one that is shown.
  package var isStale: Bool { !isEmpty && picture?.request != wanted }

  package mutating func ask() -> [Effect] {
    failure = nil
    return isEmpty ? [] : [.request(.picture(wanted))]
  }

  package mutating func show(corpus: String, utterance: String) -> [Effect] {
    guard (corpus, utterance) != (self.corpus, self.utterance) else { return [] }
    (self.corpus, self.utterance, slice) = (corpus, utterance, 0)
    return [.request(.openUtterance(corpus: corpus, utterance: utterance))] + ask()
  }

  /// Late answers to questions that are no longer asked are dropped.
  package mutating func take(_ waveform: Waveform) {
    if (waveform.corpus, waveform.utterance) == (corpus, utterance) { self.waveform = waveform }
  }

  package mutating func take(_ picture: Picture) {
    guard answers(picture) else { return }
    slice = picture.request.slice
    failure = nil
    let before = self.picture
    self.picture = picture
    raster = Raster(picture)
    if let before, before.rows == picture.rows, before.columns > 0 {
      cursor.x = cursor.x * picture.columns / before.columns
    } else {
      cursor = Point(x: picture.columns / 2, y: picture.rows / 4)
    }
    move(0, 0)
  }

  /// Nothing is shown rather than another utterance's picture under this one's name.
  package mutating func fail(_ request: PictureRequest, _ sentence: String) {
    guard request == wanted else { return }
    (picture, raster, failure) = (nil, nil, sentence)
    if waveform?.utterance != utterance || waveform?.corpus != corpus { waveform = nil }
  }

  /// A slice beyond the last one is answered by the last.
  private func answers(_ picture: Picture) -> Bool {
    var asked = wanted
    if asked.slice >= picture.sliceCount { asked.slice = max(0, picture.sliceCount - 1) }
    return picture.request == asked
  }

  /// By cells of the screen: a key always moves the cursor to another cell.
  package mutating func move(_ x: Int, _ y: Int) {
    guard let picture, picture.rows > 0, picture.columns > 0 else { return }
    let step = Size(
      width: max(1, picture.columns / max(1, plot.width)), height: max(1, picture.rows / max(1, plot.height)))
    cursor.x = max(0, min(picture.columns - 1, cursor.x + x * step.width))
    cursor.y = max(0, min(picture.rows - 1, cursor.y + y * step.height))
  }

  /// Slices of the shown utterance; 1 until the answer is here.
  package var sliceCount: Int {
    guard let picture, picture.request.utterance == utterance, picture.request.strideMilliseconds == stride else {
      return 1
    }
    return max(1, picture.sliceCount)
  }

  /// ceil(((max(L, SR + 1)/SR − 1)·1000)/stride), as the pipeline slices.
  package static func sliceCount(seconds: Double, stride: Int) -> Int {
    guard stride > 0, seconds.isFinite, seconds < 1e7 else { return 1 }
    return max(1, Int(((max(seconds, 1.0000625) - 1) * 1000 / Double(stride)).rounded(.up)))
  }

  /// What the colours span: the picture's range, in raw dB less what the floor key took.
  package func colorRange(_ raster: Raster) -> ClosedRange<Float> {
    guard picture?.request.stage == .decibels else { return raster.range }
    return min(raster.range.lowerBound + floor, raster.range.upperBound - 5)...raster.range.upperBound
  }

  /// Seconds, Hz (or coefficient) and value under the cursor.
  package var reading: (time: Double, row: Double, value: String)? {
    guard let picture, let raster, picture.columns > 0, picture.rowValues.indices.contains(cursor.y),
      cursor.x < picture.columns, raster.values.count == picture.rows * picture.columns
    else { return nil }
    let span = picture.time.upperBound - picture.time.lowerBound
    let time = picture.time.lowerBound + span * (Double(cursor.x) + 0.5) / Double(picture.columns)
    let pixel = cursor.y * picture.columns + cursor.x
    return (time, picture.rowValues[cursor.y], reading(pixel, picture, raster))
  }

  private func reading(_ pixel: Int, _ picture: Picture, _ raster: Raster) -> String {
    switch picture.content {
    case .scalar(let values, let unit, _):
      return Numbers.fixed(Double(values[pixel]), unit == "dB" ? 1 : 3) + (unit.isEmpty ? "" : " \(unit)")
    case .rgb(let rgb):
      guard !raster.values[pixel].isNaN, rgb.count > 3 * pixel + 2 else { return "masked" }
      let place = ScreenColormap.jetIndex(red: rgb[3 * pixel], green: rgb[3 * pixel + 1], blue: rgb[3 * pixel + 2])
      let off = place.distance > 0.004 ? ", \(Numbers.fixed(Double(place.distance), 3)) off jet" : ""
      return "index \(place.index)\(off)"
    }
  }
}

extension Stage {
  package var label: String {
    switch self {
    case .decibels: "raw dB"
    case .normalised: "normalised"
    case .network: "network's jet image"
    case .augmented: "augmented"
    }
  }
}
