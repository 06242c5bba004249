import ArgumentParser
import Core
import Foundation
import WeightsFuzzing

/// Damages good files of weights again and again and opens each: no crash, no hang, no memory that grows, one sentence
/// a refusal. The same seed and numbers give the same files.
@main struct FuzzWeights: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fuzz-weights", abstract: "Opens damaged files of weights; exits 1 when one is not refused properly.")

  @Option(help: "Good files to damage.") var seeds = "Tests/WeightsTests/Goldens"
  @Option(help: "Damaged files to try.") var count = 100_000
  @Option(help: "Number of the first one.") var start = 0
  @Option(help: "Seed of the damage.") var seed: UInt64 = 0
  @Flag(help: "Print each number before it is tried, to find the one that crashes.") var trace = false

  func run() throws {
    let folder = URL(fileURLWithPath: seeds)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    let files = try names.filter { $0.hasSuffix(".pt") || $0.hasSuffix(".safetensors") }
      .map { [UInt8](try Data(contentsOf: folder.appendingPathComponent($0))) }
    guard !files.isEmpty else { throw ValidationError("\(folder.path) holds no .pt or .safetensors files") }
    var run = FuzzRun(Mutator(seeds: files, seed: seed))
    let began = ContinuousClock.now
    for index in start..<(start + count) {
      if trace { say("\(index)") }
      run.attempt(index)
      if (index - start + 1).isMultiple(of: 100_000) {
        say("\(index - start + 1) files, \(run.opened) opened, \(run.refused) refused, \(run.failures.count) failures")
      }
    }
    run.failures.prefix(20).forEach { say($0) }
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    say(
      "\(count) files in \(ContinuousClock.now - began): \(run.opened) opened, \(run.refused) refused, "
        + "\(run.failures.count) failures; slowest \(run.slowest.index) with \(run.slowest.time); "
        + "peak memory \(usage.ru_maxrss / 1024) MiB")
    if !run.failures.isEmpty { throw ExitCode.failure }
  }

  private func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
  }
}
