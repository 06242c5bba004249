import ArgumentParser
import Attacks
import Core
import Foundation
import NN

/// Attacks the images of a file, for comparisons with other programs on the very same images and weights
/// (Tests/Interop/attacks). Not installed.
@main struct AttackImages: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attack-images",
    abstract:
      "Attacks “images” [n, 3, 224, 224] with “labels” [n] of a safetensors file; writes “adversarial” and logits.")

  @Argument(help: "A checkpoint; it names its network.") var checkpoint: String
  @Argument(help: "Safetensors with “images” (F32) and “labels” (I64).") var images: String
  @Argument(help: "The file to write.") var output: String
  @Option(help: "Name of the attack.") var attack = "pgd"
  @Option(help: "ε, such as 8/255.") var eps: String?
  @Option(help: "α, such as 2/255.") var alpha: String?
  @Option var steps: Int?
  @Option var decay: Double?
  @Option var queries: Int?
  @Option var norm: String?
  @Option var seed: UInt64?
  @Option(help: "Images a pass.") var batch = 32
  @Flag(help: "Start at a random point of the ε ball.") var randomStart = false

  func run() async throws {
    do { try await attackAll() } catch let error as any UserError {
      FileHandle.standardError.write(Data("attack-images: \(error)\n".utf8))
      throw ExitCode(error.exitCode)
    }
  }

  private func settings(_ attack: any Attack) throws -> AttackSettings {
    var settings = attack.defaults
    settings.randomStart = randomStart
    if let eps { settings.epsilon = try Fraction.levels(eps, what: "--eps") }
    if let alpha { settings.alpha = try Fraction.levels(alpha, what: "--alpha") }
    if let steps { settings.steps = steps }
    if let decay { settings.decay = decay }
    if let queries { settings.queries = queries }
    if let norm {
      guard let norm = Norm(rawValue: norm) else { throw ValidationError("no norm is called “\(norm)”") }
      settings.norm = norm
    }
    if let seed { settings.seed = seed }
    return settings
  }

  private func attackAll() async throws {
    let attack = try Attacks.named(attack), settings = try settings(attack)
    let weights = URL(fileURLWithPath: checkpoint), file = try SafeTensors(contentsOf: URL(fileURLWithPath: images))
    let entry = try Networks.named(try SafeTensors(contentsOf: weights).metadata["network"] ?? "")
    let pixels = try file.array("images", as: Float.self)
    let labels = try file.array("labels", as: Int64.self).map(Int.init)
    guard pixels.count == labels.count * entry.input.count, labels.allSatisfy({ (0..<7).contains($0) }) else {
      throw CoreError.malformedTensors(path: file.path, reason: "images and labels do not fit together")
    }
    let batch = batch, output = URL(fileURLWithPath: output)
    let adversarial = [Float](repeating: 0, count: pixels.count)
    try await Engine.run {
      let network = try Network(entry)
      try Checkpoint.load(weights, into: network)
      let attacker = try Attacker(attack, settings, network, batch: batch)
      var adversarial = adversarial
      let outcomes = try adversarial.withUnsafeMutableBufferPointer { adversarial in
        try pixels.withUnsafeBufferPointer { pixels in
          guard let from = pixels.baseAddress, let to = adversarial.baseAddress else { return [AttackOutcome]() }
          return try attacker.outcomes(from, labels: labels, ids: Array(labels.indices), into: to) ?? []
        }
      }
      let clean = outcomes.flatMap(\.cleanLogits), logits = outcomes.flatMap(\.logits)
      try adversarial.withUnsafeBytes { adversarial in
        try clean.withUnsafeBytes { clean in
          try logits.withUnsafeBytes { logits in
            try SafeTensorsWriter.write(
              [
                .init(
                  name: "adversarial", type: .f32, shape: [labels.count] + entry.input.dims, bytes: adversarial),
                .init(name: "clean_logits", type: .f32, shape: [labels.count, network.classes], bytes: clean),
                .init(name: "logits", type: .f32, shape: [labels.count, network.classes], bytes: logits),
              ], metadata: ["attack": attack.name, "network": entry.name], to: output)
          }
        }
      }
    }
  }
}
