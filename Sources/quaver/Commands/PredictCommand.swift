import ArgumentParser
import Core
import Foundation
import Lab
import Pipeline

struct PredictCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Ask a trained network about sound files: probabilities slice by slice.",
    discussion: """
      \(Vote.rule) With --images the network is given a tensor of images instead and its logits come out, a line an image; that also \
      works with imported weights.
      """)

  @Argument(help: ArgumentHelp("A run, the beginning of its name, or imported weights.", valueName: "run|weights"))
  var source: String
  @Argument(help: "Sound files.")
  var files: [String] = []
  @Option(help: ArgumentHelp("A safetensors file of images [n, 3, 224, 224] in [0, 1], float32.", valueName: "file"))
  var images: String?
  @Option(help: "Name of the tensor in it; images by default.")
  var tensor: String?
  @Option(help: ArgumentHelp("Write the logits there as the tensor “logits” [n, classes].", valueName: "file"))
  var out: String?
  @OptionGroup var network: NetworkOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if files.isEmpty == (images == nil) {
      throw ValidationError("Give sound files, or a tensor of them with --images.")
    }
    if out != nil, images == nil { throw ValidationError("--out belongs to --images.") }
    if tensor != nil, images == nil { throw ValidationError("--tensor belongs to --images.") }
  }

  func run() async throws {
    try network.apply()
    let predictor = try common.laboratory().predictor(source, checkpoint: network.checkpoint)
    if let images {
      let file = try SafeTensors(contentsOf: URL(fileURLWithPath: images))
      let logits = try await Engine.run { [tensor] in try predictor.logits(file, tensor: tensor ?? "images") }
      if let out {
        try write(logits, predictor.classes, to: URL(fileURLWithPath: out))
        guard common.json else { return }
        let written = Written(file: out, tensor: "logits", images: logits.count, classes: predictor.classes)
        return Console.line(try JSON.line(written))
      }
      for row in logits { Console.line(common.json ? try JSON.line(row) : row.map { "\($0)" }.joined(separator: " ")) }
      return
    }
    let urls = files.map { URL(fileURLWithPath: $0) }, json = common.json
    let areAllRead = try await Engine.run {
      var areAllRead = true
      try predictor.utterances(urls) { utterance in
        if json {
          if let line = try? JSON.line(utterance) { Console.line(line) }
        } else {
          Self.show(utterance)
        }
      } skip: { error in
        Console.error(error.description)
        areAllRead = false
      }
      return areAllRead
    }
    if !areAllRead { throw ExitCode.failure }
  }

  private struct Written: Encodable {
    let file: String
    let tensor: String
    let images: Int
    let classes: Int
  }

  private func write(_ logits: [[Float]], _ classes: Int, to url: URL) throws {
    let flat = logits.flatMap(\.self)
    try flat.withUnsafeBytes { bytes in
      let item = SafeTensorsWriter.Item(
        name: "logits", type: .f32, shape: [logits.count, classes], bytes: bytes)
      try AtomicFile.export(url, by: { try SafeTensorsWriter.write([item], metadata: [:], to: $0) })
    }
  }

  private static func show(_ utterance: Predictor.Utterance) {
    let best = utterance.emotions.firstIndex(of: utterance.emotion) ?? 0
    Console.line(
      "\(utterance.file): \(utterance.emotion) by \(utterance.votes) of \(utterance.slices.count) slices, mean "
        + Console.percent(utterance.mean[best]))
    var rows = [["from s"] + utterance.emotions]
    for slice in utterance.slices {
      rows.append([String(format: "%.2f", slice.start)] + slice.probabilities.map(Console.percent))
    }
    rows.append(["mean"] + utterance.mean.map(Console.percent))
    Console.table(rows, rightAligned: Set(0...utterance.emotions.count))
  }
}
