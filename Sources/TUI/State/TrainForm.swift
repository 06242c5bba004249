import Lab
import Pipeline

/// The small form before a training: a job, field by field, from the registry of what can be set.
package struct TrainForm: Sendable, Equatable {
  package struct Field: Sendable, Equatable {
    package let name: String
    package let help: String
    package let kind: JobField.Kind
    package var value: String
    /// What is typed first begins anew rather than adding to what is there; Backspace mends that instead.
    fileprivate var isFresh = true
  }

  package var fields: [Field] = []
  package var focus = 0
  /// Of the job as it is now; nil until the answer is here.
  package var estimate: Estimate?
  /// The job that an estimate was asked for.
  package var asked: Job?
  /// Seconds of each utterance by corpus, for the count of slices.
  private var durations: [String: [Double]] = [:]

  /// Without fields, for tests of the bindings.
  package init() {}

  package init(_ state: State, corpus: String) {
    for info in state.corpora { durations[info.name] = info.utterances.map(\.duration) }
    fields = [
      Field(
        name: "corpus", help: "what to learn from", kind: .choice(state.corpora.map(\.name), allowsOther: false),
        value: corpus)
    ]
    var defaults = Job.defaults
    if !state.transforms.contains(defaults.transform) { defaults.transform = state.transforms.first ?? "" }
    if !state.models.contains(defaults.model) { defaults.model = state.models.first ?? "" }
    fields += JobFields.all.map { Field(name: $0.name, help: $0.help, kind: $0.kind, value: $0.read(defaults)) }
  }

  package var focused: Field? { fields.indices.contains(focus) ? fields[focus] : nil }

  package func value(_ name: String) -> String { fields.first { $0.name == name }?.value ?? "" }

  /// Printable keys are text in number fields and where another name may be given.
  package var takesText: Bool {
    switch focused?.kind {
    case .integer, .number, .series: true
    case .choice(_, let allowsOther): allowsOther
    case nil: false
    }
  }

  /// Numbers take what numbers are made of; other letters stay keys there.
  package func takes(_ character: Character) -> Bool {
    switch focused?.kind {
    case .integer, .series: character.isASCII && character.isNumber
    case .number: character.isASCII && (character.isNumber || ".e-+".contains(character))
    default: takesText
    }
  }

  package mutating func move(_ distance: Int) {
    guard !fields.isEmpty else { return }
    focus = (focus + distance + fields.count) % fields.count
    for index in fields.indices { fields[index].isFresh = true }
  }

  package mutating func type(_ character: Character) {
    guard takesText else { return }
    if fields[focus].isFresh { fields[focus].value = "" }
    edit { $0.append(character) }
  }

  package mutating func edit(_ change: (inout String) -> Void) {
    guard takesText else { return }
    fields[focus].isFresh = false
    change(&fields[focus].value)
  }

  package mutating func change(_ distance: Int) {
    guard let field = focused else { return }
    switch field.kind {
    case .choice(let options, _), .series(let options, _):
      guard !options.isEmpty else { return }
      let index = options.firstIndex(of: field.value).map { $0 + distance } ?? 0
      fields[focus].value = options[(index + options.count) % options.count]
    case .integer(let range, let step):
      let (value, overflow) = (Int(field.value) ?? range.lowerBound).addingReportingOverflow(step * distance)
      fields[focus].value = String(overflow ? range.upperBound : max(range.lowerBound, min(range.upperBound, value)))
    case .number:
      fields[focus].value = Self.neighbour(of: Double(field.value) ?? 1e-4, distance)
    }
    fields[focus].isFresh = true
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
  package var job: Job? { try? made() }

  /// One sentence about the first field that cannot be used.
  package var problem: String? {
    do throws(LabError) {
      _ = try made()
      return nil
    } catch { return error.description }
  }

  private func made() throws(LabError) -> Job {
    guard !value("corpus").isEmpty else { throw .unknownChoice(what: "corpus", value: "", choices: []) }
    var job = Job(corpus: value("corpus"))
    for field in JobFields.all { try field.set(value(field.name), in: &job) }
    return job
  }

  /// Slices of the chosen corpus at the chosen stride.
  package var slices: Int? {
    guard let stride = Int(value("stride")), let durations = durations[value("corpus")],
      let slicer = try? Slicer(strideMilliseconds: stride)
    else { return nil }
    return durations.reduce(0) { $0 + slicer.count(seconds: $1) }
  }

  /// What the run will cost, in words.
  package var cost: String? {
    guard let estimate else { return nil }
    var words: [String] = []
    if let seconds = estimate.seconds { words.append("about \(Numbers.clock(seconds)) in all") }
    if let epoch = estimate.secondsAnEpoch { words.append("\(Numbers.short(epoch)) s an epoch") }
    if let bytes = estimate.bytes { words.append("\(Numbers.bytes(bytes)) in memory") }
    return words.isEmpty ? estimate.basis : words.joined(separator: ", ")
  }
}
