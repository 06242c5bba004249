import ArgumentParser
import Attacks
import Core
import Foundation
import Lab
import NN
import Pipeline

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time the transforms and every network: train, attack gradient, inference.",
    discussion: "Run it with nothing else running. `make bench` compares with librosa and PyTorch in the same run.")

  @Option(help: "Images a step.")
  var batch = 32
  @Option(help: "About how many seconds to spend on each network and demand.")
  var seconds = 3.0
  @Option(help: "Only this network.")
  var model: String?
  @Option(help: "Threads; by default what this process may use.")
  var threads: Int?
  @Flag(help: "Time the attacks instead.")
  var attacks = false
  @Flag(help: "Also print each network's time layer by layer.")
  var profile = false
  @OptionGroup var common: CommonOptions

  func run() async throws {
    guard batch >= 1 else { throw NNError.badBatch(batch) }
    if let threads { Engine.settings.threads = threads }
    let entries = try model.map { [try Networks.named($0)] } ?? Networks.all
    var report = BenchReport(machine: .current)
    if attacks {
      try await timeAttacks(entries, &report)
      return
    }
    if model == nil {
      for transform in Transforms.all {
        let milliseconds = try PipelineBenchmark.millisecondsPerSlice(transform: transform)
        let rate = try await Engine.run { try PipelineBenchmark.slicesPerSecond(transform: transform) }
        let row = BenchReport.Transform(
          transform: transform.name, milliseconds: milliseconds, threads: 1, slicesPerSecond: rate)
        report.pipeline.append(row)
        say(
          "\(transform.name): \(String(format: "%.3f ms a slice on 1 thread, %.0f slices/s on all", milliseconds, rate))"
        )
      }
    }
    for entry in entries {
      for work in EngineBenchmark.Work.allCases {
        let result = try await EngineBenchmark.measure(
          entry, work, batch: batch, seconds: seconds, profiles: profile)
        report.networks.append(BenchReport.Network(result))
        say(
          "\(entry.name) \(BenchReport.demand(work)): "
            + String(format: "%.1f images/s, batch %d, %d threads", result.imagesPerSecond, batch, result.threads))
        if profile { printProfile(result) }
      }
    }
    if common.json { Console.line(try JSON.line(report)) }
  }

  private func timeAttacks(_ entries: [NetworkEntry], _ report: inout BenchReport) async throws {
    for entry in entries {
      for attack in Attacks.all {
        let result = try await AttackBenchmark.measure(entry, attack, batch: batch, seconds: seconds)
        report.networks.append(BenchReport.Network(result))
        say(
          "\(entry.name) under \(attack.title): "
            + String(format: "%.1f images/s, batch %d, %d threads", result.imagesPerSecond, batch, result.threads))
      }
    }
    if common.json { Console.line(try JSON.line(report)) }
  }

  private func say(_ text: String) {
    if !common.json { Console.line(text) }
  }

  private func printProfile(_ result: EngineBenchmark.Result) {
    guard !common.json else { return }
    func milliseconds(_ nanoseconds: UInt64) -> String {
      String(format: "%.2f", Double(nanoseconds) / Double(result.steps) / 1e6)
    }
    var rows = [["layer", "kind", "forward ms", "backward ms", "kernels"]]
    for step in result.profile {
      rows.append([
        step.name, step.kind, milliseconds(step.forwardNanoseconds), milliseconds(step.backwardNanoseconds),
        step.kernels.joined(separator: " "),
      ])
    }
    if result.optimiserNanoseconds > 0 { rows.append(["adam", "", "", milliseconds(result.optimiserNanoseconds), ""]) }
    Console.table(rows, rightAligned: [2, 3])
  }
}

/// What `quaver bench --json` prints; `Benchmarks/compare` reads it.
struct BenchReport: Encodable {
  struct Transform: Encodable {
    let transform: String
    let milliseconds: Double
    let threads: Int
    let slicesPerSecond: Double

    enum CodingKeys: String, CodingKey {
      case transform, milliseconds, threads
      case slicesPerSecond = "slices_per_second"
    }
  }

  struct Network: Encodable {
    let model: String
    let demand: String
    let imagesPerSecond: Double
    let batch: Int
    let threads: Int
    let peakBytes: Int

    enum CodingKeys: String, CodingKey {
      case model, demand, batch, threads
      case imagesPerSecond = "images_per_second"
      case peakBytes = "peak_rss_bytes"
    }

    init(_ result: EngineBenchmark.Result) {
      (model, demand) = (result.network, BenchReport.demand(result.work))
      (imagesPerSecond, batch, threads) = (result.imagesPerSecond, result.batch, result.threads)
      peakBytes = Self.peakResidentBytes
    }

    init(_ result: AttackBenchmark.Result) {
      (model, demand) = (result.network, "attack \(result.attack)")
      (imagesPerSecond, batch, threads) = (result.imagesPerSecond, result.batch, result.threads)
      peakBytes = Self.peakResidentBytes
    }

    /// The process's high-water mark; of one network alone when the bench was asked for one.
    private static var peakResidentBytes: Int {
      var usage = rusage()
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss * 1024
    }
  }

  let machine: Machine
  var pipeline: [Transform] = []
  var networks: [Network] = []

  init(machine: Machine) { self.machine = machine }

  static func demand(_ work: EngineBenchmark.Work) -> String {
    switch work {
    case .training: "train"
    case .inputGradient: "gradient"
    case .inference: "inference"
    }
  }
}
