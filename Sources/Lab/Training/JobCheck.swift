import Foundation
import NN
import Pipeline

extension Job {
  /// Refuses what cannot be trained, before anything is written.
  ///
  /// - Throws: `LabError`, `NNError.unknownNetwork`, `PipelineError.unknown`.
  func check() throws {
    _ = try entry()
    guard try precision().isAvailable else { throw NNError.noBF16 }
    try options?.check(self)
    _ = try Transforms.named(transform)
    for field in JobFields.all { try field.check(self) }
    try defend?.check()
    if case .file(let url) = SplitKind(split), !FileManager.default.fileExists(atPath: url.path) {
      throw LabError.noSuchSplit(split)
    }
  }
}
