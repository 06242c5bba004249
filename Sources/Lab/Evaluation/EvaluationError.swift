import Core

/// Mistakes around evaluating and attacking a trained run, each one sentence with its operands.
package enum EvaluationError: UserError, Equatable {
  case noWeights(run: String, checkpoint: String)
  case otherData(run: String, reason: String)
  case malformed(what: String, text: String, expected: String)
  case emptyList(what: String)
  case repeated(what: String, value: String)
  case damaged(path: String, reason: String)
  case noRoom(path: String, needed: Int, free: Int)
  case noSuchImage(set: String, slice: Int)
  case otherWeights(set: String, madeOn: String, run: String, checkpoint: String)
  case unknownSet(String, run: String, known: [String])
  case tooFewRuns(Int)
  case differentClasses(String, String)

  package var description: String {
    switch self {
    case .noWeights(let run, let checkpoint):
      "run “\(run)” has no \(checkpoint) checkpoint, so there is nothing to evaluate; train it first"
    case .otherData(let run, let reason): "run “\(run)” cannot be evaluated on what is there now: \(reason)"
    case .malformed(let what, let text, let expected): "\(what) “\(text)” is not \(expected)"
    case .emptyList(let what): "the list of \(what) is empty"
    case .repeated(let what, let value): "\(what) \(value) is given twice"
    case .damaged(let path, let reason): "\(path): not usable (\(reason)); remove it, and it is made again"
    case .noRoom(let path, let needed, let free):
      "the adversarial images need \(needed >> 20) MiB below \(path), where \(free >> 20) MiB are free; --no-keep leaves "
        + "them out"
    case .noSuchImage(let set, let slice): "the adversarial set “\(set)” holds no image of slice \(slice)"
    case .otherWeights(let set, let madeOn, let run, let checkpoint):
      "the images of “\(set)” were made on "
        + (madeOn == checkpoint
          ? "an earlier state of the \(checkpoint) checkpoint of “\(run)”: attack it again"
          : "the \(madeOn) checkpoint of “\(run)”, not on the \(checkpoint) one: --checkpoint \(madeOn), or attack it again")
    case .unknownSet(let name, let run, let known):
      "run “\(run)” has no adversarial set “\(name)”; there are \(known.isEmpty ? "none" : known.joined(separator: ", "))"
    case .tooFewRuns(let count): "a comparison needs at least two runs, not \(count)"
    case .differentClasses(let a, let b): "runs “\(a)” and “\(b)” cannot be compared: they have other classes"
    }
  }
}

extension EvaluationError {
  /// - Parameters:
  ///   - what: what the sentence calls one of the values.
  ///   - text: how it shows one.
  /// - Throws: `.repeated` for the first value that is there a second time.
  package static func refuseRepeats<Value: Equatable>(
    _ values: [Value], what: String, text: (Value) -> String = { "\($0)" }
  ) throws {
    for (index, value) in values.enumerated() where values[..<index].contains(value) {
      throw EvaluationError.repeated(what: what, value: text(value))
    }
  }
}
