import Attacks

/// One thing about a job or an attack that a user can set: the form's rows, the plain mode's words and the check of a job
/// come from lists of these, so that they cannot disagree.
package struct WorkField<Work: Sendable>: Sendable {
  package typealias Kind = FieldKind

  package let name: String
  /// On the command line.
  package let option: String
  package let help: String
  package let kind: Kind
  package let read: @Sendable (Work) -> String
  /// False when the text is no value of this field.
  private let write: @Sendable (inout Work, String) -> Bool
  /// Belongs to the few that most users leave alone.
  package var isFurther = false
  /// Whether the work reads it as it is otherwise set: α of an attack that takes one step has no use.
  package var isRead: @Sendable (Work) -> Bool = { _ in true }
  /// What the form steps through for the work as it is otherwise set: of `kind`, which is all that there is.
  package var offers: @Sendable (Work) -> FieldKind

  package init(
    _ name: String, _ option: String, _ help: String, _ kind: Kind, read: @escaping @Sendable (Work) -> String,
    write: @escaping @Sendable (inout Work, String) -> Bool
  ) {
    (self.name, self.option, self.help, self.kind, self.read, self.write) = (name, option, help, kind, read, write)
    offers = { _ in kind }
  }

  /// - Throws: `LabError.unknownChoice`, `LabError.outOfRange`.
  package func set(_ text: String, in job: inout Work) throws(LabError) {
    var changed = job
    guard write(&changed, text) else { throw mistake(text) }
    try check(changed)
    job = changed
  }

  /// - Throws: `LabError.unknownChoice`, `LabError.outOfRange`.
  package func check(_ job: Work) throws(LabError) {
    let value = read(job)
    let isGood: Bool =
      switch kind {
      case .choice(let names, let allowsOther): allowsOther ? !value.isEmpty : names.contains(value)
      case .integer(let range, _):
        Int(value).map(range.contains) ?? (range.upperBound == .max && UInt64(value) != nil)
      case .number: Double(value).map { $0.isFinite && $0 >= 0 } ?? false
      case .series(let names, let range): Int(value).map(range.contains) ?? names.contains(value)
      }
    if !isGood { throw mistake(value) }
  }

  private func mistake(_ value: String) -> LabError {
    switch kind {
    case .choice(let names, _): .unknownChoice(what: name, value: value, choices: names)
    case .integer(let range, _):
      .outOfRange(
        what: name, value: value,
        range: range.upperBound == .max
          ? "a whole number from \(range.lowerBound) on" : "\(range.lowerBound) to \(range.upperBound)")
    case .number: .outOfRange(what: name, value: value, range: "a number of at least 0")
    case .series(let names, let range):
      .outOfRange(
        what: name, value: value,
        range: names.filter { Int($0) == nil }.map { "“\($0)” or " }.joined()
          + "\(range.lowerBound) to \(range.upperBound)")
    }
  }
}

extension WorkField {
  static func text(
    _ name: String, _ option: String, _ help: String, _ names: [String], other: Bool = false,
    _ path: WritableKeyPath<Work, String> & Sendable
  ) -> WorkField {
    WorkField(name, option, help, .choice(names, allowsOther: other), read: { $0[keyPath: path] }) {
      $0[keyPath: path] = $1
      return true
    }
  }

  static func integer(
    _ name: String, _ option: String, _ help: String, _ range: ClosedRange<Int>, step: Int = 1,
    _ path: WritableKeyPath<Work, Int> & Sendable
  ) -> WorkField {
    WorkField(name, option, help, .integer(range, step: step), read: { String($0[keyPath: path]) }) {
      guard let value = Int($1) else { return false }
      $0[keyPath: path] = value
      return true
    }
  }

  static func number(
    _ name: String, _ option: String, _ help: String, _ path: WritableKeyPath<Work, Double> & Sendable
  ) -> WorkField {
    WorkField(name, option, help, .number, read: { "\($0[keyPath: path])" }) {
      guard let value = Double($1) else { return false }
      $0[keyPath: path] = value
      return true
    }
  }
}

/// What a field's value can be.
package enum FieldKind: Sendable, Equatable {
  /// One of some names; with `allowsOther` any text (the path of a split).
  case choice([String], allowsOther: Bool)
  /// Steps of `step` in the form.
  case integer(ClosedRange<Int>, step: Int)
  /// A finite number of at least 0.
  case number
  /// Some values to step through, of which not all need be numbers ("all"); any whole number of the range may be typed.
  case series([String], ClosedRange<Int>)
}

package typealias JobField = WorkField<Job>

/// The registry of a job's settings.
package enum JobFields {
  /// The recipe first, then what the trainer can do beside it.
  package static let all: [JobField] = recipe + trainer

  /// Strides that keys step through, in ms.
  package static let strides = [10, 20, 50, 100, 200, 250, 500, 1000]

  package static func named(_ name: String) -> JobField? {
    all.first { $0.name == name || $0.option == "--\(name)" || $0.name.replacing(" ", with: "-") == name }
  }

  /// All but the corpus, whose names are not known here. One more setting of a job is one more entry.
  private static let recipe: [JobField] = [
    JobField.text("transform", "--transform", "how sound becomes a picture", Laboratory.transforms, \.transform),
    JobField.text("network", "--model", "what learns", Laboratory.models, \.model),
    JobField.text(
      "split", "--split", "utterance or speaker keep files whole; slice leaks; or type a CSV's path",
      ["utterance", "speaker", "slice"], other: true, \.split),
    JobField(
      "stride", "--stride", "ms between slices", .series(JobFields.strides.map(String.init), 1...60_000),
      read: { String($0.strideMilliseconds) }
    ) {
      guard let value = Int($1) else { return false }
      $0.strideMilliseconds = value
      return true
    },
    JobField.integer("epochs", "--epochs", "passes over the training part", 1...100_000, \.epochs),
    JobField.integer("batch", "--batch", "slices a step", 1...4096, step: 8, \.batch),
    JobField.number("learning rate", "--lr", "of Adam", \.learningRate),
    JobField.number("weight decay", "--weight-decay", "L2, coupled", \.weightDecay),
    JobField(
      "seed", "--seed", "the same seed gives the same run, and the same split where that is drawn",
      .integer(0...Int.max, step: 1),
      read: { String($0.seed) }
    ) {
      guard let value = UInt64($1) else { return false }
      $0.seed = value
      return true
    },
    JobField.text("augment", "--augment", "SpecAugment on training images", ["specaugment", "none"], \.augment),
    JobField.text(
      "normalise", "--normalise", "slices that give lo and hi: the paper's, or the strict way", ["corpus", "train"],
      \.normalise),
    JobField(
      "defence", "--defend", "also trains on images that this attack makes, or type pgd:eps=8/255,steps=3,ratio=0.5",
      .choice([FieldWords.none] + Attacks.whiteBox.map(\.name), allowsOther: true),
      read: { $0.defend?.text ?? FieldWords.none }
    ) {
      guard $1 != FieldWords.none else {
        $0.defend = nil
        return true
      }
      guard let defence = try? Defence(parsing: $1) else { return false }
      $0.defend = defence
      return true
    },
    JobField(
      "slices", "--limit", "of each part: all, or a stratified few for a quick try",
      .series([FieldWords.everything, "64", "256", "1024"], 1...100_000_000),
      read: { $0.limit.map(String.init) ?? FieldWords.everything }
    ) {
      guard $1 == FieldWords.everything || Int($1) != nil else { return false }
      $0.limit = Int($1)
      return true
    },
  ]
}

/// What stands for nothing and for all in fields.
enum FieldWords {
  static let none = "none"
  static let everything = "all"
}
