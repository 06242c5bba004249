import Foundation
import Lab

/// One utterance in the view, and what was answered about it.
package struct Tile: Sendable, Equatable {
  package var corpus = ""
  package var utterance = ""
  package fileprivate(set) var waveform: Waveform?
  /// The last answer; may lag behind what is wanted.
  package fileprivate(set) var picture: Picture?
  package fileprivate(set) var raster: Raster?
  /// Why what is wanted cannot be shown.
  package fileprivate(set) var failure: String?

  package init(corpus: String = "", utterance: String = "") { (self.corpus, self.utterance) = (corpus, utterance) }

  package var reference: UtteranceReference { UtteranceReference(corpus: corpus, utterance: utterance) }
}

/// What the view pane looks at and what it has of it: one utterance, or up to four side by side on one time axis, with
/// one cursor.
package struct ViewState: Sendable, Equatable {
  /// Utterances that stand side by side at most.
  package static let mostTiles = 4

  package private(set) var tiles = [Tile()]
  /// The one that keys choose slices of and whose numbers are read out first.
  package private(set) var active = 0
  package var slice = 0
  package var stride = Job.defaults.strideMilliseconds
  package var transform = ""
  package var stage = Stage.decibels
  /// The whole utterance rather than one slice; only for stages that are no network's input.
  package var isWhole = false
  package var seed: UInt64 = 0
  package var colormap = "viridis"
  /// dB that the lower end of the colours is above the picture's own.
  package var floor: Float = 0
  /// Pixel of the picture.
  package var cursor = Point(x: 0, y: 0)
  package var viewport = Viewport()
  /// Cells that the spectrogram has, by which the cursor steps.
  package var plot = Size(width: 1, height: 1)

  package init() {}

  package var tile: Tile { tiles[active] }
  package var corpus: String { tile.corpus }
  package var utterance: String { tile.utterance }
  package var waveform: Waveform? { tile.waveform }
  package var picture: Picture? { tile.picture }
  package var raster: Raster? { tile.raster }
  package var failure: String? { tile.failure }

  package var isEmpty: Bool { utterance.isEmpty }
  package var showsWhole: Bool { isWhole && (stage == .decibels || stage == .normalised) }

  // MARK: Asking

  package var wanted: PictureRequest { wanted(active) }

  package func wanted(_ index: Int) -> PictureRequest {
    PictureRequest(
      corpus: tiles[index].corpus, utterance: tiles[index].utterance, slice: showsWhole ? 0 : slice,
      strideMilliseconds: stride, transform: transform, stage: stage, augmentSeed: stage == .augmented ? seed : 0,
      isWhole: showsWhole, place: index)
  }

  /// Waiting for a picture other than the one that is shown.
  package var isStale: Bool { !isEmpty && picture?.request != wanted }

  package mutating func ask() -> [Effect] {
    guard !isEmpty else { return [] }
    for index in tiles.indices { tiles[index].failure = nil }
    return tiles.indices.map { .request(.picture(wanted($0))) }
  }

  package mutating func show(corpus: String, utterance: String) -> [Effect] {
    guard tiles.count > 1 || (corpus, utterance) != (self.corpus, self.utterance) else { return [] }
    return show([UtteranceReference(corpus: corpus, utterance: utterance)])
  }

  /// Up to four utterances side by side; what is there already is kept.
  package mutating func show(_ references: [UtteranceReference]) -> [Effect] {
    guard !references.isEmpty else { return [] }
    let known = tiles
    tiles = references.prefix(Self.mostTiles).map { reference in
      known.first { $0.reference == reference } ?? Tile(corpus: reference.corpus, utterance: reference.utterance)
    }
    (active, slice) = (0, 0)
    let opening = tiles.filter { $0.waveform == nil }.map {
      Effect.request(.openUtterance(corpus: $0.corpus, utterance: $0.utterance))
    }
    return opening + ask()
  }

  /// The next of those side by side becomes the active one.
  package mutating func activate(_ distance: Int) {
    active = (active + distance + tiles.count) % tiles.count
  }

  // MARK: Answers

  /// Late answers to questions that are no longer asked are dropped.
  package mutating func take(_ waveform: Waveform) {
    for index in tiles.indices
    where (tiles[index].corpus, tiles[index].utterance) == (waveform.corpus, waveform.utterance) {
      tiles[index].waveform = waveform
    }
  }

  package mutating func take(_ picture: Picture) {
    guard let index = tiles.indices.first(where: { answers(picture, $0) }) else { return }
    if tiles.count == 1, !showsWhole { slice = picture.request.slice }
    let before = tiles[index].picture
    (tiles[index].failure, tiles[index].picture, tiles[index].raster) = (nil, picture, Raster(picture))
    guard index == active else { return }
    if let before, before.rows == picture.rows, before.columns > 0 {
      cursor.x = cursor.x * picture.columns / before.columns
    } else {
      cursor = Point(x: picture.columns / 2, y: picture.rows / 4)
    }
    move(0, 0)
  }

  /// Nothing is shown rather than another utterance's picture under this one's name.
  package mutating func fail(_ request: PictureRequest, _ sentence: String) {
    guard let index = tiles.indices.first(where: { wanted($0) == request }) else { return }
    (tiles[index].picture, tiles[index].raster, tiles[index].failure) = (nil, nil, sentence)
    if let wave = tiles[index].waveform, (wave.corpus, wave.utterance) != (request.corpus, request.utterance) {
      tiles[index].waveform = nil
    }
  }

  /// A slice beyond the last one is answered by the last.
  private func answers(_ picture: Picture, _ index: Int) -> Bool {
    var asked = wanted(index)
    if asked.slice >= picture.sliceCount { asked.slice = max(0, picture.sliceCount - 1) }
    return picture.request == asked
  }

  /// Slices of the longest utterance that is shown; 1 until the answer is here.
  package var sliceCount: Int {
    guard !showsWhole else { return 1 }
    return tiles.map { tile in
      guard let picture = tile.picture, picture.request.utterance == tile.utterance,
        picture.request.strideMilliseconds == stride
      else { return 1 }
      return max(1, picture.sliceCount)
    }.max() ?? 1
  }

  // MARK: Cursor and zoom

  /// By cells of the screen: a key always moves the cursor to another cell.
  package mutating func move(_ x: Int, _ y: Int) {
    guard let picture, picture.rows > 0, picture.columns > 0 else { return }
    let (columns, rows) = (viewport.columns(of: picture.columns).count, viewport.rows(of: picture.rows).count)
    let step = Size(width: max(1, columns / max(1, plot.width)), height: max(1, rows / max(1, plot.height)))
    cursor.x = max(0, min(picture.columns - 1, cursor.x + x * step.width))
    cursor.y = max(0, min(picture.rows - 1, cursor.y + y * step.height))
    let place = place(of: cursor, picture)
    viewport.follow(place.x, place.y)
  }

  private func place(of cursor: Point, _ picture: Picture) -> (x: Double, y: Double) {
    ((Double(cursor.x) + 0.5) / Double(picture.columns), (Double(cursor.y) + 0.5) / Double(picture.rows))
  }

  package mutating func zoom(time: Int = 0, rows: Int = 0) {
    guard let picture, picture.rows > 0, picture.columns > 0 else { return }
    let place = place(of: cursor, picture)
    if time != 0 { viewport.zoomTime(time, around: place.x) }
    if rows != 0 { viewport.zoomRows(rows, around: place.y) }
  }

  /// Moves what is shown, and the cursor with it. - Returns: false at the edge.
  package mutating func pan(_ x: Double, _ y: Double) -> Bool {
    guard let picture, picture.rows > 0, picture.columns > 0, viewport.pan(x, y) else { return false }
    let (columns, rows) = (viewport.columns(of: picture.columns), viewport.rows(of: picture.rows))
    cursor.x = max(columns.lowerBound, min(columns.upperBound - 1, cursor.x))
    cursor.y = max(rows.lowerBound, min(rows.upperBound - 1, cursor.y))
    return true
  }

  // MARK: Reading

  /// What the colours span: the picture's range, in raw dB less what the floor key took. Side by side all share one.
  package func colorRange(_ raster: Raster) -> ClosedRange<Float> {
    let shown = tiles.compactMap(\.raster).map(\.range) + [raster.range]
    let low = shown.map(\.lowerBound).min() ?? raster.range.lowerBound
    let high = shown.map(\.upperBound).max() ?? raster.range.upperBound
    guard picture?.request.stage == .decibels else { return low...high }
    return min(low + floor, high - 5)...high
  }

  /// Seconds, Hz (or coefficient) and value under the cursor.
  package var reading: (time: Double, row: Double, value: String)? { reading(active) }

  package func reading(_ index: Int) -> (time: Double, row: Double, value: String)? {
    guard let picture = tiles[index].picture, let raster = tiles[index].raster, picture.columns > 0,
      picture.rowValues.indices.contains(cursor.y), raster.values.count == picture.rows * picture.columns
    else { return nil }
    let x = min(cursor.x, picture.columns - 1)
    let span = picture.time.upperBound - picture.time.lowerBound
    let time = picture.time.lowerBound + span * (Double(x) + 0.5) / Double(picture.columns)
    return (time, picture.rowValues[cursor.y], reading(cursor.y * picture.columns + x, picture, raster))
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
