import Core
import Lab

/// The registry of plain mode's commands.
package enum PlainCommands {
  private typealias Command = PlainMode.Command
  private typealias Answer = PlainMode.Answer

  package static let all: [PlainMode.Command] =
    looking + training + PlainResults.commands + [
      Command(name: "help", arguments: "", help: "these lines") { _, _ in
        Answer(lines: all.map { "\($0.name)\($0.arguments.isEmpty ? "" : " " + $0.arguments): \($0.help)" })
      },
      Command(name: "quit", arguments: "", help: "leaves; a live run of this program is stopped and can be resumed") {
        _, _ in Answer(leaves: true)
      },
    ]

  private static let looking: [PlainMode.Command] = [
    Command(name: "corpora", arguments: "", help: "the corpora and how many utterances each has") { mode, _ in
      Answer(lines: mode.state.corpora.isEmpty ? ["no corpus yet: quaver corpus add PATH"] : corpora(mode.state))
    },
    Command(
      name: "list", arguments: "CORPUS [WORDS]",
      help: "utterances of a corpus that contain all words, e.g. list emodb anger 03",
      run: list),
    Command(
      name: "read", arguments: "CORPUS UTTERANCE [TRANSFORM] [SLICE]", help: "where a slice's spectrogram is loudest",
      run: read),
    Command(name: "play", arguments: "CORPUS UTTERANCE", help: "plays an utterance", run: play),
    Command(name: "log", arguments: "", help: "the last lines that were said") { mode, _ in
      Answer(lines: mode.state.log.isEmpty ? ["nothing was said yet"] : mode.state.log.suffix(20).map(\.text))
    },
  ]

  private static let training: [PlainMode.Command] =
    [
      Command(name: "runs", arguments: "", help: "all runs, the newest first") { mode, _ in
        Answer(lines: mode.state.runs.isEmpty ? ["no run yet: train CORPUS"] : mode.state.runs.map(line))
      },
      Command(name: "status", arguments: "", help: "the runs that are live, and what waits", run: status),
      Command(
        name: "queue", arguments: "[go | remove N]",
        help: "what waits, each with its number; go lets what an earlier session left begin, remove takes one out",
        run: queue),
      Command(name: "show", arguments: "RUN", help: "a run's job, notes and last numbers") { mode, words in
        withRun(mode.state, words) { show($0) }
      },
      Command(name: "epochs", arguments: "RUN", help: "every epoch of a run") { mode, words in
        withRun(mode.state, words) { run in
          if run.isWhole { return Answer(lines: epochs(run)) }
          mode.awaited = .epochs(run: run.id)
          return Answer(requests: [.openRun(run.id)])
        }
      },
      Command(
        name: "confusion", arguments: "RUN [TRUTH PREDICTED]",
        help: "who is taken for whom; with two emotions the utterances behind that number", run: confusion),
      Command(
        name: "estimate", arguments: "CORPUS [name=value …]", help: "what a training would cost",
        run: {
          withJob(&$0, $1) { mode, job in
            mode.awaited = .estimate(job)
            return Answer(requests: [.estimate(.train(job))])
          }
        }),
      Command(
        name: "train", arguments: "CORPUS [name=value …]",
        help: "trains, e.g. train emodb network=alexnet epochs=5; names: "
          + JobFields.all.map { $0.name.replacing(" ", with: "-") }.joined(separator: ", "),
        run: {
          withJob(&$0, $1) { mode, job in
            let isTaken = mode.state.isEngineTaken
            // So that a second one is told at once that it waits.
            if !isTaken { mode.state.trainingPane.awaitsNew = true }
            mode.isEnqueuing = true
            return Answer(
              lines: [isTaken ? "queued behind the run that is live" : "starting …"], requests: [.train(job)])
          }
        }),
      Command(name: "resume", arguments: "RUN", help: "goes on with a run") { mode, words in
        withRun(mode.state, words) { run in
          guard TrainingPane.canResume(run) else { return Answer(lines: ["\(run.id) is \(run.status.rawValue)"]) }
          mode.isEnqueuing = true
          return Answer(lines: ["resuming \(run.id)"], requests: mode.state.requests(resuming: run.id))
        }
      },
    ] + controls

  private static let controls: [PlainMode.Command] = [
    ("pause", RunControl.Wish.pause, "pauses a run"), ("continue", .proceed, "lets a paused run go on"),
    ("end", .stopAfterEpoch, "stops a run after its epoch"),
    ("stop", .stopNow, "stops a run at once, with a checkpoint"),
  ].map { name, wish, help in
    Command(name: name, arguments: "RUN", help: help) { mode, words in
      withRun(mode.state, words) { run in
        guard run.isLive else { return Answer(lines: ["\(run.id) is \(run.status.rawValue), not being trained"]) }
        return Answer(lines: ["asked \(run.id)"], requests: [.control(run: run.id, wish)])
      }
    }
  }

  // MARK: Corpora

  static func corpora(_ state: State) -> [String] {
    state.corpora.flatMap { corpus in
      [
        "\(corpus.name): \(corpus.utterances.count) utterances, \(corpus.emotions.count) emotions"
          + (corpus.isSynthetic ? ", synthetic speech" : "")
      ] + CorpusAlarms(corpus).sentences.map { "  \($0)" }
    }
  }

  private static func corpus(_ state: State, _ name: String?) -> CorpusInfo? {
    state.corpora.first { $0.name == name } ?? (name == nil && state.corpora.count == 1 ? state.corpora.first : nil)
  }

  private static func unknown(_ state: State, _ name: String?) -> PlainMode.Answer {
    let known = state.corpora.map(\.name).joined(separator: ", ")
    return Answer(lines: ["there is no corpus “\(name ?? "")”; there are \(known.isEmpty ? "none" : known)"])
  }

  private static let list: @Sendable (inout PlainMode, [String]) -> PlainMode.Answer = { mode, words in
    guard let corpus = corpus(mode.state, words.first) else { return unknown(mode.state, words.first) }
    let matches = CorpusIndex(corpus).matches(words.dropFirst().joined(separator: " "))
    let found = corpus.utterances.indices.filter { matches[$0] }
    let lines = found.prefix(200).map { index in
      let utterance = corpus.utterances[index]
      return "\(utterance.id): \(corpus.emotionName(utterance.emotion)), speaker \(utterance.speaker), "
        + "\(Numbers.fixed(utterance.duration, 2)) s"
    }
    let more = found.count > 200 ? ["and \(found.count - 200) more; add words to narrow it"] : []
    return Answer(lines: ["\(found.count) utterances"] + lines + more)
  }

  private static let read: @Sendable (inout PlainMode, [String]) -> PlainMode.Answer = { mode, words in
    guard let corpus = corpus(mode.state, words.first) else { return unknown(mode.state, words.first) }
    guard words.count > 1, corpus.utterances.contains(where: { $0.id == words[1] }) else {
      return Answer(lines: ["which utterance? list \(corpus.name) names them"])
    }
    let transform = words.count > 2 ? words[2] : Job.defaults.transform
    guard mode.state.transforms.contains(transform) else {
      return Answer(lines: [
        "there is no transform “\(transform)”; there are \(mode.state.transforms.joined(separator: ", "))"
      ])
    }
    let request = PictureRequest(
      corpus: corpus.name, utterance: words[1], slice: max(0, (words.count > 3 ? Int(words[3]) ?? 1 : 1) - 1),
      strideMilliseconds: Job.defaults.strideMilliseconds, transform: transform, stage: .decibels, augmentSeed: 0)
    mode.awaited = .picture(request)
    return Answer(requests: [.picture(request)])
  }

  private static let play: @Sendable (inout PlainMode, [String]) -> PlainMode.Answer = { mode, words in
    guard mode.state.player != nil else { return Answer(lines: [ViewPane.whyNoSound(mode.state) ?? "no sound here"]) }
    guard let corpus = corpus(mode.state, words.first) else { return unknown(mode.state, words.first) }
    guard words.count > 1 else { return Answer(lines: ["which utterance? list \(corpus.name) names them"]) }
    return Answer(requests: [.play(corpus: corpus.name, utterance: words[1], part: nil)])
  }

  // MARK: Runs

  static func withRun(
    _ state: State, _ words: [String], _ body: (RunInfo) -> PlainMode.Answer
  ) -> PlainMode.Answer {
    let live = state.runs.filter(\.isLive)
    let matches = words.first.map { name in state.runs.filter { $0.id == name || $0.id.hasPrefix(name) } } ?? live
    if let run = matches.first(where: { $0.id == words.first }) ?? (matches.count == 1 ? matches.first : nil) {
      return body(run)
    }
    let known = (matches.isEmpty ? state.runs : matches).prefix(12).map(\.id).joined(separator: ", ")
    return Answer(lines: ["which run? There are \(known.isEmpty ? "none" : known)"])
  }

  private static func withJob(
    _ mode: inout PlainMode, _ words: [String], _ body: (inout PlainMode, Job) -> PlainMode.Answer
  ) -> PlainMode.Answer {
    guard let corpus = corpus(mode.state, words.first) else { return unknown(mode.state, words.first) }
    var job = Job(corpus: corpus.name), values: [String: String] = [:]
    for word in words.dropFirst() {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let field = JobFields.named(parts[0]) else {
        let names = JobFields.all.map { $0.name.replacing(" ", with: "-") }.joined(separator: ", ")
        return Answer(lines: ["“\(word)” is no setting; write name=value with one of \(names)"])
      }
      if let before = values.updateValue(parts[1], forKey: field.name) {
        return Answer(lines: [repeated(parts[0], before, parts[1])])
      }
      do throws(LabError) { try field.set(parts[1], in: &job) } catch { return Answer(lines: [error.description]) }
    }
    return body(&mode, job)
  }

  /// Of two values the last would win without a word.
  static func repeated(_ name: String, _ first: String, _ second: String) -> String {
    "“\(name)” is set twice, to \(first) and to \(second): a line takes one"
  }

  private static func line(_ run: RunInfo) -> String {
    let last = run.epochs.last.map { ", " + words($0, of: run) } ?? ""
    return "\(run.id): \(run.status.rawValue), \(run.job.model) on \(run.job.corpus)\(last)"
  }

  static func words(_ epoch: EpochMetrics, of run: RunInfo) -> String {
    "epoch \(epoch.epoch) of \(run.job.epochs), loss \(Numbers.short(epoch.trainLoss)), validation accuracy "
      + "\(Numbers.percent(epoch.validAccuracy)), UAR \(Numbers.percent(epoch.validUAR))"
  }

  static func words(_ estimate: Estimate) -> String {
    (estimate.words + [estimate.basis]).joined(separator: ", ")
  }

  private static func show(_ run: RunInfo) -> PlainMode.Answer {
    Answer(lines: [line(run), run.summary] + run.notes + [run.failure].compactMap(\.self))
  }

  static func epochs(_ run: RunInfo) -> [String] {
    run.epochs.isEmpty ? ["no epoch has ended yet"] : run.epochs.map { words($0, of: run) }
  }

  private static let status: @Sendable (inout PlainMode, [String]) -> PlainMode.Answer = { mode, _ in
    let live = mode.state.runs.filter(\.isLive).map { run in
      guard let progress = run.progress, progress.total > 0 else { return "\(run.id): \(run.status.rawValue)" }
      let left = progress.secondsLeft.map { ", \(Numbers.clock($0)) left" } ?? ""
      return "\(run.id): \(run.status == .paused ? "paused, " : "")\(progress.phase), epoch \(progress.epoch) of "
        + "\(run.job.epochs), \(Numbers.percent(Double(progress.done) / Double(progress.total), 0)), "
        + "\(Numbers.fixed(progress.rate, 1)) a second\(left)"
    }
    let waiting = mode.state.queue.entries.map { "waits\($0.isHeld ? " for your word" : ""): \($0.label)" }
    return Answer(lines: live.isEmpty && waiting.isEmpty ? ["nothing is being trained"] : live + waiting)
  }

  private static let queue: @Sendable (inout PlainMode, [String]) -> PlainMode.Answer = { mode, words in
    let queue = mode.state.queue
    switch words.first?.lowercased() {
    case nil:
      let lines = queue.entries.map { "\($0.id): \($0.label)\($0.isHeld ? ", left by an earlier session" : "")" }
      let hint = queue.isHeld ? ["queue go lets what an earlier session left begin; queue remove N takes one out"] : []
      return Answer(lines: lines.isEmpty ? ["nothing waits"] : lines + hint)
    case "go"?:
      guard queue.isHeld else { return Answer(lines: ["nothing was left by an earlier session"]) }
      return Answer(lines: ["what an earlier session left goes on"], requests: [.queue(.proceed)])
    case "remove"?:
      let number = words.dropFirst().first.flatMap { Int($0) }
      guard let entry = queue.entries.first(where: { $0.id == number }) else {
        let known = queue.entries.map { "\($0.id)" }.joined(separator: ", ")
        return Answer(lines: ["which one? There are \(known.isEmpty ? "none" : known)"])
      }
      mode.state.forget(entry)
      return Answer(lines: ["taken out: \(entry.label)"], requests: [.queue(.remove(entry.id))])
    case let word?: return Answer(lines: ["queue takes go or remove N, not “\(word)”"])
    }
  }

  /// Asks for the utterances behind a number of the matrix, or says what is wrong with the emotions that name it.
  private static func taken(_ mode: inout PlainMode, _ names: [String], _ run: RunInfo) -> PlainMode.Answer {
    let known = run.emotions.joined(separator: ", ")
    if let name = names.first(where: { !run.emotions.contains($0) }) {
      return Answer(lines: ["there is no emotion “\(name)”; there are \(known)"])
    }
    guard names.count == 2, let truth = run.emotions.firstIndex(of: names[0]),
      let predicted = run.emotions.firstIndex(of: names[1])
    else { return Answer(lines: ["two emotions are needed, the true one and the predicted one; there are \(known)"]) }
    mode.awaited = .predictions(run: run.id, truth: truth, predicted: predicted)
    return Answer(requests: [.predictions(run: run.id)])
  }

  private static let confusion: @Sendable (inout PlainMode, [String]) -> PlainMode.Answer = { mode, words in
    withRun(mode.state, words) { run in
      guard let last = run.epochs.last else { return Answer(lines: ["no epoch has ended yet"]) }
      guard words.count < 2 else { return taken(&mode, Array(words.dropFirst()), run) }
      let lines = zip(run.emotions, last.confusion).map { name, row in
        let parts = zip(run.emotions, row).filter { $0.1 > 0 }.sorted { $0.1 > $1.1 }.map { "\($0.1) for \($0.0)" }
        return
          "\(name), \(row.reduce(0, +)) slices: taken \(parts.isEmpty ? "for nothing" : parts.joined(separator: ", "))"
      }
      return Answer(lines: ["\(run.id), epoch \(last.epoch), validation slices"] + lines + run.notes)
    }
  }
}
