import AllocationCounter
import ArgumentParser
import Core
import Foundation
import NN

/// Counts what a step of each network allocates, for `make bench`. Not installed: its allocator counts.
@main struct CountAllocations: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "count-allocations",
    abstract:
      "Counts memory allocations of a step of each network; fails when there are more than the thresholds allow.")

  @Argument(help: "Benchmarks/thresholds.json.") var thresholds: String
  @Option(help: "Images a step.") var batch = 2

  private struct Thresholds: Decodable {
    let allocations: Int
  }

  func run() async throws {
    let limit = try JSONDecoder().decode(
      Thresholds.self, from: Data(contentsOf: URL(fileURLWithPath: thresholds))
    ).allocations
    var worst = 0
    let entries = Networks.all.flatMap { entry in
      Precision.allCases.filter(\.isAvailable).map { entry.computing(in: $0) }
    }
    for entry in entries {
      for work in EngineWork.allCases {
        let count = try await Engine.run { [batch] in try Self.count(entry, work, batch) }
        worst = max(worst, count.ours)
        print(
          "\(entry.name) \(work.rawValue) \(entry.precision.rawValue): \(count.ours) allocations of ours a step, \(count.libraries) of the libraries"
        )
      }
    }
    guard worst > limit else { return }
    FileHandle.standardError.write(
      Data("count-allocations: \(worst) allocations of ours a step; \(limit) are allowed\n".utf8))
    throw ExitCode.failure
  }

  /// Of the third step: the first ones may make what lasts.
  @Engine private static func count(_ entry: NetworkEntry, _ work: EngineWork, _ batch: Int) throws
    -> quaver_allocations
  {
    let benchmark = try EngineBenchmark(entry, work, batch: batch)
    benchmark.step()
    quaver_count_allocations_begin()
    benchmark.step()
    return quaver_count_allocations_end()
  }
}
