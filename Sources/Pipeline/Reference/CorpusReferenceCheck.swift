import Core
import Foundation

/// Reference files of kind `corpus`: slice counts of the real Emo-DB, and lo and hi over some of its files.
package struct CorpusReferenceCheck: ReferenceCheck {
  package let kind = "corpus"

  package init() {}

  package func verdict(on file: SafeTensors, emodb: URL?) async throws -> Verdict {
    guard let emodb else { return Verdict(.skipped, "needs Emo-DB; set QUAVER_EMODB to its folder") }
    let counts = try decoded([String: Int].self, try metadata("slices", of: file), of: file)
    let subset = try decoded([String].self, try metadata("subset", of: file), of: file)
    let means = try decoded([String: [Double]].self, try metadata("mean_min_max", of: file), of: file)
    let subsetSlices = try decoded(Int.self, try metadata("subset_slices", of: file), of: file)

    let corpus = try Corpus.scan(emodb, adapter: "emodb")
    var checks = try counts.sorted { $0.value < $1.value }.map { stride, expected in
      let slicer = try Slicer(strideMilliseconds: Int(stride) ?? 0)
      let count = SliceTable(corpus.utterances, slicer: slicer).count
      return (text: "\(count) slices at \(stride) ms = \(expected)", holds: count == expected)
    }
    let part = corpus.restricted(to: Set(subset)), slicer = try Slicer(strideMilliseconds: 500)
    let table = SliceTable(part.utterances, slicer: slicer)
    checks.append(("\(table.count) slices in the subset = \(subsetSlices)", table.count == subsetSlices))
    for transform in Transforms.all {
      guard let expected = means[transform.name], expected.count == 2 else { continue }
      let extremes = try await Engine.run { try SlicePass.extremes(part, table, transform) }
      let scaling = Scaling(extremes: extremes)
      let worst = max(abs(Double(scaling.lo) - expected[0]), abs(Double(scaling.hi) - expected[1]))
      let limit = ["cqt", "mfcc"].contains(transform.name) ? 0.5 : 0.05
      checks.append(("\(transform.name) lo, hi off by \(decimal(Float(worst))) ≤ \(limit)", worst <= limit))
    }
    return Verdict(checks: checks)
  }
}
