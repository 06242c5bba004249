import Lab
import Synchronization
import TUI

/// A workbench on fake answers, driven by keys.
struct Bench: Sendable {
  var state: State
  private(set) var effects: [Effect] = []
  let corpora: [CorpusInfo]
  let runs: [RunInfo]

  static let runs = [
    Fake.run("20261124-2210-mel", epochs: 6, status: .running, isOwn: true),
    Fake.run("20261123-1800-cqt", epochs: 4, status: .failed),
    Fake.run("20261122-0900-linear", epochs: 15, status: .finished),
    Fake.run("20261121-0900-mfcc", epochs: 3, status: .interrupted),
  ]

  static let log = (0..<40).map { index in
    LogLine(
      time: Fake.start.addingTimeInterval(Double(index)), level: index % 9 == 0 ? .warning : .info,
      text: "line \(index): wrote checkpoint \(index / 4)")
  }

  init(
    _ width: Int = 80, _ height: Int = 24, depth: ColorDepth = .ansi256, rung: GlyphRung = .half,
    theme: Theme = ThemeFiles.standard,
    corpora: [CorpusInfo] = [Fake.corpus(), Fake.corpus("samples", utterances: 35, isSynthetic: true)],
    runs: [RunInfo] = Bench.runs, log: [LogLine] = Bench.log
  ) {
    (self.corpora, self.runs) = (corpora, runs)
    state = State(
      size: Size(width: width, height: height), look: Look(theme: theme, depth: depth, rung: rung),
      themes: [ThemeFiles.standard] + (theme.name == ThemeFiles.standard.name ? [] : [theme]),
      transforms: ["linear", "mel", "cqt", "mfcc"], models: ["cnn-lstm", "alexnet"])
    state.player = "aplay"
    act(.event(.corpora(corpora)))
    act(.event(.runs(runs)))
    for line in log { act(.event(.log(line))) }
    effects = []
  }

  /// Acts, and lets the fake backend answer at once.
  mutating func act(_ action: Action) {
    let new = Reducer.reduce(&state, action)
    effects += new
    for case .request(let request) in new {
      for event in Fake.answer(request, corpora: corpora, runs: state.runs) { act(.event(event)) }
    }
  }

  /// Keys by their names: "j", "enter", "ctrl-d".
  mutating func press(_ keys: String...) {
    for name in keys {
      guard let sequence = KeySequence(text: name) else { preconditionFailure("no key is called \(name)") }
      for key in sequence.keys { act(.key(key)) }
    }
  }

  mutating func type(_ text: String) {
    for character in text { act(.key(.character(character))) }
  }

  var canvas: Canvas { Frame.draw(state) }
  var text: String { canvas.text }

  /// To a pane, with everything that its bindings need: an open utterance with several slices, a run with a matrix at
  /// an epoch that is not the last, lists in their middle.
  static func inTheMiddle(of pane: PaneID) -> Bench {
    if let known = middles.withLock({ $0[pane] }) { return known }
    let bench = made(pane)
    middles.withLock { $0[pane] = bench }
    return bench
  }

  private static let middles = Mutex<[PaneID: Bench]>([:])

  private static func made(_ pane: PaneID, _ width: Int = 100, _ height: Int = 40) -> Bench {
    var bench = Bench(width, height)
    bench.press("j", "enter", "j", "enter", "j", "j", "enter", "d", "d", "d", "d", "d", ".", ".", "]", "]", "l", "k")
    bench.press("4", "j", "l", "[", "[", "5", "k", "k", "k", "2")
    if let index = Panes.order.firstIndex(of: pane) { bench.press("\(Layout.digit(index))") }
    if pane == .training { bench.press("j") }
    if pane == .attack { bench.press("enter", ".") }
    if pane == .explain { bench.press("r", "j", "l") }
    // A run whose attacks have results.
    if pane == .confusion { bench.press("3", "j", "j", "4", "[", "[") }
    if pane == .map { bench.press("r", "h", "+", "+") }
    if pane == .results { bench.press("a", "j", "j") }
    if pane == .models { bench.press("]", "j", "j", "j") }
    if pane == .paper { bench.press("t", "l", "l", "j") }
    bench.state.notice = nil
    bench.effects = []
    return bench
  }
}
