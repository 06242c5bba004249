import Lab
import Pipeline

/// The small form before a training or an attack, field by field, from the registries of what can be set.
package struct WorkForm: Sendable, Equatable {
  package struct Field: Sendable, Equatable {
    package let name: String
    package let help: String
    package fileprivate(set) var kind: FieldKind
    package var value: String
    package var isFurther = false
    /// What is typed first begins anew rather than adding to what is there; Backspace mends that instead.
    fileprivate var isFresh = true

    package init(name: String, help: String, kind: FieldKind, value: String, isFurther: Bool = false) {
      (self.name, self.help, self.kind, self.value, self.isFurther) = (name, help, kind, value, isFurther)
    }
  }

  /// All of them; those that have a row are `shown`.
  package private(set) var fields: [Field] = []
  /// A row, not an index of `fields`.
  package var focus = 0
  /// Of the work as it is now; nil until the answer is here.
  package var estimate: Estimate?
  /// The work that an estimate was asked for.
  package var asked: RunQueue.Work?
  /// The run that is attacked; nil for a training.
  package let attacked: String?
  /// Seconds of each utterance by corpus, for the count of slices.
  private var durations: [String: [Double]] = [:]

  /// Without fields, for tests of the bindings.
  package init() { attacked = nil }

  /// Before a training.
  package init(_ state: State, corpus: String) {
    attacked = nil
    for info in state.corpora { durations[info.name] = info.utterances.map(\.duration) }
    fields = [
      Field(
        name: "corpus", help: "what to learn from", kind: .choice(state.corpora.map(\.name), allowsOther: false),
        value: corpus)
    ]
    var defaults = state.lastJob ?? Job.defaults
    if !defaults.drawsSplit, defaults.corpus != corpus { defaults.split = Job.defaults.split }
    if !state.transforms.contains(defaults.transform) { defaults.transform = state.transforms.first ?? "" }
    if !state.models.contains(defaults.model) { defaults.model = state.models.first ?? "" }
    let all = JobFields.all.map {
      Field(name: $0.name, help: $0.help, kind: $0.kind, value: $0.read(defaults), isFurther: $0.isFurther)
    }
    let names = all.filter(\.isFurther).map(\.name).joined(separator: ", ")
    fields += all.filter { !$0.isFurther }
    fields.append(
      Field(
        name: Self.more, help: names, kind: .choice(["hidden", "shown"], allowsOther: false), value: "hidden"))
    fields += all.filter(\.isFurther)
  }

  /// Before an attack on a run.
  package init(attacking wish: AttackWish) {
    attacked = wish.run
    fields = AttackFields.all.map {
      Field(name: $0.name, help: $0.help, kind: $0.offers(wish), value: $0.read(wish))
    }
  }

  /// The row that shows or hides what the trainer can do beside the recipe.
  package static let more = "trainer"

  /// The fields that have a row: not those that are hidden, nor those that nothing reads.
  package var shown: [Int] {
    let isOpen = value(Self.more) == "shown"
    let wish = attacked == nil ? nil : try? wish(only: ["attack"])
    return fields.indices.filter { index in
      if fields[index].isFurther { return isOpen }
      guard let wish, let field = AttackFields.all.first(where: { $0.name == fields[index].name }) else { return true }
      return field.isRead(wish)
    }
  }

  /// The options of the hidden rows that are set, so that none is forgotten.
  package var furtherWords: String {
    let set = fields.filter { $0.isFurther && $0.value != defaultValue($0.name) }
    return set.isEmpty ? "all as usual" : set.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
  }

  private func defaultValue(_ name: String) -> String? {
    JobFields.all.first { $0.name == name }?.read(Job.defaults)
  }

  private var focusedIndex: Int? {
    let shown = shown
    return shown.indices.contains(focus) ? shown[focus] : nil
  }

  package var focused: Field? { focusedIndex.map { fields[$0] } }

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
    let count = shown.count
    guard count > 0 else { return }
    focus = (focus + distance + count) % count
    for index in fields.indices { fields[index].isFresh = true }
  }

  package mutating func type(_ character: Character) {
    guard takesText, let index = focusedIndex else { return }
    if fields[index].isFresh { fields[index].value = "" }
    edit { $0.append(character) }
  }

  package mutating func edit(_ change: (inout String) -> Void) {
    guard takesText, let index = focusedIndex else { return }
    fields[index].isFresh = false
    change(&fields[index].value)
  }

  package mutating func change(_ distance: Int) {
    guard let index = focusedIndex else { return }
    let value = fields[index].value
    switch fields[index].kind {
    case .choice(let options, _), .series(let options, _):
      guard !options.isEmpty else { return }
      let place = options.firstIndex(of: value).map { $0 + distance } ?? 0
      fields[index].value = options[(place + options.count) % options.count]
    case .integer(let range, let step):
      let (next, overflow) = (Int(value) ?? range.lowerBound).addingReportingOverflow(step * distance)
      fields[index].value = String(overflow ? range.upperBound : max(range.lowerBound, min(range.upperBound, next)))
    case .number:
      fields[index].value = Self.neighbour(of: Double(value) ?? 1e-4, distance)
    }
    fields[index].isFresh = true
    if attacked != nil { follow(fields[index].name) }
  }

  /// Each attack has settings of its own, and each norm an ε.
  private mutating func follow(_ changed: String) {
    let others = ["part", "slices", "seed", "keep images"]
    let (known, taken): ([String], (String) -> Bool)
    switch changed {
    case "attack": (known, taken) = (["attack"], { !others.contains($0) })
    case "norm": (known, taken) = (["attack", "norm"], { $0 == "ε" })
    default: return
    }
    guard let wish = try? wish(only: known) else { return }
    for field in AttackFields.all where taken(field.name) {
      guard let index = fields.firstIndex(where: { $0.name == field.name }) else { continue }
      (fields[index].value, fields[index].kind) = (field.read(wish), field.offers(wish))
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

  // MARK: The work

  /// Nil while a field holds nonsense, which `problem` names.
  package var work: RunQueue.Work? { try? made() }

  package var job: Job? { if case .train(let job) = work { job } else { nil } }

  /// One sentence about the first field that cannot be used.
  package var problem: String? {
    do {
      _ = try made()
      return nil
    } catch LabError.outOfRange(what: let what, value: "", range: _) {
      return "\(what) is empty"
    } catch { return "\(error)" }
  }

  private func made() throws -> RunQueue.Work {
    if attacked != nil {
      let wish = try wish(only: nil)
      _ = try wish.choice()
      return .attack(wish)
    }
    guard !value("corpus").isEmpty else { throw LabError.unknownChoice(what: "corpus", value: "", choices: []) }
    var job = Job(corpus: value("corpus"))
    for field in JobFields.all { try field.set(value(field.name), in: &job) }
    try job.options?.check(job)
    return .train(job)
  }

  private func wish(only names: [String]?) throws(LabError) -> AttackWish {
    var wish = AttackWish(run: attacked ?? "", point: AttackPoint(attack: "", settings: .init()))
    for field in AttackFields.all where names?.contains(field.name) ?? field.isRead(wish) {
      try field.set(value(field.name), in: &wish)
    }
    return wish
  }

  /// Slices of the chosen corpus at the chosen stride.
  package var slices: Int? {
    guard attacked == nil, let stride = Int(value("stride")), let durations = durations[value("corpus")],
      let slicer = try? Slicer(strideMilliseconds: stride)
    else { return nil }
    return durations.reduce(0) { $0 + slicer.count(seconds: $1) }
  }

  /// What the run will cost, in words.
  package var cost: String? {
    guard let estimate else { return nil }
    return estimate.words.isEmpty ? estimate.basis : estimate.words.joined(separator: ", ")
  }
}

extension Estimate {
  /// What is known of the cost: "about 3 min 0 s in all", "12 s an epoch", "400 MB in memory".
  package var words: [String] {
    [
      seconds.map { "about \(DurationText.of($0)) in all" }, secondsAnEpoch.map { "\(DurationText.of($0)) an epoch" },
      bytes.map { "\(Numbers.bytes($0)) in memory" },
    ].compactMap(\.self)
  }
}
