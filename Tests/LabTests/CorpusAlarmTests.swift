import Lab
import Testing

@Suite struct CorpusAlarmTests {
  private func corpus(
    _ rows: [(speaker: String, emotion: Int, sentence: String)], emotions: [String] = ["anger", "fear", "joy"]
  ) -> [String] {
    let utterances = rows.enumerated().map { index, row in
      UtteranceInfo(
        id: "u\(index)", file: "u\(index).wav", emotion: row.emotion, speaker: row.speaker, sentence: row.sentence,
        duration: 1, sampleRate: 16_000)
    }
    return CorpusAlarms(
      CorpusInfo(
        name: "c", path: "/c", adapter: "csv", isSynthetic: false, emotions: emotions, utterances: utterances)
    ).sentences
  }

  @Test func balanceGapsAndSharedSpeakersAreSaid() {
    let found = corpus([("a", 0, "s1"), ("a", 0, "s2"), ("a", 0, "s3"), ("b", 0, "s1"), ("b", 1, "s2")])
    #expect(found.count == 5)
    #expect(found[0] == "no utterance of joy")
    #expect(found[1] == "anger has 4.0 times as many utterances as fear (4, 1): read UAR beside accuracy")
    #expect(found[2] == "1 of 2 speakers lack an emotion (a: fear)")
    #expect(found[3].contains("shares speakers"))
    #expect(found[4].hasPrefix("2 of 3 sentences"))
  }

  @Test func classesThatMayBeOneAreSaid() {
    let rows: [(speaker: String, emotion: Int, sentence: String)] = (0..<12).map {
      ("s\($0 / 6)", $0 % 3, "t\($0)")
    }
    let words = "are 2 classes whose names differ in case or blanks alone: they may be meant as one"
    #expect(corpus(rows, emotions: ["anger", "fear", "Anger"]).first == "“anger”, “Anger” \(words)")
    #expect(corpus(rows, emotions: ["very  sad", "fear", " very sad"]).first?.hasSuffix(words) == true)
    #expect(corpus(rows, emotions: ["anger", "angers", "an ger"]).count == 1)
  }

  @Test func aBalancedCorpusSaysNoMoreThanItMust() {
    let found = corpus((0..<12).map { ("s\($0 / 6)", $0 % 3, "t\($0)") })
    #expect(found.count == 1 && found[0].contains("speakers"))
    #expect(corpus([("a", 0, ""), ("a", 1, ""), ("a", 2, "")]) == ["one speaker: what is learnt may be the voice"])
    #expect(corpus([]).isEmpty)
  }
}
