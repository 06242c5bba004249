import Core
import Foundation
import SndFile
import Soxr

/// Which index images are wanted.
package struct ImageRequest: Sendable {
  package let corpus: Corpus
  package let transform: any SpectralTransform
  package let slicer: Slicer
  /// Slices whose extremes give lo and hi: nil takes all, as in the paper; the training slices are the strict way.
  package let scalingSlices: [Int]?

  package init(corpus: Corpus, transform: any SpectralTransform, slicer: Slicer, scalingSlices: [Int]? = nil) {
    (self.corpus, self.transform, self.slicer) = (corpus, transform, slicer)
    self.scalingSlices = scalingSlices
  }

  package var table: SliceTable { SliceTable(corpus.utterances, slicer: slicer) }
}

/// The index images of whole corpora on disk, memory-mapped.
///
/// Two passes, both over the audio: the first keeps each slice's smallest and largest value, the second transforms again
/// and quantises with the lo and hi that follow. Transforming twice costs a fraction of a millisecond a slice; keeping
/// the float32 matrices in between would cost 205 kB a slice (19 GB for Emo-DB at 10 ms), and float16 is too coarse to
/// give the same levels. The extremes are an entry of their own, so another split (`train` scaling) costs the second
/// pass alone.
///
/// A key hashes all that determines the bytes: every file's content and order, transform and its version, stride, lo, hi
/// and the libraries' versions. Nothing stale can be found under it.
package struct ImageCache: Sendable {
  private let folder: CacheFolder

  /// Bytes: 20 GiB, or as many as $QUAVER_CACHE_GIB says; a slice takes 49 KiB.
  ///
  /// - Throws: `PipelineError.impossibleCacheLimit`.
  package static func limit(gibibytes text: String?) throws -> Int {
    guard let text, !text.isEmpty else { return 20 << 30 }
    guard let asked = Double(text), asked.isFinite, asked > 0 else { throw PipelineError.impossibleCacheLimit(text) }
    return Int(min(asked, 0x1p20) * 0x1p30)
  }
  private static let format = "quaver images 1"

  /// - Parameters:
  ///   - folder: made if missing.
  ///   - limit: bytes that the cache may take on disk; nil goes by the environment.
  /// - Throws: `CoreError.cannotWrite`, `PipelineError.impossibleCacheLimit`.
  package init(folder: URL, limit: Int? = nil) throws {
    let asked = ProcessInfo.processInfo.environment["QUAVER_CACHE_GIB"]
    self.folder = try CacheFolder(folder, limit: try limit ?? Self.limit(gibibytes: asked))
  }

  /// lo and hi of the request, from the cache or by the first pass.
  @Engine package func scaling(
    for request: ImageRequest, control: RunControl? = nil, progress: PipelineProgress? = nil
  ) throws -> Scaling {
    try levels(request, key: levelsKey(request), control: control, progress: progress)
  }

  /// The request's images, from the cache or made now.
  ///
  /// - Throws: `PipelineError.stopped` when `control` wishes so (nothing half-written stays), a `PipelineError` naming the
  ///   file that cannot be read, `PipelineError.cacheTooSmall`, `CoreError.cannotWrite`.
  @Engine package func images(
    for request: ImageRequest, control: RunControl? = nil, progress: PipelineProgress? = nil
  ) throws -> ImageSet {
    // Before hours over the sounds, not after.
    try folder.check(ImageSet.bytes(count: request.table.count))
    let base = try levelsKey(request)
    let scaling = try levels(request, key: base, control: control, progress: progress)
    let key = ContentHash("\(base) \(scaling.lo.bitPattern) \(scaling.hi.bitPattern)"), name = "\(key).images"
    let table = request.table
    let header = ImageSet.header(key: key, count: table.count)
    if let data = folder.open(name), let images = ImageSet(data, key: key, count: table.count, scaling) {
      return images
    }
    try make(request, table, scaling, header, as: name, unchanged: base, control: control, progress: progress)
    guard let data = folder.open(name), let images = ImageSet(data, key: key, count: table.count, scaling) else {
      throw CoreError.cannotRead(path: folder.url.appendingPathComponent(name).path, reason: "it vanished")
    }
    return images
  }

  @Engine private func make(
    _ request: ImageRequest, _ table: SliceTable, _ scaling: Scaling, _ header: Data, as name: String,
    unchanged key: ContentHash, control: RunControl?, progress: PipelineProgress?
  ) throws {
    let size = header.count + table.count * Geometry.pixels
    try folder.store(name, size: size) { descriptor in
      try header.withUnsafeBytes { try folder.write($0, to: descriptor, at: 0) }
      try SlicePass.forEachSlice(
        request.corpus, table, request.transform, phase: "images", control: control, progress: progress
      ) { slice, matrix in
        try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Geometry.pixels) { image in
          guard let pixels = image.baseAddress else { return }
          IndexImage.make(matrix, scaling: scaling, into: pixels)
          try folder.write(
            UnsafeRawBufferPointer(image), to: descriptor, at: header.count + slice * Geometry.pixels)
        }
      }
      try checkUnchanged(request, key)
    }
  }

  @Engine private func levels(
    _ request: ImageRequest, key: ContentHash, control: RunControl?, progress: PipelineProgress?
  ) throws -> Scaling {
    let table = request.table, name = "\(key).levels", bytes = table.count * MemoryLayout<Extremes>.stride
    var extremes = folder.open(name).flatMap { data -> [Extremes]? in
      guard data.count == bytes else { return nil }
      return data.withUnsafeBytes { raw in Array(raw.bindMemory(to: Extremes.self)) }
    }
    if extremes == nil {
      let made = try SlicePass.extremes(
        request.corpus, table, request.transform, control: control, progress: progress)
      try checkUnchanged(request, key)
      try folder.store(name, size: bytes) { descriptor in
        try made.withUnsafeBytes { try folder.write($0, to: descriptor, at: 0) }
      }
      extremes = made
    }
    guard let extremes else { return Scaling(lo: 0, hi: 0) }
    guard let slices = request.scalingSlices else { return Scaling(extremes: extremes) }
    return Scaling(extremes: slices.map { extremes[$0] })
  }

  /// A file that changed between its hash and its reading must not be filed under the old hash.
  private func checkUnchanged(_ request: ImageRequest, _ key: ContentHash) throws {
    guard try levelsKey(request) == key else { throw PipelineError.changed(path: request.corpus.root.path) }
  }

  /// The key of everything that lo and hi depend on.
  private func levelsKey(_ request: ImageRequest) throws -> ContentHash {
    let transform = request.transform
    var lines = [
      Self.format, Self.libraries, "\(transform.name) \(transform.version)",
      "stride \(request.slicer.strideMilliseconds)",
    ]
    var identities = FileIdentities(cache: folder.url)
    for utterance in request.corpus.utterances {
      lines.append("\(try identities.hash(of: request.corpus.url(of: utterance))) \(utterance.samples)")
    }
    identities.save()
    return ContentHash(lines.joined(separator: "\n"))
  }

  /// Their versions may change the last bits of a sample or a spectrum.
  private static let libraries = [
    String(cString: sf_version_string()), String(cString: soxr_version()), FourierTransform.libraryVersion,
  ].joined(separator: " ")
}

/// The mapped index images of one request, in the slice table's order.
package struct ImageSet: Sendable {
  package let count: Int
  /// The lo and hi that they were made with.
  package let scaling: Scaling
  /// Equal only for equal bytes: it follows from every file's content and all that is made of it.
  package let key: String
  private let data: Data
  private let start: Int

  /// Pages begin on a multiple of this.
  private static let headerSize = 4096

  static func bytes(count: Int) -> Int { headerSize + count * Geometry.pixels }

  static func header(key: ContentHash, count: Int) -> Data {
    var header = Data("quaver images\nkey \(key)\nimages \(count)\n".utf8)
    header.append(Data(count: headerSize - header.count))
    return header
  }

  /// nil where the file is not exactly what its maker would have written.
  fileprivate init?(_ data: Data, key: ContentHash, count: Int, _ scaling: Scaling) {
    let header = Self.header(key: key, count: count)
    guard data.count == header.count + count * Geometry.pixels, data.prefix(header.count) == header else { return nil }
    (self.data, self.count, self.scaling, start) = (data, count, scaling, header.count)
    self.key = key.description
  }

  /// The 224×224 bytes of one slice, valid during `body`.
  package func withImage<R>(_ slice: Int, _ body: (UnsafePointer<UInt8>) throws -> R) rethrows -> R {
    precondition((0..<count).contains(slice), "image \(slice) of \(count)")
    return try data.withUnsafeBytes { (raw: UnsafeRawBufferPointer) in
      guard let base = raw.baseAddress else { preconditionFailure("a map of \(count) images has no address") }
      return try body((base + start + slice * Geometry.pixels).assumingMemoryBound(to: UInt8.self))
    }
  }

  /// Fills a batch [slices][3][224][224] on the engine's pool, augmented if asked.
  @Engine package func fill(
    _ batch: UnsafeMutablePointer<Float>, slices: [Int], colormap: Colormap = .jet,
    augment: (policy: SpecAugment, epoch: Int)? = nil
  ) {
    Parallel.forEach(slices.count) { range in
      for i in range {
        let rgb = batch + i * 3 * Geometry.pixels
        withImage(slices[i]) { image in
          if let augment {
            augment.policy.apply(
              to: image, colormap: colormap, epoch: augment.epoch, slice: slices[i], into: rgb)
          } else {
            colormap.expand(image, into: rgb)
          }
        }
      }
    }
  }
}
