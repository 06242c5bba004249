import Foundation

extension Split {
  /// Test files that hold the very bytes of a training file of another name, as copies of a corpus in several folders do. Only what is as
  /// long as a file of the other part is read, and what cannot be read is no twin.
  package func twins(in corpus: Corpus, table: SliceTable) -> [String] {
    func utterances(_ part: Part) -> Set<Int> { Set(slices(part).map { table.locate($0).utterance }) }
    let train = utterances(.train), test = utterances(.test)
    let lengths = Dictionary(grouping: train.union(test)) { index in
      let header = corpus.utterances[index].header
      return [header.frames, header.sampleRate]
    }
    var twins: [String] = []
    for members in lengths.values {
      let judged = members.filter(test.contains)
      guard members.count > 1, !judged.isEmpty, members.contains(where: train.contains) else { continue }
      let hashes = Dictionary(
        uniqueKeysWithValues: members.map { index in
          (index, try? ContentHash(contentsOf: corpus.url(of: corpus.utterances[index])))
        })
      for index in judged {
        guard let hash = hashes[index] ?? nil else { continue }
        if members.contains(where: { $0 != index && train.contains($0) && hashes[$0] == hash }) {
          twins.append(corpus.utterances[index].file)
        }
      }
    }
    return twins.sorted()
  }
}
