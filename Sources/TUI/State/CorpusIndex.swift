import Foundation
import Lab

/// One corpus prepared for its tree and for search: made once when the corpus arrives, so that a hundred thousand
/// utterances cost nothing while scrolling.
package struct CorpusIndex: Sendable, Equatable {
  /// Utterances of one speaker in one emotion, by name.
  package struct Speaker: Sendable, Equatable {
    package let name: String
    package let utterances: [Int]
  }

  package struct Emotion: Sendable, Equatable {
    /// Index in the corpus's list.
    package let emotion: Int
    package let count: Int
    package let speakers: [Speaker]
  }

  package let emotions: [Emotion]
  package let alarms: CorpusAlarms
  /// Lowercased "id speaker emotion sentence\n" of each utterance, and where each begins.
  private let haystack: [UInt8]
  private let offsets: [Int]

  package init(_ corpus: CorpusInfo) {
    var groups: [Int: [String: [Int]]] = [:]
    var (haystack, offsets) = ([UInt8](), [0])
    for (index, utterance) in corpus.utterances.enumerated() {
      groups[utterance.emotion, default: [:]][utterance.speaker, default: []].append(index)
      let emotion = corpus.emotionName(utterance.emotion)
      haystack += "\(utterance.id) \(utterance.speaker) \(emotion) \(utterance.sentence)\n".lowercased().utf8
      offsets.append(haystack.count)
    }
    (self.haystack, self.offsets, alarms) = (haystack, offsets, CorpusAlarms(corpus))
    emotions = groups.sorted { $0.key < $1.key }.map { emotion, speakers in
      Emotion(
        emotion: emotion, count: speakers.values.reduce(0) { $0 + $1.count },
        speakers: speakers.sorted { $0.key.localizedStandardCompare($1.key) == .orderedAscending }.map {
          name, indices in
          Speaker(name: name, utterances: indices.sorted { corpus.utterances[$0].id < corpus.utterances[$1].id })
        })
    }
  }

  /// For each utterance whether `query` (`TextFilter`) finds something in its id, speaker, emotion and sentence.
  package func matches(_ query: String) -> [Bool] {
    let filter = TextFilter(query)
    var result = [Bool](repeating: true, count: offsets.count - 1)
    if filter.isPattern {
      haystack.withUnsafeBufferPointer { bytes in
        for index in result.indices { result[index] = filter.accepts(bytes, offsets[index]..<offsets[index + 1] - 1) }
      }
      return result
    }
    for word in filter.words {
      var found = [Bool](repeating: false, count: result.count)
      mark(word, in: &found)
      for index in result.indices where !found[index] { result[index] = false }
    }
    return result
  }

  private func mark(_ word: [UInt8], in found: inout [Bool]) {
    var utterance = 0
    haystack.withUnsafeBufferPointer { bytes in
      var position = 0
      while let offset = Self.find(word, in: bytes, from: position) {
        while offsets[utterance + 1] <= offset { utterance += 1 }
        found[utterance] = true
        position = offsets[utterance + 1]
      }
    }
  }

  /// memmem(3), which is hidden from Swift.
  private static func find(_ word: [UInt8], in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    guard let base = bytes.baseAddress, let first = word.first else { return nil }
    var position = start
    while position + word.count <= bytes.count {
      guard let hit = memchr(base + position, Int32(first), bytes.count - position - word.count + 1) else { return nil }
      position = UnsafeRawPointer(hit) - UnsafeRawPointer(base)
      if memcmp(base + position, word, word.count) == 0 { return position }
      position += 1
    }
    return nil
  }
}

extension CorpusInfo {
  package func emotionName(_ index: Int) -> String { emotions.indices.contains(index) ? emotions[index] : "?" }
}
