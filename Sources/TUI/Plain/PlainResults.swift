import Attacks
import Lab

/// What attacks have shown, and attacks on whole parts, in lines.
enum PlainResults {
  private typealias Command = PlainMode.Command
  private typealias Answer = PlainMode.Answer

  static let commands: [PlainMode.Command] = [
    Command(name: "results", arguments: "RUN", help: "what attacks on a run have shown") { mode, words in
      PlainCommands.withRun(mode.state, words) { run in
        mode.awaited = .results(run: run.id)
        return Answer(requests: [.loadResults])
      }
    },
    Command(
      name: "attack", arguments: "RUN [name=value …]",
      help: "attacks a part of a run, e.g. attack RUN attack=pgd ε=8/255 slices=64; names: " + names,
      run: {
        withWish(&$0, $1) { mode, wish in
          let begins = mode.state.isEngineTaken ? "queued behind what is under way" : "starting …"
          mode.isEnqueuing = true
          return Answer(lines: [begins], requests: [.attack(wish)])
        }
      }),
    Command(
      name: "cost", arguments: "RUN [name=value …]", help: "what such an attack would cost",
      run: {
        withWish(&$0, $1) { mode, wish in
          mode.awaited = .attackEstimate(wish)
          return Answer(requests: [.estimate(.attack(wish))])
        }
      }),
    Command(name: "halt", arguments: "", help: "stops the attack that is under way; what is done is kept") { mode, _ in
      mode.state.resultsPane.attacking == nil
        ? Answer(lines: ["nothing is being attacked"])
        : Answer(lines: ["asked it to stop"], requests: [.controlAttack(.stopNow)])
    },
  ]

  private static let names = AttackFields.all.map { word($0.name) }.joined(separator: ", ")

  private static func word(_ name: String) -> String { name.replacing(" ", with: "-") }

  /// Greek letters may be written out.
  private static let spelled = ["eps": "ε", "epsilon": "ε", "alpha": "α"]

  private static func withWish(
    _ mode: inout PlainMode, _ words: [String], _ body: (inout PlainMode, AttackWish) -> PlainMode.Answer
  ) -> PlainMode.Answer {
    var chosen: RunInfo?
    let answer = PlainCommands.withRun(mode.state, words) { run in
      chosen = run
      return Answer()
    }
    guard let run = chosen, let point = Scrub.point(Scrub.attacks[0], strength: 32) else { return answer }
    var wish = AttackWish(run: run.id, point: point)
    if let mistake = set(Array(words.dropFirst()), in: &wish) { return Answer(lines: [mistake]) }
    return body(&mode, wish)
  }

  /// Sets what the words say, in the fields' order, whatever theirs: another attack or norm brings settings of its own.
  ///
  /// - Returns: a sentence about the first word that cannot be used.
  private static func set(_ words: [String], in wish: inout AttackWish) -> String? {
    var values: [String: String] = [:]
    for text in words {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      let name = parts.first.map { spelled[$0] ?? $0 } ?? ""
      guard parts.count == 2, AttackFields.all.contains(where: { word($0.name) == name }) else {
        return "“\(text)” is no setting; write name=value with one of \(names)"
      }
      if let before = values.updateValue(parts[1], forKey: name) {
        return PlainCommands.repeated(name, before, parts[1])
      }
    }
    for field in AttackFields.all {
      guard let text = values[word(field.name)] else { continue }
      guard field.isRead(wish) else {
        let read = AttackFields.all.filter { $0.isRead(wish) }.map { word($0.name) }.joined(separator: ", ")
        return "\(Scrub.title(wish.point.attack)) does not read \(word(field.name)); it reads \(read)"
      }
      do throws(LabError) { try field.set(text, in: &wish) } catch { return error.description }
    }
    return nil
  }

  // MARK: Answers

  static func lines(_ run: String, _ state: State) -> [String] {
    guard let results = state.resultsPane.results.first(where: { $0.run == run }) else {
      return ["\(run) was not attacked yet; attack \(run) does"]
    }
    let job = state.runs.first { $0.id == run }?.job
    let rows =
      results.reports.map { ResultRow($0, run: run, job: job) } + results.partial.map { ResultRow($0, job: job) }
    return rows.flatMap(lines) + ResultColumns.reportNotes(rows)
  }

  private static func lines(_ row: ResultRow) -> [String] {
    let head = "\(row.title), \(row.summary), \(row.part.rawValue)"
    if let partial = row.partial {
      return ["\(head): stopped, \(row.images) of \(partial.record.images) slices are done"]
    }
    guard let effect = row.report?.effect else { return [head] }
    func words(_ scores: Scores) -> String {
      "\(Numbers.percent(scores.accuracy)) (\(Numbers.fixed(scores.interval.low * 100, 1)) to "
        + "\(Numbers.fixed(scores.interval.high * 100, 1)))"
    }
    let success = effect.success.map { ", success \(Numbers.percent($0))" } ?? ""
    let paper = row.paper.flatMap { paper in
      paper.success.map { ", the paper's \(Numbers.percent($0, 2)) (\(paper.source))" }
    }
    return [
      "\(head), \(row.images) slices: accuracy from \(words(effect.clean)) to \(words(effect.attacked))\(success)\(paper ?? "")"
    ] + (row.paper?.difference.map { ["  \($0)"] } ?? [])
      + (row.doubts + (row.paper?.doubts ?? [])).map { "  doubt: \($0)" }
  }
}
