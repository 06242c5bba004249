import NN

extension JobFields {
  /// What the trainer can do beside the paper's recipe, all off by default.
  static let trainer: [JobField] = {
    var fields = [
      JobField(
        "weights", "--weights", "imported weights to start from; none starts at random",
        .choice([StartingWeights.automatic.name, StartingWeights.none.name], allowsOther: true),
        read: { ($0.weights ?? .none).name }
      ) {
        // A run's own digest of the file stays with the name that it belongs to.
        if $0.weights?.name != $1 { $0.weights = StartingWeights($1) }
        return !$1.isEmpty
      },
      option(
        "input norm", "--imagenet-norm", "a fixed first layer takes away ImageNet's mean and divides by its deviation",
        .choice([FieldWords.none, "imagenet"], allowsOther: false), \.normalisation),
      option(
        "freeze", "--freeze", "names of parameters that stay, apart by commas, such as features.*",
        .choice([FieldWords.none, "features.*"], allowsOther: true), \.freeze,
        read: { $0.joined(separator: ",") }, write: { $0.split(separator: ",").map(String.init) }),
      option(
        "schedule", "--schedule", "of the learning rate; cosine and linear end at 0",
        .choice(TrainerOptions.schedules, allowsOther: false), \.schedule, off: TrainerOptions.schedules[0]),
      number("warm-up", "--warmup", "epochs over which the learning rate rises from 0; 0 is off", \.warmup),
      number("clip", "--clip", "largest norm of a step's gradients; 0 is off", \.clip),
      count(
        "early stop", "--early-stop", "epochs without a better validation accuracy, then it ends", ["3", "5", "10"],
        1...100_000, \.earlyStop),
      option(
        "class weights", "--class-weights", "balanced, or one number an emotion, apart by commas",
        .choice([FieldWords.none, "balanced"], allowsOther: true), \.classWeights),
      count(
        "accumulate", "--accumulate", "batches whose gradients make one step", ["2", "4", "8"], 1...4096, \.accumulate),
      option(
        "precision", "--precision", "bf16: products in bfloat16, weights and sums in float32, where the processor can",
        .choice(Precision.allCases.map(\.rawValue), allowsOther: false), \.precision, off: Precision.float32.rawValue),
    ]
    for index in fields.indices { fields[index].isFurther = true }
    return fields
  }()

  /// Options are absent where all are off, so that equal jobs are equal.
  private static func change(_ job: inout Job, _ body: (inout TrainerOptions) -> Void) {
    var options = job.options ?? TrainerOptions()
    body(&options)
    job.options = options == TrainerOptions() ? nil : options
  }

  private static func option<Value: Sendable>(
    _ name: String, _ option: String, _ help: String, _ kind: FieldKind,
    _ path: WritableKeyPath<TrainerOptions, Value?> & Sendable, off: String = FieldWords.none,
    read: @escaping @Sendable (Value) -> String, write: @escaping @Sendable (String) -> Value?
  ) -> JobField {
    JobField(name, option, help, kind, read: { $0.options?[keyPath: path].map(read) ?? off }) { job, text in
      let value = text == off ? nil : write(text)
      guard value != nil || text == off else { return false }
      change(&job) { $0[keyPath: path] = value }
      return true
    }
  }

  private static func option(
    _ name: String, _ option: String, _ help: String, _ kind: FieldKind,
    _ path: WritableKeyPath<TrainerOptions, String?> & Sendable, off: String = FieldWords.none
  ) -> JobField {
    Self.option(name, option, help, kind, path, off: off, read: { $0 }, write: { $0.isEmpty ? nil : $0 })
  }

  private static func count(
    _ name: String, _ option: String, _ help: String, _ steps: [String], _ range: ClosedRange<Int>,
    _ path: WritableKeyPath<TrainerOptions, Int?> & Sendable
  ) -> JobField {
    Self.option(
      name, option, help, .series([FieldWords.none] + steps, range), path, read: { String($0) }, write: { Int($0) })
  }

  private static func text(_ value: Double) -> String {
    abs(value) < 1e9 && value == value.rounded() ? "\(Int(value))" : "\(value)"
  }

  /// 0 is off.
  private static func number(
    _ name: String, _ option: String, _ help: String, _ path: WritableKeyPath<TrainerOptions, Double?> & Sendable
  ) -> JobField {
    JobField(name, option, help, .number, read: { text($0.options?[keyPath: path] ?? 0) }) { job, text in
      guard let value = Double(text) else { return false }
      change(&job) { $0[keyPath: path] = value == 0 ? nil : value }
      return true
    }
  }
}
