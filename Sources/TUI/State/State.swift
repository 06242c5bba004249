import Lab

/// Everything the workbench knows. A plain value: `reduce` changes it, `draw` shows it, and neither needs a terminal.
package struct State: Sendable, Equatable {
  package var size: Size
  package var look: Look
  package var themes: [Theme]
  /// By the user, now or in an earlier session; otherwise the terminal's background decides.
  package var hasChosenTheme = false
  /// Names from the registries, for keys and forms.
  package let transforms: [String]
  package let models: [String]
  /// The program that plays sound; nil where there is none.
  package var player: String?
  /// Keys that the user gave to commands.
  package var keymap = Keymap()

  // What the backend told.
  package var corpora: [CorpusInfo] = []
  /// What `corpora` was before the last answer, so that a pane need not do again what has not changed.
  package var corporaBefore: [CorpusInfo] = []
  /// False until the first answer, so that "none" and "not yet" look different.
  package var hasCorpora = false
  package var runs: [RunInfo] = []
  package var log: [LogLine] = []
  package var queue = RunQueue()
  /// What was trained last from here: the next form begins with it.
  package var lastJob: Job?
  package var usage: Usage?

  // Where the user is.
  package var focus: PaneID = .corpus
  /// The pane that shares the screen with the corpus when there is room for one more only.
  package var companion: PaneID = .view
  /// The pane below the view on a middling screen.
  package var lower: PaneID = .training
  package var isZoomed = false
  package var preset = Layout.Preset.balanced
  /// Places to go back to.
  package var trail: [Place] = []
  /// Where the last session was, until the first key or click: what it shows may still have to arrive.
  package var resumes: Place?
  /// The beginning of a sequence such as g g.
  package var pending: [Key] = []
  package var modal: Modal?
  /// What was typed last for a file; asked for again where that cannot be written.
  package var asked: TextPrompt?
  package var notice: Notice?
  /// Leaving as soon as our runs are saved.
  package var isLeaving = false
  package var showsMeter = true

  // Each pane's own.
  package var corpusPane = CorpusState()
  package var viewPane = ViewState()
  package var trainingPane = TrainingState()
  package var confusionPane = ConfusionState()
  package var logPane = LogState()
  package var modelsPane = ModelsState()
  package var attackPane = AttackState()
  package var explainPane = ExplainState()
  package var mapPane = MapState()
  package var resultsPane = ResultsState()
  package var paperPane = PaperState()

  package init(size: Size, look: Look, themes: [Theme], transforms: [String], models: [String]) {
    (self.size, self.look, self.themes) = (size, look, themes)
    (self.transforms, self.models) = (transforms, models)
    viewPane.transform = transforms.first { $0 == Job.defaults.transform } ?? transforms.first ?? ""
    viewPane.colormap = look.theme.colormap
  }

  /// Live runs that this process trains.
  package var ownLiveRuns: [RunInfo] { runs.filter { $0.isOwn && $0.isLive } }

  package mutating func say(_ text: String, _ level: LogLine.Level = .info) {
    notice = Notice(text: text, level: level)
  }

  /// Moves the focus without a trace.
  package mutating func show(_ pane: PaneID) {
    focus = pane
    if pane != .corpus { companion = pane }
    if pane != .corpus, pane != .view { lower = pane }
  }
}

/// One sentence in the footer, gone with the next key or click.
package struct Notice: Sendable, Equatable {
  package let text: String
  package let level: LogLine.Level
}

extension RunInfo {
  package var isLive: Bool { status == .running || status == .paused }
}

/// What lies over the panes and takes the keys.
package enum Modal: Sendable, Equatable {
  case help(Finder)
  case palette(Finder)
  case confirm(Confirmation)
  case form(WorkForm)
  /// Typing a filter for a pane; `before` is what it was.
  case prompt(pane: PaneID, before: String)
  case themes(ListState, before: Theme)
  case menu(Menu)
  case input(TextPrompt)
  /// Runs that wait.
  case queue(WaitingList)
}

/// A query and the place in the list of what it finds.
package struct Finder: Sendable, Equatable {
  package private(set) var query = ""
  package private(set) var list = ListState()
  /// Id of the selected command.
  package private(set) var selected: String?

  package init() {}

  /// Another query begins with what fits it best.
  mutating func edit(_ change: (inout String) -> Void) {
    change(&query)
    (list, selected) = (ListState(), nil)
  }

  mutating func move(by distance: Int, among found: [CommandFinder.Found]) {
    list.move(by: distance, on: &selected, among: found.map(\.binding.id))
  }

  mutating func settle(among found: [CommandFinder.Found], height: Int) {
    list.settle(on: &selected, among: found.map(\.binding.id), height: height)
  }
}

/// The place in the list of what waits.
package struct WaitingList: Sendable, Equatable {
  package private(set) var list = ListState()
  /// Id of the selected entry: others begin, and are moved, while it is looked at.
  package private(set) var selected: Int?

  package init() {}

  mutating func move(by distance: Int, among entries: [RunQueue.Entry]) {
    list.move(by: distance, on: &selected, among: entries.map(\.id))
  }

  mutating func settle(among entries: [RunQueue.Entry], height: Int) {
    list.settle(on: &selected, among: entries.map(\.id), height: height)
  }
}

/// A question with a few answers, each on a key.
package struct Confirmation: Sendable, Equatable {
  package enum Answer: Sendable, Equatable {
    case cancel
    case leave
    case leaveAfterStop
    case leaveAfterEpoch
    case stop(run: String)
    case stopAttack
    /// What waits, by its number; then back to the list, as it was.
    case takeOut(Int, WaitingList)
    case keepWaiting(WaitingList)
    case send([Request])
  }

  package struct Choice: Sendable, Equatable {
    package let key: Character
    package let label: String
    package let answer: Answer
  }

  package let title: String
  package let text: String
  package let choices: [Choice]
}
