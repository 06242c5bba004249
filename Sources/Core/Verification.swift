import Foundation

/// What comparing one reference file with our own computation gave: a line of `quaver verify`.
package struct Verdict: Sendable {
  package enum Outcome: String, Sendable { case ok, fail = "FAIL", skipped }

  package let outcome: Outcome
  /// What was measured beside its tolerance ("db max 0.0031 ≤ 0.05, index 99.9 % ≥ 99 %"), or why it was skipped.
  package let measured: String

  package init(_ outcome: Outcome, _ measured: String) {
    (self.outcome, self.measured) = (outcome, measured)
  }

  /// Passes when every check does. A check is its text and whether it held.
  package init(checks: [(text: String, holds: Bool)]) {
    self.init(
      checks.allSatisfy(\.holds) ? .ok : .fail,
      checks.map { $0.holds ? $0.text : "\($0.text) ✗" }.joined(separator: ", "))
  }
}

/// Checks reference files of one kind. Each module brings its own; Lab's registry lists them.
package protocol ReferenceCheck: Sendable {
  /// The `kind` in the file's metadata, also the folder's name.
  var kind: String { get }
  /// - Parameter emodb: the folder of the real Emo-DB (`QUAVER_EMODB`), nil where there is none.
  func verdict(on file: SafeTensors, emodb: URL?) async throws -> Verdict
}
