import Core
import Foundation
import Pipeline
import Testing

@Suite struct TransformTests {
  private static let noise: [Float] = {
    let random = RandomStream(seed: 5, purpose: "test")
    return (0..<Slicer.length).map { random.uniform($0) - 0.5 }
  }()

  @Test(arguments: Transforms.names)
  func silenceIsFlat(name: String) throws {
    let transform = try Transforms.named(name)
    let matrix = try transform.matrix(of: Array(repeating: 0, count: Slicer.length))
    if name == "mfcc" {
      // The DCT of a constant −100 dB: all of it in coefficient 0.
      #expect(matrix[0..<Geometry.frames].allSatisfy { abs($0 + 100 * Float(Geometry.rows).squareRoot()) < 0.01 })
      #expect(matrix[Geometry.frames...].allSatisfy { abs($0) < 0.01 })
    } else {
      #expect(matrix.allSatisfy { abs($0 + 100) < 1e-4 })
    }
    guard name != "mfcc" else { return }
    let image = IndexImage.make(matrix, scaling: Scaling(extremes: [Extremes(matrix)]))
    #expect(image.allSatisfy { $0 == 0 })
  }

  @Test(arguments: Transforms.names)
  func valuesAreFiniteAndFloored(name: String) throws {
    let transform = try Transforms.named(name)
    for gain: Float in [1e-6, 1, 1e6] {
      let matrix = try transform.matrix(of: Self.noise.map { $0 * gain })
      #expect(matrix.count == Geometry.cells && matrix.allSatisfy(\.isFinite))
      let extremes = Extremes(matrix)
      #expect(extremes.smallest == matrix.min() && extremes.largest == matrix.max())
      if transform.valueUnit == "dB" { #expect(extremes.largest - extremes.smallest <= 80.001) }
    }
  }

  @Test(arguments: Transforms.names)
  func aToneLiesInItsRow(name: String) throws {
    let transform = try Transforms.named(name)
    let rows = transform.rowValues
    #expect(rows.count == Geometry.rows && zip(rows, rows.dropFirst()).allSatisfy { $0 < $1 })
    guard transform.rowUnit == "Hz" else { return }
    for row in [40, 100, 150, 200] {
      let matrix = try transform.matrix(of: tone(hertz: rows[row], seconds: 1))
      let column = (0..<Geometry.rows).map { matrix[$0 * Geometry.frames + 114] }
      let peak = column.indices.max { column[$0] < column[$1] } ?? -1
      #expect(abs(peak - row) <= 1, "\(name) row \(row), peak \(peak)")
    }
  }

  @Test(arguments: Transforms.names)
  func aWorkerRemembersNothing(name: String) throws {
    let transform = try Transforms.named(name)
    let worker = try transform.makeWorker()
    var matrix = [Float](repeating: 0, count: Geometry.cells)
    worker.transform(Self.noise.map { $0 * 1000 }, into: &matrix)
    worker.transform(tone(hertz: 300, seconds: 1), into: &matrix)
    #expect(try transform.matrix(of: tone(hertz: 300, seconds: 1)) == matrix)
  }

  @Test(arguments: Transforms.names)
  @Engine func threadsDoNotDisturbEachOther(name: String) throws {
    let transform = try Transforms.named(name)
    let expected = try transform.matrix(of: Self.noise)
    var same = [Bool](repeating: false, count: 8)
    same.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let buffer = buffer
      Parallel.forEach(8) { range in
        for i in range { buffer[i] = (try? transform.matrix(of: Self.noise)) == expected }
      }
    }
    #expect(same.allSatisfy { $0 })
  }

  @Test func unknownNamesGetOneSentence() {
    let error = #expect(throws: PipelineError.self) { try Transforms.named("bark") }
    #expect(error?.description == "there is no transform “bark”; known are \(Transforms.names.joined(separator: ", "))")
    #expect(throws: PipelineError.self) { try Colormaps.named("turbo") }
    #expect(throws: PipelineError.self) { try Adapters.named("ravdess") }
  }

  @Test(arguments: [
    ("Transforms", "Transform.swift", Transforms.all.count), ("Adapters", "Adapter.swift", Adapters.all.count),
    ("Colormaps", ".swift", Colormaps.all.count),
  ])
  func everyFileHasItsLine(folder: String, suffix: String, registered: Int) throws {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources/Pipeline/\(folder)")
    let files = try FileManager.default.contentsOfDirectory(atPath: sources.path)
    #expect(files.count { $0.hasSuffix(suffix) } == registered)
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["QUAVER_TIMING"] != nil, "set QUAVER_TIMING to measure"))
  func timing() async throws {
    for transform in Transforms.all {
      let single = try PipelineBenchmark.millisecondsPerSlice(transform: transform)
      let all = try await Engine.run { try PipelineBenchmark.slicesPerSecond(transform: transform) }
      print("timing", transform.name, String(format: "%.3f ms a slice, %.0f slices/s", single, all))
      #expect(single > 0 && all > 0)
    }
  }
}
