import Core
import NN

/// What a sweep will cost, before its first network is trained.
package struct SweepOutlook: Codable, Sendable, Equatable {
  /// Networks, and those of them that are trained already.
  package let total: Int
  package let trained: Int
  /// Of the trainings that are left; nil while a network's speed is not known.
  package let seconds: Double?
  /// Of the runs that are still to be made, on the disk.
  package let bytes: Int
  /// Whether networks are attacked, too.
  package let hasAttacks: Bool

  package var words: String {
    let left = total - trained
    let networks = "\(total) network\(total == 1 ? "" : "s"), \(trained) trained already"
    let further = hasAttacks ? ", attacks not reckoned" : ""
    guard left > 0 else { return networks + further }
    let time = seconds.map { "about \(DurationText.of($0)) and " } ?? ""
    let whom = trained == 0 ? (left == 1 ? "it" : "them") : left == 1 ? "the other" : "the others"
    return "\(networks); training \(whom) takes \(time)\(SizeText.bytes(bytes)) on the disk\(further)"
  }
}

extension Laboratory {
  /// Times a few steps of each network that this machine does not know yet.
  package func outlook(on cells: [SweepCell]) async -> SweepOutlook {
    let estimator = Estimator(folder: paths.cache), known = Set(store.ids())
    var jobs: [String: Job] = [:], trained = 0
    for cell in cells where jobs[cell.run] == nil { jobs[cell.run] = cell.job }
    var seconds: Double? = 0, bytes = 0
    for (run, job) in jobs {
      if known.contains(run), (try? store.open(run).info().status) == .finished {
        trained += 1
        continue
      }
      let corpus = try? library.info(library.find(job.corpus))
      let estimate = await estimator.estimate(job, corpus: corpus, mayTry: true)
      seconds = estimate.seconds.flatMap { more in seconds.map { $0 + more } }
      // The last checkpoint has Adam's two moments beside the weights, the best one the weights alone.
      bytes += 4 * 4 * ((try? Networks.named(job.model))?.parameterCount() ?? 0)
    }
    return SweepOutlook(
      total: jobs.count, trained: trained, seconds: seconds, bytes: bytes,
      hasAttacks: cells.contains { !$0.choices.isEmpty })
  }
}
