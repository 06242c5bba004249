/// What the workbench knows of a corpus. Plain values: no audio, no tensors.
package struct CorpusInfo: Sendable, Equatable {
  package let name: String
  package let path: String
  package let adapter: String
  /// True for the sample corpus of synthetic speech; shown wherever the corpus is.
  package let isSynthetic: Bool
  /// Emotions in the corpus's own order ("anger", "boredom" …); an utterance's `emotion` indexes it.
  package let emotions: [String]
  package let utterances: [UtteranceInfo]

  package init(
    name: String, path: String, adapter: String, isSynthetic: Bool, emotions: [String], utterances: [UtteranceInfo]
  ) {
    (self.name, self.path, self.adapter, self.isSynthetic) = (name, path, adapter, isSynthetic)
    (self.emotions, self.utterances) = (emotions, utterances)
  }
}

package struct UtteranceInfo: Sendable, Equatable, Identifiable {
  /// File name without its extension ("03a01Fa"), unique within the corpus.
  package let id: String
  package let file: String
  package let emotion: Int
  package let speaker: String
  package let sentence: String
  /// Seconds at the file's own rate.
  package let duration: Double
  package let sampleRate: Int

  package init(
    id: String, file: String, emotion: Int, speaker: String, sentence: String, duration: Double, sampleRate: Int
  ) {
    (self.id, self.file, self.emotion, self.speaker) = (id, file, emotion, speaker)
    (self.sentence, self.duration, self.sampleRate) = (sentence, duration, sampleRate)
  }
}
