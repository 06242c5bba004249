import ArgumentParser
import Lab
import NN

/// What matrix products and convolutions multiply.
struct PrecisionOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "float32, or bf16: factors rounded to bfloat16, sums, weights and gradients in float32, on processors that have it.",
      valueName: "float32|bf16"))
  var precision = Precision.float32
}

extension Precision: ExpressibleByArgument {}

/// What a training does beside the paper's recipe.
struct TrainerArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Imported weights to start from, or none; by default those imported last for the network.", valueName: "name|none"
    ))
  var weights = StartingWeights.automatic.name
  @Flag(help: "Normalise images by ImageNet's mean and deviation in a fixed first layer; attacks still work in [0, 1].")
  var imagenetNorm = false
  @OptionGroup var computing: PrecisionOption
  @Option(
    help: ArgumentHelp(
      "Leave parameters of these names as they are (“features.*”); may be given again. A batch norm that is frozen whole "
        + "keeps its statistics.", valueName: "pattern"))
  var freeze: [String] = []
  @Option(help: "How the learning rate goes on: constant, cosine or linear (to 0 at the end).")
  var schedule: String?
  @Option(help: ArgumentHelp("Raise the learning rate from 0 over so many epochs first.", valueName: "epochs"))
  var warmup: Double?
  @Option(help: ArgumentHelp("Clip the gradients of a step to this norm.", valueName: "norm"))
  var clip: Double?
  @Option(help: ArgumentHelp("End after so many epochs without a better validation accuracy.", valueName: "epochs"))
  var earlyStop: Int?
  @Option(
    help: ArgumentHelp(
      "Weigh classes in the loss: balanced, or a number an emotion, separated by commas.", valueName: "weights"))
  var classWeights: String?
  @Option(help: ArgumentHelp("Take a step every so many batches.", valueName: "batches"))
  var accumulate: Int?

  var start: StartingWeights { StartingWeights(weights) }

  /// nil where all are off.
  var options: TrainerOptions? {
    var options = TrainerOptions()
    options.freeze = freeze.isEmpty ? nil : freeze
    (options.schedule, options.warmup, options.clip) = (schedule, warmup, clip)
    (options.earlyStop, options.classWeights, options.accumulate) = (earlyStop, classWeights, accumulate)
    options.normalisation = imagenetNorm ? "imagenet" : nil
    options.precision = computing.precision == .float32 ? nil : computing.precision.rawValue
    return options == TrainerOptions() ? nil : options
  }
}
