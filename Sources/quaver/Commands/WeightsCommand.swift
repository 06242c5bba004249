import ArgumentParser
import Core
import Foundation
import Lab
import Weights

struct WeightsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "weights", abstract: "Import, list, export and remove weights of networks.",
    subcommands: [Import.self, List.self, Export.self, Remove.self], defaultSubcommand: List.self)

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Import a safetensors file, or a .pth or .bin that torch.save wrote.",
      discussion: """
        Names of torchvision, timm and Hugging Face are known. No code in the file is run: anything but tensors and plain \
        containers is refused. A file that fits only in part is refused too, unless told with --partial.
        """)

    @Argument(help: "The file.")
    var file: String
    @Option(help: "The network: \(Laboratory.models.joined(separator: ", ")); by default the one that the file fits.")
    var model: String?
    @Option(help: "The weights' name; by default the file's.")
    var name: String?
    @Option(
      help: """
        append: the file has the published classifier, and the emotion head comes after it. replace: the file's last \
        layer was replaced.
        """)
    var head = HeadRule.append
    @Option(help: "Take the weights below this name, where the file holds several sets (such as model_ema).")
    var prefix: String?
    @Flag(help: "Accept a file that fits only in part; the rest starts from random values.")
    var partial = false
    @OptionGroup var common: CommonOptions

    func run() throws {
      let store = try common.laboratory().weights
      var options = WeightStore.ImportOptions()
      (options.model, options.name, options.head) = (model, name, head)
      (options.prefix, options.partial) = (prefix, partial)
      let candidate = try store.examine(URL(fileURLWithPath: file), options)
      if !common.json {
        Console.line("\(file): \(candidate.file.format.rawValue), for \(candidate.network.name)")
        for line in candidate.match.lines { Console.line("  \(line)") }
      }
      let stored = try store.store(candidate, options, now: Date())
      if common.json { return Console.line(try JSON.line(WeightsReport(stored))) }
      Console.line(
        "imported as \(stored.name) (\(SizeText.bytes(stored.bytes))); `quaver train --model \(stored.origin.network)` "
          + "starts from it")
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the imported weights.")
    @OptionGroup var common: CommonOptions

    func run() throws {
      let (weights, problems) = try common.laboratory().weights.all()
      for problem in problems { Console.error(problem) }
      if common.json {
        for stored in weights { Console.line(try JSON.line(WeightsReport(stored))) }
        return
      }
      guard !weights.isEmpty else { return Console.line("no weights yet: `quaver weights import FILE` imports some") }
      Console.table(
        [["weights", "network", "size", "names", "starts fresh", "imported", "from"]]
          + weights.map { stored in
            let origin = stored.origin
            return [
              stored.name, origin.network, SizeText.bytes(stored.bytes), origin.names,
              origin.fresh.isEmpty ? "nothing" : "\(origin.fresh.count) tensors",
              String(origin.imported.ISO8601Format().prefix(10)), origin.source,
            ]
          }, rightAligned: [2])
    }
  }

  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the weights of a run, or imported ones, to a safetensors file that PyTorch loads.",
      discussion: "safetensors.torch.load_file(FILE) gives a state_dict under the reference implementation's names.")

    @Argument(help: ArgumentHelp("A run, the beginning of its name, or imported weights.", valueName: "run|name"))
    var source: String
    @Argument(help: "The file to write.")
    var file: String
    @OptionGroup var weights: CheckpointOption
    @OptionGroup var common: CommonOptions

    private struct Report: Encodable {
      let source: String
      let file: String
      let network: String
      let tensors: Int
    }

    func run() throws {
      let url = URL(fileURLWithPath: file)
      let laboratory = try common.laboratory()
      let export = try AtomicFile.export(
        url, by: { try laboratory.export(source, checkpoint: weights.checkpoint, to: $0) })
      if common.json {
        let report = Report(source: source, file: file, network: export.network, tensors: export.tensors)
        return Console.line(try JSON.line(report))
      }
      if !AtomicFile.isStream(url) { Console.line("\(file): \(export.tensors) tensors of \(export.network)") }
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove imported weights.",
      discussion: "Runs that have a checkpoint go on without them; the imported file stays where it is.")
    @Argument(help: "The weights' name.")
    var name: String
    @OptionGroup var common: CommonOptions

    func run() throws {
      try common.laboratory().weights.remove(name)
      if common.json { return Console.line(try JSON.line(["removed": name])) }
      Console.line("\(name): removed")
    }
  }
}

extension HeadRule: ExpressibleByArgument {}

/// Imported weights as `--json` prints them.
struct WeightsReport: Encodable {
  let name: String
  let origin: StoredWeights.Origin
  let tensors: Int
  let bytes: Int

  init(_ stored: StoredWeights) {
    (name, origin, tensors, bytes) = (stored.name, stored.origin, stored.tensors, stored.bytes)
  }
}
