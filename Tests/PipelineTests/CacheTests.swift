import Core
import Foundation
import Pipeline
import Synchronization
import Testing

@Suite struct CacheTests {
  private let folder: TemporaryFolder
  private var store: URL { folder.url.appendingPathComponent("cache") }
  private var speech: URL { folder.url.appendingPathComponent("corpus") }

  init() throws {
    folder = try TemporaryFolder()
    try folder.tones(["03a01Fa.wav", "08a01Na.wav", "09a01Wa.wav"].map { "corpus/\($0)" }, seconds: 2)
  }

  private func request(_ name: String = "linear", stride: Int = 200, scaling: [Int]? = nil) throws -> ImageRequest {
    ImageRequest(
      corpus: try Corpus.scan(speech), transform: try Transforms.named(name),
      slicer: try Slicer(strideMilliseconds: stride), scalingSlices: scaling)
  }

  private func files(_ kind: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: store.path).filter { $0.hasSuffix(kind) }.sorted()
  }

  /// The images, and how many slices had to be computed for them.
  @Engine private func images(_ request: ImageRequest, limit: Int = 1 << 30) throws -> (set: ImageSet, work: Int) {
    let work = Mutex<[String: Int]>([:])
    let set = try ImageCache(folder: store, limit: limit).images(for: request) { phase, done, total in
      work.withLock { $0[phase] = max($0[phase] ?? 0, done) }
      precondition(done <= total)
    }
    return (set, work.withLock { $0.values.reduce(0, +) })
  }

  /// The same, computed slice by slice without the cache.
  private func expected(_ request: ImageRequest) throws -> [[UInt8]] {
    let utterances = request.corpus.utterances, table = request.table
    let matrices = try (0..<table.count).map { slice in
      let (utterance, index) = table.locate(slice)
      let audio = try Audio.read(request.corpus.url(of: utterances[utterance]))
      var cut = [Float](repeating: 0, count: Slicer.length)
      request.slicer.copy(index, of: audio.samples, to: &cut)
      return try request.transform.matrix(of: cut)
    }
    let scaling = Scaling(extremes: (request.scalingSlices ?? Array(0..<table.count)).map { Extremes(matrices[$0]) })
    return matrices.map { IndexImage.make($0, scaling: scaling) }
  }

  private func bytes(_ set: ImageSet) -> [[UInt8]] {
    (0..<set.count).map { slice in
      set.withImage(slice) { Array(UnsafeBufferPointer(start: $0, count: Geometry.pixels)) }
    }
  }

  @Test(arguments: Transforms.names)
  @Engine func imagesAreThoseOfThePipelineAndAreMadeOnce(name: String) async throws {
    let request = try request(name)
    let first = try images(request)
    #expect(first.set.count == 15 && first.work == 30)
    #expect(try bytes(first.set) == expected(request))
    let second = try images(request)
    #expect(second.work == 0 && bytes(second.set) == bytes(first.set) && second.set.scaling == first.set.scaling)
  }

  @Test @Engine func everythingThatCountsIsInTheKey() async throws {
    let plain = try images(request())
    // Other scaling slices need the second pass alone; another transform or stride needs both.
    let train = try request(scaling: [0, 3, 4])
    let strict = try images(train)
    #expect(strict.work == 15 && strict.set.scaling != plain.set.scaling)
    #expect(try bytes(strict.set) == expected(train))
    #expect(try images(request("mel")).work == 30)
    #expect(try images(request(stride: 250)).work == 24)
    #expect(try images(request()).work == 0)
    let scaling = try ImageCache(folder: store).scaling(for: request())
    #expect(scaling == plain.set.scaling)
  }

  @Test @Engine func aReplacedFileIsNeverServedStale() async throws {
    let before = try images(request())
    let file = speech.appendingPathComponent("08a01Na.wav")
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    // Same name, same length, same modification time; another tone.
    try WAV(tone(hertz: 3000, seconds: 2)).data.write(to: file)
    try FileManager.default.setAttributes(
      [.modificationDate: attributes[.modificationDate] ?? Date()], ofItemAtPath: file.path)
    let after = try images(request())
    #expect(after.work == 30)
    #expect(try bytes(after.set) == expected(request()) && bytes(after.set) != bytes(before.set))
    // Touched, but the same content: found again.
    try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: file.path)
    #expect(try images(request()).work == 0)
  }

  @Test @Engine func aRememberedFileIsReadAgainOnceReplaced() async throws {
    // Content hashes are remembered only of files that have lain still for more than two seconds.
    try await Task.sleep(for: .seconds(3.1))
    let before = try images(request())
    let memory = try String(contentsOf: store.appendingPathComponent("identities.json"), encoding: .utf8)
    #expect(memory.contains("08a01Na.wav") && memory.contains("09a01Wa.wav"))
    #expect(try images(request()).work == 0)
    let file = speech.appendingPathComponent("08a01Na.wav")
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    try WAV(tone(hertz: 3000, seconds: 2)).data.write(to: file)
    try FileManager.default.setAttributes(
      [.modificationDate: attributes[.modificationDate] ?? Date()], ofItemAtPath: file.path)
    let after = try images(request())
    #expect(after.work == 30 && bytes(after.set) != bytes(before.set))
  }

  @Test(arguments: ["short", "long", "header", "empty", "levels"])
  @Engine func damagedEntriesAreMadeAgain(damage: String) async throws {
    let request = try request()
    let whole = bytes(try images(request).set)
    let kind = damage == "levels" ? ".levels" : ".images"
    let entry = store.appendingPathComponent(try #require(files(kind).first))
    var data = try Data(contentsOf: entry)
    switch damage {
    case "short", "levels": data.removeLast(7)
    case "long": data.append(0)
    case "header": data[20] ^= 1
    default: data = Data()
    }
    try data.write(to: entry)
    let again = try images(request)
    #expect(again.work == 15 && bytes(again.set) == whole)
  }

  @Test @Engine func whatAKilledProcessLeftIsIgnoredAndRemoved() async throws {
    let whole = try images(request())
    let name = try #require(files(".images").first)
    let entry = store.appendingPathComponent(name)
    // Half a file beside, none in place: as if killed in the middle.
    let partial = store.appendingPathComponent("\(name).4711-1.partial")
    try Data(contentsOf: entry).prefix(100_000).write(to: partial)
    try FileManager.default.removeItem(at: entry)
    let again = try images(request())
    #expect(again.work == 15 && bytes(again.set) == bytes(whole.set))
    #expect(try files(".partial").isEmpty)
  }

  @Test @Engine func stoppingLeavesNothingHalfWritten() async throws {
    let control = RunControl()
    let request = try request()
    #expect(throws: PipelineError.stopped) {
      try ImageCache(folder: store).images(for: request, control: control) { phase, _, _ in
        if phase == "images" { control.wish = .stopNow }
      }
    }
    #expect(try files(".images").isEmpty && files(".partial").isEmpty && files(".levels").count == 1)
    #expect(try images(request).work == 15)
  }

  @Test @Engine func theCapEvictsTheLeastRecentlyUsed() async throws {
    // One set of 15 images takes 757 kB: two fit, three do not.
    let limit = 1_600_000
    let sets = try ["linear", "mel"].map { try images(request($0), limit: limit).set }
    let older = Date(timeIntervalSinceNow: -1000)
    for name in try files("") {
      try FileManager.default.setAttributes(
        [.modificationDate: older], ofItemAtPath: store.appendingPathComponent(name).path)
    }
    #expect(try images(request("linear"), limit: limit).work == 0)
    let mel = bytes(sets[1])
    #expect(try images(request("cqt"), limit: limit).work == 30)
    #expect(try images(request("linear"), limit: limit).work == 0)
    #expect(try files(".images").count == 2)
    // A map that is in use outlives its file.
    #expect(bytes(sets[1]) == mel)
    let levels = try files(".levels")
    #expect(throws: PipelineError.cacheTooSmall(needed: 4096 + 15 * Geometry.pixels, limit: 500_000)) {
      try images(request("mfcc"), limit: 500_000)
    }
    #expect(try files(".levels") == levels, "it is told before the sounds are read")
  }

  @Test func theLimitIsReadOrRefused() throws {
    #expect(try ImageCache.limit(gibibytes: nil) == 20 << 30)
    #expect(try ImageCache.limit(gibibytes: "") == 20 << 30)
    #expect(try ImageCache.limit(gibibytes: "3") == 3 << 30)
    #expect(try ImageCache.limit(gibibytes: "7.5") == 15 << 29)
    for text in ["20G", "0", "-1", "nan", "inf", "many"] {
      let error = #expect(throws: PipelineError.self) { try ImageCache.limit(gibibytes: text) }
      #expect(error == .impossibleCacheLimit(text) && error?.description.contains("“\(text)”") == true)
    }
  }

  @Test @Engine func brokenAudioAndFoldersGetOneSentence() async throws {
    let request = try request()
    try WAV([0, .nan] + tone(hertz: 100, seconds: 1), float: true).data
      .write(to: speech.appendingPathComponent("08a01Na.wav"))
    let error = #expect(throws: PipelineError.self) { try images(request) }
    #expect(error?.description.hasSuffix("08a01Na.wav: sample 1 is not a finite number") == true)
    // Longer than when the corpus was scanned.
    try WAV(tone(hertz: 100, seconds: 3)).data.write(to: speech.appendingPathComponent("08a01Na.wav"))
    #expect(throws: PipelineError.changed(path: speech.path + "/08a01Na.wav")) { try images(request) }
    #expect(try files(".images").isEmpty && files(".partial").isEmpty)
    let blocked = try folder.write("a file", to: "blocked")
    #expect(throws: CoreError.self) { try ImageCache(folder: blocked.appendingPathComponent("cache")) }
  }

  @Test @Engine func batchesAreColouredAndAugmented() async throws {
    let set = try images(request()).set
    let batch = try Arena(count: 3 * 3 * Geometry.pixels)
    var one = [Float](repeating: 0, count: 3 * Geometry.pixels)
    set.fill(batch.base, slices: [4, 0, 14])
    for (i, slice) in [4, 0, 14].enumerated() {
      set.withImage(slice) { Colormap.jet.expand($0, into: &one) }
      #expect(Array(UnsafeBufferPointer(start: batch.base + i * one.count, count: one.count)) == one)
    }
    let policy = SpecAugment(seed: 1)
    set.fill(batch.base, slices: [4, 0, 14], augment: (policy, 3))
    set.withImage(14) { policy.apply(to: $0, colormap: .jet, epoch: 3, slice: 14, into: &one) }
    #expect(Array(UnsafeBufferPointer(start: batch.base + 2 * one.count, count: one.count)) == one)
  }

  @Test(
    .enabled(if: ProcessInfo.processInfo.environment["QUAVER_TIMING"] != nil && Fixtures.emodb != nil, "a measurement"))
  @Engine func timing() async throws {
    let clock = ContinuousClock()
    let corpus = try Corpus.scan(try #require(Fixtures.emodb))
    for transform in Transforms.all {
      let request = ImageRequest(corpus: corpus, transform: transform, slicer: try Slicer(strideMilliseconds: 500))
      let cache = try ImageCache(folder: store)
      let made = try clock.measure { _ = try cache.images(for: request) }
      let found = try clock.measure { _ = try cache.images(for: request) }
      print("timing Emo-DB at 500 ms,", transform.name, "made in", made, "found in", found)
      #expect(try cache.images(for: request).count == 2175)
    }
  }

  // MARK: the workbench's view

  @Test(arguments: RenderStage.allCases)
  func renderedSlicesHaveTheirAxes(stage: RenderStage) throws {
    let samples = tone(hertz: 1000, seconds: 2), slicer = try Slicer(strideMilliseconds: 250)
    for transform in Transforms.all {
      let view = try RenderedSlice(
        samples: samples, slice: 2, slicer: slicer, transform: transform, stage: stage,
        scaling: Scaling(lo: -60, hi: 20), augmentSeed: 1)
      #expect(view.time == 0.5...1.5 && view.sliceCount == 4 && view.rows == 224)
      #expect(view.rowValues.count == 224 && view.rowUnit == transform.rowUnit)
      switch view.content {
      case .scalar(let values, _, let range):
        #expect(view.columns == 229 && values.count == 224 * 229 && values.allSatisfy(range.contains))
      case .rgb(let values):
        #expect(view.columns == 224 && values.count == 3 * 224 * 224 && values.allSatisfy { (0...1).contains($0) })
        #expect(values.suffix(3) == [0, 0, 0] || stage == .network)
      }
    }
  }
}
