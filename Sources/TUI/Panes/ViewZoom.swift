import Lab

/// Zooming, panning and listening in the view.
enum ViewZoom {
  private static func zoom(time: Int = 0, rows: Int = 0) -> @Sendable (inout State) -> [Effect] {
    { state in
      state.viewPane.zoom(time: time, rows: rows)
      return []
    }
  }

  /// Half of what is shown; beyond the slice's edge it goes on with the next slice.
  private static func pan(_ x: Double, _ y: Double) -> @Sendable (inout State) -> [Effect] {
    { state in
      if state.viewPane.pan(x, y) { return [] }
      let next = state.viewPane.slice + (x > 0 ? 1 : -1)
      guard x != 0, !state.viewPane.showsWhole, (0..<state.viewPane.sliceCount).contains(next) else {
        state.say("there is no more to this side")
        return []
      }
      state.viewPane.slice = next
      return state.viewPane.ask()
    }
  }

  private static let isZoomed: @Sendable (State) -> Bool = { !$0.viewPane.viewport.isWhole }
  private static let hasPicture = ViewPane.hasPicture
  private static let canPlay: @Sendable (State) -> Bool = { !$0.viewPane.isEmpty && $0.player != nil }

  static let bindings: [Binding] = [
    Binding(
      "view.zoom-in", ["+", "="], "zoom in", "Half the time around the cursor.", hint: 5, isEnabled: hasPicture,
      run: zoom(time: 1)),
    Binding(
      "view.zoom-out", ["-"], "zoom out", "Twice the time around the cursor.", isEnabled: isZoomed,
      run: zoom(time: -1)),
    Binding(
      "view.zoom-rows-in", ["}"], "zoom in Hz", "Half the frequencies around the cursor.", isEnabled: hasPicture,
      run: zoom(rows: 1)),
    Binding(
      "view.zoom-rows-out", ["{"], "zoom out Hz", "Twice the frequencies around the cursor.", isEnabled: isZoomed,
      run: zoom(rows: -1)),
    Binding("view.zoom-none", ["w"], "show all", "The whole picture again.", hint: 9, isEnabled: isZoomed) {
      $0.viewPane.viewport = Viewport()
      return []
    },
    Binding(
      "view.pan-later", [")"], "pan later", "Half a screen later; then the next slice.", isEnabled: hasPicture,
      run: pan(0.5, 0)),
    Binding(
      "view.pan-earlier", ["("], "pan earlier", "Half a screen earlier; then the slice before.",
      isEnabled: hasPicture, run: pan(-0.5, 0)),
    Binding("view.pan-up", ["ctrl-y"], "pan up", "Half a screen higher.", isEnabled: hasPicture, run: pan(0, 0.5)),
    Binding("view.pan-down", ["ctrl-e"], "pan down", "Half a screen lower.", isEnabled: hasPicture, run: pan(0, -0.5)),
    Binding(
      "view.whole", ["u"], "whole utterance", "The whole utterance, second by second, or one slice again.", hint: 10,
      isEnabled: { !$0.viewPane.isEmpty && ($0.viewPane.stage == .decibels || $0.viewPane.stage == .normalised) },
      whyNot: { _ in "a network sees one slice at a time; s goes to a stage that shows all" }
    ) { state in
      state.viewPane.isWhole.toggle()
      state.viewPane.viewport = Viewport()
      return state.viewPane.ask()
    },
    Binding(
      "view.play", ["p"], "play", "Plays what is shown.", hint: 11, isEnabled: canPlay, whyNot: ViewPane.whyNoSound
    ) {
      state in
      let view = state.viewPane
      let part = view.picture.map { view.viewport.time(of: $0.time) }
      return [.request(.play(corpus: view.corpus, utterance: view.utterance, part: part))]
    },
    Binding(
      "view.play-all", ["P"], "play all", "Plays the whole utterance.", isEnabled: canPlay, whyNot: ViewPane.whyNoSound
    ) {
      [.request(.play(corpus: $0.viewPane.corpus, utterance: $0.viewPane.utterance, part: nil))]
    },
    Binding("view.silence", ["x"], "silence", "Stops the sound.", isEnabled: canPlay, whyNot: ViewPane.whyNoSound) {
      _ in
      [.request(.stopPlaying)]
    },
  ]
}
