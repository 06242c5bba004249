import Core
import Foundation
import Pipeline
import Testing

@Suite struct TransformTests {
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
