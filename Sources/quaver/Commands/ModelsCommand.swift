import ArgumentParser
import Core
import Foundation
import Lab
import NN

struct ModelsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "List the networks, or show one layer by layer.",
    discussion: "Sizes and operations are of one image; memory is of a batch. `quaver profile` times the layers.")

  @Argument(help: "A network; without one all are listed.")
  var model: String?
  @Option(help: "Images a step, for memory.")
  var batch = Job.defaults.batch
  @Option(help: "Show what --freeze would freeze; may be given again.")
  var freeze: [String] = []
  @OptionGroup var threading: ThreadsOption
  @OptionGroup var common: CommonOptions

  func run() async throws {
    try threading.apply()
    let store = try common.laboratory().weights
    guard let model else { return try list(try ModelSurvey.all(store)) }
    let entry = try Networks.named(model)
    let weights = store.all().weights.filter { $0.origin.network == model }.map(\.name)
    var info = try ModelSurvey.info(entry, freeze: freeze, weights: weights)
    info.measures = try await Engine.run { [batch, freeze] in
      try ModelSurvey.measure(entry, batch: batch, freeze: freeze, times: false)
    }
    if common.json { return Console.line(try JSON.line(info)) }
    show(info)
  }

  private func list(_ models: [ModelInfo]) throws {
    if common.json {
      for model in models { Console.line(try JSON.line(model)) }
      return
    }
    Console.table(
      [["network", "", "parameters", "FLOPs", "weights"]]
        + models.map {
          [
            $0.name, $0.title, SizeText.count($0.parameters), SizeText.short(Double($0.flops)),
            $0.weights.isEmpty ? "none imported" : $0.weights.joined(separator: ", "),
          ]
        }, rightAligned: [2, 3])
  }

  private func show(_ info: ModelInfo) {
    Console.line("\(info.title) (\(info.name)), \(info.input.dimensions) → \(info.classes) classes")
    var rows = [["layer", "kind", "output", "parameters", "frozen", "FLOPs"]]
    for layer in info.layers {
      rows.append([
        layer.name, layer.kind, layer.output.dimensions, layer.parameters > 0 ? SizeText.count(layer.parameters) : "",
        layer.frozen == 0 ? "" : layer.frozen == layer.parameters ? "all" : SizeText.count(layer.frozen),
        layer.flops > 0 ? SizeText.short(Double(layer.flops)) : "",
      ])
    }
    Console.table(rows, rightAligned: [3, 4, 5])
    var total = "\(SizeText.count(info.parameters)) parameters"
    if info.frozen > 0 { total += ", \(SizeText.count(info.frozen)) of them frozen" }
    Console.line("\(total); \(SizeText.short(Double(info.flops)))FLOPs an image")
    guard let measures = info.measures else { return }
    showMeasures(measures)
  }

  private func showMeasures(_ measures: ModelMeasures) {
    let plans = Demand.allCases.map { "\($0.rawValue) \(SizeText.bytes(measures.planBytes[$0.rawValue] ?? 0))" }
    Console.line("memory of a plan, batch \(measures.batch): \(plans.joined(separator: ", "))")
    Console.line(
      "memory of a training, batch \(measures.batch): \(SizeText.bytes(measures.trainingBytes)) "
        + "(parameters \(SizeText.bytes(measures.parameterBytes)), gradients and Adam's moments "
        + "\(SizeText.bytes(measures.trainerBytes)))")
  }
}
