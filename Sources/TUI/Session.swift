import Core
import Foundation
import Lab

/// What the next start begins with.
package struct Session: Codable, Sendable, Equatable {
  package var place: Place
  /// Nil unless the user chose one.
  package var theme: String?
  package var glyphs: String
  /// Nil in those of earlier versions.
  package var layout: String?
  /// Corpus and utterance of each mark, with a tab between.
  package var marks: [String]
  package var runs: [String]
  package var job: Job?

  package init(_ state: State) {
    place = Place(state)
    theme = state.hasChosenTheme ? state.look.theme.name : nil
    glyphs = state.look.glyphs.rung.rawValue
    layout = state.preset.rawValue
    marks = state.corpusPane.marks.prefix(1000).map { "\($0.corpus)\t\($0.utterance)" }
    runs = state.trainingPane.marks
    job = state.lastJob
  }

  /// Nil where there is none, or one of another version.
  package static func read(_ file: URL) -> Session? {
    (try? Data(contentsOf: file)).flatMap { try? JSON.decoder().decode(Session.self, from: $0) }
  }

  /// A session that cannot be kept costs a few keys at the next start.
  package func write(_ file: URL) {
    guard let data = try? JSON.encoder(pretty: true).encode(self) else { return }
    try? FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try? AtomicFile.export(file, data)
  }

  /// - Parameter isChosen: what the command line or the configuration says wins over what the session was.
  package func begin(_ state: inout State, hasTheme: Bool, hasGlyphs: Bool) {
    if !hasTheme, let theme = state.themes.first(where: { $0.name == theme }) {
      (state.look.theme, state.hasChosenTheme) = (theme, true)
    }
    if !hasGlyphs, !state.look.glyphs.isASCII, let rung = GlyphRung(rawValue: glyphs) {
      state.look.glyphs = Glyphs(rung: rung, hasBraille: state.look.hasBraille)
    }
    state.corpusPane.setMarks(
      marks.compactMap { mark in
        let words = mark.split(separator: "\t").map(String.init)
        return words.count == 2 ? UtteranceReference(corpus: words[0], utterance: words[1]) : nil
      })
    state.preset = layout.flatMap(Layout.Preset.init) ?? .balanced
    state.trainingPane.marks = runs
    state.lastJob = job
    state.resumes = place
  }
}
