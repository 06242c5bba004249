import Lab

/// The small form before a training: a job, field by field.
package struct TrainForm: Sendable, Equatable {
  package struct Field: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
      /// One of some names; with `allowsOther`, typing gives another (the path of a split).
      case choice([String], allowsOther: Bool)
      case integer(ClosedRange<Int>, step: Int)
      /// Steps through a 1-2-5 series; typing gives any.
      case decimal
    }

    package let name: String
    package let help: String
    package let kind: Kind
    package var value: String
  }

  package var fields: [Field] = []
  package var focus = 0
  /// Seconds of each utterance by corpus, for the estimate of slices.
  private var durations: [String: [Double]] = [:]

  /// Without fields, for tests of the bindings.
  package init() {}

  package init(_ state: State, corpus: String) {
    let defaults = Job.defaults
    for info in state.corpora { durations[info.name] = info.utterances.map(\.duration) }
    func choice(_ name: String, _ help: String, _ options: [String], _ value: String, other: Bool = false) -> Field {
      Field(name: name, help: help, kind: .choice(options, allowsOther: other), value: value)
    }
    func number(_ name: String, _ help: String, _ range: ClosedRange<Int>, _ value: Int, step: Int = 1) -> Field {
      Field(name: name, help: help, kind: .integer(range, step: step), value: String(value))
    }
    func known(_ names: [String], _ wanted: String) -> String {
      names.contains(wanted) ? wanted : names.first ?? wanted
    }
    fields = [
      choice("corpus", "what to learn from", state.corpora.map(\.name), corpus),
      choice("transform", "how sound becomes a picture", state.transforms, known(state.transforms, defaults.transform)),
      choice("network", "what learns", state.models, known(state.models, defaults.model)),
      choice(
        "split", "utterance and speaker keep a file's slices together; slice leaks; or type a CSV's path",
        ["utterance", "speaker", "slice"], defaults.split, other: true),
      choice("stride", "ms between slices", ViewState.strides.map(String.init), String(defaults.strideMilliseconds)),
      number("epochs", "passes over the training part", 1...10_000, defaults.epochs),
      number("batch", "slices a step", 1...4096, defaults.batch, step: 8),
      Field(name: "learning rate", help: "of Adam", kind: .decimal, value: "\(defaults.learningRate)"),
      Field(name: "weight decay", help: "L2, coupled", kind: .decimal, value: "\(defaults.weightDecay)"),
      number("seed", "the same seed gives the same run", 0...Int.max, Int(defaults.seed)),
      choice("augment", "SpecAugment on training images", ["specaugment", "none"], defaults.augment),
      choice(
        "normalise", "slices that give lo and hi: the paper's, or the strict way", ["corpus", "train"],
        defaults.normalise),
      choice("slices", "of each part: all, or a stratified few for a quick try", ["all", "64", "256", "1024"], "all"),
    ]
  }

  package var focused: Field? { fields.indices.contains(focus) ? fields[focus] : nil }

  package func value(_ name: String) -> String { fields.first { $0.name == name }?.value ?? "" }

  /// Printable keys are text in number fields and where another name may be given.
  package var takesText: Bool {
    switch focused?.kind {
    case .integer, .decimal: true
    case .choice(_, let allowsOther): allowsOther
    case nil: false
    }
  }

  package mutating func move(_ distance: Int) {
    guard !fields.isEmpty else { return }
    focus = (focus + distance + fields.count) % fields.count
  }

  package mutating func edit(_ change: (inout String) -> Void) {
    guard takesText else { return }
    change(&fields[focus].value)
  }

  package mutating func change(_ distance: Int) {
    guard let field = focused else { return }
    switch field.kind {
    case .choice(let options, _):
      guard !options.isEmpty else { return }
      let index = options.firstIndex(of: field.value).map { $0 + distance } ?? 0
      fields[focus].value = options[(index + options.count) % options.count]
    case .integer(let range, let step):
      let (value, overflow) = (Int(field.value) ?? range.lowerBound).addingReportingOverflow(step * distance)
      fields[focus].value = String(overflow ? range.upperBound : max(range.lowerBound, min(range.upperBound, value)))
    case .decimal:
      fields[focus].value = Self.neighbour(of: Double(field.value) ?? 1e-4, distance)
    }
  }

  /// The next value of 1, 2, 5, 10 … times a power of ten.
  private static func neighbour(of value: Double, _ distance: Int) -> String {
    let series = (-8...1).flatMap { exponent in ["1e\(exponent)", "2e\(exponent)", "5e\(exponent)"] }
    let values = series.map { Double($0) ?? 0 }
    if distance > 0 {
      return values.firstIndex { $0 > value * 1.0001 }.map { series[$0] } ?? series[series.count - 1]
    }
    return values.lastIndex { $0 < value * 0.9999 }.map { series[$0] } ?? series[0]
  }

  // MARK: The job

  /// Nil while a field holds nonsense, which `problem` names.
  package var job: Job? {
    guard problem == nil else { return nil }
    var job = Job(corpus: value("corpus"))
    (job.transform, job.model, job.split) = (value("transform"), value("network"), value("split"))
    job.strideMilliseconds = Int(value("stride")) ?? job.strideMilliseconds
    job.epochs = Int(value("epochs")) ?? job.epochs
    job.batch = Int(value("batch")) ?? job.batch
    job.learningRate = Double(value("learning rate")) ?? job.learningRate
    job.weightDecay = Double(value("weight decay")) ?? job.weightDecay
    job.seed = UInt64(value("seed")) ?? job.seed
    (job.augment, job.normalise) = (value("augment"), value("normalise"))
    job.limit = Int(value("slices"))
    return job
  }

  /// One sentence about the first field that cannot be used.
  package var problem: String? {
    if fields.isEmpty { return "there is nothing to train" }
    for field in fields {
      switch field.kind {
      case .choice(let options, let allowsOther):
        if field.value.isEmpty || (!allowsOther && !options.contains(field.value)) {
          return "\(field.name): nothing chosen"
        }
      case .integer(let range, _):
        if Int(field.value).map(range.contains) != true {
          return "\(field.name): “\(field.value)” is no whole number from \(range.lowerBound) on"
        }
      case .decimal:
        if Double(field.value).map({ $0.isFinite && $0 >= 0 }) != true {
          return "\(field.name): “\(field.value)” is no number from 0 on"
        }
      }
    }
    return nil
  }

  /// Slices of the chosen corpus at the chosen stride.
  package var slices: Int? {
    guard let stride = Int(value("stride")), let durations = durations[value("corpus")] else { return nil }
    return durations.reduce(0) { $0 + ViewState.sliceCount(seconds: $1, stride: stride) }
  }
}
