import Foundation

/// Emotion names that corpora share.
package enum Emotions {
  /// The paper's seven classes in its order.
  package static let canonical = ["anger", "boredom", "disgust", "fear", "happiness", "neutral", "sadness"]

  /// Other words for the seven, lower case: English, German and Romanian (without marks).
  private static let synonyms: [String: String] = [
    "angry": "anger", "furie": "anger", "manie": "anger", "arger": "anger", "wut": "anger",
    "bored": "boredom", "plictiseala": "boredom", "langeweile": "boredom",
    "disgusted": "disgust", "dezgust": "disgust", "ekel": "disgust",
    "afraid": "fear", "fearful": "fear", "anxiety": "fear", "frica": "fear", "teama": "fear", "angst": "fear",
    "happy": "happiness", "joy": "happiness", "bucurie": "happiness", "fericire": "happiness",
    "freude": "happiness", "neutru": "neutral", "neutralitate": "neutral",
    "sad": "sadness", "tristete": "sadness", "trauer": "sadness",
  ]

  /// The canonical name that `word` stands for, nil for any other word; case and diacritics do not count.
  package static func canonical(of word: String) -> String? {
    let plain = word.folding(options: [.caseInsensitive, .diacriticInsensitive], locale: nil).lowercased()
    return canonical.contains(plain) ? plain : synonyms[plain]
  }

  /// A corpus's own class list: those of the seven first, in their order, then the others by name.
  static func ordered(_ names: some Sequence<String>) -> [String] {
    let rank = Dictionary(uniqueKeysWithValues: canonical.enumerated().map { ($1, $0) })
    return Set(names).sorted { (rank[$0] ?? rank.count, $0) < (rank[$1] ?? rank.count, $1) }
  }
}
