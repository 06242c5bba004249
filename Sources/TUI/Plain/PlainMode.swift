import Core
import Lab

/// The workbench as questions and answers in lines, for screen readers, logs and dumb terminals: no alternate screen, no
/// cursor, no colour. A value: what is typed and what happens go in, sentences and requests come out.
package struct PlainMode: Sendable {
  package struct Answer: Sendable, Equatable {
    package var lines: [String] = []
    package var requests: [Request] = []
    package var leaves = false
  }

  package struct Command: Sendable {
    package let name: String
    package let arguments: String
    package let help: String
    package let run: @Sendable (inout PlainMode, [String]) -> Answer
  }

  package internal(set) var state: State
  /// What was asked and is not answered yet.
  var awaited: Awaited?
  /// Something was given to the engine of which no event has told yet whether it begins, waits or was refused. Beside
  /// `awaited`, since a person may train before an answer is here.
  var isEnqueuing = false
  /// Status of each run when it was last told.
  var told: [String: RunStatus] = [:]
  private var toldEpochs: [String: Int] = [:]
  private var hasRuns = false

  /// Corpora and runs are known, and no answer is on its way.
  package var isReady: Bool { state.hasCorpora && hasRuns && awaited == nil && !isEnqueuing }

  enum Awaited: Sendable, Equatable {
    case picture(PictureRequest)
    case estimate(Job)
    case predictions(run: String, truth: Int, predicted: Int)
    case epochs(run: String)
    case results(run: String)
    case attackEstimate(AttackWish)

    /// Whether `Event.failed` may be of it. A picture has a failure of its own, and results always come.
    var mayFail: Bool {
      switch self {
      case .picture, .results: false
      case .estimate, .predictions, .epochs, .attackEstimate: true
      }
    }
  }

  package init(_ state: State) { self.state = state }

  package static let greeting = "Quaver, plain mode. “help” lists the commands, “quit” leaves."

  // MARK: Questions

  package mutating func answer(_ line: String) -> Answer {
    let words = line.split(separator: " ").map(String.init)
    guard let name = words.first?.lowercased() else { return Answer() }
    let matches = PlainCommands.all.filter { $0.name.hasPrefix(name) }
    guard let command = matches.first(where: { $0.name == name }) ?? (matches.count == 1 ? matches.first : nil) else {
      let known = (matches.isEmpty ? PlainCommands.all : matches).map(\.name).joined(separator: ", ")
      return Answer(lines: ["“\(name)” is no command; there are \(known)"])
    }
    return command.run(&self, Array(words.dropFirst()))
  }

  // MARK: Events

  /// Sentences about what happened.
  package mutating func hear(_ event: Event) -> [String] {
    let hadCorpora = state.hasCorpora
    _ = Reducer.reduce(&state, .event(event))
    if Self.tellsOfWork(event) { isEnqueuing = false }
    switch event {
    case .corpora(let corpora) where !hadCorpora || corpora != state.corporaBefore:
      return [
        corpora.isEmpty ? "no corpus yet: quaver corpus add PATH" : Self.joined(PlainCommands.corpora(state))
      ]
    case .runs(let runs):
      hasRuns = true
      for run in runs where told[run.id] == nil { told[run.id] = run.status }
      return []
    case .run(let run): return hear(run)
    case .picture(let picture): return hear(picture)
    case .pictureFailed(let request, let sentence):
      if awaited == .picture(request) { awaited = nil }
      return [sentence]
    case .estimate(.train(let job), let estimate) where awaited == .estimate(job):
      awaited = nil
      return [PlainCommands.words(estimate)]
    case .estimate(.attack(let wish), let estimate) where awaited == .attackEstimate(wish):
      awaited = nil
      return [PlainCommands.words(estimate)]
    case .results:
      guard case .results(let run) = awaited else { return [] }
      awaited = nil
      return PlainResults.lines(run, state)
    case .predictions(let predictions): return hear(predictions)
    case .log(let line) where line.level != .info: return ["\(line.level.rawValue): \(line.text)"]
    case .failed(let sentence):
      if awaited?.mayFail == true { awaited = nil }
      return ["error: \(sentence)"]
    default: return []
    }
  }

  /// Whether what was given to the engine last has begun, waits, or was refused.
  private static func tellsOfWork(_ event: Event) -> Bool {
    switch event {
    case .queue, .failed, .attacking: true
    case .run(let run): run.isOwn
    default: false
    }
  }

  /// One sentence of lines of which some are indented.
  private static func joined(_ lines: [String]) -> String {
    lines.map { line in String(line.drop(while: { $0 == " " })) }.joined(separator: "; ")
  }

  /// A slice that does not exist is answered with the last that does.
  private mutating func hear(_ picture: Picture) -> [String] {
    guard case .picture(var asked) = awaited else { return [] }
    let isBeyond = asked.slice > picture.request.slice && picture.request.slice == picture.sliceCount - 1
    if isBeyond { asked.slice = picture.request.slice }
    guard asked == picture.request else { return [] }
    awaited = nil
    guard isBeyond else { return PlainReading.lines(picture) }
    let count = picture.sliceCount == 1 ? "1 slice" : "\(picture.sliceCount) slices"
    return ["\(asked.utterance) has only \(count), so this is the last"] + PlainReading.lines(picture)
  }

  private mutating func hear(_ run: RunInfo) -> [String] {
    var lines: [String] = []
    if case .epochs(run.id) = awaited, run.isWhole {
      awaited = nil
      lines += PlainCommands.epochs(run)
    }
    if told[run.id] != run.status {
      lines.append("\(run.id) is \(run.status.rawValue)" + (run.failure.map { ": \($0)" } ?? ""))
      told[run.id] = run.status
    }
    if let last = run.epochs.last, last.epoch > toldEpochs[run.id] ?? 0, run.isLive {
      if run.isOwn { lines.append("\(run.id): " + PlainCommands.words(last, of: run)) }
      toldEpochs[run.id] = last.epoch
    }
    return lines
  }

  private mutating func hear(_ predictions: RunPredictions) -> [String] {
    guard case .predictions(predictions.run, let truth, let predicted) = awaited,
      let run = state.runs.first(where: { $0.id == predictions.run })
    else { return [] }
    awaited = nil
    let slices = predictions.slices.filter { $0.truth == truth && $0.predicted == predicted }
    let head = "\(slices.count) slices of \(run.emotions[truth]) are taken for \(run.emotions[predicted])"
    let names = Dictionary(grouping: slices, by: \.utterance).sorted { $0.key < $1.key }
    return [head] + names.map { "\($0.key): \($0.value.count) \($0.value.count == 1 ? "slice" : "slices")" }
  }
}

/// A spectrogram in words.
enum PlainReading {
  /// For every tenth of the picture: where it is loudest, and how loud.
  static func lines(_ picture: Picture) -> [String] {
    let raster = Raster(picture)
    guard raster.rows > 0, raster.columns > 0, picture.rowValues.count >= raster.rows else {
      return ["nothing to read"]
    }
    let request = picture.request
    let head =
      "\(request.utterance), slice \(request.slice + 1) of \(picture.sliceCount), \(request.transform), "
      + "\(request.stage.label), \(Numbers.fixed(picture.time.lowerBound, 2)) to "
      + "\(Numbers.fixed(picture.time.upperBound, 2)) s"
    let unit = if case .scalar(_, let unit, _) = picture.content { unit } else { "" }
    let span = picture.time.upperBound - picture.time.lowerBound
    return [head]
      + (0..<10).map { part in
        let columns =
          (part * raster.columns / 10)..<max(part * raster.columns / 10 + 1, (part + 1) * raster.columns / 10)
        var best = (row: 0, value: -Float.infinity)
        for row in 0..<raster.rows {
          for column in columns where raster.values[row * raster.columns + column] > best.value {
            best = (row, raster.values[row * raster.columns + column])
          }
        }
        let time = picture.time.lowerBound + span * (Double(part) + 0.5) / 10
        let place =
          picture.rowUnit == "Hz"
          ? Numbers.hertz(picture.rowValues[best.row])
          : "\(picture.rowUnit) \(Numbers.fixed(picture.rowValues[best.row], 0))"
        return "at \(Numbers.fixed(time, 2)) s loudest at \(place), \(Numbers.fixed(Double(best.value), 1)) \(unit)"
      }
  }
}
