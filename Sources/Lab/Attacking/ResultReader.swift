import Attacks
import Core
import Foundation
import NN
import Pipeline

extension RunFolder {
  /// Reports of complete attacks, with the doubts that comparing them raises, and attacks that are not complete.
  /// What cannot be read is left out.
  package func results() -> RunResults {
    // Numbers in names count as such: 8 before 32.
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: attacks.path)) ?? [])
      .sorted { $0.compare($1, options: .numeric) == .orderedAscending }
    var complete: [(record: AdversarialRecord?, report: AttackReport)] = [], partial: [PartialAttack] = []
    for name in names {
      let folder = attacks.appendingPathComponent(name), record = try? AdversarialSet.record(folder)
      if let data = try? Data(contentsOf: folder.appendingPathComponent("result.json")),
        let report = try? JSON.decoder().decode(AttackReport.self, from: data)
      {
        complete.append((record, report))
      } else if let record {
        partial.append(PartialAttack(run: id, set: name, record: record, done: Self.done(folder, record)))
      }
    }
    // Where a result of an earlier version lacks the hash, the sentence about the weights tells them apart for all.
    let hasHashes = complete.allSatisfy { $0.record?.weights != nil }
    let groups = Dictionary(grouping: complete) { record, report in
      // One whose request is lost is nobody's peer.
      guard let record else { return report.set }
      let said = report.notes.first { $0.hasPrefix(RunSubject.weightsWords) } ?? ""
      return record.peers(weights: hasHashes ? record.weights ?? "" : said)
    }.sorted { $0.key < $1.key }
    return RunResults(
      run: id, reports: groups.flatMap { AttackDoubts.together($0.value.map(\.report)) }, partial: partial)
  }

  /// Changes whenever an attack is completed, removed, or one batch further.
  func resultsStamp() -> String {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: attacks.path)) ?? []).sorted()
    return names.map { name in
      var status = stat()
      let folder = attacks.appendingPathComponent(name)
      guard stat(folder.appendingPathComponent("result.json").path, &status) == 0 else {
        return "\(name) \(Self.chunks(folder))"
      }
      return "\(name) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }.joined(separator: " ")
  }

  private static func chunks(_ folder: URL) -> Int {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.count { $0.hasPrefix("chunk-") && $0.hasSuffix(".safetensors") }
  }

  private static func done(_ folder: URL, _ record: AdversarialRecord) -> Int {
    min(record.images, chunks(folder) * record.chunk)
  }

  /// Every result of an attack, in the slices' order.
  ///
  /// - Parameter set: its folder's name.
  /// - Throws: `EvaluationError.damaged`, `CoreError`.
  func outcomes(of set: String) throws -> AttackChunk {
    let folder = attacks.appendingPathComponent(set)
    let record = try AdversarialSet.record(folder)
    let count = record.chunk > 0 ? (record.images + record.chunk - 1) / record.chunk : 0
    let chunks = try (0..<count).compactMap { index -> AttackChunk? in
      let url = AttackChunk.file(index, in: folder)
      guard FileManager.default.fileExists(atPath: url.path) else { return nil }
      let file = try SafeTensors(contentsOf: url)
      return file.metadata["key"] == record.key ? try AttackChunk(file) : nil
    }
    return AttackChunk(joining: chunks)
  }
}

extension Laboratory {
  /// What attacks on all runs have shown; runs without any are left out.
  package func results() -> [RunResults] {
    store.ids().compactMap { try? store.open($0).results() }.filter { !$0.reports.isEmpty || !$0.partial.isEmpty }
  }

  /// Slice by slice what an attack did to a run, also one that is not complete.
  ///
  /// - Throws: `LabError`, `EvaluationError`, `CoreError`.
  package func attackedSlices(run: String, set: String) throws -> AttackedSlices {
    let folder = try store.open(run)
    let (_, plan) = try plan(of: folder, try folder.record())
    let slices = try folder.outcomes(of: set).outcomes.map { outcome in
      guard plan.labels.indices.contains(outcome.id) else {
        throw EvaluationError.damaged(
          path: folder.attacks.appendingPathComponent(set).path, reason: "there is no slice \(outcome.id)")
      }
      let place = plan.table.locate(outcome.id)
      return AttackedSlices.Slice(
        utterance: plan.corpus.utterances[place.utterance].id, slice: place.index, truth: outcome.label,
        clean: outcome.cleanPrediction, attacked: outcome.prediction,
        cleanShare: Logits.softmax(outcome.cleanLogits)[outcome.cleanPrediction],
        attackedShare: Logits.softmax(outcome.logits)[outcome.prediction], linf: outcome.linf, l2: outcome.l2,
        queries: outcome.effort.queries)
    }
    return AttackedSlices(run: folder.id, set: set, slices: slices)
  }
}
