import ArgumentParser
import Core
import Foundation
import Lab
import TUI

struct RenderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render", abstract: "Write a pane of the workbench to files, without a terminal.",
    discussion: """
      The same state and the same drawing as on the screen; a picture keeps the pixels of its spectrograms, needs no scrolling and shows no \
      cursor. It has a panel for each of several transforms of the view, for each of several runs (--beside) in the confusion pane and the map, \
      and for each of several attacks (--set) in the confusion pane. Panes: \
      \(Panes.order.map(\.name).joined(separator: ", ")).
      """)

  @Argument(help: "The pane.")
  var pane: String
  @Option(name: .customLong("run"), help: "The run that it shows; by default the newest.")
  var runName: String?
  @Option(help: "The corpus that it shows, by its name, or a folder, which is registered; by default the run's.")
  var corpus: String?
  @Option(help: "Of the panes view, attack and explain: the utterance.")
  var utterance: String?
  @Option(
    help:
      "Of the view one or a list of \(Laboratory.transforms.joined(separator: ", ")); of the paper's tables 2a and 2b one."
  )
  var transform: String?
  @Option(help: ArgumentHelp("Of the pane paper: 1 (by default), 2a or 2b.", valueName: "1|2a|2b"))
  var table: PaperBoard.Table?
  @Option(help: "Of the view: \(Stage.allCases.map(\.rawValue).joined(separator: ", ")).")
  var stage: String?
  @Option(help: "Of the view, at its stride, and of attack and explain, at the run's: the slice, from 1 (by default).")
  var slice: Int?
  @OptionGroup(title: "Of the panes attack, results and explain") var attacking: RenderedAttack
  @OptionGroup(title: "Of the confusion pane") var confusing: RenderedConfusion
  @Option(help: "A theme's name, or the path of its file.")
  var theme = "dark"
  @Option(
    help:
      "Columns and rows of the text and of a figure's panel, 120x40 by default; a figure is then as large as shows everything."
  )
  var size: String?
  @Option(help: "A picture of pixels.")
  var png: String?
  @Option(help: "A vector figure.")
  var svg: String?
  @Option(help: "Text as on the screen.")
  var txt: String?
  @Option(help: "The pane's table as CSV.")
  var csv: String?
  @Option(help: "The pane's table as Markdown.")
  var md: String?
  @Option(help: "The pane's table as LaTeX.")
  var tex: String?
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard slice ?? 1 >= 1 else { throw ValidationError("Slices are counted from 1.") }
  }

  func run() async throws {
    struct Report: Encodable {
      let pane: String
      let run: String?
      let notes: [String]
      let files: [String]
      let text: String?
    }
    let panels = try await panels()
    if csv != nil, panels.joined().count > 1 { throw RenderError.oneTable(panels.joined().count) }
    let run = panels.first?.first?.selectedRun?.id, notes = panels.first?.first.map { Self.soundNotes($0) } ?? []
    for note in notes { Console.error(note) }
    var files: [String] = []
    func write(_ path: String?, _ data: @autoclosure () throws -> Data) throws {
      guard let path else { return }
      try AtomicFile.export(URL(fileURLWithPath: path), try data())
      files.append(path)
    }
    let size = try cells(), own = size ?? Self.standard
    func screens() -> String { panels.joined().map { PaneScreen.draw($0, size: own).text }.joined(separator: "\n\n") }
    try write(png, PaneFigure.data(panels, .png, size: size))
    try write(svg, PaneFigure.data(panels, .svg, size: size))
    try write(txt, Data((screens() + "\n").utf8))
    for (path, format) in [(csv, ResultTable.Format.csv), (md, .markdown), (tex, .latex)] {
      let tables = { try panels.joined().map { try told($0).rendered(format) }.joined(separator: "\n") }
      try write(path, Data(try tables().utf8))
    }
    let text = files.isEmpty ? screens() : nil
    if common.json {
      let report = Report(pane: pane, run: run, notes: notes, files: files, text: text)
      Console.line(try JSON.line(report))
    } else if let text {
      Console.line(text)
    }
  }

  private func told(_ state: State) throws -> ResultTable {
    guard state.focus != .log else { throw RenderError.nothingToShow("a log is of one session of the workbench") }
    guard let table = Panes.named(state.focus)?.detail(state) ?? Panes.named(state.focus)?.table(state) else {
      throw RenderError.nothing(pane)
    }
    return table
  }

  private static let standard = Size(width: 120, height: 40)

  /// What was asked for.
  private func cells() throws -> Size? {
    guard let size else { return nil }
    let numbers = size.split(separator: "x").compactMap { Int($0) }
    guard numbers.count == 2, numbers.allSatisfy({ (1...1000).contains($0) }) else { throw RenderError.badSize(size) }
    return Size(width: numbers[0], height: numbers[1])
  }

  /// The pane, before what it shows is made.
  func opened(_ laboratory: Laboratory) throws -> State {
    guard let pane = Panes.named(PaneID(pane)) else {
      throw LabError.unknownChoice(what: "pane", value: pane, choices: Panes.order.map(\.name))
    }
    try attacking.check(for: pane.id, confusing, viewing)
    let themes = ThemeFiles.all(in: common.themeFolders).themes
    let theme = try ThemeFiles.find(theme, among: themes)
    var state = State(
      size: try cells() ?? Self.standard, look: Look(theme: theme, depth: .truecolor, rung: .half), themes: themes,
      transforms: Laboratory.transforms, models: Laboratory.models)
    let corpora = try corpora(laboratory)
    _ = Reducer.reduce(&state, .event(.corpora(corpora)))
    _ = Reducer.reduce(
      &state, .event(.runs(laboratory.store.ids().compactMap { try? laboratory.store.open($0).info() })))
    if let runName { try Self.select(runName, &state, laboratory) }
    if Self.panesOfRuns.contains(pane.id) { try lookAtSounds(&state, laboratory) }
    try show(&state, laboratory)
    state.show(pane.id)
    try checkSubject(state)
    return state
  }

  /// Those that are registered, a folder that --corpus names among them, as in the workbench, and the run's own. The one
  /// that is to be shown must be readable; what is wrong with another is told.
  private func corpora(_ laboratory: Laboratory) throws -> [CorpusInfo] {
    if let corpus, !laboratory.library.registrations().contains(where: { $0.name == corpus }) {
      try laboratory.library.ensure(path: corpus)
    }
    var known = laboratory.library.registrations()
    let job = try runName.map { try laboratory.store.open($0).record().job }
    let own = job.flatMap { try? laboratory.library.find($0.corpus) }
    if let own, !known.contains(where: { $0.path == own.path }) { known.append(own) }
    // Curves and tables of a run need no sound.
    let needed = try corpus.map { try laboratory.library.find($0).path } ?? (utterance == nil ? nil : own?.path)
    return try laboratory.library.infos(known, needed: { $0.path == needed }, tell: Console.error)
  }

  private func show(_ state: inout State, _ laboratory: Laboratory) throws {
    guard let utterance else { return }
    let info = try shown(state, laboratory)
    if let first = transforms.first { state.viewPane.transform = first }
    if let stage {
      guard let known = Stage(rawValue: stage) else {
        throw LabError.unknownChoice(what: "stage", value: stage, choices: Stage.allCases.map(\.rawValue))
      }
      state.viewPane.stage = known
    }
    _ = state.viewPane.show(corpus: info.name, utterance: utterance)
    state.viewPane.slice = index
    try Self.look(&state, info, laboratory)
  }

  /// Computes what the view asks for, in this corpus alone: a run's own may have the name of a registered one.
  static func look(_ state: inout State, _ info: CorpusInfo, _ laboratory: Laboratory) throws {
    for event in try laboratory.answers(to: state.viewPane.wanted, among: [info]) {
      _ = Reducer.reduce(&state, .event(event))
    }
  }
}

extension RenderCommand {
  func shown(_ state: State, _ laboratory: Laboratory) throws -> CorpusInfo {
    guard let info = try wanted(state, laboratory) ?? state.corpora.first else {
      throw LabError.unknownCorpus("", known: [])
    }
    return info
  }

  /// The corpus that was asked for: by itself the one that the run was trained on, nil without a run.
  private func wanted(_ state: State, _ laboratory: Laboratory) throws -> CorpusInfo? {
    guard let corpus else { return runName == nil ? nil : state.selectedRun.flatMap { state.corpus(of: $0.job) } }
    let found = try laboratory.library.find(corpus)
    // Two may have one name: a run's own folder and a registered corpus.
    let namesakes = state.corpora.filter { $0.name == found.name }
    guard let info = namesakes.first(where: { $0.path == found.path }) ?? namesakes.first else {
      throw LabError.unknownCorpus(corpus, known: state.corpora.map(\.name))
    }
    return info
  }

  /// Selects the corpus that was asked for and unfolds it alone.
  func unfold(_ state: inout State, _ laboratory: Laboratory) throws {
    guard let info = try wanted(state, laboratory), let place = state.corpora.firstIndex(of: info) else { return }
    state.corpusPane.unfolded = [.corpus(info.name)]
    state.corpusPane.rebuild(state.corpora)
    if let row = state.corpusPane.rows.firstIndex(of: .corpus(place)) { state.corpusPane.list.selection = row }
  }

  /// From 0.
  var index: Int { (slice ?? 1) - 1 }

  private var viewing: [RenderedAttack.Reading] {
    [
      (utterance != nil, "--utterance", [.view, .attack, .explain]),
      (transform != nil, "--transform", [.view, .paper]), (table != nil, "--table", [.paper]),
      (stage != nil, "--stage", [.view]),
      (slice != nil, "--slice", [.view, .attack, .explain]),
    ]
  }

  /// Refuses a pane that would only say what it lacks.
  private func checkSubject(_ state: State) throws {
    if state.focus == .view, state.viewPane.isEmpty {
      throw RenderError.nothingToShow("give the --utterance that is looked at")
    }
    if state.selectedRun == nil, Self.panesOfRuns.contains(state.focus) {
      throw RenderError.nothingToShow("there is no run yet; `quaver train` makes one")
    }
  }

  private static let panesOfRuns: [PaneID] = [.training, .confusion, .attack, .results, .explain, .map]

  /// Notes of the runs that are shown tell then where their sound files were replaced.
  private func lookAtSounds(_ state: inout State, _ laboratory: Laboratory) throws {
    for name in [state.selectedRun?.id, confusing.minus].compactMap(\.self) + attacking.others {
      let run = try laboratory.info(of: laboratory.store.open(name))
      if let index = state.runs.firstIndex(where: { $0.id == run.id }) { state.runs[index] = run }
    }
  }

  /// Of the runs that were looked at: not every picture has a place for a note.
  private static func soundNotes(_ state: State) -> [String] {
    state.runs.filter { $0.notes.contains(RunRecord.otherSounds) }.map { "\($0.id): \(RunRecord.otherSounds)" }
  }

  /// Refuses a slice that the view would answer with the last one.
  func checkSlice(_ state: State) throws {
    let view = state.viewPane
    guard let slice, !view.isEmpty, slice > view.sliceCount else { return }
    throw RenderError.noSlice(view.utterance, slice: slice, slices: view.sliceCount, stride: view.stride)
  }

  /// Every network with its layers, the run's own in sight.
  func models(_ state: inout State, _ laboratory: Laboratory) throws {
    let models = try ModelSurvey.all(laboratory.weights)
    _ = Reducer.reduce(&state, .event(.models(models)))
    let own = models.firstIndex { $0.name == state.selectedRun?.job.model }
    state.modelsPane.model = own ?? state.modelsPane.model
  }
}

enum RenderError: UserError, Equatable {
  case nothing(String)
  case nothingToShow(String)
  case oneAttack
  case twoAttacks
  case stray(String, pane: String, panes: [String])
  case besideAttacks
  case noSet(String, run: String, known: [String])
  case badSize(String)
  case oneTable(Int)
  case twoDifferences
  case otherEmotions(String, String)
  case itself(String)
  case notBeside(String, run: String, other: String)
  case noSlice(String, slice: Int, slices: Int, stride: Int)

  var description: String {
    switch self {
    case .nothing(let pane): "the pane “\(pane)” has no table to write; it needs a run, or --utterance"
    case .nothingToShow(let reason): "there is nothing to show: \(reason)"
    case .oneAttack: "the attack pane shows one attack: name one with --attack, or a kept set with --set"
    case .twoAttacks: "give a kept set with --set, or --attack and its settings, not both"
    case .stray(let option, let pane, let panes):
      "the pane “\(pane)” does not read \(option), which is for \(panes.joined(separator: ", "))"
    case .besideAttacks: "the columns are runs or attacks: give --beside, or --attack and its settings, not both"
    case .noSet(let name, let run, let known):
      "no attack on \(run) is called “\(name)”; there are \(known.isEmpty ? "none" : known.joined(separator: ", "))"
    case .twoDifferences: "the confusion pane shows one difference: give --set or --minus, not both"
    case .otherEmotions(let first, let second):
      "the matrices of \(first) and \(second) cannot be subtracted: their emotions differ"
    case .itself(let run): "\(run) minus itself is 0 everywhere: name another run with --minus"
    case .notBeside(let name, let run, let other):
      "\(name) was trained on \(other) than \(run), so that it cannot be shown beside it"
    case .noSlice(let utterance, let slice, let slices, let stride):
      "there is no slice \(slice) of \(utterance); it has \(slices) at a stride of \(stride) ms, counted from 1"
    case .oneTable(let count):
      "a CSV holds one table, and these are \(count): write them one by one, or as --md or --tex"
    case .badSize(let text): "“\(text)” is no size: write columns and rows as in 120x40"
    }
  }
}
