import Dispatch
import Foundation

extension Split {
  /// Test files that hold the very samples of a training file of another name, in whichever container, as copies of a
  /// corpus in several folders do. Only what is as long as a file of the other part is decoded, and what cannot be decoded is no twin.
  package func twins(in corpus: Corpus, table: SliceTable) -> [String] {
    func utterances(_ part: Part) -> Set<Int> { Set(slices(part).map { table.locate($0).utterance }) }
    let train = utterances(.train), test = utterances(.test)
    let lengths = Dictionary(grouping: train.union(test)) { index in
      let header = corpus.utterances[index].header
      return [header.frames, header.sampleRate]
    }
    let groups = lengths.values.filter { members in
      members.count > 1 && members.contains(where: test.contains) && members.contains(where: train.contains)
    }
    let hashes = Self.hashes(groups.flatMap(\.self), in: corpus)
    let twins = groups.flatMap { members in
      members.filter { index in
        guard test.contains(index), let hash = hashes[index] else { return false }
        return members.contains { $0 != index && train.contains($0) && hashes[$0] == hash }
      }
    }
    return twins.map { corpus.utterances[$0].file }.sorted()
  }

  /// Of the samples of utterances that can be decoded, on all threads.
  private static func hashes(_ indices: [Int], in corpus: Corpus) -> [Int: ContentHash] {
    var found = [ContentHash?](repeating: nil, count: indices.count)
    found.withUnsafeMutableBufferPointer { buffer in
      // Every hash is written by one thread alone.
      nonisolated(unsafe) let buffer = buffer
      DispatchQueue.concurrentPerform(iterations: indices.count) { i in
        buffer[i] = try? Audio.decode(corpus.url(of: corpus.utterances[indices[i]])).contentHash
      }
    }
    return Dictionary(uniqueKeysWithValues: zip(indices, found).compactMap { index, hash in hash.map { (index, $0) } })
  }
}
